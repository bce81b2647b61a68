//! The current of one interval, and the difference between the two wires of a single-phase supply.

use reading::Interval;
use units::{Amperes, Ratio};

/// Phase and neutral current of a single-phase meter: means over the readings that carry both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoopCurrents {
    /// Mean phase current.
    pub phase: Amperes,
    /// Mean neutral current.
    pub neutral: Amperes,
    /// The difference of the two means, without a sign.
    pub apart: Amperes,
}

impl LoopCurrents {
    /// Phase less neutral. It is negative if more current returns than went out through the meter.
    pub fn difference(&self) -> Amperes {
        self.phase - self.neutral
    }

    /// The larger of the two currents. It counts as the load, because a bypass of one wire makes the current of that
    /// wire too small.
    pub fn load(&self) -> Amperes {
        self.phase.max(self.neutral)
    }
}

/// Mean phase current. With three phases, it is the mean of the three.
#[inline]
pub fn mean_current(interval: &Interval) -> Option<Amperes> {
    mean(u64::from(interval.sums.i), interval.sums.i_count)
}

/// Mean of |phase - neutral| of each reading that carries both.
#[inline]
pub fn mean_imbalance(interval: &Interval) -> Option<Amperes> {
    mean(u64::from(interval.sums.imbalance), interval.sums.loop_count)
}

/// The largest |phase - neutral| of a reading.
#[inline]
pub fn max_imbalance(interval: &Interval) -> Option<Amperes> {
    (interval.sums.loop_count > 0).then(|| Amperes(f64::from(interval.sums.imbalance_max) / 1000.0))
}

/// Phase and neutral current of a single-phase supply, which should be equal.
///
/// `None` if only some of the readings with a phase current carry a neutral current. The phase sum is over all of
/// them, so the two means would be of different moments.
pub fn loop_currents(interval: &Interval) -> Option<LoopCurrents> {
    let sums = &interval.sums;
    if sums.i_count != sums.loop_count {
        return None;
    }
    let phase = mean(u64::from(sums.i), sums.loop_count)?;
    let neutral = mean(u64::from(sums.neutral), sums.loop_count)?;
    Some(LoopCurrents { phase, neutral, apart: (phase - neutral).abs() })
}

/// Whether the mean imbalance is beyond `share` of the mean phase current and beyond `floor`: worth a longer look.
#[inline]
pub fn candidate(interval: &Interval, share: Ratio, floor: Amperes) -> bool {
    let (Some(imbalance), Some(current)) = (mean_imbalance(interval), mean_current(interval)) else {
        return false;
    };
    imbalance > floor && imbalance > current * share.0
}

#[inline]
fn mean(thousandths: u64, count: u16) -> Option<Amperes> {
    (count > 0).then(|| Amperes(thousandths as f64 / f64::from(count) / 1000.0))
}
