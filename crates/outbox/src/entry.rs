//! A message and where it stands.

use crate::Moment;
use core::fmt;
use serde::{Deserialize, Serialize};

/// The name of a message, made of alert, receiver and episode: the same in every run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub String);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A message that comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// Its name.
    pub id: MessageId,
    /// On which way it goes out: over the gateways that serve it.
    pub way: String,
    /// Whose it is: messages of one line go out in their order.
    pub line: String,
    /// What it says. The outbox does not look into it.
    pub text: String,
    /// In how many parts it goes out, at least one.
    pub parts: u16,
}

/// Where a message stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// It waits, or is on its way to a gateway.
    Queued,
    /// A gateway has accepted all its parts.
    Sent,
    /// Receipts say that all its parts have arrived.
    Delivered,
    /// It will not arrive.
    Failed {
        /// Why.
        reason: String,
    },
}

impl State {
    /// The name that lists and files use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed { .. } => "failed",
        }
    }

    /// Whether nothing more is to be submitted.
    pub fn is_over(&self) -> bool {
        *self != Self::Queued
    }
}

/// A message in the outbox: all that must be stored of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub id: MessageId,
    /// Its place in the order of arrival.
    pub number: u64,
    /// On which way it goes out.
    pub way: String,
    /// Whose it is.
    pub line: String,
    /// What it says.
    pub text: String,
    /// In how many parts it goes out.
    pub parts: u16,
    /// When it came.
    pub came: Moment,
    /// Where it stands.
    pub state: State,
    /// When its state last changed.
    pub changed: Moment,
    /// How many parts a gateway has accepted, from the first on.
    pub accepted: u16,
    /// How often the next part was tried in vain.
    pub tries: u32,
    /// The part is not tried before.
    pub not_before: Moment,
    /// The gateway that is tried first.
    pub gateway: u16,
    /// For each accepted part, or once for a message that was accepted whole: its gateway, the name that this gave it,
    /// and whether a receipt said that it arrived.
    pub receipts: Vec<(u16, String, bool)>,
    /// What the last try in vain ended with.
    pub last_problem: Option<String>,
}
