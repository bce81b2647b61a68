//! Ctrl-C and TERM, for commands that have something to finish first.

use crate::failure::Failure;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether the process was told to end.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// From now on the first signal is only noted; a second one ends the process at once.
    pub fn on_signals() -> Result<Self, Failure> {
        let stop = Self::default();
        let again = Arc::new(AtomicBool::new(false));
        let listen = |signal: i32| -> io::Result<()> {
            // In this order, so that the first signal finds `again` unset.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))?;
            flag::register(signal, Arc::clone(&again))?;
            flag::register_usize(signal, Arc::clone(&stop.0), signal.unsigned_abs() as usize)?;
            Ok(())
        };
        [SIGINT, SIGTERM]
            .into_iter()
            .try_for_each(listen)
            .map_err(|cause| Failure::failed("cannot listen for Ctrl-C", &cause))?;
        Ok(stop)
    }

    /// The signal that told us to end, if one did.
    pub fn signal(&self) -> Option<u8> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            signal => u8::try_from(signal).ok(),
        }
    }
}
