//! Questions to the group: which partitions the topic has, and which offsets are committed.

use crate::log::{Commit, Committed, Consumer};
use pipeline::PartitionId;
use shell::Failure;
use std::collections::{BTreeMap, BTreeSet};

/// In the metadata of a commit: every interval up to this offset was closed by a run with `--until-end`.
pub const ENDED: &str = " ended";

/// The partitions of the topic.
pub fn partitions(consumer: &impl Consumer) -> Result<Vec<PartitionId>, Failure> {
    let trouble = |cause| Failure::failed("cannot ask for the partitions", &cause).again();
    consumer.partitions().map_err(trouble)
}

/// The offsets that the group has committed, with their metadata.
pub fn committed(
    consumer: &impl Consumer,
    partitions: &[PartitionId],
) -> Result<BTreeMap<PartitionId, Committed>, Failure> {
    let trouble = |cause| Failure::failed("cannot ask for the positions of the group", &cause).again();
    consumer.committed(partitions).map_err(trouble)
}

/// Positions to commit. The metadata of each holds the number of the second stage's checkpoint, and [`ENDED`] if every
/// interval was closed, as in `12 ended`.
pub fn commits(
    positions: &BTreeMap<PartitionId, i64>,
    ended: &BTreeSet<PartitionId>,
    number: u64,
) -> Vec<Commit> {
    let commit = |(&partition, &offset): (&PartitionId, &i64)| {
        let metadata = format!("{number}{}", if ended.contains(&partition) { ENDED } else { "" });
        Commit { partition, offset, metadata }
    };
    positions.iter().map(commit).collect()
}
