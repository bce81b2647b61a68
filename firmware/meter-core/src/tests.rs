mod constants;
mod energy;
mod waves;

use crate::{Acquisition, Block, Calibration, Delay, Samples};
use std::f64::consts::TAU;

/// A meter of 400 V and 100 A peak, 5 A nominal.
pub(crate) const METER: Calibration = Calibration {
    sample_rate: 4_000,
    voltage_range_uv: 400_000_000,
    current_range_ua: [100_000_000; 2],
    current_delay: [Delay::NONE; 2],
    voltage_delay: 1,
    noise: [0; 2],
    starting_current_ua: 5_000,
    nominal_voltage_mv: 230_000,
    pulses_per_kwh: 3_200,
};

/// A steady load as the samples of [`METER`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub hertz: f64,
    pub volts: f64,
    pub amperes: f64,
    pub lag_degrees: f64,
    /// Order, and heights in voltage and current as shares of the fundamental.
    pub harmonic: (f64, f64, f64),
    /// Of the current channels, in counts.
    pub offset: f64,
}

pub(crate) const HONEST: Load = Load {
    hertz: 50.0,
    volts: 230.0,
    amperes: 5.0,
    lag_degrees: 0.0,
    harmonic: (5.0, 0.0, 0.0),
    offset: 0.0,
};

impl Load {
    pub fn sample(&self, number: usize) -> Samples {
        let angle = TAU * self.hertz * number as f64 / 4_000.0;
        let (order, in_voltage, in_current) = self.harmonic;
        let wave = |angle: f64, share: f64| angle.sin() + share * (order * angle).sin();
        let counts = |peak: f64, range: f64| (peak / range * 8_388_608.0).round() as i32;
        let voltage = self.volts * 2f64.sqrt() * wave(angle, in_voltage);
        let current = self.amperes * 2f64.sqrt() * wave(angle - self.lag_degrees.to_radians(), in_current);
        let current = counts(current, 100.0) + self.offset as i32;
        Samples { voltage: counts(voltage, 400.0), phase: current, neutral: current }
    }

    /// The blocks of so many seconds; the first has the offset and the frequency still to find.
    pub fn blocks(&self, acquisition: &mut Acquisition, seconds: usize) -> Vec<Block> {
        (0..seconds * 4_000).filter_map(|number| acquisition.push(self.sample(number))).collect()
    }
}
