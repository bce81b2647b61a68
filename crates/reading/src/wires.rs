//! What a meter sees of each wire, where the sums over its phases hide something: three phases one by one, and the
//! voltage behind the relay.

use crate::{EventTime, Extra, MeterId, Reading};
use units::{Milliamperes, Millivars, Millivolts, Milliwatts};

/// The plausible values of a three-phase reading, phase by phase. A quantity is only here if all three phases are
/// plausible; a current is its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(missing_docs, reason = "they are the fields of a reading")]
pub struct EachPhase {
    pub v: Option<[Millivolts; 3]>,
    pub i: Option<[Milliamperes; 3]>,
    pub p: Option<[Milliwatts; 3]>,
    pub q: Option<[Millivars; 3]>,
}

/// Sums of one phase over the readings of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Wire {
    /// Sum of voltage, mV.
    pub v: i64,
    /// Sum of current, mA.
    pub i: i64,
    /// Sum of active power, mW.
    pub p: i64,
    /// Sum of reactive power, mvar.
    pub q: i64,
}

/// Means of one phase over an interval.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[expect(missing_docs, reason = "they are means of the sums")]
pub struct WireMeans {
    pub volts: f64,
    pub amperes: f64,
    pub watts: f64,
    pub vars: f64,
}

/// What a meter saw of its wires in one interval `(start, end]`: sums of whole numbers, so that readings in any order
/// of arrival give the same.
///
/// A meter of three phases has them in every interval, and a meter of one phase only while its relay is off. So most
/// meters have none, and an [`Interval`](crate::Interval) carries nothing for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Wires {
    /// The meter.
    pub meter: MeterId,
    /// When the interval ends.
    pub end: EventTime,
    /// The phases; a meter of one phase has only the first.
    pub phases: [Wire; 3],
    /// Over how many readings they go: only those that carry voltage, current and active power.
    pub count: u16,
    /// How many of these carry reactive power and neutral current, too.
    pub whole_count: u16,
    /// Sum of neutral current over those, mA.
    pub neutral: i64,
    /// How many are of three phases: all or none.
    pub three_count: u16,
    /// How many carry an export register.
    pub export_count: u16,
    /// How many have the relay off.
    pub off_count: u16,
    /// How many of these have a voltage behind the relay.
    pub live_count: u16,
    /// Sum of that voltage over those, mV.
    pub load_side: i64,
    /// Sum of its distance from the voltage before the relay, mV.
    pub load_side_apart: i64,
}

/// Below it a wire is dead: what a voltage element shows without a voltage is some volts.
pub const DEAD: Millivolts = Millivolts(50_000);

impl Wires {
    /// No reading yet.
    pub fn new(meter: MeterId, end: EventTime) -> Self {
        Self {
            meter,
            end,
            phases: [Wire::default(); 3],
            count: 0,
            whole_count: 0,
            neutral: 0,
            three_count: 0,
            export_count: 0,
            off_count: 0,
            live_count: 0,
            load_side: 0,
            load_side_apart: 0,
        }
    }

    /// Whether a reading that carries this has something to add: it is of three phases, or its relay is off.
    #[inline]
    pub fn concern(extra: &Extra) -> bool {
        extra.phases.is_some() || extra.relay == Some(false)
    }

    /// Adds a reading, if all it needs is there.
    pub fn add(&mut self, reading: &Reading, extra: &Extra) {
        if self.count == Self::MOST_READINGS {
            return;
        }
        let before = self.count;
        match &extra.phases {
            Some(each) => self.add_three(reading, each),
            None => self.add_one(reading),
        }
        if self.count == before {
            return;
        }
        self.export_count += u16::from(reading.exp().is_some());
        if extra.relay == Some(false) {
            self.off_count += 1;
            let beside = reading.v().map(|(volts, _)| volts);
            let load_side = extra.v_load.filter(|volts| *volts >= DEAD);
            if let (Some(load_side), Some(beside)) = (load_side, beside) {
                self.live_count += 1;
                self.load_side += i64::from(load_side.0);
                self.load_side_apart += i64::from((load_side.0 - beside.0).abs());
            }
        }
    }

    /// More readings of one interval are not added, as with [`Sums`](crate::Sums).
    const MOST_READINGS: u16 = crate::Sums::MOST_READINGS;

    fn add_one(&mut self, reading: &Reading) {
        let (Some((v, _)), Some(i), Some(p)) = (reading.v(), reading.i(), reading.p()) else { return };
        if reading.is_three_phase() {
            return;
        }
        self.count += 1;
        let wire = &mut self.phases[0];
        (wire.v, wire.i, wire.p) = (wire.v + i64::from(v.0), wire.i + i64::from(i.0), wire.p + p.0);
    }

    fn add_three(&mut self, reading: &Reading, each: &EachPhase) {
        let (Some(v), Some(i), Some(p)) = (each.v, each.i, each.p) else { return };
        self.count += 1;
        self.three_count += 1;
        if let (Some(_), Some(neutral)) = (each.q, reading.neutral()) {
            self.whole_count += 1;
            self.neutral += i64::from(neutral.0);
        }
        for (at, wire) in self.phases.iter_mut().enumerate() {
            wire.v += i64::from(v[at].0);
            wire.i += i64::from(i[at].0);
            wire.p += p[at].0;
            wire.q += each.q.map_or(0, |q| q[at].0);
        }
    }

    /// The means of the phases; zero without any reading.
    pub fn means(&self) -> [WireMeans; 3] {
        let mean = |sum: i64| sum as f64 / f64::from(self.count.max(1)) / 1000.0;
        self.phases.map(|wire| WireMeans {
            volts: mean(wire.v),
            amperes: mean(wire.i),
            watts: mean(wire.p),
            vars: mean(wire.q),
        })
    }

    /// The mean neutral current, A, if every reading has it and reactive power.
    pub fn mean_neutral(&self) -> Option<f64> {
        let is_whole = self.count > 0 && self.whole_count == self.count;
        is_whole.then(|| self.neutral as f64 / f64::from(self.count) / 1000.0)
    }

    /// The mean voltage behind the open relay, and its mean distance from the one before it, V.
    pub fn mean_load_side(&self) -> Option<(f64, f64)> {
        let mean = |sum: i64| sum as f64 / f64::from(self.live_count) / 1000.0;
        (self.live_count > 0).then(|| (mean(self.load_side), mean(self.load_side_apart)))
    }

    /// Whether the meter has an export register.
    pub fn exports(&self) -> bool {
        self.export_count > 0
    }

    /// Whether it is of a meter of three phases.
    pub fn is_three_phase(&self) -> bool {
        self.three_count > 0
    }
}

#[cfg(test)]
mod tests;
