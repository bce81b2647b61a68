//! A channel between threads that has no other end any more.

use shell::Failure;

/// A thread at the other end has ended; the failure that it returned is the cause.
pub(super) struct Hung;

impl From<Hung> for Failure {
    fn from(_: Hung) -> Self {
        Failure::failed_with_help(
            "a thread of the engine has ended early",
            "this is a defect; please report it",
        )
    }
}
