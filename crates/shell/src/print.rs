//! Writes results to standard output. A reader that has closed the pipe is no failure.

use crate::Failure;
use std::io::{self, Write};

/// Writes a text to standard output.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // `gridwarden explain ... | head` closes the pipe early, and that is normal.
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(cause) => Err(Failure::failed("cannot write to standard output", &cause)),
        Ok(()) => Ok(()),
    }
}
