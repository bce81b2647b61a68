//! A test bench: grid, loads, wiring and converter, and the true energy beside the samples.

use crate::{Appliance, Converter, Mains, Wiring};
use meter_core::Samples;

/// Energy of the waves themselves, by sums of 64-bit floats four times as dense as the samples.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Truth {
    /// Joules that flowed through the phase terminal.
    pub metered: f64,
    /// Joules that the loads took.
    pub consumed: f64,
    /// Sum of the squares of the voltage, and of the phase current, in V² s and A² s.
    pub squares: [f64; 2],
    /// Seconds.
    pub seconds: f64,
}

/// Sums of the reference for each sample.
const DENSER: u32 = 4;

/// Joins everything. Two benches with equal parts give equal samples.
#[derive(Debug, Clone)]
pub struct Bench {
    /// The grid.
    pub mains: Mains,
    /// The loads.
    pub appliances: Vec<Appliance>,
    /// What of them the meter sees.
    pub wiring: Wiring,
    /// How it is sampled.
    pub converter: Converter,
    /// Samples a second.
    pub sample_rate: u32,
    number: u64,
    truth: Truth,
}

impl Bench {
    /// Begins at time zero.
    pub fn new(mains: Mains, appliances: Vec<Appliance>, wiring: Wiring, converter: Converter) -> Self {
        Self { mains, appliances, wiring, converter, sample_rate: 4_000, number: 0, truth: Truth::default() }
    }

    /// The energy up to the last sample.
    pub fn truth(&self) -> Truth {
        self.truth
    }

    /// The next samples.
    pub fn sample(&mut self) -> Samples {
        let period = 1.0 / f64::from(self.sample_rate);
        let time = self.number as f64 * period;
        let (mains, appliances, wiring) = (&self.mains, &self.appliances, self.wiring);
        let load = |time| appliances.iter().map(|one| one.current(mains, time)).sum::<f64>();
        let currents = |time| wiring.currents(load(time), neighbour(mains, wiring, time));
        let samples = self.converter.sample(time, period, |channel, time| match channel {
            0 => wiring.voltage(mains.voltage(time)),
            _ => currents(time)[channel - 1],
        });
        let dense = period / f64::from(DENSER);
        for part in 0..DENSER {
            let time = time + dense * (f64::from(part) + 0.5) - period;
            let (grid, load) = (mains.voltage(time), load(time));
            let (volts, amperes) =
                (wiring.voltage(grid), wiring.currents(load, neighbour(mains, wiring, time))[0]);
            self.truth.metered += volts * amperes * dense;
            self.truth.consumed += grid * load * dense;
            self.truth.squares[0] += volts * volts * dense;
            self.truth.squares[1] += amperes * amperes * dense;
        }
        self.truth.seconds += period;
        self.number += 1;
        samples
    }
}

/// The current of a neighbour who draws one ampere.
fn neighbour(mains: &Mains, wiring: Wiring, time: f64) -> f64 {
    match wiring {
        Wiring::SharedNeutral(_) => Appliance::steady(1.0, 0.0).current(mains, time),
        _ => 0.0,
    }
}
