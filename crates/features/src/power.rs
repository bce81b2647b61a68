//! Power and energy of one interval.

use crate::{mean_current, mean_voltage};
use reading::Interval;
use units::{Ratio, Vars, VoltAmperes, WattHours, Watts};

/// Import less export, if the import is known. A meter without an export register exports nothing.
#[inline]
pub fn net_energy(interval: &Interval) -> Option<WattHours> {
    Some(interval.imp? - interval.exp.unwrap_or_default())
}

/// Net energy for billing. If the import is not believed, the estimate in its place counts.
#[inline]
pub fn valid_energy(interval: &Interval) -> Option<WattHours> {
    Some(interval.valid()? - interval.exp.unwrap_or_default())
}

/// Mean of the active power that the readings carry. If they carry none, net energy over the time. Negative is
/// export.
#[inline]
pub fn mean_power(interval: &Interval) -> Option<Watts> {
    let sums = &interval.sums;
    if sums.p_count > 0 {
        return Some(Watts(sums.p as f64 / f64::from(sums.p_count) / 1000.0));
    }
    let length = interval.length();
    net_energy(interval).filter(|_| length > 0).map(|net| net.mean_over(length))
}

/// The highest active power of a reading. If the readings carry none, [`mean_power`].
#[inline]
pub fn max_power(interval: &Interval) -> Option<Watts> {
    if interval.sums.p_count > 0 {
        return Some(Watts(interval.sums.p_max as f64 / 1000.0));
    }
    mean_power(interval)
}

/// Sum p over root of (sum p)² + (sum q)²; negative while the meter exports.
///
/// `None` unless every reading with active power carries reactive power too, and one of the sums is not zero.
#[inline]
pub fn power_factor(interval: &Interval) -> Option<Ratio> {
    let sums = &interval.sums;
    if sums.q_count == 0 || sums.q_count != sums.p_count || (sums.p == 0 && sums.q == 0) {
        return None;
    }
    let (p, q) = (sums.p as f64, sums.q as f64);
    // A root is exact to the last bit on every machine (IEEE 754), which `hypot` is not.
    Some(Ratio(p / (p * p + q * q).sqrt()))
}

/// Mean active power over voltage times current, of all phases. At most 1, negative on export. It includes the
/// currents that distortion adds. [`power_factor`] does not, if meters count only the reactive power of the
/// fundamental.
///
/// `None` without power, voltage or current, if not every reading has both power and current, or if a phase was dead.
#[inline]
pub fn true_power_factor(interval: &Interval) -> Option<Ratio> {
    let sums = &interval.sums;
    let of_one_kind = sums.three_count == 0 || sums.three_count >= sums.p_count;
    if sums.p_count == 0 || sums.i_count != sums.p_count || sums.v_min <= 0 || !of_one_kind {
        return None;
    }
    let phases = if sums.three_count > 0 { 3.0 } else { 1.0 };
    let apparent = mean_voltage(interval)?.0 * mean_current(interval)?.0 * phases;
    let active = sums.p as f64 / f64::from(sums.p_count) / 1000.0;
    (apparent > 0.0).then(|| Ratio((active / apparent).clamp(-1.0, 1.0)))
}

/// Mean of the readings' reactive power; positive is lagging. `None` unless every reading with active power has it.
#[inline]
pub fn mean_reactive_power(interval: &Interval) -> Option<Vars> {
    let sums = &interval.sums;
    let known = sums.q_count > 0 && sums.q_count == sums.p_count;
    known.then(|| Vars(sums.q as f64 / f64::from(sums.q_count) / 1000.0))
}

/// Root of (mean p)² + (mean q)² of the readings: mean power over power factor.
#[inline]
pub fn apparent_power(interval: &Interval) -> Option<VoltAmperes> {
    let q = mean_reactive_power(interval)?.0;
    let p = interval.sums.p as f64 / f64::from(interval.sums.p_count) / 1000.0;
    Some(VoltAmperes((p * p + q * q).sqrt()))
}
