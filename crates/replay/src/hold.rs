//! The lock on the output folder, and the removal of half-written files.

use shell::{Failure, end_by_signal, telemetry};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A locked output folder. The lock ends when this is dropped, or when the process dies.
pub struct Hold {
    _lock: File,
    dir: PathBuf,
    names: &'static [&'static str],
    moving: Arc<Mutex<()>>,
}

impl Hold {
    /// Locks the folder for files of these names, and creates it if it does not exist.
    ///
    /// If a signal ends the process, half-written files of these names are removed first.
    pub fn take(dir: &Path, names: &'static [&'static str]) -> Result<Self, Failure> {
        let hold = Self::take_without_signals(dir, names)?;
        clean_up_on_signal(&hold)?;
        Ok(hold)
    }

    /// Locks the folder in the same way, for a command that handles Ctrl-C itself.
    pub fn take_without_signals(dir: &Path, names: &'static [&'static str]) -> Result<Self, Failure> {
        let made = fs::create_dir_all(dir).and_then(|()| File::open(dir));
        let lock = made.map_err(|cause| {
            Failure::failed(format!("cannot make the folder {}", dir.display()), &cause)
                .help(Some("`--out` takes a folder".to_owned()))
        })?;
        // The folder itself is locked, because a lock file would be left behind after a crash. Some network drives
        // cannot lock folders. There the user has to give each run a folder of its own.
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            return Err(Failure::failed_with_help(
                format!("another run is writing to {}", dir.display()),
                "wait for its end, or give this one a folder of its own with `--out`",
            ));
        }
        Ok(Self { _lock: lock, dir: dir.to_owned(), names, moving: Arc::default() })
    }

    /// Removes half-written files that a killed run left behind.
    pub fn clear(&self) -> Result<(), Failure> {
        let doing = format!("cannot write to {}", self.dir.display());
        remove_files(partials(&self.dir, self.names)).map_err(|cause| Failure::failed(doing, &cause))
    }

    /// While this guard is held, a signal does not end the process. Otherwise a run could end with half its files
    /// moved.
    pub fn moving(&self) -> MutexGuard<'_, ()> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn partials(dir: &Path, names: &[&str]) -> impl Iterator<Item = PathBuf> {
    names.iter().map(|name| dir.join(format!("{name}.partial")))
}

/// Removes the files that exist.
pub fn remove_files(files: impl Iterator<Item = PathBuf>) -> io::Result<()> {
    for file in files {
        match fs::remove_file(file) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
    }
    Ok(())
}

fn clean_up_on_signal(hold: &Hold) -> Result<(), Failure> {
    let Hold { dir, names, moving, .. } = hold;
    let (dir, names, moving) = (dir.clone(), *names, Arc::clone(moving));
    end_by_signal(move |signal| {
        let _moving = moving.lock().unwrap_or_else(PoisonError::into_inner);
        // If a file cannot be removed now, the next run removes it.
        drop(remove_files(partials(&dir, names)));
        telemetry::stopped(signal, &dir);
    })
}
