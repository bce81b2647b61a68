//! What the intervals of a group's consumers add up to in one interval.

use reading::{EventTime, Interval, MeterId, Quality, Sums};
use serde::{Deserialize, Serialize};
use units::WattHours;

/// The sum of the intervals of a group in a tick, in 40 bytes. Stored as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sum {
    /// Net energy, Wh.
    pub net: i64,
    /// Active and reactive power, mW and mvar.
    active: i64,
    reactive: i64,
    /// How many of the intervals were measured.
    pub measured: u32,
    /// How many consumers of the topology have an interval, with or without a known energy.
    pub heard: u32,
    /// There is an interval with a known energy in it.
    pub any: bool,
    /// An interval lacks active or reactive power, so the power of the group is unknown.
    without: bool,
}

const _: () = assert!(size_of::<Sum>() == crate::Groups::BYTES_PER_INTERVAL);

impl Sum {
    /// The sum of one interval.
    pub fn of(row: &Interval, net: WattHours) -> Self {
        let sums = &row.sums;
        let without = sums.q_count == 0 || sums.q_count != sums.p_count;
        let measured = u32::from(row.quality.is_whole());
        let (active, reactive) = match i64::from(sums.p_count) {
            _ if without => (0, 0),
            1 => (sums.p, sums.q),
            // Rounded to whole numbers here, so that the order in which consumers are added changes nothing.
            count => (sums.p.div_euclid(count), sums.q.div_euclid(count)),
        };
        Self { net: net.0, active, reactive, measured, heard: 0, any: true, without }
    }

    pub fn add(&mut self, one: &Self) {
        self.any |= one.any;
        self.net += one.net;
        self.measured += one.measured;
        self.heard += one.heard;
        self.active += one.active;
        self.reactive += one.reactive;
        self.without |= one.without;
    }

    /// The interval of the group. One that is not whole makes no peak.
    pub fn interval(&self, start: EventTime, end: EventTime, is_whole: bool) -> Interval {
        let mut sums = Sums::EMPTY;
        if !self.without {
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
