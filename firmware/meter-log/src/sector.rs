//! The first slot of a sector is its header, written when an erase has ended: the proof that it has.
//!
//! Four copies, each with a checksum, since a sector without its header would be erased.

use crate::checksum::checksum;
use crate::slot::{MOST, SLOT, word};

/// The layout of sectors and slots.
const VERSION: u8 = 1;

const COPY: usize = 16;

/// What the header of a sector says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) ring: u16,
    /// The sectors of the ring.
    pub(crate) sectors: u16,
    /// One more than that of the sector before it in the ring.
    pub(crate) number: u32,
    /// How often the sector has been erased.
    pub(crate) erases: u32,
}

const MOST_ERASES: u32 = (1 << 24) - 1;

impl Header {
    pub(crate) fn to_slot(self) -> [u8; SLOT] {
        let mut copy = [0; COPY];
        copy[0] = VERSION;
        copy[1..3].copy_from_slice(&self.ring.to_le_bytes());
        copy[3..5].copy_from_slice(&self.sectors.to_le_bytes());
        copy[5..8].copy_from_slice(&self.erases.min(MOST_ERASES).to_le_bytes()[..3]);
        copy[8..12].copy_from_slice(&self.number.to_le_bytes());
        let sum = checksum(0, &copy[..12]);
        copy[12..].copy_from_slice(&sum.to_le_bytes());
        let mut bytes = [0; SLOT];
        bytes.chunks_exact_mut(COPY).for_each(|place| place.copy_from_slice(&copy));
        bytes
    }

    /// The first copy that is whole, if its version is ours.
    pub(crate) fn of(bytes: &[u8; SLOT]) -> Option<Self> {
        let copy = bytes
            .chunks_exact(COPY)
            .find(|copy| word(copy, 12) == checksum(0, &copy[..12]) && copy[0] == VERSION)?;
        (1..MOST).contains(&word(copy, 8)).then_some(Self {
            ring: u16::from_le_bytes([copy[1], copy[2]]),
            sectors: u16::from_le_bytes([copy[3], copy[4]]),
            number: word(copy, 8),
            erases: u32::from_le_bytes([copy[5], copy[6], copy[7], 0]),
        })
    }
}
