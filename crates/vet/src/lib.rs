//! Whether the energy of an interval can be believed, and what stands in where nothing was measured.
//!
//! A [`Rule`] is one way in which data can be wrong. The list is closed: each has a name, a definition, a default with
//! the reason for it, and a counter. What the door, the order of arrival and the registers find counts under the names
//! of their issues; [`Vet`] looks at closed intervals, one meter at a time, and sets flags of their quality. A flag
//! takes nothing away: what the registers said stays as it is. [`estimate`] spreads the energy of a silence over its
//! intervals as the meter usually uses it; the sum stays what its register advanced.
//!
//! This crate never knows the topology, nor that anybody could be suspected of anything. [`Findings`] compares meters
//! with a contract and with each other, and is told by whoever knows the topology what there is to compare.
//!
//! Read [`Rule`] first, then [`Vet`].

mod estimate;
mod findings;
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
