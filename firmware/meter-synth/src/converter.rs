//! Sensors and converters with their faults.

use crate::Random;
use meter_core::{FULL_SCALE, Samples};

/// The three kinds that the firmware is tried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A metering front-end: 24 bits, all channels at one moment, shunt and divider.
    Frontend24,
    /// A sigma-delta converter of 16 bits with current transformers.
    SigmaDelta16,
    /// A microcontroller's own 12 bits, one channel after the other, transformers of the kind that learners buy.
    Sar12,
}

/// Sensors and converter of one meter. Ranges are peaks.
#[derive(Debug, Clone)]
pub struct Converter {
    /// Volts at the end of the range.
    pub voltage_range: f64,
    /// Amperes at the end of the range.
    pub current_range: f64,
    /// Bits with the sign.
    pub bits: u32,
    /// RMS noise of a sample, by the range.
    pub noise: f64,
    /// Of voltage, phase and neutral, by the range.
    pub offset: [f64; 3],
    /// True by nominal size of what the sensors hand on.
    pub gain: [f64; 3],
    /// How late each channel is sampled, in seconds.
    pub late: [f64; 3],
    /// Below this frequency a current transformer hands on little; it leads by the corner over the grid's frequency.
    pub corner_hertz: f64,
    /// By how much the gain of the currents moves in an hour.
    pub gain_drift_per_hour: f64,
    /// By how much all offsets move in an hour, by the range.
    pub offset_drift_per_hour: f64,
    random: Random,
    flux: [f64; 2],
    // The last two means of each channel, for the flat response.
    means: [[f64; 2]; 3],
}

/// Points of the wave in one sample.
const POINTS: u32 = 4;

impl Converter {
    /// One meter of a kind; the seed makes its faults, so that two meters differ as two of a series do.
    pub fn new(kind: Kind, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let (bits, noise, offset, gain) = match kind {
            // 100 dB of signal to noise, as data sheets of metering front-ends give.
            Kind::Frontend24 => (24, 1.0e-5 / std::f64::consts::SQRT_2, 0.001, 0.01),
            Kind::SigmaDelta16 => (16, 3.0e-5, 0.002, 0.02),
            // One step of 4096, which a microcontroller's data sheet calls good.
            Kind::Sar12 => (12, 1.0 / 2048.0, 0.015, 0.03),
        };
        let (skew, corner_hertz) = match kind {
            Kind::Frontend24 => (0.0, 0.0),
            Kind::SigmaDelta16 => (0.0, 0.1),
            Kind::Sar12 => (10.0e-6, 0.4),
        };
        let mut around = |size: f64| [0; 3].map(|_| random.between(-size, size));
        let (offset, wrong) = (around(offset), around(gain));
        // Anti-aliasing filters of channels differ by some microseconds.
        let late = around(8.0e-6);
        Self {
            voltage_range: 500.0,
            current_range: 120.0,
            bits,
            noise,
            offset,
            gain: wrong.map(|by| 1.0 + by),
            late: [0, 1, 2].map(|channel| late[channel] + 10.0e-6 + skew * channel as f64),
            corner_hertz,
            gain_drift_per_hour: 0.0,
            offset_drift_per_hour: 0.0,
            random,
            flux: [0.0; 2],
            means: [[0.0; 2]; 3],
        }
    }

    /// The samples of the period before a time, of what a channel's wave is at any moment: 0 is the voltage, 1 and 2
    /// are phase and neutral current.
    ///
    /// A converter averages over the period and then makes its response flat, as the decimators of front-ends do: a
    /// wave with edges has nothing above half the sample rate left to be mistaken for a lower frequency.
    pub fn sample(&mut self, time: f64, period: f64, wave: impl Fn(usize, f64) -> f64) -> Samples {
        let hours = time / 3_600.0;
        let drifted = 1.0 + self.gain_drift_per_hour * hours;
        let offset = self.offset_drift_per_hour * hours;
        let [voltage, phase, neutral] = [0, 1, 2].map(|channel| {
            let begin = time - self.late[channel] - period;
            let point = |part| wave(channel, begin + period * (f64::from(part) + 0.5) / f64::from(POINTS));
            let mean = (0..POINTS).map(point).sum::<f64>() / f64::from(POINTS);
            let share = match channel {
                0 => mean / self.voltage_range,
                _ => self.secondary(channel - 1, mean, period) * drifted / self.current_range,
            };
            let flat = self.flat(channel, share);
            self.quantised(flat * self.gain[channel] + self.offset[channel] + offset)
        });
        Samples { voltage, phase, neutral }
    }

    /// What a current transformer hands on: the flux of its core follows the current slowly, and is missing.
    fn secondary(&mut self, current: usize, amperes: f64, period: f64) -> f64 {
        let secondary = amperes - self.flux[current];
        self.flux[current] += secondary * std::f64::consts::TAU * self.corner_hertz * period;
        secondary
    }

    /// The mean of a period lowers a frequency w by w²/24; its second difference brings that back, one sample late.
    fn flat(&mut self, channel: usize, mean: f64) -> f64 {
        let [before, first] = self.means[channel];
        self.means[channel] = [mean, before];
        before - (mean - 2.0 * before + first) / 24.0
    }

    fn quantised(&mut self, share: f64) -> i32 {
        let steps = f64::from(FULL_SCALE >> (24 - self.bits));
        let step = ((share + self.noise * self.random.normal()) * steps).floor();
        (step.clamp(-steps, steps - 1.0) as i32) << (24 - self.bits)
    }
}
