//! The voltage of the grid as a function of time.

use std::f64::consts::{SQRT_2, TAU};

/// A multiple of the fundamental in a voltage or a current.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Harmonic {
    /// 2 is twice the fundamental's frequency; 0.5 is a sub-harmonic.
    pub order: f64,
    /// Height by that of the fundamental.
    pub share: f64,
    /// Lag at the moment when the fundamental's voltage rises through zero.
    pub degrees: f64,
}

/// The grid at the meter's terminals.
#[derive(Debug, Clone, PartialEq)]
pub struct Mains {
    /// RMS of the fundamental.
    pub volts: f64,
    /// At time zero.
    pub hertz: f64,
    /// On top of the fundamental.
    pub harmonics: Vec<Harmonic>,
    /// What changes with time.
    pub disturbances: Vec<Disturbance>,
}

/// What happens to a grid's voltage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Disturbance {
    /// From one second to another the voltage is this share of its size: a sag below 1, a swell above.
    Level {
        /// Second of the begin.
        from: f64,
        /// Second of the end.
        to: f64,
        /// Share that is left.
        share: f64,
    },
    /// The height goes up and down, as beside an arc furnace.
    Flicker {
        /// Times a second.
        hertz: f64,
        /// Up and down by this share.
        depth: f64,
    },
    /// The frequency moves.
    Ramp {
        /// By so much a second.
        hertz_per_second: f64,
    },
}

impl Mains {
    /// A clean sine.
    pub fn clean(volts: f64, hertz: f64) -> Self {
        Self { volts, hertz, harmonics: Vec::new(), disturbances: Vec::new() }
    }

    /// The angle of the fundamental at a time, in turns.
    pub fn turns(&self, time: f64) -> f64 {
        let ramp = self.disturbances.iter().map(|disturbance| match disturbance {
            Disturbance::Ramp { hertz_per_second } => hertz_per_second * time * time / 2.0,
            _ => 0.0,
        });
        self.hertz * time + ramp.sum::<f64>()
    }

    /// The height at a time, by the undisturbed one.
    pub fn level(&self, time: f64) -> f64 {
        let levels = self.disturbances.iter().map(|disturbance| match *disturbance {
            Disturbance::Level { from, to, share } if (from..to).contains(&time) => share,
            Disturbance::Flicker { hertz, depth } => 1.0 + depth * (TAU * hertz * time).sin(),
            _ => 1.0,
        });
        levels.product()
    }

    /// The voltage at a time.
    pub fn voltage(&self, time: f64) -> f64 {
        let angle = TAU * self.turns(time).fract();
        SQRT_2 * self.volts * self.level(time) * distorted(angle, 0.0, &self.harmonics, self.turns(time))
    }
}

/// A wave of height 1 at an angle, lagging by `lag` radians, with its harmonics.
pub(crate) fn distorted(angle: f64, lag: f64, harmonics: &[Harmonic], turns: f64) -> f64 {
    let extra = harmonics
        .iter()
        .map(|one| one.share * (TAU * (one.order * turns).fract() - one.degrees.to_radians()).sin());
    (angle - lag).sin() + extra.sum::<f64>()
}
