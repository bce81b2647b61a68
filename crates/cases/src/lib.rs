//! The life of a case: opened by a suspicion, grown by more evidence, closed when nothing more comes.
//!
//! A [`Case`] is a question for a person ("please look at this meter"), not a verdict. Its id is made of detector,
//! meter and opening time, so a replay opens the same cases under the same names. What changed is told once, as a
//! [`Change`]; [`alert`] turns a change that people should hear of into an [`Alert`], one line with its numbers.
//!
//! No alert without evidence. This crate never knows phones, e-mail or HTTP, and never sets anybody's supply.
//!
//! Read [`Case`] first, then [`Cases::consider`].

mod alert;
mod case;
mod cases;
mod id;
mod stored;

pub use alert::{Alert, Kind, Severity, alert};
pub use case::{Case, State};
pub use cases::{Cases, Change, Rules, RulesError};
pub use id::{AlertId, CaseId};
pub use stored::{CaseV1, CasesV1, ClosedV1, RestoreError};

#[cfg(test)]
mod tests;
