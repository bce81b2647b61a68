//! Whether a transformer supplied as much energy as its consumers took.

use reading::{EventTime, Quality, TransformerId};
use units::WattHours;

/// The energy of one transformer in one interval `(start, end]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// The transformer.
    pub transformer: TransformerId,
    /// When the interval starts.
    pub start: EventTime,
    /// When it ends.
    pub end: EventTime,
    /// What the transformer's own meters counted, import less export; `None` unless all of them reported: a part of
    /// the supply would look as if consumers used more than was supplied.
    pub supplied: Option<WattHours>,
    /// What the reporting consumers counted, import less export.
    pub consumed: WattHours,
    /// What the missing consumers probably used: 0 if none is missing, `None` if too few of the others reported to say.
    pub estimated: Option<WattHours>,
    /// What is not accounted for. `None` without supply or without [`Self::estimated`].
    pub gap: Option<Gap>,
    /// How many consumers it supplies in this interval, by the topology.
    pub meters: u32,
    /// How many of them have a known energy.
    pub reporting: u32,
    /// How the energy of the intervals that went in came about: the flags of all of them, and `PARTIAL` if a consumer
    /// is missing.
    pub quality: Quality,
    /// How many rows joined after the tick of the interval.
    pub revision: u32,
    /// Whether rows may still join.
    pub standing: Standing,
}

/// Supplied less consumed and estimated: losses, and use that no meter counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// If the missing consumers used what is estimated.
    pub probable: WattHours,
    /// If the missing consumers used as much as consumers of the transformer ever did in an interval.
    pub low: WattHours,
    /// If the missing consumers gave back as much as consumers of the transformer ever did; used nothing, if none did.
    pub high: WattHours,
}

/// Whether a balance may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Rows that come late may join it. Then it comes again, under the same key.
    Open,
    /// Nothing can join it any more.
    Final,
    /// Rows could still have joined, but the run ends. It came before as [`Open`](Self::Open), with the same rows.
    Ended,
}

impl Balance {
    /// Whether every consumer has a known energy.
    pub fn is_complete(&self) -> bool {
        self.reporting == self.meters
    }
}
