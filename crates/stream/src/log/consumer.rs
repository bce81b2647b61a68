//! What the engine needs of a member of a group that reads one topic.

use super::error::LogError;
use super::positions::{Commit, Committed, Membership};
use pipeline::PartitionId;
use std::collections::BTreeMap;
use std::time::Duration;

/// A message of the topic.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The partition that it is in.
    pub partition: PartitionId,
    /// Its place there.
    pub offset: i64,
    /// When the broker took it, in milliseconds since 1970, if that is known.
    pub timestamp_ms: Option<i64>,
    /// Its bytes; none if it takes back what was said under its key.
    pub value: Option<&'a [u8]>,
    /// The value of the header that the member was told to look at.
    pub header: Option<&'a [u8]>,
}

/// What a poll has brought.
#[derive(Debug)]
pub enum Polled {
    /// Nothing within the time.
    Nothing,
    /// A message, which was handed over.
    Message,
    /// A partition has no more messages for now.
    End(PartitionId),
    /// The group has shut this member out; `is_replaced` if another member has taken its name.
    ShutOut { error: LogError, is_replaced: bool },
    /// Some trouble that passes; the client has written it to the log of events already.
    Trouble,
}

/// What the group has decided about partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// These are given to the member, which answers with [`Consumer::assign`].
    Assign(Vec<PartitionId>),
    /// These are taken from it, and it answers with [`Consumer::give_back`].
    Revoke(Vec<PartitionId>),
}

/// A member of a group that reads one topic. Every kind promises: messages of a partition come in the order of their
/// offsets, from the offset on that it was assigned at; [`Polled::End`] comes behind the last one that is there, once
/// for each time that the end is reached; a decision of the group stands until the member has answered it, and nothing
/// of a partition comes before it was assigned or after it was given back.
pub trait Consumer {
    /// Joins the group.
    fn subscribe(&self) -> Result<(), LogError>;

    /// Waits for what comes next, but not longer than so; hands a message to `take`.
    fn poll(&self, wait: Duration, take: impl FnOnce(&Message<'_>)) -> Polled;

    /// Whether the group has decided anything since this was asked last.
    fn has_changed(&self) -> bool;

    /// The same, and [`Self::has_changed`] still says so afterwards.
    fn will_have_changed(&self) -> bool;

    /// The next decision of the group that was not asked for yet.
    fn next_change(&self) -> Option<Change>;

    /// Takes partitions, and reads on at these offsets.
    fn assign(&self, starts: &[(PartitionId, i64)]) -> Result<(), LogError>;

    /// Lets go of partitions.
    fn give_back(&self, partitions: &[PartitionId]) -> Result<(), LogError>;

    /// Answers no more decisions, and lets go of everything.
    fn leave(&self);

    /// Brings nothing more of these partitions.
    fn pause(&self, partitions: &[PartitionId]) -> Result<(), LogError>;

    /// Goes on with them.
    fn resume(&self, partitions: &[PartitionId]) -> Result<(), LogError>;

    /// All partitions of the topic.
    fn partitions(&self) -> Result<Vec<PartitionId>, LogError>;

    /// The first offset that is there, and the one behind the last.
    fn watermarks(&self, partition: PartitionId) -> Result<(i64, i64), LogError>;

    /// The offset behind the last message, as far as it is known without asking.
    fn known_end(&self, partition: PartitionId) -> Option<i64>;

    /// What the group has committed of these partitions.
    fn committed(&self, partitions: &[PartitionId]) -> Result<BTreeMap<PartitionId, Committed>, LogError>;

    /// Commits positions; `wait` until the group has them.
    fn commit(&self, commits: &[Commit], wait: bool) -> Result<(), LogError>;

    /// What a transaction needs to know of the group as it is now.
    fn membership(&self) -> Option<Membership>;
}
