//! One converter, a meter and its rivals calibrated on it, and waves for all of them.

use crate::ours::Ours;
use crate::points::Point;
use crate::rivals::{Rival, RivalKind, Trim};
use meter_core::{Calibration, Samples};
use meter_synth::{Appliance, Bench, Converter, Kind, Mains, Wiring, calibrate};

/// A grid and loads.
#[derive(Debug, Clone)]
pub struct Wave {
    /// The grid.
    pub mains: Mains,
    /// The loads.
    pub appliances: Vec<Appliance>,
}

impl Wave {
    /// A sine and a steady load.
    pub fn steady(volts: f64, hertz: f64, amperes: f64, lag_degrees: f64) -> Self {
        Self { mains: Mains::clean(volts, hertz), appliances: vec![Appliance::steady(amperes, lag_degrees)] }
    }
}

/// Errors of energy in percent: of the meter, then of its rivals in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Errors {
    /// Of the meter.
    pub ours: f64,
    /// Of the rivals.
    pub rivals: Vec<f64>,
}

/// A meter and rivals on one converter.
#[derive(Debug, Clone)]
pub struct Lab {
    /// Nominal or basic current.
    pub nominal: f64,
    /// The meter's constants.
    pub calibration: Calibration,
    converter: Converter,
    rivals: Vec<(RivalKind, Trim)>,
}

/// What happens before this second is not judged: offsets and frequency are found then.
const SETTLED: f64 = 5.0;

impl Lab {
    /// Calibrates a meter on a converter of this kind: nothing connected, nominal current, the same at 0.5 lagging.
    pub fn new(kind: Kind, seed: u64, nominal: f64, starting: f64) -> Self {
        let converter = Converter::new(kind, seed);
        let calibration = calibrate(&converter, nominal, starting);
        Self { nominal, calibration, converter, rivals: Vec::new() }
    }

    /// A bench with this converter.
    pub fn bench(&self, wave: &Wave, wiring: Wiring) -> Bench {
        Bench::new(wave.mains.clone(), wave.appliances.clone(), wiring, self.converter.clone())
    }

    /// The converter, to make it worse after calibration.
    pub fn converter_mut(&mut self) -> &mut Converter {
        &mut self.converter
    }

    /// The same with these rivals, calibrated on the same two loads.
    pub fn beside(mut self, kinds: &[RivalKind]) -> Self {
        for &kind in kinds {
            let first = Trim {
                volts: self.converter.voltage_range,
                amperes: self.converter.current_range,
                phase: 1.0,
            };
            let trimmed = self.trimmed(kind, first);
            self.rivals.push((kind, trimmed));
        }
        self
    }

    /// Gain at unity power factor, and the phase at which the error at 0.5 lagging is nothing, by two secants.
    fn trimmed(&self, kind: RivalKind, mut trim: Trim) -> Trim {
        let error = |trim, lag| {
            let mut rival = Rival::new(kind, trim);
            self.error(&Wave::steady(230.0, 50.0, self.nominal, lag), 31.0, |samples| rival.push(samples))
        };
        for _ in 0..2 {
            trim.amperes /= 1.0 + error(trim, 0.0) / 100.0;
            if kind == RivalKind::MetrologyInsight {
                // Its phase delay moves the spectrum alone, not the power.
                continue;
            }
            let other = Trim { phase: trim.phase + 0.2, ..trim };
            let (here, there) = (error(trim, 60.0), error(other, 60.0));
            trim.phase -= 0.2 * here / (there - here);
        }
        trim
    }

    /// The errors of energy over some seconds of a wave.
    pub fn try_wave(&self, wave: &Wave, seconds: f64) -> Errors {
        let mut ours = Ours::new(self.calibration);
        Errors {
            ours: self.error(wave, seconds, |samples| ours.push(samples)),
            rivals: self
                .rivals
                .iter()
                .map(|&(kind, trim)| {
                    let mut rival = Rival::new(kind, trim);
                    self.error(wave, seconds, |samples| rival.push(samples))
                })
                .collect(),
        }
    }

    /// A meter after some seconds of a wave, with its registers.
    pub fn run(&self, wave: &Wave, seconds: f64) -> Ours {
        let mut ours = Ours::new(self.calibration);
        self.samples(wave, seconds, |samples, _| {
            ours.push(samples);
        });
        ours
    }

    /// How far the change of error by an influence, or else the error itself, is from nothing: of the meter first.
    pub fn changes(&self, point: &Point, seconds: f64) -> Vec<f64> {
        let all = |wave: &Wave| {
            let errors = self.try_wave(wave, seconds);
            [vec![errors.ours], errors.rivals].concat()
        };
        let errors = all(&point.wave);
        match &point.base {
            Some(base) => errors.iter().zip(all(base)).map(|(error, base)| error - base).collect(),
            None => errors,
        }
    }

    fn error(&self, wave: &Wave, seconds: f64, mut push: impl FnMut(Samples) -> Option<f64>) -> f64 {
        let (mut first, mut last) = (None, (0.0, 0.0));
        self.samples(wave, seconds, |samples, truth| {
            if let Some(joules) = push(samples) {
                last = (joules, truth.metered);
                if truth.seconds >= SETTLED && first.is_none() {
                    first = Some(last);
                }
            }
        });
        let first = first.expect("a wave is longer than the settling");
        ((last.0 - first.0) / (last.1 - first.1) - 1.0) * 100.0
    }

    fn samples(&self, wave: &Wave, seconds: f64, mut each: impl FnMut(Samples, &meter_synth::Truth)) {
        let mut bench = self.bench(wave, Wiring::Honest);
        for _ in 0..(seconds * f64::from(bench.sample_rate)) as u64 {
            let samples = bench.sample();
            each(samples, &bench.truth());
        }
    }
}
