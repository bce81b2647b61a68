//! Parquet pages made by hand, for the one file that is as long as the input: no Arrow in between, and of each column
//! chunk one page.
//!
//! What is written is a small part of the format. Whole numbers are `DELTA_BINARY_PACKED`, words `RLE_DICTIONARY`, flags
//! `PLAIN`. In a file without compression, names are `DELTA_LENGTH_BYTE_ARRAY` and numbers with decimals `PLAIN`, as that
//! is the least work. Else names are `DELTA_BYTE_ARRAY`, and numbers with decimals `RLE_DICTIONARY` where enough rows
//! share a value, and `BYTE_STREAM_SPLIT` where not. Read `columns.rs` first.

mod codec;
mod columns;
mod delta;
mod dictionary;
mod file;
mod names;
mod numbers;
mod runs;

pub(crate) use columns::{Column, Flags, Wholes, Words};
pub(crate) use file::PagedFile;
pub(crate) use names::Names;
pub(crate) use numbers::{Numbers, Scratch};

use parquet::basic::Encoding;

/// A column chunk, ready to be written.
#[derive(Debug)]
pub(crate) struct Chunk<'a> {
    encoding: Encoding,
    /// A dictionary page, and how many values it has.
    dictionary: Option<(&'a [u8], usize)>,
    /// The data page: levels, what the encoding needs to know first, and the values.
    parts: Parts<'a>,
    /// The lowest and the highest value, for readers that filter by it.
    bounds: Option<(i64, i64)>,
}

/// A page in parts, which stand one behind the other in the file.
type Parts<'a> = [&'a [u8]; 5];

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
