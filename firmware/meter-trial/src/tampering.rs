//! Trials of the tamper rules: every theft on waves, and honest households for months.

use crate::{Lab, Ours, Wave};
use meter_core::{Measured, MeasuredCurrent, Microamperes};
use meter_synth::{Appliance, Disturbance, Kind as ConverterKind, Load, Mains, Random, Schedule, Wiring};
use meter_tamper::{Kind, Limits, Observation, Watch};
use units::{Millihertz, Millivars, Millivolts, Milliwatts};

/// The meters under trial.
pub const LIMITS: Limits = Limits { nominal_mv: 230_000, largest_ua: 60_000_000, exports: false };

/// Blocks of five seconds in thirty days.
pub const MONTH: u64 = 30 * 17_280;

/// A theft, or something innocent that looks like one, on the wires of a steady load.
#[derive(Debug, Clone)]
pub struct Staged {
    /// As a table names it.
    pub name: &'static str,
    /// On the wires.
    pub wiring: Wiring,
    /// The load.
    pub load: Load,
    /// What the meter should notice, if anything.
    pub expected: Option<Kind>,
}

/// Each kind that wires can show, at its smallest size with the error of the sensors on top.
pub fn staged() -> Vec<Staged> {
    let heater = |amperes| Load::Linear { amperes, lag_degrees: 0.0, harmonics: Vec::new() };
    let lag = |amperes, lag_degrees| Load::Linear { amperes, lag_degrees, harmonics: Vec::new() };
    let one = |name, wiring, load, expected| Staged { name, wiring, load, expected };
    vec![
        one("honest heater, 10 A", Wiring::Honest, heater(10.0), None),
        one("honest motor, 10 A at 0.6", Wiring::Honest, lag(10.0, 53.0), None),
        one("phase and neutral swapped", Wiring::Swapped, heater(10.0), None),
        one("both conductors bypassed", Wiring::BothBypassed(0.5), heater(10.0), None),
        one("earth takes 5 % of 10 A", Wiring::EarthReturn(0.05), heater(10.0), None),
        one("earth takes 7 % of 10 A", Wiring::EarthReturn(0.07), heater(10.0), Some(Kind::EarthLoading)),
        one("earth takes 20 % of 2.1 A", Wiring::EarthReturn(0.2), heater(2.1), None),
        one("earth takes 26 % of 2.1 A", Wiring::EarthReturn(0.26), heater(2.1), Some(Kind::EarthLoading)),
        one("earth takes 55 % of 1 A", Wiring::EarthReturn(0.55), heater(1.0), Some(Kind::EarthLoading)),
        one("bypass takes 8 % of 10 A", Wiring::PhaseBypass(0.08), heater(10.0), Some(Kind::CurrentBypass)),
        one(
            "neighbour's 1 A in the neutral",
            Wiring::SharedNeutral(1.0),
            heater(10.0),
            Some(Kind::CurrentBypass),
        ),
        one("phase reversed, 1.2 A", Wiring::PhaseReversed, heater(1.2), Some(Kind::CurrentReversed)),
        one("neutral missing, 2.2 A", Wiring::NeutralMissing, heater(2.2), Some(Kind::NeutralMissing)),
        one("magnet clips 10 A at 5 A", Wiring::Magnet(5.0), heater(10.0), Some(Kind::Magnet)),
        one("power factor 0.45, 1.2 A", Wiring::Honest, lag(1.2, 63.3), Some(Kind::VeryLowPowerFactor)),
        one("67 A of 60", Wiring::Honest, heater(67.0), Some(Kind::OverCurrent)),
    ]
}

/// How long a kind may take from the begin of a steady condition, in seconds: its blocks and one more that it has begun
/// in; for a magnet that only the wave shows, half an hour.
pub fn stated_seconds(kind: Kind) -> f64 {
    let blocks = if kind == Kind::Magnet { 360 } else { kind.times().occurs };
    f64::from(blocks + 2) * 5.1
}

/// The kinds that occurred on the wires of a steady load, sample by sample, each with its second.
pub fn on_waves(lab: &Lab, staged: &Staged, seconds: f64) -> Vec<(Kind, f64)> {
    let appliance = Appliance { load: staged.load.clone(), schedule: Schedule::Always };
    let wave = Wave { mains: Mains::clean(230.0, 50.0), appliances: vec![appliance] };
    watched(lab, &wave, staged.wiring, seconds)
}

