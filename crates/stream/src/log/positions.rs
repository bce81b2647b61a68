//! How far a group has come in a topic.

use pipeline::PartitionId;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::{Offset, TopicPartitionList};

/// What the group has committed of a partition: the offset, and the word beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: i64,
    /// What was committed beside it.
    pub word: String,
}

/// A position to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Of this partition.
    pub partition: PartitionId,
    /// The next offset to read.
    pub offset: i64,
    /// A word to be kept beside it.
    pub word: String,
}

/// Positions in a topic, as the client takes them.
#[derive(Debug, Clone)]
pub struct Positions(pub(super) TopicPartitionList);

impl Positions {
    /// In a topic.
    pub fn in_topic(topic: &str, commits: &[Commit]) -> Self {
        let mut list = TopicPartitionList::new();
        for commit in commits {
            let mut one = list.add_partition(topic, commit.partition as i32);
            one.set_offset(Offset::Offset(commit.offset)).expect("an offset from the broker is one");
            one.set_metadata(&commit.word);
        }
        Self(list)
    }
}

/// What a transaction needs to know of a group.
pub struct Membership(pub(super) ConsumerGroupMetadata);
