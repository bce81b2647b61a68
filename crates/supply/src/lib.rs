//! Who was without supply, since when, and how often.
//!
//! A consumer is without supply from its meter's last gasp on, or from the last interval that was heard of it once it
//! has been silent for long enough; it has supply again when its meter says so, or from the first interval that is heard
//! of it. A silence across which registers went on was the communication's, not the supply's. Consumers of one
//! transformer or feeder that are out together are one outage. All of it adds up to the indices of IEEE 1366.
//!
//! State is bounded: 16 bytes a row of the topology, the outages under way, and six years of days by area.
//!
//! This crate never knows files, clocks, thresholds of theft, or who asks. The arithmetic itself stands in `features`.
//!
//! Read [`SupplySettings`] and [`Outage`] first, then `supply.rs`, then `spells.rs`, `clusters.rs` and `books.rs`.

mod books;
mod clusters;
mod outage;
mod settings;
mod spells;
mod state;
mod supply;

pub use books::IndexRow;
pub use outage::{Cause, Change, Interruption, Outage, SupplyRows, Target};
pub use settings::SupplySettings;
pub use state::{IndicesState, RestoreError, SupplyState};
pub use supply::Supply;

#[cfg(test)]
mod tests;
