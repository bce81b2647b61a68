//! Ctrl-C, TERM and the end of the terminal, for commands that must finish something before they end.

use crate::Failure;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// The signals that ask a process to end.
const ENDING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Whether a signal has asked the process to end.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// From now on, the first signal is only noted. A second signal ends the process at once.
    pub fn on_signals() -> Result<Self, Failure> {
        let stop = Self::default();
        let again = Arc::new(AtomicBool::new(false));
        let listen = |signal: i32| -> io::Result<()> {
            // In this order: the first signal must find `again` unset, or it would end the process itself.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))?;
            flag::register(signal, Arc::clone(&again))?;
            stop.note(signal)
        };
        ENDING.into_iter().try_for_each(listen).map_err(|cause| cannot_listen(&cause))?;
        Ok(stop)
    }

    /// From now on, every signal is only noted, and a second one does not end the process: a view has to give the
    /// terminal back first.
    pub fn noted() -> Result<Self, Failure> {
        let stop = Self::default();
        ENDING.into_iter().try_for_each(|signal| stop.note(signal)).map_err(|cause| cannot_listen(&cause))?;
        Ok(stop)
    }

    fn note(&self, signal: i32) -> io::Result<()> {
        flag::register_usize(signal, Arc::clone(&self.0), signal.unsigned_abs() as usize).map(drop)
    }

    /// Ends the process from within, as a signal would: something has failed that all threads need.
    pub fn ask(&self) {
        let terminate = SIGTERM.unsigned_abs() as usize;
        let _ = self.0.compare_exchange(0, terminate, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Acts as if a hang-up signal had come, because the terminal is gone and the system has sent no signal.
    pub(crate) fn hang_up(&self) {
        let hang_up = SIGHUP.unsigned_abs() as usize;
        // Keep an earlier signal: it is the real reason.
        let _ = self.0.compare_exchange(0, hang_up, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Whether the process is asked to end.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// The signal that asked the process to end, if one did.
    pub fn signal(&self) -> Option<u8> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            signal => u8::try_from(signal).ok(),
        }
    }
}

/// The first signal calls `last` with its number and ends the process, with the exit code that shells use for
/// signals. This happens on a thread of its own, because the others may be waiting for input that never comes.
pub fn end_by_signal(last: impl FnOnce(i32) + Send + 'static) -> Result<(), Failure> {
    let listening = || -> io::Result<()> {
        let mut signals = Signals::new(ENDING)?;
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let Some(signal) = signals.forever().next() else { return };
            last(signal);
            std::process::exit(128 + signal);
        })?;
        Ok(())
    };
    listening().map_err(|cause| cannot_listen(&cause))
}

fn cannot_listen(cause: &io::Error) -> Failure {
    Failure::failed("cannot listen for Ctrl-C", cause)
}
