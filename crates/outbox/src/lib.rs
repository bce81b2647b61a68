//! What is to be sent: order, retry, receipts, windows, the next gateway, and each message once. A state machine.
//!
//! A message goes through `queued`, in flight, `sent` (a gateway has accepted it), `delivered` (a receipt says so) or
//! `failed` (with a reason). Messages of one line, which is an address, go out in their order, and one at a time: what
//! a gateway accepted first, it got first. A message that waits for its retry holds up its line and no other.
//!
//! The machine does nothing by itself and has no clock: [`Outbox::next`] says what to submit now, and the shell reports
//! what became of that. What must be stored is in [`Outbox::take_changed`]: once a change is stored, a crash loses
//! nothing. A submission that nobody answered may have arrived, so it is the only thing that is ever sent twice.
//!
//! This crate never knows SMPP, HTTP, files, or what a message says.
//!
//! Read [`Outbox`] first, then [`Entry`], then [`Settings`].

mod entry;
mod gateway;
mod outbox;
mod settings;
mod submission;

pub use entry::{Entry, MessageId, New, State};
pub use gateway::GatewayState;
pub use outbox::{Counts, Outbox, Put, RestoreError};
pub use settings::{Settings, SettingsError};
pub use submission::{Answer, Receipt, Submission, Ticket};

/// Milliseconds since 1970 UTC, by the clock of whoever sends.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Moment(pub i64);

impl Moment {
    /// So many milliseconds later.
    pub fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to here.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests;
