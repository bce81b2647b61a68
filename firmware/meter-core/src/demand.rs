//! Demand: the mean power of fixed periods of the clock, and the largest of them.

use crate::arithmetic::mul_div;
use units::Milliwatts;

/// The period in which demand is averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemandPeriod {
    /// The end of the period, in seconds of the meter's clock.
    pub end: u64,
    /// Imported energy by the length of the whole period.
    pub mean: Milliwatts,
    /// Whether the meter measured from its begin to its end, by a clock that was not set in between.
    pub whole: bool,
}

/// Follows the import register from period to period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    period_s: u32,
    begin: Option<Begin>,
    largest: Option<DemandPeriod>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Begin {
    period: u64,
    micro_watt_hours: u64,
    last_s: u64,
    whole: bool,
}

/// The longest step of the clock between two blocks that is not a gap or a change of the clock, in seconds.
const LONGEST_STEP_S: u64 = 5;

impl Demand {
    /// Of 15, 30 or 60 minutes as a rule; periods begin at multiples of the period's length since the clock's zero.
    pub fn new(period_s: u32) -> Self {
        Self { period_s: period_s.max(1), begin: None, largest: None }
    }

    /// Goes on after a power cut: with what was stored of the billing month.
    pub fn restored(period_s: u32, largest: Option<DemandPeriod>) -> Self {
        Self { largest, ..Self::new(period_s) }
    }

    /// The largest whole period since the last [`Self::reset`].
    pub fn largest(&self) -> Option<DemandPeriod> {
        self.largest
    }

    /// At the end of a billing month.
    pub fn reset(&mut self) {
        self.largest = None;
    }

    /// At each block's end: the clock and the import register. Gives the period that has ended, if one has.
    pub fn advance(&mut self, now_s: u64, import_micro_watt_hours: u64) -> Option<DemandPeriod> {
        let period = now_s / u64::from(self.period_s);
        let Some(begin) = &mut self.begin else {
            self.restart(
                period,
                now_s,
                import_micro_watt_hours,
                now_s.is_multiple_of(u64::from(self.period_s)),
            );
            return None;
        };
        let steady = now_s >= begin.last_s && now_s - begin.last_s <= LONGEST_STEP_S;
        begin.last_s = now_s;
        begin.whole &= steady;
        if period == begin.period {
            return None;
        }
        let (ended, energy) = (*begin, import_micro_watt_hours.saturating_sub(begin.micro_watt_hours));
        self.restart(period, now_s, import_micro_watt_hours, steady);
        // 18/5 milliwatts for a second are a microwatt-hour.
        let mean = mul_div(energy, 18, 5 * u64::from(self.period_s)) as i64;
        let ended = DemandPeriod {
            end: (ended.period + 1) * u64::from(self.period_s),
            mean: Milliwatts(mean),
            whole: ended.whole,
        };
        if ended.whole && self.largest.is_none_or(|largest| ended.mean > largest.mean) {
            self.largest = Some(ended);
        }
        Some(ended)
    }

    fn restart(&mut self, period: u64, now_s: u64, micro_watt_hours: u64, whole: bool) {
        self.begin = Some(Begin { period, micro_watt_hours, last_s: now_s, whole });
    }
}
