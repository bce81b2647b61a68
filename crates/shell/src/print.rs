//! Writes results to standard output. A reader that has closed the pipe is no failure.

use crate::Failure;
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

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

/// How many columns of a terminal a text takes: letters may be two columns wide, and vowel signs none.
pub fn width(text: &str) -> usize {
    text.width()
}

#[cfg(test)]
mod tests {
    use super::width;

    #[test]
    fn a_text_takes_the_columns_that_a_terminal_gives_it() {
        assert_eq!(["T0007", "Zürich", "Zu\u{308}rich", "北京", "पूर्व"].map(width), [5, 6, 6, 4, 3]);
    }
}
