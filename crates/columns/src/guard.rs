//! The decoders of others, where they panic on damaged bytes.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder; nothing if it panicked. What it worked on must not be used again then.
pub(crate) fn guarded<T>(decode: impl FnOnce() -> T) -> Option<T> {
    GUARDED.set(true);
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    GUARDED.set(false);
    decoded.ok()
}

/// Whether this thread runs a decoder whose panic will be caught and reported as an error of damaged bytes. A panic hook
/// should then print nothing.
pub fn is_guarded() -> bool {
    GUARDED.get()
}
