//! What a household connects, and when it runs.

use crate::Random;
use crate::mains::{Harmonic, Mains, distorted};
use std::f64::consts::{SQRT_2, TAU};

/// A load and the times at which it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Appliance {
    /// Its current while it runs.
    pub load: Load,
    /// When it runs.
    pub schedule: Schedule,
}

/// The shape of a current.
#[derive(Debug, Clone, PartialEq)]
pub enum Load {
    /// A sine with harmonics: heaters, motors, capacitors, supplies.
    Linear {
        /// RMS of the fundamental.
        amperes: f64,
        /// Negative leads; 180 exports.
        lag_degrees: f64,
        /// On top of it.
        harmonics: Vec<Harmonic>,
    },
    /// A heater behind a diode, as hair dryers have on half power: direct current and even harmonics.
    HalfWave {
        /// RMS of the whole current.
        amperes: f64,
    },
    /// A dimmer: each half-wave begins late.
    PhaseFired {
        /// RMS if it were not dimmed.
        amperes: f64,
        /// How late, in degrees of a half-wave's 180.
        degrees: f64,
    },
}

/// When a load runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Schedule {
    /// Without end.
    Always,
    /// On and off by turns; each turn is up to `jitter` seconds longer than `on + off`, by the seed.
    Cycling {
        /// Seconds.
        on: f64,
        /// Seconds.
        off: f64,
        /// Seconds by which the begin within a turn wanders.
        jitter: f64,
        /// Of the wandering.
        seed: u64,
    },
}

impl Schedule {
    /// Whether a load runs at a time.
    pub fn runs(&self, time: f64) -> bool {
        match *self {
            Self::Always => true,
            Self::Cycling { on, off, jitter, seed } => {
                let turn = on + off + jitter;
                let number = (time / turn).floor();
                let begin = Random::new(seed ^ (number as i64 as u64) << 8).between(0.0, jitter.max(1e-9));
                (begin..begin + on).contains(&(time - number * turn))
            }
        }
    }
}

impl Appliance {
    /// A load without harmonics that always runs.
    pub fn steady(amperes: f64, lag_degrees: f64) -> Self {
        let load = Load::Linear { amperes, lag_degrees, harmonics: Vec::new() };
        Self { load, schedule: Schedule::Always }
    }

    /// The current at a time; it falls and rises with the level of the voltage.
    pub fn current(&self, mains: &Mains, time: f64) -> f64 {
        if !self.schedule.runs(time) {
            return 0.0;
        }
        let turns = mains.turns(time);
        let angle = TAU * turns.fract();
        let wave = match &self.load {
            Load::Linear { amperes, lag_degrees, harmonics } => {
                SQRT_2 * amperes * distorted(angle, lag_degrees.to_radians(), harmonics, turns)
            }
            // Half of the waves are missing, so the peak is twice the RMS.
            Load::HalfWave { amperes } => 2.0 * amperes * angle.sin().max(0.0),
            Load::PhaseFired { amperes, degrees } => {
                // The choke of a dimmer lets the current rise within 0.2 ms.
                let since = ((turns * 2.0).rem_euclid(1.0) - degrees / 180.0) / (2.0 * mains.hertz);
                SQRT_2 * amperes * angle.sin() * (since / 0.000_2).clamp(0.0, 1.0)
            }
        };
        wave * mains.level(time)
    }
}
