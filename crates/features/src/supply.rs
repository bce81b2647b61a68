//! Kernels of supply: how often and how long the consumers of a place were without supply (IEEE 1366-2012).

use reading::{Interval, Quality};
use units::{Volts, WattHours};

/// Minutes that a consumer was without supply on average: SAIDI. `None` if no consumer is served.
pub fn saidi(customer_minutes: f64, consumers: u32) -> Option<f64> {
    per_consumer(customer_minutes, consumers)
}

/// How often a consumer had a sustained interruption on average: SAIFI.
pub fn saifi(sustained: u64, consumers: u32) -> Option<f64> {
    per_consumer(sustained as f64, consumers)
}

/// How many minutes a sustained interruption lasted on average: CAIDI.
pub fn caidi(customer_minutes: f64, sustained: u64) -> Option<f64> {
    (sustained > 0).then(|| customer_minutes / sustained as f64)
}

/// How often a consumer had a momentary interruption on average: MAIFI.
pub fn maifi(momentary: u64, consumers: u32) -> Option<f64> {
    per_consumer(momentary as f64, consumers)
}

/// The threshold of major event days needs at least so many days with interruptions.
pub const MED_LEAST_DAYS: usize = 30;

/// The daily SAIDI above which a day is a major event day: exp(alpha + 2.5 beta). Alpha and beta are the mean and the
/// standard deviation of the logarithm of daily SAIDI, over the earlier days on which it was not zero. `None` if
/// there are fewer than [`MED_LEAST_DAYS`] such days.
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

/// Whether a register that advanced across a silence shows that there was supply. `edges` is what is usually used in the
/// intervals at the edges of the silence, and `all` what is used in all of it.
#[inline]
pub fn moved_while_silent(advanced: WattHours, edges: WattHours, all: WattHours) -> bool {
    // In an outage, a meter counts until supply fails, and again from its return on: at most the use of the edges. With
    // supply it counts all. The limit is halfway between the two.
    2 * advanced.0 > edges.0 + all.0
}

/// Imported energy that the interval's own registers show. Energy that was spread over a gap does not count, and
/// neither does energy of a part of the interval.
#[inline]
pub fn measured_import(interval: &Interval) -> Option<WattHours> {
    interval.imp.filter(|_| !interval.quality.is_spread() && !interval.quality.has(Quality::PARTIAL))
}

fn per_consumer(sum: f64, consumers: u32) -> Option<f64> {
    (consumers > 0).then(|| sum / f64::from(consumers))
}
