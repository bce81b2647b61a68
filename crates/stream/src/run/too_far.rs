//! Partitions that wait for slower ones, so that what waits in memory has a bound.

use pipeline::PartitionId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Partitions that are so far ahead of others that they have to wait; the poller looks here.
#[derive(Debug, Default)]
pub struct TooFar(Mutex<BTreeMap<Whose, BTreeSet<PartitionId>>>);

/// Who says so: the second stage in memory, or one of its districts.
type Whose = Option<PartitionId>;

impl TooFar {
    /// Who they are.
    pub fn now(&self) -> BTreeSet<PartitionId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().flatten().copied().collect()
    }

    /// Those that somebody finds too far ahead, in place of whom it said so before.
    pub fn set(&self, whose: Whose, partitions: impl Iterator<Item = PartitionId>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(whose, partitions.collect());
    }
}
