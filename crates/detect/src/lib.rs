//! Detectors: what the numbers of an interval say about energy that may go missing.
//!
//! A closed list. Each detector examines a tick of the town and gives [`Evidence`], which carries every number that a
//! person needs to check it, with the innocent causes that were looked at ([`Innocent`]); [`weigh`] turns evidence
//! into a [`Suspicion`] with a score. A score opens a case for a person to look at, and does nothing else.
//!
//! Estimated energy is never evidence, and a block that is missing or honest ends a run. This crate never knows how
//! models are trained, who is told, or what a case is.
//!
//! Read [`evidence`] first, then [`phase_neutral`]: the rule that the meters' own firmware applies in the field.

pub mod daily;
pub mod evidence;
pub mod looked;
pub mod phase_neutral;
mod shared_neutral;
pub mod stored;
pub mod suspicion;

pub use daily::{DailyScores, DailySuspicion};
pub use evidence::{Evidence, Innocent, PhaseNeutralEvidence};
pub use looked::Looked;
pub use phase_neutral::{PhaseNeutral, PhaseNeutralRuns, SettingsError};
pub use stored::{DailyScoresV1, EvidenceV1, InnocentV1, PhaseNeutralRunsV1, RestoreError, RunV1};
pub use suspicion::{Detector, Suspicion, weigh};

#[cfg(test)]
mod tests;
