//! Numbers as places in a list of the different ones (`RLE_DICTIONARY` of the Parquet format).

use super::push_varint;

/// The different numbers of a column chunk, and the place of each row's.
#[derive(Debug)]
pub(super) struct Dictionary {
    /// A hash table: the place in `values` and one, or 0. A power of two of them, at most half of them used.
    slots: Vec<u32>,
    values: Vec<[u8; 8]>,
    keys: Vec<u16>,
}

/// Slots at first: enough for voltages of a tenth of a volt, and few enough for the fastest cache.
const FEWEST_SLOTS: usize = 4096;
/// Keys are of 16 bits.
const MOST: usize = 1 << 16;

impl Dictionary {
    pub(super) fn new() -> Self {
        Self { slots: Vec::new(), values: Vec::new(), keys: Vec::new() }
    }

    /// Takes the numbers of a chunk, in place of those before. Gives up if more than half of them differ: then numbers
    /// and keys together would hardly be smaller than the numbers.
    pub(super) fn learn(&mut self, numbers: &[[u8; 8]]) -> bool {
        let most = (numbers.len() / 2).clamp(1, MOST);
        self.slots.clear();
        self.slots.resize(FEWEST_SLOTS, 0);
        self.values.clear();
        self.keys.clear();
        for number in numbers {
            let mut slot = self.slot_of(number);
            if self.slots[slot] == 0 {
                if self.values.len() == most {
                    return false;
                }
                if 2 * self.values.len() >= self.slots.len() {
                    self.grow();
                    slot = self.slot_of(number);
                }
                self.values.push(*number);
                self.slots[slot] = self.values.len() as u32;
            }
            self.keys.push((self.slots[slot] - 1) as u16);
        }
        true
    }

    /// Each different number, one behind the other, and how many they are.
    pub(super) fn values(&self) -> (&[u8], usize) {
        (self.values.as_flattened(), self.values.len())
    }

    /// Appends how wide a key is, then the keys, eight in so many bytes.
    pub(super) fn append_keys(&self, to: &mut Vec<u8>) {
        let highest = self.values.len().saturating_sub(1);
        let width = (usize::BITS - highest.leading_zeros()).max(1);
        to.push(width as u8);
        push_varint((self.keys.len().div_ceil(8) as u64) << 1 | 1, to);
        for eight in self.keys.chunks(8) {
            let bits = eight.iter().rev().fold(0, |bits: u128, &key| bits << width | u128::from(key));
            to.extend_from_slice(&bits.to_le_bytes()[..width as usize]);
        }
    }

    /// The slot that has a number, or the free one where it belongs.
    #[inline]
    fn slot_of(&self, number: &[u8; 8]) -> usize {
        let last = self.slots.len() - 1;
        let mut slot = hash(number) >> (u64::BITS - self.slots.len().trailing_zeros());
        loop {
            let key = self.slots[slot as usize & last];
            if key == 0 || self.values[key as usize - 1] == *number {
                return slot as usize & last;
            }
            slot += 1;
        }
    }

    fn grow(&mut self) {
        let slots = 2 * self.slots.len();
        self.slots.clear();
        self.slots.resize(slots, 0);
        for at in 0..self.values.len() {
            let slot = self.slot_of(&self.values[at]);
            self.slots[slot] = at as u32 + 1;
        }
    }
}

/// The slot is the highest bits of a product, which depend on all bits below them. A number of few digits has zeros in
/// its lower half, so the upper half is mixed in.
#[inline]
fn hash(number: &[u8; 8]) -> u64 {
    let bits = u64::from_le_bytes(*number);
    // The golden ratio: Knuth, The Art of Computer Programming 3, 6.4.
    (bits ^ bits >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
