//! The truth about every meter that is unusual, or only looks unusual.

use reading::{EventTime, MeterId};

/// One stretch of time in which something was so about one meter.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// Whose.
    pub meter: MeterId,
    /// What.
    pub kind: Kind,
    /// Readings stamped after this moment (by a right clock).
    pub from: EventTime,
    /// Up to and with this one.
    pub to: EventTime,
    /// How much, where that has a number: of the load that passes an element, of the neutral that is shared, of the
    /// current that the neutral's transformer misreads.
    pub share: Option<f64>,
    /// In words.
    pub note: String,
}

impl Truth {
    /// Whether a customer gains by it.
    pub fn guilty(&self) -> bool {
        self.kind.guilty()
    }
}

/// One stretch of time in which some consumers had no supply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// What was without it: `feeder`, `transformer` or `consumer`.
    pub role: &'static str,
    /// Its name.
    pub target: String,
    /// Supply was gone after this moment,
    pub from: EventTime,
    /// up to and with this one.
    pub to: EventTime,
    /// How many consumers.
    pub consumers: usize,
    /// Of how many a last gasp was sent.
    pub gasps: usize,
    /// How many said that it was back.
    pub returns: usize,
}

/// What can be so about a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Tampering: a part of the load returns through a local earth.
    EarthReturn,
    /// Tampering: a wire around the phase element.
    PhaseBypass,
    /// Two neighbours whose neutrals are joined.
    SharedNeutral,
    /// The neutral's current transformer misreads.
    CtError,
    /// Loads on another neutral, now and then, for three quarters of an hour.
    Brief,
    /// Phase and neutral exchanged at the terminals: power reads negative.
    SwappedWires,
    /// A three-phase meter: its neutral is the vector sum.
    ThreePhase,
    /// Registers fell to zero.
    Reset,
    /// The meter was exchanged.
    Swap,
    /// Its clock ran ahead.
    ClockAhead,
    /// Its clock ran behind.
    ClockBehind,
    /// Its registers leapt.
    Spike,
    /// Its element measured the same all the time.
    Stuck,
    /// Its element measured nothing.
    Dead,
    /// It sent power in kW, as a number of W.
    Unit,
    /// It sent a tenth of its currents.
    CtTenth,
}

impl Kind {
    /// The name that files use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EarthReturn => "earth-return",
            Self::PhaseBypass => "phase-bypass",
            Self::SharedNeutral => "shared-neutral",
            Self::CtError => "ct-error",
            Self::Brief => "brief",
            Self::SwappedWires => "swapped-wires",
            Self::ThreePhase => "three-phase",
            Self::Reset => "reset",
            Self::Swap => "swap",
            Self::ClockAhead => "clock-ahead",
            Self::ClockBehind => "clock-behind",
            Self::Spike => "spike",
            Self::Stuck => "stuck",
            Self::Dead => "dead",
            Self::Unit => "unit",
            Self::CtTenth => "ct-tenth",
        }
    }

    /// Whether a customer gains by it.
    pub const fn guilty(self) -> bool {
        matches!(self, Self::EarthReturn | Self::PhaseBypass)
    }
}
