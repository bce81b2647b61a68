//! Columns that are filled row by row and leave as a chunk.

use super::Chunk;
use super::delta::Deltas;
use super::numbers::Scratch;
use super::runs::Runs;
use parquet::basic::Encoding;

/// A column of the rows of a group.
pub(crate) trait Column {
    /// What is to be written, after the last row of the group. There is a scratch if the file is to be small.
    fn end<'a>(&'a mut self, scratch: Option<&'a mut Scratch>) -> Chunk<'a>;

    /// Starts a new group, in the same memory.
    fn clear(&mut self);
}

/// Which rows have a value, in a column where some may have none.
#[derive(Debug)]
pub(super) struct Levels {
    pub(super) there: Runs,
    bytes: Vec<u8>,
}

impl Levels {
    pub(super) fn new() -> Self {
        Self { there: Runs::new(1), bytes: Vec::new() }
    }

    pub(super) fn end(&mut self) -> &[u8] {
        let runs = self.there.end();
        self.bytes.clear();
        self.bytes.extend_from_slice(&(runs.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(runs);
        &self.bytes
    }
}

/// Whole numbers.
#[derive(Debug)]
pub(crate) struct Wholes {
    levels: Option<Levels>,
    deltas: Deltas,
    bounds: Option<(i64, i64)>,
}

/// The bounds of nothing.
const NO_BOUNDS: (i64, i64) = (i64::MAX, i64::MIN);

impl Wholes {
    pub(crate) fn new() -> Self {
        Self { levels: None, deltas: Deltas::new(), bounds: None }
    }

    /// With the lowest and the highest of a group beside it.
    pub(crate) fn bounded() -> Self {
        Self { bounds: Some(NO_BOUNDS), ..Self::new() }
    }

    /// Some may be missing.
    pub(crate) fn optional() -> Self {
        Self { levels: Some(Levels::new()), ..Self::new() }
    }

    /// Appends a number a row.
    #[inline]
    pub(crate) fn append(&mut self, numbers: impl Iterator<Item = i64> + Clone) {
        if let Some(bounds) = &mut self.bounds {
            *bounds = numbers.clone().fold(*bounds, |(low, high), one| (low.min(one), high.max(one)));
        }
        numbers.for_each(|number| self.deltas.push(number));
    }

    /// Appends a number a row, where there is one, to an [`optional`](Self::optional) column.
    #[inline]
    pub(crate) fn append_some(&mut self, numbers: impl Iterator<Item = Option<i64>>) {
        for number in numbers {
            if let Some(levels) = &mut self.levels {
                levels.there.push(u16::from(number.is_some()), 1);
            }
            if let Some(number) = number {
                self.deltas.push(number);
            }
        }
    }
}

impl Column for Wholes {
    fn end<'a>(&'a mut self, _scratch: Option<&'a mut Scratch>) -> Chunk<'a> {
        let levels = self.levels.as_mut().map_or(&[][..], Levels::end);
        let [head, blocks] = self.deltas.end();
        let parts = [levels, head, blocks, &[], &[]];
        Chunk { encoding: Encoding::DELTA_BINARY_PACKED, dictionary: None, parts, bounds: self.bounds }
    }

    fn clear(&mut self) {
        if let Some(levels) = &mut self.levels {
            levels.there.clear();
        }
        self.deltas.clear();
        self.bounds = self.bounds.map(|_| NO_BOUNDS);
    }
}

/// A few different texts, each once, and runs of them.
#[derive(Debug)]
pub(crate) struct Words<T> {
    known: Vec<T>,
    dictionary: Vec<u8>,
    keys: Runs,
}

impl<T: Copy + PartialEq + ToString> Words<T> {
    /// Bits of a key.
    const WIDTH: u8 = 16;

    pub(crate) fn new() -> Self {
        Self { known: Vec::new(), dictionary: Vec::new(), keys: Runs::new(usize::from(Self::WIDTH / 8)) }
    }

    /// Appends a word a row.
    pub(crate) fn append(&mut self, words: impl Iterator<Item = T>) {
        for word in words {
            let known = self.known.iter().rposition(|&known| known == word);
            let key = known.unwrap_or_else(|| self.learn(word));
            self.keys.push(key as u16, 1);
        }
    }

    fn learn(&mut self, word: T) -> usize {
        let text = word.to_string();
        self.dictionary.extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.dictionary.extend_from_slice(text.as_bytes());
        self.known.push(word);
        self.known.len() - 1
    }
}

impl<T: Copy + PartialEq + ToString> Column for Words<T> {
    fn end<'a>(&'a mut self, _scratch: Option<&'a mut Scratch>) -> Chunk<'a> {
        let parts = [&[], &[Self::WIDTH][..], self.keys.end(), &[], &[]];
        let dictionary = Some((&self.dictionary[..], self.known.len()));
        Chunk { encoding: Encoding::RLE_DICTIONARY, dictionary, parts, bounds: None }
    }

    fn clear(&mut self) {
        self.known.clear();
        self.dictionary.clear();
        self.keys.clear();
    }
}

/// Yes or no, a bit a row.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    bytes: Vec<u8>,
    rows: usize,
}

impl Flags {
    /// Appends a flag a row.
    #[inline]
    pub(crate) fn append(&mut self, flags: impl Iterator<Item = bool>) {
        for flag in flags {
            let bit = self.rows % 8;
            if bit == 0 {
                self.bytes.push(0);
            }
            if let Some(byte) = self.bytes.last_mut() {
                *byte |= u8::from(flag) << bit;
            }
            self.rows += 1;
        }
    }
}

impl Column for Flags {
    fn end<'a>(&'a mut self, _scratch: Option<&'a mut Scratch>) -> Chunk<'a> {
        let parts = [&self.bytes[..], &[], &[], &[], &[]];
        Chunk { encoding: Encoding::PLAIN, dictionary: None, parts, bounds: None }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.rows = 0;
    }
}
