//! A channel between two threads whose other end is closed.

use shell::Failure;

/// The thread at the other end has ended. The failure that it returned is the cause.
pub(super) struct Disconnected;

impl From<Disconnected> for Failure {
    fn from(_: Disconnected) -> Self {
        Failure::failed_with_help(
            "a thread of the engine has ended early",
            "this is a defect; please report it",
        )
    }
}
