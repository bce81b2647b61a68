//! A slot of 64 bytes holds one record: its number, its format, its content and a checksum.
//!
//! A page of a flash chip is a multiple of it, so a record is written by one program operation.

use crate::checksum::{checksum, wrong_bit};

/// The bytes of a slot.
pub const SLOT: usize = 64;

/// The bytes of a record's content.
pub const CONTENT: usize = 54;

/// Records and sectors are numbered up to here: at one in five seconds it takes 340 years. Whatever has a higher number
/// was not written by us, and the next number never overflows.
pub(crate) const MOST: u32 = 1 << 31;

const CHECKED: usize = SLOT - 4;

/// What a slot holds, before anybody knows what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// One more than that of the record before.
    pub(crate) number: u32,
    /// The layout of the content.
    pub(crate) format: u8,
    /// Flags, or whatever a kind of record keeps in one byte.
    pub(crate) note: u8,
    pub(crate) content: [u8; CONTENT],
}

/// What a slot looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Every bit is one: nothing has been written, as far as anybody can see.
    Blank,
    /// Every bit is zero: given up.
    Void,
    /// A record.
    Whole { entry: Entry, corrected: bool },
    /// Written in part, or damaged beyond repair.
    Damaged,
}

impl Entry {
    #[inline(never)]
    pub(crate) fn to_slot(self, ring: u16) -> [u8; SLOT] {
        let mut bytes = [0; SLOT];
        bytes[..4].copy_from_slice(&self.number.to_le_bytes());
        (bytes[4], bytes[5]) = (self.format, self.note);
        bytes[6..CHECKED].copy_from_slice(&self.content);
        let sum = checksum(ring.into(), &bytes[..CHECKED]);
        bytes[CHECKED..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }
}

/// Looks at the bytes of one read. A second read could differ: bits of a write that was cut short may be unstable.
#[inline(never)]
pub(crate) fn look(mut bytes: [u8; SLOT], ring: u16) -> Look {
    if bytes == [0xFF; SLOT] {
        return Look::Blank;
    }
    if bytes == [0; SLOT] {
        return Look::Void;
    }
    let difference = checksum(ring.into(), &bytes[..CHECKED]) ^ word(&bytes, CHECKED);
    if difference != 0 {
        let Some(bit) = wrong_bit(difference, CHECKED) else { return Look::Damaged };
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    let mut content = [0; CONTENT];
    content.copy_from_slice(&bytes[6..CHECKED]);
    let entry = Entry { number: word(&bytes, 0), format: bytes[4], note: bytes[5], content };
    if entry.number >= MOST {
        return Look::Damaged;
    }
    Look::Whole { entry, corrected: difference != 0 }
}

pub(crate) fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
