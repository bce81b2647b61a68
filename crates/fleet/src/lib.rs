//! Bounded memory of every meter: readings in, closed intervals out.
//!
//! [`Sequencer`] reads the order of arrival: it moves the watermark, makes clocks that run ahead wait, and finds what
//! came too late. [`Fleet`] holds the meters: a batch is looked up, prefetched, then added to the open intervals;
//! when the watermark passes the end of an interval, the whole fleet is swept and the interval closes.
//!
//! Adding is commutative to the bit, so order inside the grace cannot change an answer. Energy is conserved: what the
//! registers advanced stands in the intervals, or in [`Totals::unplaced`].
//!
//! This crate never knows thresholds, theft or wall time. Read `sequencer.rs`, then `fleet.rs`, `admit.rs`,
//! `close.rs` and `settle.rs`.

mod admit;
mod apart;
mod behind;
mod cell;
mod close;
mod entries;
mod fleet;
mod points;
mod register;
mod sequencer;
mod settings;
mod settle;
mod slot_set;
mod snapshot;
mod table;

pub use admit::Refusal;
pub use fleet::{Fleet, FleetMemory, Heard, Taken, Totals};
pub use register::RegisterRules;
pub use sequencer::{
    Held, PartitionId, Sequencer, SequencerSettings, SequencerState, SequencerStateV1, SequencerStateV2,
    SequencerStateV3, SequencerStateV4, Step, WAITING_PER_METER,
};
pub use settings::{CrossCheck, Energy, Settings, Shard};
pub use settle::Silence;
pub use snapshot::{
    FleetState, FleetStateV1, FleetStateV2, FleetStateV3, IntervalV1, MeterState, RestoreError, Stored,
};

#[cfg(test)]
mod tests;
