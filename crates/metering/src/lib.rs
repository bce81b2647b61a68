//! What the closed intervals of each meter add up to: its load profile, and its demand by billing period.
//!
//! State is bounded: so many bytes a meter as the [`MeteringSettings`] need, in arrays by slot, whatever comes. Intervals of a
//! meter come in the order of their ends; each is counted once. Energy that is estimated counts as energy, and neither
//! makes a peak nor teaches a profile.
//!
//! This crate never knows where intervals come from, how rows are written, or who asks. The arithmetic itself stands in
//! `features`.
//!
//! Read [`MeteringSettings`] first, then [`Metering`], then [`Groups`].

mod by_slot;
mod groups;
mod metering;
mod moment;
mod names;
mod rows;
mod rules;
mod shares;
mod state;

pub use by_slot::BySlot;
pub use groups::{AboveSanctioned, GroupRule, Groups, Place, Placed};
pub use metering::{ENOUGH_DAYS, Metering};
pub use rows::{Among, DemandRow, MeteringRows, Peak, PfSpread, ProfileRow, Whole};
pub use rules::{DemandRule, MeteringSettings, ProfileRule, RulesError, Zone};
pub use state::{DemandState, GroupsState, PowerFactorState, ProfilesState};

#[cfg(test)]
mod tests;
