//! Calibration on a test bench: from what the meter measured and what the bench knows to the meter's constants.
//!
//! Three steps: nothing connected gives the noise; a load of unity power factor gives the ranges; the same load at 0.5
//! lagging gives the delay. Each may be repeated until nothing changes any more.

use crate::arithmetic::{mul_div, mul_div_signed, product_over};
use crate::block::Block;
use crate::calibration::{Calibration, Delay, Scale};
use crate::oscillator::TURN;
use units::{Millivars, Milliwatts};

/// What the reference of the test bench shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// Voltage in microvolts.
    pub voltage_uv: u32,
    /// Current in microamperes; on the bench the same in phase and neutral.
    pub current_ua: u32,
    /// Active power.
    pub active: Milliwatts,
    /// Reactive power.
    pub reactive: Millivars,
}

/// Takes the noise of the current channels from a block in which no current flows.
pub fn fit_noise(calibration: Calibration, quiet: &Block) -> Calibration {
    let noise = quiet.currents.map(|sums| {
        let mean = sums.square.max(0) / i64::from(quiet.samples.max(1));
        mean.min(1 << 31) as u32
    });
    Calibration { noise, ..calibration }
}

/// Takes the ranges of the channels from a block at unity power factor.
pub fn fit_gain(calibration: Calibration, loaded: &Block, reference: &Reference) -> Calibration {
    let mut fitted = calibration;
    let voltage = loaded.voltage_uv(&calibration);
    fitted.voltage_range_uv = scaled(calibration.voltage_range_uv, voltage, reference.voltage_uv);
    for (channel, range) in fitted.current_range_ua.iter_mut().enumerate() {
        *range = scaled(*range, loaded.current_ua(&calibration, channel), reference.current_ua);
    }
    fitted
}

/// What is measured grows with the range, so the range follows the ratio.
fn scaled(range: u32, is: u64, should: u32) -> u32 {
    mul_div(u64::from(range), u64::from(should), is.max(1)).min(u64::from(u32::MAX)) as u32
}

/// Takes the delays of the current channels from a block at a power factor of 0.5 lagging. Two or three rounds settle.
pub fn fit_phase(calibration: Calibration, lagging: &Block, reference: &Reference) -> Calibration {
    let measured = lagging.measure(&Scale::of(calibration));
    let mut fitted = calibration;
    for (channel, one) in [measured.phase, measured.neutral].iter().enumerate() {
        // The sine of the angle between measured and true power, times the product of their heights.
        let (p, q) = (one.active.0, one.reactive.0);
        let (true_p, true_q) = (reference.active.0, reference.reactive.0);
        let apart = product_over(q, true_p, 1_000) - product_over(p, true_q, 1_000);
        let together = (product_over(p, true_p, 1_000) + product_over(q, true_q, 1_000)).max(1);
        // Radians in 2^-30, then samples in 2^-16. A lag that is too large needs less delay.
        let angle = mul_div_signed(apart, 1 << 30, together as u64);
        let Some(turns) = lagging.turns_per_sample(calibration.sample_rate) else { continue };
        // 2^48 / 2^30 / 2 pi / turns, with 2 pi in 2^-30.
        let per_sample = mul_div(u64::from(turns), TURN, 1 << 32);
        let change = mul_div_signed(angle, 1 << 16, per_sample.max(1));
        let delay = i64::from(calibration.current_delay[channel].samples_q16()) - change;
        // Out of range the delay stays as it is: the sensor is the wrong way round, or not of this kind.
        if let Some(delay) = u32::try_from(delay).ok().and_then(Delay::new) {
            fitted.current_delay[channel] = delay;
        }
    }
    fitted
}
