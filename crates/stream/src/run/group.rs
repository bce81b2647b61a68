//! What is asked of the group: the partitions of the topic, and how far it has come in them.

use crate::log::{Commit, Committed, Consumer};
use pipeline::PartitionId;
use shell::Failure;
use std::collections::{BTreeMap, BTreeSet};

/// The word of a commit behind which everything was closed, as there was nothing more.
pub const ENDED: &str = " ended";

/// The partitions of the topic.
pub fn partitions(consumer: &impl Consumer) -> Result<Vec<PartitionId>, Failure> {
    let trouble = |cause| Failure::failed("cannot ask for the partitions", &cause).again();
    consumer.partitions().map_err(trouble)
}

/// What the group has committed.
pub fn committed(
    consumer: &impl Consumer,
    partitions: &[PartitionId],
) -> Result<BTreeMap<PartitionId, Committed>, Failure> {
    let trouble = |cause| Failure::failed("cannot ask for the positions of the group", &cause).again();
    consumer.committed(partitions).map_err(trouble)
}

/// Positions to be committed, each with a word about it: the number of the second stage's piece, and whether all was
/// closed.
pub fn commits(
    positions: &BTreeMap<PartitionId, i64>,
    ended: &BTreeSet<PartitionId>,
    number: u64,
) -> Vec<Commit> {
    let commit = |(&partition, &offset): (&PartitionId, &i64)| {
        let word = format!("{number}{}", if ended.contains(&partition) { ENDED } else { "" });
        Commit { partition, offset, word }
    };
    positions.iter().map(commit).collect()
}
