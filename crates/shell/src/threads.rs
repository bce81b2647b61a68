//! Threads with names.

use crate::Failure;
use std::thread;

/// A thread with a name, which profilers and `top -H` show.
pub fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    name: String,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<thread::ScopedJoinHandle<'scope, T>, Failure> {
    thread::Builder::new()
        .name(name)
        .spawn_scoped(scope, work)
        .map_err(|cause| Failure::failed("cannot start a thread", &cause))
}

/// The result of a thread. If the thread panicked, this panics, too.
pub fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The number of cores, as a number of threads.
pub fn cores() -> u32 {
    thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(256).min(256))
}
