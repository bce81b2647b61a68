//! Small numbers as runs of equal ones (`RLE` of the Parquet format).

use super::push_varint;

/// Runs of equal numbers. Levels and the numbers of words come in long runs; the bit-packed form that the format has
/// for others is not written.
#[derive(Debug)]
pub(crate) struct Runs {
    bytes: Vec<u8>,
    /// Bytes of a number.
    width: usize,
    number: u16,
    count: u64,
}

impl Runs {
    /// Numbers of `width` bytes, 1 or 2.
    pub(super) fn new(width: usize) -> Self {
        Self { bytes: Vec::new(), width, number: 0, count: 0 }
    }

    #[inline]
    pub(super) fn push(&mut self, number: u16, count: usize) {
        if number != self.number {
            self.end();
            self.number = number;
        }
        self.count += count as u64;
    }

    /// All runs so far.
    pub(super) fn end(&mut self) -> &[u8] {
        if self.count > 0 {
            push_varint(self.count << 1, &mut self.bytes);
            self.bytes.extend_from_slice(&self.number.to_le_bytes()[..self.width]);
            self.count = 0;
        }
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }
}
