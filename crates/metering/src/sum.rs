//! What the intervals of a group's consumers add up to in one interval.

use reading::{EventTime, Interval, MeterId, Quality, Sums};
use serde::{Deserialize, Serialize};
use units::WattHours;

/// The sum of the intervals of a group in a tick, in 32 bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub(crate) struct Sum {
    /// Net energy, Wh.
    pub net: i64,
    /// Active and reactive power, mW and mvar.
    active: i64,
    reactive: i64,
    /// How many of the intervals were measured. Marked if there is an interval with a known energy.
    measured: Marked,
    /// How many consumers of the topology have an interval, with or without a known energy. Marked if an interval lacks
    /// active or reactive power, so the power of the group is unknown.
    heard: Marked,
}

/// A count and a mark in four bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Marked(u32);

impl Marked {
    fn new(count: u32, mark: bool) -> Self {
        Self(count << 1 | u32::from(mark))
    }

    fn count(self) -> u32 {
        self.0 >> 1
    }

    fn is_marked(self) -> bool {
        self.0 & 1 == 1
    }

    fn add(&mut self, other: Self) {
        *self = Self::new(self.count() + other.count(), self.is_marked() | other.is_marked());
    }
}

/// The stored form: counts and marks by themselves.
#[derive(Serialize, Deserialize)]
struct Stored {
    net: i64,
    active: i64,
    reactive: i64,
    measured: u32,
    heard: u32,
    any: bool,
    without: bool,
}

impl From<Stored> for Sum {
    fn from(Stored { net, active, reactive, measured, heard, any, without }: Stored) -> Self {
        Self {
            net,
            active,
            reactive,
            measured: Marked::new(measured, any),
            heard: Marked::new(heard, without),
        }
    }
}

impl From<Sum> for Stored {
    fn from(sum: Sum) -> Self {
        let Sum { net, active, reactive, measured, heard } = sum;
        let (any, without) = (measured.is_marked(), heard.is_marked());
        Self { net, active, reactive, measured: measured.count(), heard: heard.count(), any, without }
    }
}

const _: () = assert!(size_of::<Sum>() == crate::Groups::BYTES_PER_INTERVAL);

impl Sum {
    /// The sum of one interval.
    pub fn of(row: &Interval, net: WattHours) -> Self {
        let sums = &row.sums;
        let without = sums.q_count == 0 || sums.q_count != sums.p_count;
        let measured = Marked::new(row.quality.is_whole().into(), true);
        let (active, reactive) = match i64::from(sums.p_count) {
            _ if without => (0, 0),
            1 => (sums.p, sums.q),
            // Rounded to whole numbers here, so that the order in which consumers are added changes nothing.
            count => (sums.p.div_euclid(count), sums.q.div_euclid(count)),
        };
        Self { net: net.0, active, reactive, measured, heard: Marked::new(0, without) }
    }

    pub fn add(&mut self, one: &Self) {
        self.net += one.net;
        self.active += one.active;
        self.reactive += one.reactive;
        self.measured.add(one.measured);
        self.heard.add(one.heard);
    }

    /// Its consumer is in the topology, or not.
    pub fn hear(&mut self, is_placed: bool) {
        self.heard.add(Marked::new(is_placed.into(), false));
    }

    /// Whether there is an interval with a known energy in it.
    pub fn any(&self) -> bool {
        self.measured.is_marked()
    }

    /// How many of the intervals were measured.
    pub fn measured(&self) -> u32 {
        self.measured.count()
    }

    /// How many consumers of the topology have an interval.
    pub fn heard(&self) -> u32 {
        self.heard.count()
    }

    /// The interval of the group. One that is not whole makes no peak.
    pub fn interval(&self, start: EventTime, end: EventTime, is_whole: bool) -> Interval {
        let mut sums = Sums::EMPTY;
        if !self.heard.is_marked() {
            (sums.p, sums.p_max, sums.q) = (self.active, self.active, self.reactive);
            (sums.p_count, sums.q_count) = (1, 1);
        }
        let [imp, exp] = [self.net.max(0), (-self.net).max(0)].map(WattHours);
        let quality = if is_whole { Quality::MEASURED } else { Quality::PARTIAL };
        // The meter of this interval is not used, because groups have names of their own.
        let meter = MeterId::new("-").expect("a name");
        Interval { meter, start, end, imp: Some(imp), exp: Some(exp), sums, quality, instead: None }
    }
}
