//! Consumers without supply: which, since when, and how often.
//!
//! A consumer is without supply from the last gasp of its meter on. If there is no last gasp, it is without supply
//! once its meter has been silent for long enough; the outage then begins at the end of its last interval. It has
//! supply again when its meter reports so, or from the first interval in which the meter sends again. If its register
//! went on during the silence, only the communication had failed. Consumers of one transformer or feeder that are
//! out together are one outage. From all outages come the indices of IEEE 1366.
//!
//! State is bounded: 16 bytes for each row of the topology, the outages that last, those of the last four days with
//! their consumers and what was reported ahead of its rows, and six years of days by area.
//!
//! This crate never knows files, clocks or thresholds of theft. The arithmetic is in `features`.
//!
//! Read [`SupplySettings`] and [`Outage`] first, then `supply.rs` (a tick), `seat.rs` and `spells.rs` (one consumer),
//! `silence.rs` (what a silence was), `brief.rs`, `chance.rs` and `dark.rs` (short ones, and meters of transformers), `clusters.rs`, `groups.rs` and `past.rs` (outages of many), and `books.rs` (indices).

mod books;
mod brief;
mod chance;
mod clusters;
mod dark;
mod groups;
mod outage;
mod past;
mod seat;
mod settings;
mod silence;
mod spells;
mod state;
mod supply;

pub use books::IndexRow;
pub use outage::{Cause, Change, Interruption, Outage, SupplyRows, Target};
pub use settings::SupplySettings;
pub use state::{IndicesState, RestoreError, SupplyState, SupplyStateV1, SupplyStateV2, SupplyStateV3};
pub use supply::Supply;

#[cfg(test)]
mod tests;
