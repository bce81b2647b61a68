//! One row of the topology: the place of a meter from one moment to another.

use core::fmt;
use reading::{AreaId, ConcentratorId, EventTime, FeederId, MeterId, TransformerId};
use std::sync::Arc;
use units::Watts;

/// What a meter measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A household, a shop, a pump.
    Consumer,
    /// All that a distribution transformer supplies.
    Transformer,
    /// All that a feeder supplies.
    Feeder,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Consumer, Self::Transformer, Self::Feeder];

    /// The name that topology files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Transformer => "transformer",
            Self::Feeder => "feeder",
        }
    }

    /// The role with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The place of a meter from one moment to another. Rows of one place share its name: see [`crate::PlaceNames`].
#[derive(Debug, Clone, PartialEq)]
pub struct TopologyRow {
    /// The meter.
    pub meter: MeterId,
    /// What it measures.
    pub role: Role,
    /// The transformer that supplies the meter. For a meter in the role of a transformer: the one that it measures.
    pub transformer: Option<Arc<TransformerId>>,
    /// The feeder above.
    pub feeder: Option<Arc<FeederId>>,
    /// The area that one meter reader walks.
    pub area: Option<Arc<AreaId>>,
    /// The concentrator or gateway that sends for the meter.
    pub concentrator: Option<Arc<ConcentratorId>>,
    /// The phase of the supply, as the register of the utility writes it.
    pub phase: Option<String>,
    /// The class of consumer, as the register of the utility writes it.
    pub class: Option<String>,
    /// The load that the contract allows.
    pub sanctioned: Option<Watts>,
    /// The consumer's phone.
    pub phone: Option<String>,
    /// The meter reader's phone.
    pub reader_phone: Option<String>,
    /// The serial number of the device.
    pub serial: Option<String>,
    /// The row holds after this moment. `None` means that it has always held.
    pub from: Option<EventTime>,
    /// The row holds up to and including this moment. `None` means until further notice.
    pub to: Option<EventTime>,
}

impl TopologyRow {
    /// A row that holds at all times, for a meter whose place is unknown.
    pub fn new(meter: MeterId, role: Role) -> Self {
        Self {
            meter,
            role,
            transformer: None,
            feeder: None,
            area: None,
            concentrator: None,
            phase: None,
            class: None,
            sanctioned: None,
            phone: None,
            reader_phone: None,
            serial: None,
            from: None,
            to: None,
        }
    }

    /// A copy of the name of its transformer.
    pub fn transformer(&self) -> Option<TransformerId> {
        self.transformer.as_deref().copied()
    }

    /// A copy of the name of its feeder.
    pub fn feeder(&self) -> Option<FeederId> {
        self.feeder.as_deref().copied()
    }

    /// A copy of the name of its area.
    pub fn area(&self) -> Option<AreaId> {
        self.area.as_deref().copied()
    }

    /// Whether the row holds for an interval that ends at `time`: periods are `(from, to]`, as intervals are.
    pub fn holds_at(&self, time: EventTime) -> bool {
        self.starts() < time && time <= self.ends()
    }

    pub(crate) fn starts(&self) -> EventTime {
        self.from.unwrap_or(EventTime::MIN)
    }

    pub(crate) fn ends(&self) -> EventTime {
        self.to.unwrap_or(EventTime::MAX)
    }
}
