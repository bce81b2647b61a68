//! What goes to a gateway, and what comes back from it.

use crate::MessageId;

/// A submission that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What to submit now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// What the answer is given with.
    pub ticket: Ticket,
    /// To which gateway.
    pub gateway: u16,
    /// The message.
    pub id: MessageId,
    /// Its place in the order of arrival.
    pub number: u64,
    /// Whose it is.
    pub line: String,
    /// What it says.
    pub text: String,
    /// Which part, from 0.
    pub part: u16,
    /// Of so many.
    pub parts: u16,
}

/// What a gateway answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has the part, under this name.
    Accepted {
        /// The name that receipts use.
        remote: String,
    },
    /// It has all parts of the message, under one name.
    AcceptedWhole {
        /// The name that receipts use.
        remote: String,
    },
    /// It has too much to do: any message has to wait.
    Throttled,
    /// It takes nothing from us, whatever the message: a wrong key, for example.
    Closed {
        /// Why.
        reason: String,
    },
    /// This time it was not possible.
    NotNow {
        /// Why.
        reason: String,
    },
    /// Nobody knows whether the part arrived: the answer did not come.
    Unanswered {
        /// Why.
        reason: String,
    },
    /// It will never be possible.
    Never {
        /// Why.
        reason: String,
    },
}

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// The part has arrived.
    Delivered,
    /// It will not.
    Failed {
        /// Why.
        reason: String,
    },
}
