//! Outages as they are published.

use crate::IndexRow;
use core::fmt;
use reading::{AreaId, EventTime, FeederId, MeterId, TransformerId};
use serde::{Deserialize, Serialize};

/// What is without supply. Variants are stored by their number, so new ones must be added at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Target {
    /// One consumer.
    Consumer(MeterId),
    /// Many consumers of a transformer.
    Transformer(TransformerId),
    /// Many consumers of a feeder, on several of its transformers.
    Feeder(FeederId),
}

impl Target {
    /// What it is, in the words of topology files.
    pub fn role(&self) -> &'static str {
        match self {
            Self::Consumer(_) => "consumer",
            Self::Transformer(_) => "transformer",
            Self::Feeder(_) => "feeder",
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Consumer(meter) => meter.as_str(),
            Self::Transformer(transformer) => transformer.as_str(),
            Self::Feeder(feeder) => feeder.as_str(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.role(), self.name())
    }
}

/// How an outage is known. Variants are stored by their number, so new ones must be added at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cause {
    /// Meters sent a last gasp.
    LastGasp,
    /// Meters reported afterwards that supply had returned.
    Restored,
    /// Meters are or were silent, and nothing shows that only the communication failed.
    Silence,
    /// Registers advanced during the silence, so only the communication failed. No interruption is counted.
    Communication,
    /// The silence was longer than the longest gap of energy, so its cause is unknown. No interruption is counted.
    Unknown,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::LastGasp, Self::Restored, Self::Silence, Self::Communication, Self::Unknown];

    /// The name that files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::LastGasp => "last-gasp",
            Self::Restored => "restored",
            Self::Silence => "silence",
            Self::Communication => "communication",
            Self::Unknown => "unknown",
        }
    }

    /// Whether supply was gone, as far as is known.
    pub fn interrupts(self) -> bool {
        !matches!(self, Self::Communication | Self::Unknown)
    }
}

/// How IEEE 1366 counts an interruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// It lasted no longer than the plan's `momentary`.
    Momentary,
    /// It lasted longer.
    Sustained,
}

impl Interruption {
    /// How an interruption between two times counts, `momentary` being the longest momentary one, ms.
    pub(crate) fn of(start: EventTime, end: EventTime, momentary: i64) -> Self {
        if end.since(start) > momentary { Self::Sustained } else { Self::Momentary }
    }

    /// The name that files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Momentary => "momentary",
            Self::Sustained => "sustained",
        }
    }
}

/// The current state of an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// What is without supply. Target and start are the key.
    pub target: Target,
    /// The area, if all its consumers are in the same one.
    pub area: Option<AreaId>,
    /// When it began.
    pub start: EventTime,
    /// When it ended, or none while it lasts.
    pub end: Option<EventTime>,
    /// How it is known.
    pub cause: Cause,
    /// How it counts. None while it lasts, or if it is no interruption.
    pub kind: Option<Interruption>,
    /// How many different consumers.
    pub consumers: u32,
    /// The sum of the times without supply of the consumers that are back, ms.
    pub customer_ms: u64,
}

impl Outage {
    /// The same in minutes.
    pub fn customer_minutes(&self) -> f64 {
        self.customer_ms as f64 / 60_000.0
    }

    /// The key under which every change of it is published.
    pub fn key(&self) -> String {
        key(&self.target, self.start)
    }
}

fn key(target: &Target, start: EventTime) -> String {
    format!("{target}/{start}")
}

/// What happened to an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It began, changed or ended. This is its state now.
    Updated(Outage),
    /// It was published, but is no outage, or is a part of a larger one.
    Withdrawn(Target, EventTime),
}

impl Change {
    /// The key of the outage.
    pub fn key(&self) -> String {
        match self {
            Self::Updated(outage) => outage.key(),
            Self::Withdrawn(target, start) => key(target, *start),
        }
    }
}

/// Rows to publish: outages that began, changed or ended, and the indices of months.
#[derive(Debug, Default)]
pub struct SupplyRows {
    /// Changes of outages, to be applied in this order.
    pub outages: Vec<Change>,
    /// Indices of months that are over. At the end of a run also those of the current month.
    pub indices: Vec<IndexRow>,
}

impl SupplyRows {
    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        let Self { outages, indices } = self;
        outages.clear();
        indices.clear();
    }
}
