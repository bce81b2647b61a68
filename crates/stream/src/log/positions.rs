//! The committed positions of a group in a topic.

use pipeline::PartitionId;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::{Offset, TopicPartitionList};

/// A position that the group has committed, with its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: i64,
    /// The metadata of the commit.
    pub metadata: String,
}

/// A position to commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The partition.
    pub partition: PartitionId,
    /// The next offset to read.
    pub offset: i64,
    /// The metadata to store with it.
    pub metadata: String,
}

/// Positions in a topic, in librdkafka's own form.
#[derive(Debug, Clone)]
pub struct Positions(pub(super) TopicPartitionList);

impl Positions {
    /// The positions for a commit.
    pub fn in_topic(topic: &str, commits: &[Commit]) -> Self {
        let mut list = TopicPartitionList::new();
        for commit in commits {
            let mut one = list.add_partition(topic, commit.partition as i32);
            one.set_offset(Offset::Offset(commit.offset)).expect("an offset from the broker is one");
            one.set_metadata(&commit.metadata);
        }
        Self(list)
    }
}

/// The state of a group that a transaction needs.
pub struct Membership(pub(super) ConsumerGroupMetadata);