/// The same of an honest household with all its habits, on a grid that flickers and sags for a minute in each hour.
pub fn honest_hours(lab: &Lab, seed: u64, hours: f64) -> Vec<(Kind, f64)> {
    let mut random = Random::new(seed);
    let appliances = HABITS.iter().map(|habit| {
        let lag_degrees = habit.factor.acos().to_degrees();
        let load = match habit.lopsided {
            share if share > 0.0 => Load::HalfWave { amperes: habit.amperes },
            _ => Load::Linear { amperes: habit.amperes, lag_degrees, harmonics: Vec::new() },
        };
        let [on, off] = [habit.on, habit.off].map(|blocks| blocks * 5.0);
        Appliance {
            load,
            schedule: Schedule::Cycling { on, off: off / 2.0, jitter: off, seed: random.bits() },
        }
    });
    let appliances = std::iter::once(Appliance::steady(0.3, 10.0)).chain(appliances).collect();
    let sag = |hour: u32| {
        let from = f64::from(hour) * 3_600.0 + 1_800.0;
        Disturbance::Level { from, to: from + 60.0, share: 0.6 }
    };
    let mut disturbances: Vec<Disturbance> = (0..hours.ceil() as u32).map(sag).collect();
    disturbances.push(Disturbance::Flicker { hertz: 8.8, depth: 0.01 });
    let mains = Mains { disturbances, ..Mains::clean(230.0, 50.0) };
    watched(lab, &Wave { mains, appliances }, Wiring::Honest, hours * 3_600.0)
}

fn watched(lab: &Lab, wave: &Wave, wiring: Wiring, seconds: f64) -> Vec<(Kind, f64)> {
    let mut bench = lab.bench(wave, wiring);
    let (mut meter, mut watch, mut occurred) = (Ours::new(lab.calibration), Watch::new(LIMITS), Vec::new());
    while bench.truth().seconds < seconds {
        meter.push(bench.sample());
        if let Some((measured, second_harmonic)) = meter.live() {
            let seen =
                Observation { measured, second_harmonic, relay_closed: true, ..Observation::default() };
            occurred.extend(watch.look(&seen).codes().map(|(kind, _)| (kind, bench.truth().seconds)));
            meter.bill_by(watch.billed_by());
        }
    }
    occurred
}

/// How far measured currents are from the true ones, as found on waves: of size, and steps of noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The largest difference of phase and neutral, by their size, from 2 A on.
    pub apart: f64,
    /// The largest error of either at half an ampere, in amperes.
    pub low: f64,
}

impl Spread {
    /// Of several meters of a kind, after calibration.
    pub fn found(kind: ConverterKind, meters: u64) -> Self {
        let mut spread = Self { apart: 0.0, low: 0.0 };
        for seed in 1..=meters {
            let lab = Lab::new(kind, seed, 10.0, 0.04);
            for amperes in [0.5, 2.0, 10.0, 60.0] {
                let Some(measured) = measured(&lab, amperes) else { continue };
                let [phase, neutral] =
                    [measured.phase, measured.neutral].map(|one| f64::from(one.current.0) / 1e6);
                if amperes < 1.0 {
                    spread.low = spread.low.max((phase - amperes).abs()).max((neutral - amperes).abs());
                } else {
                    spread.apart = spread.apart.max((phase - neutral).abs() / amperes);
                }
            }
        }
        spread
    }
}

fn measured(lab: &Lab, amperes: f64) -> Option<Measured> {
    let mut bench = lab.bench(&Wave::steady(230.0, 50.0, amperes, 0.0), Wiring::Honest);
    let mut meter = Ours::new(lab.calibration);
    let mut last = None;
    for _ in 0..44_000 {
        meter.push(bench.sample());
        last = meter.live().or(last);
    }
    last.map(|(measured, _)| measured)
}

/// An appliance of an honest household, in blocks.
struct Habit {
    amperes: f64,
    factor: f64,
    /// The second harmonic by its own current.
    lopsided: f64,
    /// Mean blocks on and off.
    on: f64,
    off: f64,
}

