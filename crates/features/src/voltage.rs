//! Voltage of one interval.

use reading::Interval;
use units::{Ratio, Volts};

/// The lowest phase voltage of a reading.
#[inline]
pub fn v_min(interval: &Interval) -> Option<Volts> {
    interval.sums.v().map(|(min, _)| min.into())
}

/// The highest phase voltage of a reading.
#[inline]
pub fn v_max(interval: &Interval) -> Option<Volts> {
    interval.sums.v().map(|(_, max)| max.into())
}

/// The largest difference between phase voltages of a reading, over the mean of the highest and the lowest. `None`
/// without the voltages of several phases.
#[inline]
pub fn voltage_unbalance(interval: &Interval) -> Option<Ratio> {
    let apart = interval.sums.unbalance.checked_sub(1)?;
    Some(Ratio(f64::from(apart) / 10_000.0))
}

/// The middle between the lowest and the highest phase voltage: good enough to turn a current into a power.
pub fn mean_voltage(interval: &Interval) -> Option<Volts> {
    interval.sums.v().map(|(min, max)| (Volts::from(min) + Volts::from(max)) * 0.5)
}
