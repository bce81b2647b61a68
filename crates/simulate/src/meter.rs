//! What a meter counts and sends: registers in whole watt-hours, and values rounded as a display rounds them.

use reading::{EventTime, MeterId, Phases, RawReading};
use units::{Milliamperes, Millivars, Millivolts, Milliwatts, WattHours};

/// A register: whole watt-hours, and the exact rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Register {
    wh: i64,
    /// Milliwatts times milliseconds, less than a watt-hour.
    rest: i64,
}

const A_WATT_HOUR: i64 = 3_600_000 * 1000;

impl Register {
    pub(crate) fn new(wh: i64) -> Self {
        Self { wh, rest: 0 }
    }

    /// Counts power over time; power below zero counts nothing.
    pub(crate) fn count(&mut self, mw: i64, ms: i64) {
        self.rest += mw.max(0) * ms;
        self.wh += self.rest / A_WATT_HOUR;
        self.rest %= A_WATT_HOUR;
    }

    pub(crate) fn read(&self) -> WattHours {
        WattHours(self.wh)
    }
}

/// Converts watts to milliwatts, in which the meter calculates.
pub(crate) fn milli(value: f64) -> i64 {
    (value * 1000.0).round() as i64
}

/// Rounds to a whole watt.
pub(crate) fn watts(mw: i64) -> Milliwatts {
    Milliwatts((mw + 500).div_euclid(1000) * 1000)
}

/// Rounds to a whole var.
pub(crate) fn vars(value: f64) -> Millivars {
    Millivars(value.round() as i64 * 1000)
}

/// Rounds to a tenth of a volt.
pub(crate) fn volts(value: f64) -> Millivolts {
    Millivolts((value * 10.0).round() as i32 * 100)
}

/// Rounds to a hundredth of an ampere.
pub(crate) fn amperes(value: f64) -> Milliamperes {
    Milliamperes((value * 100.0).round() as i32 * 10)
}

/// The size of the vector sum of three currents that are 120 degrees apart: the neutral of a three-phase supply.
pub(crate) fn vector_sum([a, b, c]: [f64; 3]) -> f64 {
    (a * a + b * b + c * c - a * b - b * c - c * a).max(0.0).sqrt()
}

/// Three-phase values of one step, before rounding.
pub(crate) struct ThreePhase {
    pub(crate) v: [f64; 3],
    pub(crate) i: [f64; 3],
    pub(crate) neutral: f64,
    pub(crate) p_mw: [i64; 3],
    pub(crate) q: [f64; 3],
}

impl ThreePhase {
    pub(crate) fn reading(&self, meter: MeterId, time: EventTime) -> RawReading {
        let mut raw = RawReading::new(meter, time);
        raw.v = Some(Phases::Three(self.v.map(volts)));
        raw.i = Some(Phases::Three(self.i.map(amperes)));
        raw.neutral = Some(amperes(self.neutral));
        raw.p = Some(Phases::Three(self.p_mw.map(watts)));
        raw.q = Some(Phases::Three(self.q.map(vars)));
        raw
    }
}
