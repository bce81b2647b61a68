//! Partitions that have to wait for slower ones. Their rows wait in memory, and without a pause that had no bound.

use pipeline::PartitionId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Partitions that are so far ahead of others that they have to pause. The second stage writes them, the poller reads
/// them.
#[derive(Debug, Default)]
pub struct TooFar(Mutex<BTreeMap<Observer, BTreeSet<PartitionId>>>);

/// Which part of the second stage waits for slower partitions: one of its districts, or (`None`) all of it, in memory.
type Observer = Option<PartitionId>;

impl TooFar {
    /// The partitions that have to pause now.
    pub fn now(&self) -> BTreeSet<PartitionId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().flatten().copied().collect()
    }

    /// Replaces the partitions that this observer finds too far ahead.
    pub fn set(&self, observer: Observer, partitions: impl Iterator<Item = PartitionId>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(observer, partitions.collect());
    }
}
