//! The transformer and the feeder of each meter, and whether the energy there adds up.
//!
//! A [`Topology`] is a dated table: a meter swap or a moved consumer adds a row and rewrites no history. A
//! [`Balance`] compares, for one transformer and one interval, what its own meter supplied with what the consumers
//! below it took.
//!
//! This crate never knows cases or alerts, and it gives no reason why energy is missing: technical losses, a meter
//! that does not report and a bypass look the same in one balance. There is no model of losses yet.
//!
//! Read [`Topology`] first, then [`Join`], then [`balance()`].

mod balance;
mod counts;
pub mod join;
mod row;
mod topology;

pub use balance::{Balance, balance};
pub use join::{Join, Joined};
pub use row::{Role, TopologyRow};
pub use topology::{Edge, Topology, TopologyError};

#[cfg(test)]
mod tests;
