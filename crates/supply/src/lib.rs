//! Who was without supply, since when, and how often.
//!
//! A consumer is without supply from the last gasp of its meter on. Without a last gasp, it is so once it has been silent
//! for long enough, from the end of its last interval on. It has supply again when its meter reports that, or from the
//! first interval that is heard of it. If its register went on during the silence, only the communication was gone.
//! Consumers of one transformer or feeder that are out together are one outage. All of it adds up to the indices of
//! IEEE 1366.
//!
//! State is bounded: 16 bytes for each row of the topology, the outages under way, and six years of days by area.
//!
//! This crate never knows files, clocks or thresholds of theft. The arithmetic itself stands in `features`.
//!
//! Read [`SupplySettings`] and [`Outage`] first, then `supply.rs` (a tick), `spells.rs` (one consumer), `clusters.rs` and
//! `groups.rs` (outages of many), and `books.rs` (indices).

mod books;
mod clusters;
mod groups;
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