/// With what innocent things may be taken for: hair dryers on half-waves, and a pump that idles.
const HABITS: [Habit; 7] = [
    Habit { amperes: 0.8, factor: 0.65, lopsided: 0.0, on: 180.0, off: 360.0 },
    Habit { amperes: 9.0, factor: 1.0, lopsided: 0.0, on: 36.0, off: 3_000.0 },
    Habit { amperes: 8.0, factor: 0.98, lopsided: 0.0, on: 3.0, off: 90.0 },
    Habit { amperes: 6.0, factor: 0.85, lopsided: 0.0, on: 240.0, off: 900.0 },
    Habit { amperes: 4.0, factor: 1.0, lopsided: 0.42, on: 60.0, off: 17_000.0 },
    Habit { amperes: 1.4, factor: 0.45, lopsided: 0.0, on: 60.0, off: 4_000.0 },
    Habit { amperes: 16.0, factor: 0.99, lopsided: 0.0, on: 300.0, off: 6_000.0 },
];

/// An honest household whose meter errs as `spread` says.
pub struct Household {
    random: Random,
    running: [u32; HABITS.len()],
    on: [bool; HABITS.len()],
    gains: [f64; 2],
    noise: f64,
    level: f64,
    dip: (u32, f64),
}

impl Household {
    /// One of many; the seed makes its habits and its meter.
    pub fn new(spread: Spread, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let gains = [0; 2].map(|_| 1.0 + random.between(-0.5, 0.5) * spread.apart);
        Self {
            random,
            running: [0; HABITS.len()],
            on: [false; HABITS.len()],
            gains,
            noise: spread.low,
            level: 1.0,
            dip: (0, 1.0),
        }
    }

    /// The next five seconds.
    pub fn block(&mut self) -> Observation {
        let (mut active, mut reactive, mut lopsided) = (0.3, 0.05, 0.0);
        for (place, habit) in HABITS.iter().enumerate() {
            if self.running[place] == 0 {
                self.on[place] = !self.on[place];
                let mean = if self.on[place] { habit.on } else { habit.off };
                self.running[place] = (mean * self.random.between(0.3, 1.7)) as u32 + 1;
            }
            self.running[place] -= 1;
            if self.on[place] {
                active += habit.amperes * habit.factor;
                reactive += habit.amperes * (1.0 - habit.factor * habit.factor).sqrt();
                lopsided += habit.amperes * habit.lopsided;
            }
        }
        let volts = self.volts();
        self.observe(volts, active, reactive, lopsided)
    }

    /// Slow swings between 90 and 110 %, and now and then a dip, a swell or an outage of up to four minutes.
    fn volts(&mut self) -> f64 {
        self.level = (self.level + self.random.between(-0.001, 0.001)).clamp(0.9, 1.1);
        if self.dip.0 > 0 {
            self.dip.0 -= 1;
        } else if self.dip.1 != 1.0 {
            // Two in a row would be one of more than four minutes.
            self.dip.1 = 1.0;
        } else if self.random.bits().is_multiple_of(2_000) {
            let level = [0.0, 0.6, 0.68, 1.22][(self.random.bits() % 4) as usize];
            self.dip = ((self.random.bits() % 48) as u32, level);
        }
        230.0 * self.level * self.dip.1
    }

    fn observe(&mut self, volts: f64, active: f64, reactive: f64, lopsided: f64) -> Observation {
        let supplied = if volts > 0.0 { 1.0 } else { 0.0 };
        let amperes = active.hypot(reactive) * supplied;
        let one = |gain: f64, noise: f64| MeasuredCurrent {
            current: Microamperes(((amperes * gain + noise).max(0.0) * 1e6) as u32),
            active: Milliwatts((volts * active * supplied * gain * 1e3) as i64),
            reactive: Millivars((volts * reactive * supplied * gain * 1e3) as i64),
        };
        let noise = [0; 2].map(|_| self.noise * self.random.between(-1.0, 1.0));
        let measured = Measured {
            milliseconds: 5_000,
            voltage: Millivolts((volts * 1e3) as i32),
            frequency: Millihertz(50_000),
            phase: one(self.gains[0], noise[0]),
            neutral: one(self.gains[1], noise[1]),
        };
        let second_harmonic = (lopsided / active.hypot(reactive) * 10_000.0) as u16;
        Observation { measured, second_harmonic, relay_closed: true, ..Observation::default() }
    }
}

/// How often each kind occurred in an honest household's blocks.
pub fn false_events(spread: Spread, seed: u64, blocks: u64) -> [u32; Kind::ALL.len()] {
    let (mut household, mut watch) = (Household::new(spread, seed), Watch::new(LIMITS));
    let mut count = [0; Kind::ALL.len()];
    for _ in 0..blocks {
        for (kind, code) in watch.look(&household.block()).codes() {
            count[kind as usize] += u32::from(code == kind.occurs());
        }
    }
    count
}
