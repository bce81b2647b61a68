//! What the intervals of a group's consumers add up to in one tick.

use reading::{EventTime, Interval, MeterId, Quality, Sums};
use units::WattHours;

/// The sum of the intervals of a group in a tick.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    /// There is an interval in it.
    pub any: bool,
    pub net: WattHours,
    /// How many of the intervals were measured.
    pub measured: u32,
    /// Active and reactive power, mW and mvar.
    active: i64,
    reactive: i64,
    /// An interval lacks active or reactive power, so the power of the group is unknown.
    without: bool,
}

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
        Self { any: true, net, measured, active, reactive, without }
    }

    pub fn add(&mut self, one: &Self) {
        self.any = true;
        self.net += one.net;
        self.measured += one.measured;
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
        let [imp, exp] = [self.net.0.max(0), (-self.net.0).max(0)].map(WattHours);
        let quality = if is_whole { Quality::MEASURED } else { Quality::PARTIAL };
        // The meter of this interval is not used, because groups have names of their own.
        let meter = MeterId::new("-").expect("a name");
        Interval { meter, start, end, imp: Some(imp), exp: Some(exp), sums, quality, instead: None }
    }
}
