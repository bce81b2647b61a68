//! What is told of an outage.

use crate::IndexRow;
use core::fmt;
use reading::{AreaId, EventTime, FeederId, MeterId, TransformerId};
use serde::{Deserialize, Serialize};

/// What was without supply. Variants are stored by their number: new ones go to the end.
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
    /// What kind of thing it is, in the words of topology files.
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

/// How an outage is known. Variants are stored by their number: new ones go to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cause {
    /// Meters said so with their last gasp.
    LastGasp,
    /// Meters said afterwards that supply had been restored.
    Restored,
    /// Meters are or were silent, and nothing says that it was the communication.
    Silence,
    /// Registers went on: the communication was gone, and no interruption is counted.
    Communication,
    /// The silence was longer than energy is followed, so nobody can tell, and no interruption is counted.
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
    /// For a moment.
    Momentary,
    /// For longer.
    Sustained,
}

impl Interruption {
    /// The name that files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Momentary => "momentary",
            Self::Sustained => "sustained",
        }
    }
}

/// An outage as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Of what; with `start` its key.
    pub target: Target,
    /// The area of all its consumers, if that is one.
    pub area: Option<AreaId>,
    /// Since when.
    pub start: EventTime,
    /// Until when; nothing while it lasts.
    pub end: Option<EventTime>,
    /// How it is known.
    pub cause: Cause,
    /// How it counts, once it is over; nothing if it is no interruption.
    pub kind: Option<Interruption>,
    /// How many consumers.
    pub consumers: u32,
    /// How long those were out that have supply again, together, ms.
    pub customer_ms: u64,
}

impl Outage {
    /// The same in minutes.
    pub fn customer_minutes(&self) -> f64 {
        self.customer_ms as f64 / 60_000.0
    }

    /// The name under which it is told again.
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
    /// It began, or it is over: this is how it stands now.
    Updated(Outage),
    /// It was published and turns out to be no outage, or a part of a larger one.
    Withdrawn(Target, EventTime),
}

impl Change {
    /// Which outage.
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
    /// Indices of months that are over; at the end of a run also of the month under way.
    pub indices: Vec<IndexRow>,
}
