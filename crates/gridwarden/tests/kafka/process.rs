//! A process of `gridwarden run` that a check watches, and can kill.

use crate::bench::{PATIENCE, until};
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

/// A running process. It is killed when this is dropped, so that a failed check leaves no process behind.
pub struct Process {
    child: Child,
    log: PathBuf,
}

/// The exit status and the log of a process that has ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    /// Standard error.
    pub log: String,
}

impl Process {
    /// Starts the process. All its output goes to a file.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let file = File::create(log).unwrap();
        command.stdin(std::process::Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        Self { child: command.spawn().unwrap(), log: log.to_owned() }
    }

    /// Its output so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until these words are in its output, or it has ended. Returns whether it still runs.
    pub fn until_it_says(&mut self, words: &str) -> bool {
        until(&format!("`{words}` is in the log"), PATIENCE, || self.log().contains(words) || !self.runs());
        self.runs()
    }

    /// kill -9, as a power cut does it.
    pub fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        self.wait(PATIENCE)
    }

    /// Sends it TERM.
    pub fn term(&self) {
        // The standard library can only send KILL.
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
        assert!(ended, "the run does not end within {longest:?}; its log:\n{}", tail());
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
    /// Its exit code; for signals, 128 and the number, as shells count.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or_default())
    }

    /// Fails the check, and shows the log, unless the process ended with this code.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "the log of the run:\n{}", self.log);
        self
    }

    /// Fails the check unless these words are in the log.
    pub fn says(self, words: &str) -> Self {
        assert!(self.log.contains(words), "`{words}` is not in the log:\n{}", self.log);
        self
    }
}
