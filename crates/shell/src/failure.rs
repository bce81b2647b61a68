//! What ends a command: a page for a person, and the exit code that the README documents.

use pipeline::PlanError;
use std::error::Error;
use std::fmt;
use std::path::Path;

/// Why a command ended without its result.
#[derive(Debug)]
pub struct Failure {
    /// 1 failed, 2 the plan or the arguments are wrong, 130 and 143 ended by a signal.
    pub code: u8,
    page: String,
    /// What goes on for long may try again.
    may_pass: bool,
}

/// Exit code when the work failed.
const FAILED: u8 = 1;
/// Exit code when the plan or the arguments are wrong.
const WRONG: u8 = 2;
/// Exit code, less the signal, when a signal ended the work: as shells count.
const SIGNAL: u8 = 128;

impl Failure {
    /// The work failed: what was being done, and the chain of causes.
    pub fn failed(doing: impl fmt::Display, cause: &(dyn Error + 'static)) -> Self {
        Self { code: FAILED, page: chain(&doing.to_string(), Some(cause), None), may_pass: false }
    }

    /// The work failed, and there is a way out.
    pub fn failed_with_help(what: impl fmt::Display, help: impl fmt::Display) -> Self {
        Self { code: FAILED, page: chain(&what.to_string(), None, Some(&help.to_string())), may_pass: false }
    }

    /// The work failed of this error, which has a message of its own.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        Self { code: FAILED, page: chain(&error.to_string(), error.source(), None), may_pass: false }
    }

    /// An argument or an input named by it cannot be used.
    pub fn wrong(what: impl fmt::Display, help: impl fmt::Display) -> Self {
        Self { code: WRONG, page: chain(&what.to_string(), None, Some(&help.to_string())), may_pass: false }
    }

    /// A signal asked the process to end, and it did so in good order.
    pub fn stopped(signal: u8, what: impl fmt::Display) -> Self {
        Self { code: SIGNAL + signal, page: format!("stopped: {what}\n"), may_pass: false }
    }

    /// The plan is wrong.
    pub fn plan(error: &PlanError, path: &Path, text: &str) -> Self {
        Self { code: WRONG, page: error.render(&path.display().to_string(), text), may_pass: false }
    }

    /// A signal asked the process to end before the work was done. What it had is kept.
    pub fn ended_early() -> Self {
        Self { code: FAILED, page: "error: ended before the work was done\n".to_owned(), may_pass: false }
    }

    /// The same, of something that may be over soon.
    #[must_use]
    pub fn again(mut self) -> Self {
        self.may_pass = true;
        self
    }

    /// The same as a mistake in the plan or the arguments: the exit code says so.
    #[must_use]
    pub fn as_wrong(mut self) -> Self {
        self.code = WRONG;
        self
    }

    /// Whether to try again.
    pub fn may_pass(&self) -> bool {
        self.may_pass
    }

    /// The same with a way out.
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
