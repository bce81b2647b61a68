//! Why the store could not do what it was asked; mostly that passes, and the caller tries again (`retrying`).

use std::error::Error;
use std::io;

type Cause = Box<dyn Error + Send + Sync>;

/// Why a piece could not be written, read or taken away.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full, or the quota used up.
    #[error("no space left to {doing} {place}")]
    Full {
        /// What was being done.
        doing: &'static str,
        /// The object.
        place: String,
        /// What the system says.
        source: Cause,
    },
    /// The user of the process may not.
    #[error("no permission to {doing} {place}")]
    Denied {
        /// What was being done.
        doing: &'static str,
        /// The object.
        place: String,
        /// What the system says.
        source: Cause,
    },
    /// There is no folder or bucket.
    #[error("cannot {doing} {place}: the folder or the bucket is not there")]
    Missing {
        /// What was being done.
        doing: &'static str,
        /// The object.
        place: String,
        /// What the system says.
        source: Cause,
    },
    /// Anything else, the network among it.
    #[error("cannot {doing} {place}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// The object.
        place: String,
        /// What the system says.
        source: Cause,
    },
    /// The caller asks for what would never be found again.
    #[error("{place} would change {base}, which does not come before it")]
    Order {
        /// The object.
        place: String,
        /// The position that it would change.
        base: u64,
    },
}

impl StoreError {
    pub(super) fn new(doing: &'static str, place: String, cause: object_store::Error) -> Self {
        use object_store::Error as E;
        let system = system_error(&cause);
        let denied = matches!(cause, E::PermissionDenied { .. } | E::Unauthenticated { .. });
        let missing = matches!(cause, E::NotFound { .. });
        // The system's own word is shorter than a chain of errors that each repeat the next.
        let (kind, source): (_, Cause) = match system {
            Some(code) => {
                let error = io::Error::from_raw_os_error(code);
                (error.kind(), Box::new(error))
            }
            None => (io::ErrorKind::Other, Box::new(cause)),
        };
        match kind {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full { doing, place, source }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied { doing, place, source }
            }
            _ if denied => Self::Denied { doing, place, source },
            _ if missing => Self::Missing { doing, place, source },
            _ => Self::Failed { doing, place, source },
        }
    }

    /// Whether trying again could ever help.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::Order { .. })
    }
}

/// What the operating system said, if an error comes from it.
fn system_error(error: &(dyn Error + 'static)) -> Option<i32> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(code) = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error) {
            return Some(code);
        }
        next = error.source();
    }
    None
}
