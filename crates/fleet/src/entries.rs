//! Where the entries of dictionaries stand in the table: a name that columns hold once is looked up once.

use crate::settings::Shard;
use reading::Dictionary;
use std::sync::Arc;

/// So many dictionaries are remembered: as many files, merged by time, may take turns.
const MOST: usize = 8;
/// In the place of a slot: it was not looked up yet.
pub(crate) const UNKNOWN: u32 = u32::MAX;
/// In the place of a slot: the meter belongs to another shard.
pub(crate) const OTHERS: u32 = u32::MAX - 1;

/// The dictionaries that were used last, the latest at the end.
#[derive(Debug, Default)]
pub(crate) struct Entries(Vec<Known>);

#[derive(Debug)]
struct Known {
    // Held, because it is known again by its address: freed, the address could come back with another dictionary.
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
