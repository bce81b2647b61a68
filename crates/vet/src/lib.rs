//! Judges whether the energy of an interval can be believed, and estimates energy that was not measured.
//!
//! A [`Rule`] is one way in which data can be wrong. The list is closed: each rule has a name, a definition, a
//! default with its reason, and a counter. Rules at the door, at the order of arrival and at the registers are
//! counted under the names of their issues. [`Vet`] looks at closed intervals, one meter at a time, and sets flags of
//! their quality. A flag takes nothing away: the energy by the registers stays as it is. [`estimate`] spreads the
//! energy of a silence over its intervals as the meter usually uses it; the sum stays the advance of the register.
//! [`Findings`] compares meters with their contracts and transformers with their consumers.
//!
//! This crate never knows the topology: the caller passes in what there is to compare. It suspects no one.
//!
//! Read [`Rule`] first, then [`Vet`].

mod estimate;
mod findings;
mod limits;
mod moment;
mod rough;
mod rule;
mod settings;
mod state;
mod vet;

pub use estimate::{estimate, stand_in};
pub use findings::{Finding, Findings, FindingsSettings, Whose};
pub use rule::{By, Rule, Tally};
pub use settings::{DayRule, FlatRule, PowerFactorRule, SpikeRule, VetSettings, VetSettingsError};
pub use state::{FindingsState, VetState};
pub use vet::Vet;

#[cfg(test)]
mod tests;
