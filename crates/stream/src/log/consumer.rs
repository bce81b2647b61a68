//! The interface of a member of a group that reads one topic.

use super::error::LogError;
use super::positions::{Commit, Committed, Membership};
use pipeline::PartitionId;
use std::collections::BTreeMap;
use std::time::Duration;

/// A message of the topic.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its partition.
    pub partition: PartitionId,
    /// Its offset in the partition.
    pub offset: i64,
    /// When the broker took it, in milliseconds since 1970, if known.
    pub timestamp_ms: Option<i64>,
    /// Its bytes; none if it removes the earlier value of its key.
    pub value: Option<&'a [u8]>,
    /// The value of the header that the member reads.
    pub header: Option<&'a [u8]>,
}

/// The result of a poll.
#[derive(Debug)]
pub enum Polled {
    /// Nothing came within the time.
    Nothing,
    /// A message came and was handed over.
    Message,
    /// The end of a partition's log was reached.
    End(PartitionId),
    /// The group has shut this member out; `is_replaced` if another member has taken its name.
    ShutOut { error: LogError, is_replaced: bool },
    /// A trouble that may pass. The client has logged it already.
    Trouble,
}

/// A decision of the group about partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The member gets these partitions. It answers with [`Consumer::assign`].
    Assign(Vec<PartitionId>),
    /// The member loses these partitions. It answers with [`Consumer::give_back`].
    Revoke(Vec<PartitionId>),
}

/// A member of a group that reads one topic. Every implementation promises:
///
/// - Messages of a partition come in the order of their offsets, from the offset at which it was assigned.
/// - [`Polled::End`] comes after the last message, once for each time that the end is reached.
/// - A decision of the group waits until the member has answered it. No message of a partition comes before the
///   partition was assigned or after it was given back.
pub trait Consumer {
    /// Joins the group.
    fn subscribe(&self) -> Result<(), LogError>;

    /// Waits for the next event, but not longer than `wait`. Hands a message to `take`.
    fn poll(&self, wait: Duration, take: impl FnOnce(&Message<'_>)) -> Polled;

    /// Whether the group has decided anything since the last call.
    fn has_changed(&self) -> bool;

    /// The same, but [`Self::has_changed`] still returns true afterwards.
    fn will_have_changed(&self) -> bool;

    /// Takes the next decision of the group.
    fn next_change(&self) -> Option<Change>;

    /// Accepts partitions, and reads them from these offsets.
    fn assign(&self, starts: &[(PartitionId, i64)]) -> Result<(), LogError>;

    /// Gives partitions back to the group.
    fn give_back(&self, partitions: &[PartitionId]) -> Result<(), LogError>;

    /// Leaves the group and gives everything back. Further decisions are not reported.
    fn leave(&self);

    /// Stops the messages of these partitions.
    fn pause(&self, partitions: &[PartitionId]) -> Result<(), LogError>;

    /// Resumes these partitions.
    fn resume(&self, partitions: &[PartitionId]) -> Result<(), LogError>;

    /// All partitions of the topic.
    fn partitions(&self) -> Result<Vec<PartitionId>, LogError>;

    /// The offset of the first message that still exists, and the offset after the last one.
    fn watermarks(&self, partition: PartitionId) -> Result<(i64, i64), LogError>;

    /// The offset after the last message, if it is known without asking the broker.
    fn known_end(&self, partition: PartitionId) -> Option<i64>;

    /// The group's committed offsets of these partitions.
    fn committed(&self, partitions: &[PartitionId]) -> Result<BTreeMap<PartitionId, Committed>, LogError>;

    /// Commits positions. With `wait`, it returns once the group has them.
    fn commit(&self, commits: &[Commit], wait: bool) -> Result<(), LogError>;

    /// The group's present state, which a transaction needs.
    fn membership(&self) -> Option<Membership>;
}
