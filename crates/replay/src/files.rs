//! Readings from files, block by block: JSON lines or Parquet. The first bytes of a file show which. A file of dead
//! letters is noticed as well: the readings in them are read again.

use crate::letters::Letters;
use columns::{ColumnsError, Letter, ParquetReadings};
use pipeline::Plan;
use reading::{Batch, EventTime, Limits, Reading, Reason};
use shell::Failure;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use wire::json::LONGEST_LINE;

/// How much text is decoded at once: about two thousand readings, few enough to stay in the CPU cache until admitted.
const BLOCK: usize = 256 * 1024;
/// Readings of dead letters are handed out in batches of this size.
const LETTERS: usize = 2048;
/// `EMFILE` of all Unix systems.
const TOO_MANY_OPEN: i32 = 24;
/// The first bytes of a Parquet file.
const PARQUET: &[u8] = b"PAR1";
/// The first bytes of formats that users try and that are not read here, with the way out.
///
/// Without this check, each piece of such a file would become a dead letter, and the cause would stay unclear.
/// Sources: RFC 1952 for gzip, RFC 8878 for zstd, Parquet Modular Encryption, and the two forms of Arrow IPC.
const FOREIGN: [(&[u8], &str, &str); 5] = [
    (
        b"\x1f\x8b",
        "compressed with gzip",
        "decompress it first: `gzip -dc FILE | gridwarden ... --readings -`",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "compressed with zstd",
        "decompress it first: `zstd -dc FILE | gridwarden ... --readings -`",
    ),
    (
        b"PARE",
        "an encrypted Parquet file",
        "decrypt it first, for example with pyarrow, and write it as Parquet again",
    ),
    (b"ARRO", "an Arrow file", "write it as Parquet: its columns have the same names"),
    (b"\xff\xff\xff\xff", "an Arrow stream", "write it as Parquet: its columns have the same names"),
];

/// What a replay reads.
pub struct Inputs {
    /// The files of readings. Each file is one partition.
    pub sources: Vec<Source>,
    /// The dead letters that go back beside them.
    pub letters: Letters,
    /// The files by partition, and behind them those that dead letters came from.
    pub names: Vec<PathBuf>,
}

/// A file of readings, or standard input.
pub struct Source {
    path: PathBuf,
    format: Format,
    /// The first block, if [`Self::first_time`] has read it already.
    peeked: Option<Batch>,
}

enum Format {
    Lines(Lines),
    Columns(Box<ParquetReadings>),
    /// Dead letters without the files that they came from.
    Letters(Box<Letters>),
}

impl Inputs {
    /// Opens files of readings and of dead letters. Dead letters alone are a file of their own, in the order of time.
    pub fn open(paths: &[PathBuf], plan: &Plan) -> Result<Self, Failure> {
        if paths.iter().filter(|path| is_stdin(path)).count() > 1 {
            return Err(Failure::wrong(
                "standard input is named twice among the readings",
                "write `-` once, and write the second stream to a file first",
            ));
        }
        let mut opened: Vec<Source> =
            paths.iter().map(|path| Source::open(path)).collect::<Result<_, _>>()?;
        let mut letters = Vec::new();
        let mut of_letters = None;
        for source in opened.extract_if(.., Source::holds_letters) {
            of_letters.get_or_insert_with(|| source.path.clone());
            source.into_letters(&mut letters)?;
        }
        let alone = of_letters.filter(|_| opened.is_empty());
        let mut names: Vec<PathBuf> =
            opened.iter().map(|source| source.path.clone()).chain(alone.clone()).collect();
        let mut letters = Letters::new(letters.into_iter(), plan, &mut names)?;
        if let Some(path) = alone {
            opened.push(Source::of_letters(path, &mut letters));
        }
        Ok(Self { sources: opened, letters, names })
    }

    /// The same files, and the dead letters as one more in the order of time.
    pub fn into_sources(self) -> Vec<Source> {
        let Self { mut sources, mut letters, .. } = self;
        if !letters.is_empty() {
            sources.push(Source::of_letters(PathBuf::new(), &mut letters));
        }
        sources
    }
}

