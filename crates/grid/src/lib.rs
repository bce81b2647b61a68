//! The transformer and the feeder of each meter, and whether the energy there adds up.
//!
//! A [`Topology`] is a dated table: a meter swap or a moved consumer adds a row and rewrites no history. A
//! [`Balance`] compares, for one transformer and one interval, what its own meter supplied with what the consumers
//! below it took.
//!
//! This crate never knows cases or alerts, and it gives no reason why energy is missing: technical losses, a meter
//! that does not report and a bypass look the same in one balance. [`Attribution`] separates them over weeks.
//!
//! Rows that come late join the balance of their interval, until it is final.
//!
//! Read [`Topology`] first, then [`Join`], then [`Balances`].

mod attribution;
mod balance;
mod balances;
mod counts;
mod feeders;
mod fronts;
mod index;
pub mod join;
mod losses;
mod members;
mod place_names;
mod row;
mod topology;
mod usual;

pub use attribution::{Attribution, Window};
pub use balance::{Balance, Gap, Standing};
pub use balances::{Balances, BalancesState, BalancesStateV1, BalancesStateV2, Ended};
pub use feeders::FeederBalance;
pub use fronts::{Fronts, FrontsState};
pub use index::{Index, IndexSettings, IndexState, Proposal, ProposalState};
pub use join::{Join, Joined};
pub use losses::{Loss, Losses, LossesState, LossesStateV1, Period};
pub use place_names::{PlaceNames, Shared};
pub use row::{Role, TopologyRow};
pub use topology::{Edge, Topology, TopologyError};

#[cfg(test)]
mod tests;
