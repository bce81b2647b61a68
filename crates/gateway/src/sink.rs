//! Where readings go.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// A place for readings. Those of the crate `stream` and of this one promise the same: when [`Sink::put`] returns, the
/// readings are there for good; after a failure the same ones are put again, so some may be there twice.
pub trait Sink: Send {
    /// Puts lines of JSON, each with its end.
    fn put(&mut self, lines: &[u8]) -> Result<(), String>;
}

/// A file of JSON lines, as `gridwarden replay --readings` reads it.
#[derive(Debug)]
pub struct FileSink(File);

impl FileSink {
    /// Goes on behind what is in the file.
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().append(true).create(true).open(path).map(Self)
    }
}

impl Sink for FileSink {
    fn put(&mut self, lines: &[u8]) -> Result<(), String> {
        self.0.write_all(lines).and_then(|()| self.0.sync_data()).map_err(|cause| cause.to_string())
    }
}

/// Standard output: for a human, and for a pipe.
#[derive(Debug)]
pub struct StandardSink;

impl Sink for StandardSink {
    fn put(&mut self, lines: &[u8]) -> Result<(), String> {
        let mut out = io::stdout().lock();
        out.write_all(lines).and_then(|()| out.flush()).map_err(|cause| cause.to_string())
    }
}
