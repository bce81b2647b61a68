//! Whole numbers as differences (`DELTA_BINARY_PACKED` of the Parquet format): of numbers that stand beside equal or
//! steadily growing ones, next to nothing is left.

use super::{push_varint, zigzag};

/// Differences come in blocks, and each block in four parts of an own width.
const BLOCK: usize = 128;
const PART: usize = 32;

/// Numbers on their way, the differences of a block at a time.
#[derive(Debug)]
pub(crate) struct Deltas {
    head: Vec<u8>,
    blocks: Vec<u8>,
    waiting: Box<[i64; BLOCK]>,
    few: usize,
    first: i64,
    last: i64,
    count: usize,
}

impl Deltas {
    pub(super) fn new() -> Self {
        let (head, blocks) = (Vec::new(), Vec::new());
        Self { head, blocks, waiting: Box::new([0; BLOCK]), few: 0, first: 0, last: 0, count: 0 }
    }

    #[inline]
    pub(super) fn push(&mut self, number: i64) {
        if self.count == 0 {
            self.first = number;
        } else {
            self.waiting[self.few] = number.wrapping_sub(self.last);
            self.few += 1;
            if self.few == BLOCK {
                self.flush();
            }
        }
        self.last = number;
        self.count += 1;
    }

    /// What stands before the blocks, and the blocks.
    pub(super) fn end(&mut self) -> [&[u8]; 2] {
        self.flush();
        self.head.clear();
        push_varint(BLOCK as u64, &mut self.head);
        push_varint((BLOCK / PART) as u64, &mut self.head);
        push_varint(self.count as u64, &mut self.head);
        push_varint(zigzag(self.first), &mut self.head);
        [&self.head, &self.blocks]
    }

    pub(super) fn clear(&mut self) {
        self.blocks.clear();
        (self.few, self.first, self.count) = (0, 0, 0);
    }

    fn flush(&mut self) {
        let waiting = &self.waiting[..self.few];
        let Some(&first) = waiting.first() else { return };
        // Mostly all are the same, which is soon seen: then a block is the least difference, and four times no width.
        if waiting.iter().fold(0, |other, one| other | (one ^ first)) == 0 {
            push_varint(zigzag(first), &mut self.blocks);
            self.blocks.extend_from_slice(&[0; BLOCK / PART]);
            self.few = 0;
            return;
        }
        let least = waiting.iter().fold(first, |least, &one| least.min(one));
        // The last block may be short; what is missing in a part of it is written as no difference beyond the least.
        self.waiting[self.few..].fill(least);
        push_varint(zigzag(least), &mut self.blocks);
        let beyond = (*self.waiting).map(|delta| delta.wrapping_sub(least) as u64);
        let (parts, _) = beyond.as_chunks::<PART>();
        let width =
            |part: &[u64; PART]| u64::BITS - part.iter().fold(0, |all, one| all | one).leading_zeros();
        self.blocks.extend(parts.iter().map(|part| width(part) as u8));
        for part in parts {
            pack(part, width(part), &mut self.blocks);
        }
        self.few = 0;
    }
}

/// So many bits of each number, the lowest first.
fn pack(numbers: &[u64; PART], width: u32, to: &mut Vec<u8>) {
    let (mut bits, mut filled) = (0_u128, 0);
    for &number in numbers {
        bits |= u128::from(number) << filled;
        filled += width;
        if filled >= u64::BITS {
            to.extend_from_slice(&(bits as u64).to_le_bytes());
            bits >>= u64::BITS;
            filled -= u64::BITS;
        }
    }
    to.extend_from_slice(&bits.to_le_bytes()[..filled as usize / 8]);
}
