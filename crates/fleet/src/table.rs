//! Names to dense slots. Written once, looked up a million times a second.

use reading::{Key, MeterId, id};
use std::cmp::Ordering;
use std::hint::black_box;

/// A slot number that no meter has.
const NONE: u32 = u32::MAX;

/// A name of up to 15 bytes stands here, its length last; a longer one stands in `Table::long`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ShortName([u8; 16]);

/// In the place of the length: the first four bytes are an index into `Table::long`.
const LONG: u8 = 0xff;

/// Open addressing with linear probing: a byte of the hash and the slot, apart, so that a miss costs one line.
#[derive(Debug, Default)]
pub(crate) struct Table {
    tags: Vec<u8>,
    slots: Vec<u32>,
    names: Vec<ShortName>,
    long: Vec<MeterId>,
    /// Slots in the order of their names, as of the last sweep.
    order: Vec<u32>,
}

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.tags.capacity()
            + self.slots.capacity() * 4
            + self.names.capacity() * size_of::<ShortName>()
            + self.long.capacity() * size_of::<MeterId>()
            + self.order.capacity() * 4
    }

    /// Loads the lines that looking up these keys will want, all at once: a safe prefetch.
    pub(crate) fn touch(&self, keys: impl Iterator<Item = u64>) {
        if self.tags.is_empty() {
            return;
        }
        let mut sum = 0_u32;
        for hash in keys {
            let bucket = self.bucket(hash);
            sum = sum.wrapping_add(u32::from(self.tags[bucket])).wrapping_add(self.slots[bucket]);
        }
        black_box(sum);
    }

    /// The slot of a name that may not be there yet, without comparing it: the next pass will want its lines.
    pub(crate) fn guess(&self, hash: u64) -> Option<u32> {
        let slot = *self.slots.get(self.bucket(hash))?;
        (slot != NONE).then_some(slot)
    }

    pub(crate) fn touch_name(&self, slot: u32) -> u8 {
        self.names[slot as usize].0[15]
    }

    /// The slot of a name, a new one if need be.
    pub(crate) fn slot_of(&mut self, key: Key, name: &[u8]) -> u32 {
        if self.tags.is_empty() {
            self.grow();
        }
        let wanted = self.short(name);
        let tag = tag_of(key.hash);
        let mut bucket = self.bucket(key.hash);
        loop {
            let slot = self.slots[bucket];
            if slot == NONE {
                break;
            }
            if self.tags[bucket] == tag && self.is(slot, wanted, name) {
                return slot;
            }
            bucket = if bucket + 1 == self.slots.len() { 0 } else { bucket + 1 };
        }
        let slot = self.names.len() as u32;
        let short = wanted.unwrap_or_else(|| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&(self.long.len() as u32).to_le_bytes());
            bytes[15] = LONG;
            self.long.push(MeterId::new(name).expect("names are checked at the door"));
            ShortName(bytes)
        });
        grow_by_a_quarter(&mut self.names);
        self.names.push(short);
        self.tags[bucket] = tag;
        self.slots[bucket] = slot;
        // Above four fifths, probing gets long.
        if self.names.len() * 5 > self.slots.len() * 4 {
            self.grow();
        }
        slot
    }

    pub(crate) fn meter(&self, slot: u32) -> MeterId {
        let short = self.names[slot as usize].0;
        if short[15] == LONG {
            return self.long[u32::from_le_bytes([short[0], short[1], short[2], short[3]]) as usize];
        }
        MeterId::new(&short[..short[15] as usize]).expect("names are checked at the door")
    }

    /// All slots in the order of their names; sorted again only after new ones came.
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

    fn compare(&self, a: u32, b: u32) -> Ordering {
        let (x, y) = (self.names[a as usize].0, self.names[b as usize].0);
        if x[15] == LONG || y[15] == LONG {
            return self.meter(a).cmp(&self.meter(b));
        }
        x[..15].cmp(&y[..15])
    }

    fn short(&self, name: &[u8]) -> Option<ShortName> {
        let mut bytes = [0; 16];
        bytes.get_mut(..name.len()).filter(|_| name.len() < 16)?.copy_from_slice(name);
        bytes[15] = name.len() as u8;
        Some(ShortName(bytes))
    }

    fn is(&self, slot: u32, wanted: Option<ShortName>, name: &[u8]) -> bool {
        match wanted {
            Some(short) => self.names[slot as usize] == short,
            None => {
                let known = self.names[slot as usize].0;
                known[15] == LONG
                    && self.long[u32::from_le_bytes([known[0], known[1], known[2], known[3]]) as usize]
                        .as_bytes()
                        == name
            }
        }
    }

    fn bucket(&self, hash: u64) -> usize {
        // The upper half picks the bucket (Lemire's reduction), the lowest byte is the tag, the middle picks the shard.
        ((u128::from(hash) * self.slots.len() as u128) >> 64) as usize
    }

    fn grow(&mut self) {
        let buckets = (self.slots.len() * 3 / 2).max(64);
        self.tags = vec![0; buckets];
        self.slots = vec![NONE; buckets];
        for slot in 0..self.names.len() as u32 {
            let hash = id::hash(self.meter(slot).as_bytes());
            let mut bucket = self.bucket(hash);
            while self.slots[bucket] != NONE {
                bucket = if bucket + 1 == buckets { 0 } else { bucket + 1 };
            }
            self.tags[bucket] = tag_of(hash);
            self.slots[bucket] = slot;
        }
    }
}

fn tag_of(hash: u64) -> u8 {
    hash as u8
}

/// Makes room for one more without doubling: at five million meters, doubling would waste a gigabyte.
pub(crate) fn grow_by_a_quarter<T>(all: &mut Vec<T>) {
    if all.len() == all.capacity() {
        all.reserve_exact((all.len() / 4).max(64));
    }
}