impl Source {
    /// Opens a file; `-` is standard input, as JSON lines.
    fn open(path: &Path) -> Result<Self, Failure> {
        let shown = if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() };
        let trouble = |cause: &io::Error| {
            let help = match cause.raw_os_error() {
                Some(TOO_MANY_OPEN) => {
                    "the limit of open files is reached: raise it, as in `ulimit -n 4096`, or name fewer files at once"
                }
                _ => "`--readings` takes files of JSON lines or Parquet",
            };
            Failure::failed(format!("cannot read {shown}"), cause).help(Some(help.to_owned()))
        };
        let mut file: Box<dyn Read + Send> = match is_stdin(path) {
            true => Box::new(io::stdin()),
            false => Box::new(File::open(path).map_err(|cause| trouble(&cause))?),
        };
        let mut magic = Vec::with_capacity(4);
        (&mut file).take(4).read_to_end(&mut magic).map_err(|cause| trouble(&cause))?;
        if magic.is_empty() {
            return Err(Failure::failed_with_help(
                format!("{shown} is empty"),
                "leave it out, or check the program that should have written it",
            ));
        }
        if let Some((_, what, help)) = FOREIGN.iter().find(|(begins, ..)| magic.starts_with(begins)) {
            return Err(Failure::failed_with_help(format!("{shown} is {what}"), help));
        }
        let format = if is_stdin(path) && magic == PARQUET {
            return Err(Failure::wrong(
                "standard input takes JSON lines, but this is Parquet",
                "write it to a file, and name the file",
            ));
        } else if magic == PARQUET || path.extension().is_some_and(|extension| extension == "parquet") {
            let columns = ParquetReadings::open(path).map_err(|error| {
                let help = error.help();
                Failure::failed(format!("cannot read {shown}"), &error).help(help)
            })?;
            Format::Columns(Box::new(columns))
        } else {
            let mut lines = Lines::new(file);
            lines.carry = magic;
            Format::Lines(lines)
        };
        Ok(Self { path: path.to_owned(), format, peeked: None })
    }

    /// The file, or `-`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The earliest time among the readings of the first block that can be decoded.
    pub fn first_time(&mut self, limits: &Limits) -> Result<Option<EventTime>, Failure> {
        let mut first = Batch::default();
        if !self.read(limits, &mut first)? {
            return Ok(None);
        }
        let mut decoded = first.clone();
        if self.is_text() {
            wire::json::decode_lines(limits, &mut decoded);
        }
        self.peeked = Some(first);
        Ok(decoded.readings.iter().map(Reading::time).min())
    }

    /// Reads the next block into a batch, and returns false at the end. Text is only read, not decoded.
    pub fn read(&mut self, limits: &Limits, batch: &mut Batch) -> Result<bool, Failure> {
        if let Some(peeked) = self.peeked.take() {
            *batch = peeked;
            return Ok(true);
        }
        batch.clear();
        match &mut self.format {
            Format::Lines(lines) => {
                lines.next_block(&mut batch.bytes).map_err(|cause| broken(&self.path, &cause))
            }
            Format::Columns(columns) => {
                columns.next_batch(limits, batch).map_err(|error| damaged(&self.path, &error))
            }
            Format::Letters(letters) => {
                *batch = letters.next_by_time(LETTERS);
                Ok(!batch.is_empty())
            }
        }
    }

    fn of_letters(path: PathBuf, letters: &mut Letters) -> Self {
        Self { path, format: Format::Letters(Box::new(letters.take_readings())), peeked: None }
    }

    /// Whether the first line is a dead letter.
    fn holds_letters(&mut self) -> bool {
        let Format::Lines(lines) = &mut self.format else { return false };
        lines.peek();
        let first = lines.carry.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
        first.is_some_and(|line| Letter::parse(line).is_some())
    }

    /// Reads all dead letters of a file. Any other line of it is taken as it stands.
    fn into_letters(self, letters: &mut Vec<Letter>) -> Result<(), Failure> {
        let Self { path, format: Format::Lines(Lines { from, carry, .. }), .. } = self else { return Ok(()) };
        let mut lines = BufReader::new(Cursor::new(carry).chain(from));
        let source = path.display().to_string();
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).map_err(|cause| broken(&path, &cause))? > 0 {
            let text = line.trim_ascii();
            if !text.is_empty() {
                letters.push(Letter::parse(text).unwrap_or_else(|| Letter {
                    reason: Reason::NotJson,
                    source: source.clone(),
                    bytes: text.to_vec(),
                }));
            }
            line.clear();
        }
        Ok(())
    }

    /// Whether [`Self::read`] gives text. The caller decodes it with [`wire::json::decode_lines`] after it has
    /// released the file, so that another thread can read the next block in the meantime.
    pub fn is_text(&self) -> bool {
        matches!(self.format, Format::Lines(_))
    }
}

fn broken(path: &Path, cause: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::failed(format!("cannot read the rest of {}", path.display()), cause)
}

fn damaged(path: &Path, error: &ColumnsError) -> Failure {
    broken(path, error).help(error.help().or_else(|| Some("copy or write the file again".to_owned())))
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Text, cut into blocks at the ends of lines.
struct Lines {
    from: Box<dyn Read + Send>,
    /// Text that was read and not returned yet: the beginning of the next block.
    carry: Vec<u8>,
    ended: bool,
    /// Whether the rest of a line that is longer than a block still has to be skipped.
    in_long_line: bool,
}

impl Lines {
    fn new(from: Box<dyn Read + Send>) -> Self {
        Self { from, carry: Vec::new(), ended: false, in_long_line: false }
    }

    /// Reads ahead, about as much as a block. A failure shows again when the next block is read.
    fn peek(&mut self) {
        let missing = BLOCK.saturating_sub(self.carry.len()) as u64;
        drop((&mut self.from).take(missing).read_to_end(&mut self.carry));
    }

    fn next_block(&mut self, block: &mut Vec<u8>) -> io::Result<bool> {
        self.fill(block)?;
        while self.in_long_line {
            // The beginning of this line was returned already. If its rest looked like a line, it could pass as a
            // reading.
            let end = memchr::memchr(b'\n', block);
            self.in_long_line = end.is_none() && !self.ended;
            let rest = end.map_or(block.len(), |end| end + 1);
            self.carry.extend_from_slice(&block[rest..]);
            self.fill(block)?;
        }
        if !self.ended {
            match memchr::memrchr(b'\n', block) {
                Some(last) => {
                    self.carry.clear();
                    self.carry.extend_from_slice(&block[last + 1..]);
                    block.truncate(last + 1);
                }
                // The line is longer than a block. Its beginning becomes a dead letter with the reason `too-long`.
                None => {
                    block.truncate(LONGEST_LINE + 1);
                    self.in_long_line = true;
                }
            }
        }
        Ok(!block.is_empty())
    }

    /// Fills a block with the carried text, and then from the file.
    fn fill(&mut self, block: &mut Vec<u8>) -> io::Result<()> {
        block.clear();
        std::mem::swap(block, &mut self.carry);
        let missing = BLOCK.saturating_sub(block.len());
        if missing > 0 && !self.ended {
            block.reserve(missing);
            let read = (&mut self.from).take(missing as u64).read_to_end(block)?;
            self.ended = read < missing;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
