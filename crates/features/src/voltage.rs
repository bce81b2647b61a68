//! Voltage of one interval.

use reading::Interval;
use units::Volts;

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

/// Midway between the lowest and the highest phase voltage: good enough to turn a current into a power.
pub fn mean_voltage(interval: &Interval) -> Option<Volts> {
    interval.sums.v().map(|(min, max)| (Volts::from(min) + Volts::from(max)) * 0.5)
}
