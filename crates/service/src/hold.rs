//! A folder of outputs while one run writes to it.

use crate::failure::Failure;
use std::fs::{self, File, TryLockError};
use std::path::Path;

/// The folder is ours until this is dropped; if the process dies, the system gives it back.
pub struct Hold {
    _lock: File,
}

impl Hold {
    /// Takes the folder, which is made if it is not there.
    pub fn take(dir: &Path) -> Result<Self, Failure> {
        let made = fs::create_dir_all(dir).and_then(|()| File::open(dir));
        let lock = made.map_err(|cause| {
            Failure::failed(format!("cannot make the folder {}", dir.display()), &cause)
                .help(Some("`--out` takes a folder".to_owned()))
        })?;
        // The folder itself is locked: a file for that would be left behind. Some network drives have no locks for
        // folders; there, as before, it is for the user to give each run its own.
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => Err(Failure::failed_with_help(
                format!("another run is writing to {}", dir.display()),
                "wait for its end, or give this one a folder of its own with `--out`",
            )),
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { _lock: lock }),
        }
    }
}
