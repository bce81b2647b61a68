//! How the threads of a run are told to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Somebody has failed, or the run is to end at once; whoever knows why tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended;

/// A word that all threads of a run look at where they wait.
#[derive(Debug, Clone, Default)]
pub struct Halt(Arc<AtomicBool>);

impl Halt {
    /// Ends every wait.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether to go on waiting.
    pub fn check(&self) -> Result<(), Ended> {
        if self.0.load(Ordering::Relaxed) { Err(Ended) } else { Ok(()) }
    }
}
