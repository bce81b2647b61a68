//! Alerts that go out together: what waits in a group, what was sent of it, and when the next message is due.

use super::notice::{Kind, Notice, Phase};
use super::tracked::Tracked;
use crate::Address;
use cases::Severity;
use reading::EventTime;
use serde::{Deserialize, Serialize};

/// What a group is about. Its order is that of nothing but the map that holds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct GroupKey {
    pub(crate) route: String,
    pub(crate) receiver: String,
    /// Whether these are the people who hear of it when nobody acknowledges.
    pub(crate) escalated: bool,
    /// The address, where the place of the notice decides it.
    pub(crate) address: Option<Address>,
    /// The kind of all its members: a message has words for one.
    pub(crate) kind: Kind,
    /// What its members have in common: the values of `group_by`, or the one episode.
    pub(crate) common: Vec<String>,
}

/// Where an errand stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Standing {
    /// Nobody heard of it. It does not go out before this time.
    New(EventTime),
    /// A message or a digest took it.
    Sent,
    /// A message took it, it ended since, and the end is worth a message.
    Over,
}

/// An errand in its group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) notice: Notice,
    pub(crate) standing: Standing,
}

impl Member {
    pub(crate) fn is_new(&self) -> bool {
        matches!(self.standing, Standing::New(_))
    }

    pub(crate) fn is_sent(&self) -> bool {
        self.standing == Standing::Sent
    }

    pub(crate) fn is_over(&self) -> bool {
        self.standing == Standing::Over
    }
}

/// So many errands of a group are remembered one by one; further ones are counted, and go out as a number.
pub(crate) const MOST_MEMBERS: usize = 10_000;

/// Alerts that go out together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// By episode.
    pub(crate) members: Tracked<String, Member>,
    /// New errands beyond the most, of which the next message says only how many.
    pub(crate) unnamed: u64,
    /// Nothing goes out before.
    pub(crate) due: EventTime,
    /// When the last message went out.
    pub(crate) last: Option<EventTime>,
}

impl Group {
    /// One without members. `is_asked`: whether somebody asks which of them change.
    pub(crate) fn new(due: EventTime, is_asked: bool) -> Self {
        Self { members: Tracked::new(is_asked), unnamed: 0, due, last: None }
    }

    /// Takes an errand.
    pub(crate) fn join(&mut self, notice: &Notice, not_before: EventTime) {
        if self.members.len() == MOST_MEMBERS {
            self.unnamed += 1;
            return;
        }
        let member = Member { notice: notice.clone(), standing: Standing::New(not_before) };
        self.members.insert(notice.episode.clone(), member);
    }

    /// The severity of the most severe new errand.
    pub(crate) fn severity(&self) -> Severity {
        let new = self.members.values().filter(|member| member.is_new());
        new.map(|member| member.notice.severity).max().unwrap_or(Severity::Info)
    }

    /// How many errands nobody heard of.
    pub(crate) fn new_errands(&self) -> u64 {
        self.members.values().filter(|member| member.is_new()).count() as u64 + self.unnamed
    }

    /// Whether there is nothing left to remember at this time.
    pub(crate) fn is_done(&self, now: EventTime) -> bool {
        self.members.is_empty() && self.unnamed == 0 && now >= self.due
    }
}

impl Notice {
    /// Whether it goes on until its end comes.
    pub(crate) fn goes_on(&self) -> bool {
        self.phase == Phase::Began
    }
}
