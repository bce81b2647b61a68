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

/// However a run ends, no thread of it waits any longer.
pub struct EndAll<'a>(pub &'a Halt);

impl Drop for EndAll<'_> {
    fn drop(&mut self) {
        self.0.now();
    }
}

/// A thread that cannot go on ends the waiting of all.
pub fn or_end_all<T, E>(halt: &Halt, ended: Result<T, E>) -> Result<T, E> {
    if ended.is_err() {
        halt.now();
    }
    ended
}
