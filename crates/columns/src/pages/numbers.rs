//! Numbers with decimals: as they are, or encoded so that few bytes are left.

use super::Chunk;
use super::columns::{Column, Levels};
use super::dictionary::Dictionary;
use parquet::basic::Encoding;

/// A column of numbers, where there are some.
#[derive(Debug)]
pub(crate) struct Numbers {
    levels: Levels,
    bytes: Vec<u8>,
}

/// Memory for the encoding of numbers and names, used for one column after another.
#[derive(Debug)]
pub(crate) struct Scratch {
    dictionary: Dictionary,
    pub(super) page: Vec<u8>,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self { dictionary: Dictionary::new(), page: Vec::new() }
    }
}

impl Numbers {
    pub(crate) fn new() -> Self {
        Self { levels: Levels::new(), bytes: Vec::new() }
    }

    /// Appends a number a row.
    #[inline]
    pub(crate) fn append(&mut self, numbers: impl Iterator<Item = Option<f64>> + Clone) {
        let from = self.bytes.len();
        let rows = numbers.size_hint().0;
        self.bytes.resize(from + 8 * rows, 0);
        let (places, _) = self.bytes[from..].as_chunks_mut();
        let mut there = 0;
        for (number, _) in numbers.clone().zip(0..rows) {
            // Without a branch: what is not there is overwritten by what comes next.
            places[there] = number.unwrap_or_default().to_le_bytes();
            there += usize::from(number.is_some());
        }
        self.bytes.truncate(from + 8 * there);
        // Mostly all rows have a number, or none has.
        if there == rows || there == 0 {
            self.levels.there.push(u16::from(there > 0), rows);
        } else {
            numbers.for_each(|number| self.levels.there.push(u16::from(number.is_some()), 1));
        }
    }
}

impl Column for Numbers {
    fn end<'a>(&'a mut self, scratch: Option<&'a mut Scratch>) -> Chunk<'a> {
        let levels = self.levels.end();
        let (numbers, _) = self.bytes.as_chunks();
        let Some(Scratch { dictionary, page }) = scratch.filter(|_| !numbers.is_empty()) else {
            let parts = [levels, &self.bytes, &[], &[], &[]];
            return Chunk { encoding: Encoding::PLAIN, dictionary: None, parts, bounds: None };
        };
        page.clear();
        if dictionary.learn(numbers) {
            // What was measured, in tenths or thousandths, comes back in other rows.
            dictionary.append_keys(page);
            let parts = [levels, page, &[], &[], &[]];
            let dictionary = Some(dictionary.values());
            return Chunk { encoding: Encoding::RLE_DICTIONARY, dictionary, parts, bounds: None };
        }
        // What was divided is noise in its last bytes, but not in its first.
        split(numbers, page);
        let parts = [levels, page, &[], &[], &[]];
        Chunk { encoding: Encoding::BYTE_STREAM_SPLIT, dictionary: None, parts, bounds: None }
    }

    fn clear(&mut self) {
        self.levels.there.clear();
        self.bytes.clear();
    }
}

/// The first bytes of all numbers, then the second bytes, and so on (`BYTE_STREAM_SPLIT` of the Parquet format).
fn split(numbers: &[[u8; 8]], to: &mut Vec<u8>) {
    for byte in 0..8 {
        to.extend(numbers.iter().map(|number| number[byte]));
    }
}
