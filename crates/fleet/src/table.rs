//! A hash table from the names of meters to slots. A name is stored once, and looked up with each reading.

use reading::{Key, MeterId, id};
use std::cmp::Ordering;
use std::hint::black_box;

/// An empty bucket.
const EMPTY: u64 = u64::MAX;

/// A name of up to 15 bytes: eight in each word, and its length in the highest byte of the second. A longer name is
/// in `Table::long`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ShortName([u64; 2]);

/// Stands in the place of the length of a long name. The lowest word is then an index into `Table::long`.
const LONG: u64 = 0xff << 56;

/// A table with open addressing and linear probing. A bucket holds the upper half of a hash and, below it, the slot.
/// That half also gives the bucket's place, so most look-ups cost one cache line, and the table grows without reading
/// a name.
#[derive(Debug, Default)]
pub(crate) struct Table {
    buckets: Vec<u64>,
    names: Vec<ShortName>,
    long: Vec<MeterId>,
    /// Slots in the order of their names, as of the last close.
    order: Vec<u32>,
}

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.buckets.capacity() * size_of::<u64>()
            + self.names.capacity() * size_of::<ShortName>()
            + self.long.capacity() * size_of::<MeterId>()
            + self.order.capacity() * 4
    }

    /// Loads the cache lines that a look-up of these keys will read, all at once: a prefetch without `unsafe`. The
    /// sum only keeps the compiler from leaving the loads out.
    pub(crate) fn touch(&self, keys: impl Iterator<Item = u64>) {
        if self.buckets.is_empty() {
            return;
        }
        let sum = keys.fold(0, |sum, hash| sum ^ self.buckets[self.home(hash)]);
        black_box(sum);
    }

    /// The slot that a name probably has, without comparing the name: the next pass reads the lines of that slot.
    pub(crate) fn guess(&self, hash: u64) -> Option<u32> {
        let &bucket = self.buckets.get(self.home(hash))?;
        (bucket != EMPTY).then_some(bucket as u32)
    }

    pub(crate) fn touch_name(&self, slot: u32) -> u8 {
        self.names[slot as usize].0[1] as u8
    }

    /// The slot of a name. A new name gets a new slot.
    pub(crate) fn slot_of(&mut self, key: Key, name: &[u8]) -> u32 {
        if self.buckets.is_empty() {
            self.grow();
        }
        let wanted = ShortName::of(name);
        let mut at = self.home(key.hash);
        while self.buckets[at] != EMPTY {
            let slot = self.buckets[at] as u32;
            // Compare half of the hash first, because comparing the names costs another cache line.
            if self.buckets[at] >> 32 == key.hash >> 32 && self.is(slot, wanted, name) {
                return slot;
            }
            at = self.behind(at);
        }
        let slot = self.names.len() as u32;
        let short = wanted.unwrap_or_else(|| {
            let long = self.long.len() as u32;
            self.long.push(MeterId::new(name).expect("names are checked at the door"));
            ShortName::long(long)
        });
        grow_by_a_quarter(&mut self.names);
        self.names.push(short);
        self.buckets[at] = key.hash >> 32 << 32 | u64::from(slot);
        // Above four fifths, probing gets long.
        if self.names.len() * 5 > self.buckets.len() * 4 {
            self.grow();
        }
        slot
    }

    pub(crate) fn meter(&self, slot: u32) -> MeterId {
        let short = self.names[slot as usize];
        match short.is_long() {
            Some(long) => self.long[long],
            None => short.meter(),
        }
    }

    /// All slots in the order of their names. They are sorted again only after new ones came. The sort is fast then,
    /// because the old ones are in order already.
    pub(crate) fn take_order(&mut self) -> Vec<u32> {
        let mut order = std::mem::take(&mut self.order);
        if order.len() < self.len() {
            let known = order.len();
            order.reserve_exact(self.len() - known);
            order.extend(known as u32..self.len() as u32);
            order.sort_by(|&a, &b| self.compare(a, b));
        }
        order
    }

    pub(crate) fn put_order_back(&mut self, order: Vec<u32>) {
        self.order = order;
    }

    /// Sorts slots by their names.
    pub(crate) fn sort(&self, slots: &mut [u32]) {
        slots.sort_unstable_by(|&a, &b| self.compare(a, b));
    }

    fn compare(&self, a: u32, b: u32) -> Ordering {
        let (x, y) = (self.names[a as usize], self.names[b as usize]);
        if x.is_long().is_some() || y.is_long().is_some() {
            return self.meter(a).cmp(&self.meter(b));
        }
        // No letter is zero, so equal letters also mean an equal length.
        x.0.map(u64::swap_bytes).cmp(&y.0.map(u64::swap_bytes))
    }

    fn is(&self, slot: u32, wanted: Option<ShortName>, name: &[u8]) -> bool {
        let known = self.names[slot as usize];
        match wanted {
            Some(short) => known == short,
            None => known.is_long().is_some_and(|long| self.long[long].as_bytes() == name),
        }
    }

    /// The bucket where a hash belongs: Lemire's reduction of its upper half, which the bucket keeps. So buckets are
    /// in the order of the hashes.
    fn home(&self, hash: u64) -> usize {
        ((u128::from(hash >> 32 << 32) * self.buckets.len() as u128) >> 64) as usize
    }

    fn behind(&self, at: usize) -> usize {
        if at + 1 == self.buckets.len() { 0 } else { at + 1 }
    }

    /// Moves every bucket to a larger table. Both tables are in the order of the hashes, so both are walked nearly
    /// from end to end, which suits the cache.
    fn grow(&mut self) {
        // Grow by half and not to twice the size: with millions of meters the unused half would cost too much memory.
        let many = (self.buckets.len() * 3 / 2).max(64);
        let before = std::mem::replace(&mut self.buckets, vec![EMPTY; many]);
        for bucket in before.into_iter().filter(|&bucket| bucket != EMPTY) {
            let mut at = self.home(bucket);
            while self.buckets[at] != EMPTY {
                at = self.behind(at);
            }
            self.buckets[at] = bucket;
        }
    }
}

impl ShortName {
    /// A name of up to 15 bytes.
    #[inline]
    fn of(name: &[u8]) -> Option<Self> {
        let (low, high) = name.split_at_checked(8).unwrap_or((name, &[]));
        let high = if high.is_empty() { 0 } else { id::word_of(high) };
        (name.len() < 16).then(|| Self([id::word_of(low), high | (name.len() as u64) << 56]))
    }

    /// Stands for a longer name, by its index.
    fn long(index: u32) -> Self {
        Self([u64::from(index), LONG])
    }

    /// The index of the longer name that it stands for.
    fn is_long(self) -> Option<usize> {
        (self.0[1] >= LONG).then_some(self.0[0] as usize)
    }

    fn meter(self) -> MeterId {
        let [low, high] = self.0;
        MeterId::again([low, high & !LONG], (high >> 56) as u8)
    }
}

/// Makes room for one more without doubling: at five million meters, doubling would waste a gigabyte.
pub(crate) fn grow_by_a_quarter<T>(all: &mut Vec<T>) {
    if all.len() == all.capacity() {
        all.reserve_exact((all.len() / 4).max(64));
    }
}
