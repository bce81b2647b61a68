//! Detectors: what the numbers of an interval show about energy that may go missing.
//!
//! The list of detectors is closed, and each is one file in `detectors/`. A detector examines a tick of the town and
//! gives [`Evidence`], which carries every number that a person needs to check it, with the innocent causes that were
//! looked at ([`Innocent`]). Everything that prints evidence prints its facts and knows no detector. [`Findings::weighed`] joins the
//! evidence of one meter into a [`Suspicion`] with a score. A score opens a case for a person to look at, and does
//! nothing else.
//!
//! Estimated energy is never evidence, and a block that is missing or honest ends a run. This crate never knows how
//! models are trained, who receives an alert, or what a case is.
//!
//! Read [`evidence`] first, then [`detectors`] (how to add one is there), then [`detectors::phase_neutral`]: the rule
//! that the meters' own firmware applies in the field.

#[macro_use]
pub mod settings;

pub mod daily;
pub mod detectors;
pub mod evidence;
pub mod stored;
pub mod weigh;
pub mod words;

pub use daily::{DailyScores, DailySuspicion};
pub use detectors::{Detector, DetectorRules, DetectorState, Detectors};
pub use evidence::{Evidence, Fact, Innocent};
pub use settings::{Key, Milliseconds, Setting, SettingsError, Written, nearest};
pub use stored::{DailyScoresState, DailyScoresStateV1, EvidenceState, FindingsState, RestoreError};
pub use weigh::{Comparing, Findings, Suspicion};
pub use words::{About, FactDefinition, InnocentDefinition, Unit, Words};

#[cfg(test)]
mod street;
#[cfg(test)]
mod tests;
