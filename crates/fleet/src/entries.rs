//! The slots of names in dictionaries. Parquet holds each name once in a dictionary, so each is looked up only once.

use crate::settings::Shard;
use reading::Dictionary;
use std::sync::Arc;

/// So many dictionaries are remembered: enough for as many files that are merged by time.
const MOST: usize = 8;
/// Stands for a name that was not looked up yet.
pub(crate) const UNKNOWN: u32 = u32::MAX;
/// Stands for a meter of another shard.
pub(crate) const OTHERS: u32 = u32::MAX - 1;

/// The dictionaries that were used last, the latest at the end.
#[derive(Debug, Default)]
pub(crate) struct Entries(Vec<Known>);

#[derive(Debug)]
struct Known {
    // Kept alive, because it is recognized by its address: after it is freed, another dictionary could get that
    // address.
    dictionary: Arc<Dictionary>,
    slots: Vec<u32>,
}

impl Entries {
    /// The slots of a dictionary, as far as they are known.
    pub(crate) fn slots(&mut self, dictionary: &Arc<Dictionary>, shard: Shard) -> &mut [u32] {
        match self.0.iter().rposition(|known| Arc::ptr_eq(&known.dictionary, dictionary)) {
            Some(place) => self.0[place..].rotate_left(1),
            None => {
                if self.0.len() == MOST {
                    self.0.remove(0);
                }
                let unknown = |hash| if shard.owns(hash) { UNKNOWN } else { OTHERS };
                let slots = dictionary.hashes().map(unknown).collect();
                self.0.push(Known { dictionary: Arc::clone(dictionary), slots });
            }
        }
        &mut self.0.last_mut().expect("it was found or pushed").slots
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(|known| known.slots.capacity() * size_of::<u32>()).sum()
    }
}
