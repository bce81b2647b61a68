//! What the closed intervals of each meter add up to: its load profile, and its demand by billing period.
//!
//! State is bounded: each meter takes the bytes that the [`MeteringSettings`] need, in arrays by slot, whatever comes.
//! Intervals of a meter come in the order of their ends, and each is counted once. Estimated energy counts as energy, but
//! makes no peak and teaches no profile.
//!
//! This crate never knows where intervals come from or how rows are written. The arithmetic itself stands in `features`.
//!
//! Read [`MeteringSettings`] first, then [`Metering`] (`demand.rs`, `profile.rs`), then [`Groups`], then `state.rs`.

mod among;
mod by_slot;
mod demand;
mod groups;
mod metering;
mod moment;
mod names;
mod profile;
mod rows;
mod rules;
mod shares;
mod state;
mod sum;

pub use by_slot::BySlot;
pub use groups::{AboveSanctioned, GroupRule, Groups, Place, Placed};
pub use metering::Metering;
pub use profile::ENOUGH_DAYS;
pub use rows::{Among, DemandRow, MeteringRows, Peak, PfSpread, ProfileRow, Whole};
pub use rules::{DemandRule, MeteringSettings, ProfileRule, RulesError, Zone};
pub use state::{DemandState, GroupsState, PowerFactorState, ProfilesState};

#[cfg(test)]
mod tests;
