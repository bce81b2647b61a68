//! Kernels of supply: how often and how long the consumers of a place were without supply (IEEE 1366-2012).

use reading::{Interval, Quality};
use units::{Volts, WattHours};

/// Minutes that a consumer was without supply on average: SAIDI. `None` where no consumer is served.
pub fn saidi(customer_minutes: f64, consumers: u32) -> Option<f64> {
    per_consumer(customer_minutes, consumers)
}

/// How often a consumer was without supply for longer than a moment, on average: SAIFI.
pub fn saifi(sustained: u64, consumers: u32) -> Option<f64> {
    per_consumer(sustained as f64, consumers)
}

/// How many minutes a sustained interruption lasted on average: CAIDI.
pub fn caidi(customer_minutes: f64, sustained: u64) -> Option<f64> {
    (sustained > 0).then(|| customer_minutes / sustained as f64)
}

/// How often a consumer was without supply for a moment, on average: MAIFI.
pub fn maifi(momentary: u64, consumers: u32) -> Option<f64> {
    per_consumer(momentary as f64, consumers)
}

/// The fewest days with interruptions that make a threshold of major event days.
pub const MED_LEAST_DAYS: usize = 30;

/// The daily SAIDI beyond which a day is a major event day, of the days before it: exp(alpha + 2.5 beta), alpha and
/// beta being mean and standard deviation of the logarithms of the days above zero. `None` of fewer than
/// [`MED_LEAST_DAYS`].
pub fn med_threshold(daily_saidi: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let logs = daily_saidi.filter(|saidi| *saidi > 0.0).map(f64::ln);
    let count = logs.clone().count();
    if count < MED_LEAST_DAYS {
        return None;
    }
    let alpha = logs.clone().sum::<f64>() / count as f64;
    let squares: f64 = logs.map(|log| (log - alpha) * (log - alpha)).sum();
    let beta = (squares / (count - 1) as f64).sqrt();
    Some((alpha + 2.5 * beta).exp())
}

/// Whether the lowest and the highest voltage of an interval are below `low` and above `high`.
#[inline]
pub fn voltage_beyond(interval: &Interval, low: Volts, high: Volts) -> Option<(bool, bool)> {
    interval.sums.v().map(|(min, max)| (Volts::from(min) < low, Volts::from(max) > high))
}

/// Whether more energy passed a silent meter than two intervals at the edges of an outage can have used.
#[inline]
pub fn moved_while_silent(advanced: WattHours, before: Option<WattHours>) -> bool {
    // The meter counted up to the moment that supply went, and from the moment that it came back: at most one
    // interval's use each, and half as much again, because a load is not the same at both ends.
    before.is_some_and(|before| advanced.0 > 3 * before.0.max(0))
}

/// Energy that an interval's own registers show: not spread over a gap, and not only a part.
#[inline]
pub fn measured_import(interval: &Interval) -> Option<WattHours> {
    interval.imp.filter(|_| !interval.quality.is_spread() && !interval.quality.has(Quality::PARTIAL))
}

fn per_consumer(sum: f64, consumers: u32) -> Option<f64> {
    (consumers > 0).then(|| sum / f64::from(consumers))
}
