//! The names of many batches, each checked and hashed once.

use crate::{Key, MeterId, id};
use alloc::vec::Vec;

/// Names of meters by number. Columns hold the number in each row, and the name only once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dictionary {
    bytes: Vec<u8>,
    keys: Vec<Key>,
    bad: usize,
}

/// Stands for an entry that names no meter.
const BAD: Key = Key { hash: 0, at: 0, len: 0 };

impl Dictionary {
    /// With room for so many entries, of so many letters together.
    pub fn with_capacity(entries: usize, letters: usize) -> Self {
        Self { bytes: Vec::with_capacity(letters), keys: Vec::with_capacity(entries), bad: 0 }
    }

    /// Adds an entry. It names no meter if the text is no name that a meter can have.
    pub fn push(&mut self, name: &[u8]) {
        if MeterId::new(name).is_none() {
            self.bad += 1;
            return self.keys.push(BAD);
        }
        self.keys.push(Key { hash: id::hash(name), at: self.bytes.len() as u32, len: name.len() as u8 });
        self.bytes.extend_from_slice(name);
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether every entry names a meter.
    pub fn is_all_good(&self) -> bool {
        self.bad == 0
    }

    /// Whether an entry names a meter.
    pub fn is_good(&self, entry: u32) -> bool {
        self.keys[entry as usize] != BAD
    }

    /// The [`id::hash`] of every name, in the order of the entries.
    pub fn hashes(&self) -> impl Iterator<Item = u64> + '_ {
        self.keys.iter().map(|key| key.hash)
    }

    /// Where a name stands among the dictionary's own bytes, and its hash.
    #[inline]
    pub(crate) fn key(&self, entry: u32) -> Key {
        self.keys[entry as usize]
    }

    /// A name.
    #[inline]
    pub fn name(&self, entry: u32) -> &[u8] {
        let key = self.keys[entry as usize];
        &self.bytes[key.at as usize..key.at as usize + key.len as usize]
    }
}
