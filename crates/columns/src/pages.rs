//! Parquet pages made by hand, for the one file that is as long as the input: no Arrow in between, no compression, and
//! of each column chunk one page, which goes to the file from where it was filled.
//!
//! What is written is a small part of the format: `PLAIN` numbers and flags, `DELTA_BINARY_PACKED` whole numbers,
//! `DELTA_LENGTH_BYTE_ARRAY` names and `RLE_DICTIONARY` words. Read `columns.rs` first.

mod columns;
mod delta;
mod file;
mod runs;

pub(crate) use columns::{Column, Flags, Names, Numbers, Wholes, Words};
pub(crate) use file::PagedFile;

use parquet::basic::Encoding;

/// A column chunk, ready to be written.
#[derive(Debug)]
pub(crate) struct Chunk<'a> {
    encoding: Encoding,
    /// A dictionary page, and how many values it has.
    dictionary: Option<(&'a [u8], usize)>,
    /// The data page: levels, what the encoding tells first, and the values.
    parts: [&'a [u8]; 3],
    /// The lowest and the highest value, for those who filter by it.
    bounds: Option<(i64, i64)>,
}

/// A number as the format has it in many places: seven bits a byte, the lowest first.
fn push_varint(mut number: u64, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// Small numbers of either sign become small numbers without one.
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

#[cfg(test)]
mod tests;
