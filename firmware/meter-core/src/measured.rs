//! Blocks in volts, amperes and watts.

use crate::arithmetic::{mul_div, mul_div_signed, root_mean_square_q8};
use crate::block::{Block, CurrentSums};
use crate::{Calibration, Scale};
use units::{Millihertz, Millivars, Millivolts, Milliwatts};

/// Current in millionths of an ampere: a starting current is a few thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Microamperes(pub u32);

/// Apparent power in thousandths of a volt-ampere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct MilliVoltAmperes(pub i64);

/// Active by apparent power in ten-thousandths; negative while energy is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct PowerFactor(pub i16);

/// What a block, or a sum of blocks, comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// How long it took, in milliseconds.
    pub milliseconds: u32,
    /// RMS of the voltage.
    pub voltage: Millivolts,
    /// Zero while the voltage is too low to have one.
    pub frequency: Millihertz,
    /// By the phase conductor.
    pub phase: MeasuredCurrent,
    /// By the neutral conductor.
    pub neutral: MeasuredCurrent,
}

/// One current, and the powers that voltage and this current make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MeasuredCurrent {
    /// RMS without the channel's noise.
    pub current: Microamperes,
    /// Active power of all harmonics; negative is export.
    pub active: Milliwatts,
    /// Reactive power of the fundamental; positive lags.
    pub reactive: Millivars,
}

impl MeasuredCurrent {
    /// Voltage times this current.
    pub fn apparent(&self, voltage: Millivolts) -> MilliVoltAmperes {
        MilliVoltAmperes((i64::from(voltage.0) * i64::from(self.current.0) + 500_000) / 1_000_000)
    }

    /// Active by apparent power: 1 without any load.
    pub fn power_factor(&self, voltage: Millivolts) -> PowerFactor {
        let apparent = self.apparent(voltage).0.max(self.active.0.abs());
        if apparent == 0 {
            return PowerFactor(10_000);
        }
        PowerFactor(mul_div_signed(self.active.0, 10_000, apparent.unsigned_abs()) as i16)
    }
}

impl Block {
    /// RMS of the voltage in microvolts.
    pub(crate) fn voltage_uv(&self, calibration: &Calibration) -> u64 {
        self.root_in_range(self.voltage_square, calibration.voltage_range_uv)
    }

    /// RMS of a current without its channel's noise, in microamperes.
    pub(crate) fn current_ua(&self, calibration: &Calibration, channel: usize) -> u64 {
        let noise = i64::from(calibration.noise[channel]) * i64::from(self.samples);
        self.root_in_range(self.currents[channel].square - noise, calibration.current_range_ua[channel])
    }

    fn root_in_range(&self, square: i64, range: u32) -> u64 {
        // The root is in 256ths of a count, the range is 2^23 counts.
        mul_div(root_mean_square_q8(square.max(0) as u64, self.samples), u64::from(range), 1 << 31)
    }

    /// In physical units.
    pub fn measure(&self, scale: &Scale) -> Measured {
        let calibration = &scale.calibration;
        let (samples, rate) = (u64::from(self.samples.max(1)), u64::from(calibration.sample_rate));
        let one = |channel: usize, sums: &CurrentSums| {
            // A microwatt-hour in a second is 18/5 milliwatts.
            let power = |sum: i64| {
                let in_a_second = mul_div_signed(sum, 18 * rate, 5 * samples);
                Milliwatts(mul_div_signed(in_a_second, 1, scale.per_micro_watt_hour[channel]))
            };
            MeasuredCurrent {
                current: Microamperes(self.current_ua(calibration, channel).min(u64::from(u32::MAX)) as u32),
                active: power(sums.product),
                reactive: Millivars(power(sums.reactive).0),
            }
        };
        Measured {
            milliseconds: (1_000 * samples / rate) as u32,
            voltage: Millivolts(((self.voltage_uv(calibration) + 500) / 1_000) as i32),
            frequency: Millihertz(mul_div(
                u64::from(self.cycles) * 1_000,
                rate << 8,
                u64::from(self.span_q8.max(1)),
            ) as i32),
            phase: one(0, &self.currents[0]),
            neutral: one(1, &self.currents[1]),
        }
    }
}
