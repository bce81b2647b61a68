//! Readings that wait on disk until the sink has them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file of the spool has about so many bytes. It is deleted once all of it was delivered.
const SEGMENT: u64 = 8 << 20;

/// Bytes that are handed on at once.
const PORTION: u64 = 256 << 10;

/// A place in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// The number of the file.
    pub segment: u64,
    /// The byte in it.
    pub offset: u64,
}

/// Files of lines in a folder, one after another.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    file: File,
    /// Behind the last line that is safe.
    end: Position,
    /// Behind the last line that was delivered.
    delivered: Position,
}

impl Spool {
    /// Goes on where a spool ended. Half a line at its end, which a crash left, is cut off: no receipt was sent for it.
    pub fn open(folder: &Path, delivered: Position) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut numbers: Vec<u64> = fs::read_dir(folder)?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".ndjson")?.parse().ok())
            .collect();
        numbers.sort_unstable();
        let segment = numbers.last().copied().unwrap_or(delivered.segment);
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path(folder, segment))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) as u64;
        file.set_len(whole)?;
        file.sync_all()?;
        let end = Position { segment, offset: whole };
        let first = Position { segment: numbers.first().copied().unwrap_or(segment), offset: 0 };
        Ok(Self { folder: folder.to_owned(), file, end, delivered: delivered.clamp(first.min(end), end) })
    }

    /// Appends whole lines. When this returns, they survive a crash.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        if self.end.offset >= SEGMENT {
            let next = self.end.segment + 1;
            self.file = OpenOptions::new().append(true).create_new(true).open(path(&self.folder, next))?;
            File::open(&self.folder)?.sync_all()?;
            self.end = Position { segment: next, offset: 0 };
        }
        if let Err(cause) = self.file.write_all(lines).and_then(|()| self.file.sync_data()) {
            // Whatever was written of it is no line.
            drop(self.file.set_len(self.end.offset));
            return Err(cause);
        }
        self.end.offset += lines.len() as u64;
        Ok(())
    }

    /// The next lines that were not delivered, and the place behind them.
    pub fn next(&self) -> io::Result<Option<(Vec<u8>, Position)>> {
        let mut at = self.delivered;
        while at < self.end {
            let mut file = match File::open(path(&self.folder, at.segment)) {
                Ok(file) => file,
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                    at = Position { segment: at.segment + 1, offset: 0 };
                    continue;
                }
                Err(cause) => return Err(cause),
            };
            let length =
                if at.segment == self.end.segment { self.end.offset } else { file.metadata()?.len() };
            if at.offset >= length {
                at = Position { segment: at.segment + 1, offset: 0 };
                continue;
            }
            file.seek(SeekFrom::Start(at.offset))?;
            let mut bytes = vec![0; (length - at.offset).min(PORTION) as usize];
            file.read_exact(&mut bytes)?;
            let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(bytes.len(), |place| place + 1);
            bytes.truncate(whole);
            return Ok(Some((bytes, Position { offset: at.offset + whole as u64, ..at })));
        }
        Ok(None)
    }

    /// The sink has everything up to here. Files before are deleted once [`Spool::forget`] is called.
    pub fn deliver(&mut self, until: Position) {
        self.delivered = self.delivered.max(until);
    }

    /// Deletes the files that were delivered. Only after the position was stored.
    pub fn forget(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".ndjson")?.parse::<u64>().ok());
            if let Some(number) = number.filter(|number| *number < self.delivered.segment) {
                fs::remove_file(path(&self.folder, number))?;
            }
        }
        Ok(())
    }

    /// Behind the last line that was delivered.
    pub fn delivered(&self) -> Position {
        self.delivered
    }

    /// Whether lines wait for the sink.
    pub fn waits(&self) -> bool {
        self.delivered < self.end
    }
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.ndjson"))
}
