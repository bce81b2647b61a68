//! The failure of a command: a message for the user, and the documented exit code.

use pipeline::PlanError;
use std::error::Error;
use std::fmt;
use std::path::Path;

/// Why a command ended without its result.
#[derive(Debug)]
pub struct Failure {
    /// 1: failed. 2: the plan or the arguments are wrong. 130 and 143: ended by a signal.
    pub code: u8,
    page: String,
    /// Whether a long-running command should try again.
    may_pass: bool,
}

/// The exit code if the work failed.
const FAILED: u8 = 1;
/// The exit code if the plan or the arguments are wrong.
const WRONG: u8 = 2;
/// The exit code, without the number of the signal, if a signal ended the work. Shells count the same way.
const SIGNAL: u8 = 128;

impl Failure {
    /// The work failed. The message shows what was being done, and the chain of causes.
    pub fn failed(doing: impl fmt::Display, cause: &(dyn Error + 'static)) -> Self {
        Self { code: FAILED, page: chain(&doing.to_string(), Some(cause), None), may_pass: false }
    }

    /// The work failed, and `help` shows the user what to do.
    pub fn failed_with_help(what: impl fmt::Display, help: impl fmt::Display) -> Self {
        Self { code: FAILED, page: chain(&what.to_string(), None, Some(&help.to_string())), may_pass: false }
    }

    /// The work failed with an error that has a complete message of its own.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        Self { code: FAILED, page: chain(&error.to_string(), error.source(), None), may_pass: false }
    }

    /// An argument, or an input that it names, cannot be used.
    pub fn wrong(what: impl fmt::Display, help: impl fmt::Display) -> Self {
        Self { code: WRONG, page: chain(&what.to_string(), None, Some(&help.to_string())), may_pass: false }
    }

    /// A signal asked the process to end, and it ended cleanly.
    pub fn stopped(signal: u8, what: impl fmt::Display) -> Self {
        Self { code: SIGNAL + signal, page: format!("stopped: {what}\n"), may_pass: false }
    }

    /// The plan is wrong.
    pub fn plan(error: &PlanError, path: &Path, text: &str) -> Self {
        Self { code: WRONG, page: error.render(&path.display().to_string(), text), may_pass: false }
    }

    /// Several failures as one, with all their messages. None if there is none.
    pub fn all(failures: Vec<Self>) -> Option<Self> {
        failures.into_iter().reduce(|one, other| Self {
            code: one.code.max(other.code),
            page: one.page + &other.page,
            may_pass: one.may_pass && other.may_pass,
        })
    }

    /// The threads were halted before the work was done, and no other failure is the cause.
    pub fn ended_early() -> Self {
        Self { code: FAILED, page: "error: ended before the work was done\n".to_owned(), may_pass: false }
    }

    /// The same, for a trouble that may pass: a long-running command tries again.
    #[must_use]
    pub fn again(mut self) -> Self {
        self.may_pass = true;
        self
    }

    /// The same with the exit code for a mistake in the plan or the arguments.
    #[must_use]
    pub fn as_wrong(mut self) -> Self {
        self.code = WRONG;
        self
    }

    /// Whether to try again.
    pub fn may_pass(&self) -> bool {
        self.may_pass
    }

    /// The same with a help text for the user.
    #[must_use]
    pub fn help(mut self, help: Option<String>) -> Self {
        if let Some(help) = help {
            self.page += &format!("  help: {help}\n");
        }
        self
    }
}

fn chain(what: &str, cause: Option<&(dyn Error + 'static)>, help: Option<&str>) -> String {
    let mut page = format!("error: {what}\n");
    let mut next = cause;
    while let Some(cause) = next {
        page += &format!("  cause: {cause}\n");
        next = cause.source();
    }
    if let Some(help) = help {
        page += &format!("  help: {help}\n");
    }
    page
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.page)
    }
}
