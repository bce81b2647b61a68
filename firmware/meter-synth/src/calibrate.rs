//! A test bench with a reference: it finds the constants of a meter on a converter.

use crate::{Appliance, Bench, Converter, Mains, Wiring};
use meter_core::{Acquisition, Block, Calibration, Delay, Reference, fit_gain, fit_noise, fit_phase};
use units::{Millivars, Milliwatts};

/// How long each load is measured, in seconds: offset and frequency are found within it.
const SECONDS: u32 = 8;

/// Calibrates a meter at 230 V and 50 Hz: nothing connected, the nominal current, the same at 0.5 lagging.
pub fn calibrate(converter: &Converter, nominal: f64, starting: f64) -> Calibration {
    let mut calibration = Calibration {
        sample_rate: 4_000,
        voltage_range_uv: micro(converter.voltage_range),
        current_range_ua: [micro(converter.current_range); 2],
        current_delay: [Delay::NONE; 2],
        voltage_delay: 1,
        noise: [0; 2],
        starting_current_ua: micro(starting),
        nominal_voltage_mv: 230_000,
        pulses_per_kwh: 3_200,
    };
    calibration = fit_noise(calibration, &block(converter, &calibration, 0.0, 0.0));
    let reference = |lag: f64| Reference {
        voltage_uv: 230_000_000,
        current_ua: micro(nominal),
        active: Milliwatts((230_000.0 * nominal * lag.to_radians().cos()).round() as i64),
        reactive: Millivars((230_000.0 * nominal * lag.to_radians().sin()).round() as i64),
    };
    for _ in 0..3 {
        calibration = fit_gain(calibration, &block(converter, &calibration, 0.0, nominal), &reference(0.0));
        calibration =
            fit_phase(calibration, &block(converter, &calibration, 60.0, nominal), &reference(60.0));
    }
    calibration
}

/// The last whole block of a steady load.
fn block(converter: &Converter, calibration: &Calibration, lag: f64, amperes: f64) -> Block {
    let load = vec![Appliance::steady(amperes, lag)];
    let mut bench = Bench::new(Mains::clean(230.0, 50.0), load, Wiring::Honest, converter.clone());
    let mut acquisition = Acquisition::new(calibration);
    let blocks = (0..SECONDS * bench.sample_rate).filter_map(|_| acquisition.push(bench.sample()));
    blocks.last().expect("eight seconds hold a block")
}

fn micro(value: f64) -> u32 {
    (value * 1e6).round() as u32
}
