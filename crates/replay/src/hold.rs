//! A folder of outputs while one run writes to it.

use shell::{Failure, end_by_signal, telemetry};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The folder is ours until this is dropped; if the process dies, the system gives it back.
pub struct Hold {
    _lock: File,
    dir: PathBuf,
    names: &'static [&'static str],
    moving: Arc<Mutex<()>>,
}

impl Hold {
    /// Takes the folder, which is made if it is not there, for files of these names. Those on their way are taken
    /// away if the process is told to end.
    pub fn take(dir: &Path, names: &'static [&'static str]) -> Result<Self, Failure> {
        let hold = Self::take_for_a_moment(dir, names)?;
        clean_up_when_told_to_end(dir.to_owned(), names, Arc::clone(&hold.moving))?;
        Ok(hold)
    }

    /// The same for a command that goes on to do other things, and listens for Ctrl-C itself.
    pub fn take_for_a_moment(dir: &Path, names: &'static [&'static str]) -> Result<Self, Failure> {
        let made = fs::create_dir_all(dir).and_then(|()| File::open(dir));
        let lock = made.map_err(|cause| {
            Failure::failed(format!("cannot make the folder {}", dir.display()), &cause)
                .help(Some("`--out` takes a folder".to_owned()))
        })?;
        // The folder itself is locked: a file for that would be left behind. Some network drives have no locks for
        // folders; there, as before, it is for the user to give each run its own.
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            return Err(Failure::failed_with_help(
                format!("another run is writing to {}", dir.display()),
                "wait for its end, or give this one a folder of its own with `--out`",
            ));
        }
        Ok(Self { _lock: lock, dir: dir.to_owned(), names, moving: Arc::default() })
    }

    /// Takes away what a run that was killed left on its way.
    pub fn clear(&self) -> Result<(), Failure> {
        let doing = format!("cannot write to {}", self.dir.display());
        take_away(partials(&self.dir, self.names)).map_err(|cause| Failure::failed(doing, &cause))
    }

    /// While files are moved to their places, which takes a moment, nothing ends the process half-way.
    pub fn moving(&self) -> MutexGuard<'_, ()> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn partials(dir: &Path, names: &[&str]) -> impl Iterator<Item = PathBuf> {
    names.iter().map(|name| dir.join(format!("{name}.partial")))
}

/// Removes files, as far as they are there.
pub fn take_away(files: impl Iterator<Item = PathBuf>) -> io::Result<()> {
    for file in files {
        match fs::remove_file(file) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
    }
    Ok(())
}

fn clean_up_when_told_to_end(
    dir: PathBuf,
    names: &'static [&'static str],
    moving: Arc<Mutex<()>>,
) -> Result<(), Failure> {
    end_by_signal(move |signal| {
        let _moving = moving.lock().unwrap_or_else(PoisonError::into_inner);
        telemetry::stopped(signal, &dir);
        // What cannot be taken away now, the next run takes.
        drop(take_away(partials(&dir, names)));
    })
}
