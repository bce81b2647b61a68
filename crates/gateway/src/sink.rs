//! Where readings go.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// A place for readings. Those of the crate `stream` and of this one promise the same: when [`Sink::put`] returns, the
/// readings are there for good; after a failure the same ones are put again, so some may be there twice.
pub trait Sink: Send {
    /// Puts lines of JSON, each with its end.
    fn put(&mut self, lines: &[u8]) -> Result<(), String>;
}

/// So far back a file is looked at after a start: more than is put within the time between two commits.
const TAIL: u64 = 4 << 20;

/// A file of JSON lines, as `gridwarden replay --readings` reads it. A gateway that was killed before it noted how far it
/// had come puts some lines again: those that are there already are left out.
#[derive(Debug)]
pub struct FileSink {
    file: File,
    /// The end of the file at the start, until a line comes that is not in it.
    tail: Option<Vec<u8>>,
}

impl FileSink {
    /// Goes on behind what is in the file. Half a line at its end, which a crash left, is cut off.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let length = file.metadata()?.len();
        // A pipe or a terminal has no end to look at.
        if !file.metadata()?.is_file() {
            return Ok(Self { file, tail: None });
        }
        let from = length.saturating_sub(TAIL);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < tail.len() {
            tail.truncate(whole);
            file.set_len(from + whole as u64)?;
        }
        Ok(Self { file, tail: Some(tail) })
    }

    /// The lines that are not there.
    fn missing<'a>(&mut self, lines: &'a [u8]) -> &'a [u8] {
        let Some(tail) = &self.tail else { return lines };
        let ends = lines.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let known = ends.into_iter().find(|end| tail.ends_with(&lines[..*end]));
        if known.is_none() && contains(tail, lines) {
            // More was put behind it: the next lines are looked for as well.
            return &[];
        }
        self.tail = None;
        &lines[known.unwrap_or(0)..]
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}

impl Sink for FileSink {
    fn put(&mut self, lines: &[u8]) -> Result<(), String> {
        let missing = self.missing(lines);
        self.file.write_all(missing).and_then(|()| self.file.sync_data()).map_err(|cause| cause.to_string())
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
