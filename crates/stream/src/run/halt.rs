//! How the threads of a run stop each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A thread was halted because another one has failed or the run ends at once. It carries no reason: the thread that
/// failed reports its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended;

/// A flag that every thread checks while it waits, so that none waits for a thread that is gone.
#[derive(Debug, Clone, Default)]
pub struct Halt(Arc<AtomicBool>);

impl Halt {
    /// Halts all threads: every wait ends.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// An error if the threads are halted.
    pub fn check(&self) -> Result<(), Ended> {
        if self.0.load(Ordering::Relaxed) { Err(Ended) } else { Ok(()) }
    }
}

/// Halts all threads when it is dropped, also by a panic or an early return.
pub struct EndAll<'a>(pub &'a Halt);

impl Drop for EndAll<'_> {
    fn drop(&mut self) {
        self.0.now();
    }
}

/// Passes the result of a thread on, and halts all threads if it is an error.
pub fn or_end_all<T, E>(halt: &Halt, ended: Result<T, E>) -> Result<T, E> {
    if ended.is_err() {
        halt.now();
    }
    ended
}
