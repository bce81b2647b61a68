//! The core, put together: a checked [`Plan`], readings in, [`Outputs`] out, and a snapshot of everything in between.
//!
//! [`Pipeline::step`] is the only way through the core: streaming, replay, simulation and tests all use it. It has
//! three parts, which a shell may also run on threads of its own:
//!
//! - a [`fleet::Sequencer`] judges the order of arrival;
//! - one or more [`fleet::Fleet`]s hold the meters;
//! - a [`Town`] looks at all closed intervals of a tick.
//!
//! The first two, with the [`Books`] of the meters, make a [`Lane`]. If a log has several partitions, each has a
//! lane. A [`Confluence`] joins their ticks for one town. On several machines, a second log carries the ticks to
//! [`District`]s: each is the second stage of some transformers.
//!
//! Nothing here knows wall time, partitions of Kafka, or tokio. Same input, same output.
//!
//! Read [`plan`], then [`Lane`], then [`Pipeline`], then [`Town`].

mod books;
mod confluence;
mod district;
mod inflow;
mod lane;
mod outputs;
mod parts;
mod passed;
pub mod plan;
mod reports;
#[cfg(test)]
mod sample;
mod snapshot;
mod stages;
mod step;
mod town;

pub use books::Books;
pub use confluence::{Confluence, ConfluenceV2, Flow, Gathered};
pub use district::District;
pub use fleet::{Fleet, PartitionId, Sequencer, Shard, Step};
pub use lane::Lane;
pub use outputs::{Closing, Dead, Outputs, Part, bury, bury_held, bury_undecoded, clocks_ahead};
pub use parts::{LostPart, StoredPart, WhyLost, fingerprint_of_parts, parts_of};
pub use passed::Passed;
pub use plan::{Compression, MostPower, Plan, PlanError, WrongCompression};
pub use reports::{Report, Reports};
pub use snapshot::{Second, SnapshotError, positions_of, restore_second, store_second};
pub use stages::{NotLookedAt, TownGauge, TownGauges};
pub use step::{Input, Pipeline};
pub use town::{Town, TownError};
