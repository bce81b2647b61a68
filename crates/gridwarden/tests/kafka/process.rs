//! A `gridwarden run` that is watched, and killed if need be.

use crate::bench::{PATIENCE, until};
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

/// A running process; killed when it is dropped, so that a check that fails leaves nothing behind.
pub struct Process {
    child: Child,
    log: PathBuf,
}

/// What is left of a process.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    /// Standard error.
    pub log: String,
}

impl Process {
    /// Starts it; all that it says goes to a file.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let file = File::create(log).unwrap();
        command.stdin(std::process::Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        Self { child: command.spawn().unwrap(), log: log.to_owned() }
    }

    /// What it has said up to now.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it has said this, or has ended; says whether it runs.
    pub fn until_it_says(&mut self, words: &str) -> bool {
        until(&format!("`{words}` is told"), PATIENCE, || self.log().contains(words) || !self.runs());
        self.runs()
    }

    /// kill -9, as a power cut does it.
    pub fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        self.wait(PATIENCE)
    }

    /// Tells it to end.
    pub fn term(&self) {
        // The standard library has no other signal than KILL.
        let sent = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success(), "cannot send TERM");
    }

    /// Waits for its end.
    pub fn wait(mut self, longest: Duration) -> Ended {
        let log = self.log.clone();
        let tail = || fs::read_to_string(&log).unwrap_or_default();
        let mut status = None;
        let ended = crate::bench::comes_true(longest, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        assert!(ended, "the run does not end within {longest:?}; it says:\n{}", tail());
        Ended { status: status.unwrap(), log: self.log() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Ended {
    /// Its exit code, those of signals as shells count them.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or_default())
    }

    /// It ended with this code, or the check fails with what it said.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "the run says:\n{}", self.log);
        self
    }

    /// It said this.
    pub fn says(self, words: &str) -> Self {
        assert!(self.log.contains(words), "`{words}` is not told; the run says:\n{}", self.log);
        self
    }
}
