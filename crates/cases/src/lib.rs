//! The life of a case: opened by a suspicion, grown by more evidence, closed when nothing more comes.
//!
//! A [`Case`] is a question for a person ("please look at this meter"), not a verdict. Its id is made of detector,
//! meter and opening time, so a replay opens the same cases under the same names. Every change comes out once, as a
//! [`Change`]; [`alert`] makes an [`Alert`] of a change that people should know of, one line with its numbers.
//!
//! There is no alert without evidence. This crate never knows phones, e-mail or HTTP, never knows one detector from
//! another, and never switches a supply.
//!
//! Read [`Case`] first, then [`Cases::consider`].

mod alert;
mod case;
mod cases;
mod id;
mod stored;

pub use alert::{Alert, AlertKind, Severity, alert};
pub use case::{Case, State};
pub use cases::{CaseRules, CaseRulesError, Cases, Change};
pub use id::{AlertId, CaseId, NotAName};
pub use stored::{CasesState, RestoreError};

#[cfg(test)]
mod tests;
