//! Writes log lines to standard error, which may be full, closed, or a pipe without a reader.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of log lines that this process could not write.
static LOST: AtomicU64 = AtomicU64::new(0);

/// How many log lines could not be written.
pub fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// A writer that never fails. If a failed log line ended the run, the results would be lost with it.
#[derive(Debug)]
pub struct LogLines<W>(W);

impl LogLines<io::Stderr> {
    /// A writer to standard error.
    pub fn new() -> Self {
        Self(io::stderr())
    }
}

impl<W: Write> Write for LogLines<W> {
    /// Writes one event, and counts it if that fails.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.0.write_all(line).is_err() {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_cannot_be_written_is_counted_and_fails_nothing() {
        let before = lost();
        LogLines(Full).write_all(b"a line\n").unwrap();
        assert_eq!(lost(), before + 1);
        let mut written = Vec::new();
        LogLines(&mut written).write_all(b"another\n").unwrap();
        assert_eq!((lost(), written), (before + 1, b"another\n".to_vec()));
    }
}
