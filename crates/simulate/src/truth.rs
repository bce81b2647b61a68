//! The truth about every meter that is unusual, or only looks unusual.

use crate::Settings;
use crate::faults::{Amiss, Mishap, replacement};
use reading::time::{HOUR, MINUTE};
use reading::{EventTime, MeterId};

/// What was unusual about one meter in one stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// The meter.
    pub meter: MeterId,
    /// What was unusual.
    pub kind: Kind,
    /// It concerns readings after this moment, by a correct clock,
    pub from: EventTime,
    /// up to and including this one.
    pub to: EventTime,
    /// Its size, if it has one: the share of the load that bypasses an element, of the neutral current that is
    /// shared, or of the neutral current that is misread.
    pub share: Option<f64>,
    /// The same in words.
    pub note: String,
}

impl Truth {
    /// Whether a customer gains from it.
    pub fn guilty(&self) -> bool {
        self.kind.guilty()
    }

    /// The row about a meter whose concentrator has a fast clock.
    pub(crate) fn of_concentrator(meter: MeterId, ahead_ms: i64, settings: &Settings) -> Self {
        let note = format!("the clock of its concentrator is {} s ahead", ahead_ms / 1000);
        let (from, to) = (settings.start, settings.end());
        Self { meter, kind: Kind::ClockAhead, from, to, share: None, note }
    }

    /// The row about a fault of this meter.
    pub(crate) fn of_mishap(mishap: &Mishap, meter: MeterId, settings: &Settings) -> Self {
        let truth = |kind, from, to, note| Self { meter, kind, from, to, share: None, note };
        match *mishap {
            Mishap::Reset { step } => {
                let at = settings.start_of(step);
                truth(Kind::Reset, at, at, "registers fell to zero".to_owned())
            }
            Mishap::Swap { step } => {
                let at = settings.start_of(step);
                truth(Kind::Swap, at, at, format!("replaced by {}", replacement(meter)))
            }
            Mishap::Clock { ahead_ms, from, to } => {
                let (kind, which) =
                    if ahead_ms > 0 { (Kind::ClockAhead, "ahead") } else { (Kind::ClockBehind, "behind") };
                truth(kind, from, to, format!("clock {} s {which}", ahead_ms.abs() / 1000))
            }
            Mishap::Spike { step } => {
                let (at, to) = (settings.start_of(step), settings.start_of(step + 1));
                truth(Kind::Spike, at, to, "registers leapt by 250 kW over an interval".to_owned())
            }
            Mishap::Daily { at_ms } => {
                let (hour, minute) = (at_ms / HOUR, at_ms % HOUR / MINUTE);
                let note = format!("delivers once a day, {hour} h {minute} min after it begins");
                truth(Kind::Daily, settings.start, settings.end(), note)
            }
            Mishap::Amiss { what, from, to } => {
                let (kind, note) = match what {
                    Amiss::Stuck { mw } => (Kind::Stuck, format!("measures {} W all the time", mw / 1000)),
                    Amiss::Dead => (Kind::Dead, "measures nothing".to_owned()),
                    Amiss::Unit => (Kind::Unit, "sends power in kW, as a number of W".to_owned()),
                    Amiss::CtTenth => (Kind::CtTenth, "sends a tenth of its currents".to_owned()),
                };
                truth(kind, from, to, note)
            }
        }
    }
}

/// One stretch of time in which some consumers had no supply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// What had no supply: `feeder`, `transformer` or `consumer`.
    pub role: &'static str,
    /// Its name.
    pub target: String,
    /// There was no supply after this moment,
    pub from: EventTime,
    /// up to and including this one.
    pub to: EventTime,
    /// How many consumers.
    pub consumers: usize,
    /// Of how many a last gasp arrived.
    pub gasps: usize,
    /// Of how many a report of the return arrived.
    pub returns: usize,
}

/// What can be unusual about a meter.
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
    /// Its registers jumped.
    Spike,
    /// Its element measured the same all the time.
    Stuck,
    /// Its element measured nothing.
    Dead,
    /// It sent power in kW, as a number of W.
    Unit,
    /// It sent a tenth of its currents.
    CtTenth,
    /// It delivered once a day.
    Daily,
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
            Self::Daily => "daily",
        }
    }

    /// Whether a customer gains from it.
    pub const fn guilty(self) -> bool {
        matches!(self, Self::EarthReturn | Self::PhaseBypass)
    }
}
