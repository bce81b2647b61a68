//! The load profile of each meter, and its demand by billing period, from closed intervals.
//!
//! State is bounded: the [`MeteringSettings`] alone decide how many bytes each meter takes. Intervals of a meter come
//! in the order of their ends, and each is counted once. Estimated energy counts as energy, but it makes no peak, and
//! the profile does not learn from it.
//!
//! This crate never knows where intervals come from or how rows are written. The arithmetic is in `features`.
//!
//! Read [`MeteringSettings`] first, then [`Metering`] (`demand.rs`, `profile.rs`), then [`Groups`], then `state.rs`.

mod among;
mod by_slot;
mod candidates;
mod demand;
mod ended;
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
mod waiting;

pub use by_slot::{BySlot, WrittenBySlot};
pub use groups::{AboveSanctioned, GroupRule, Groups, Network, Place, Placed};
pub use metering::Metering;
pub use profile::ENOUGH_DAYS;
pub use rows::{Among, DemandRow, MeteringRows, Peak, PfSpread, ProfileRow, Whole, Whose};
pub use rules::{DemandRule, MeteringSettings, ProfileRule, RulesError, Zone};
pub use state::{DemandState, GroupsState, GroupsStateV1, PowerFactorState, ProfilesState};

#[cfg(test)]
mod tests;
