//! A solar roof, and the battery that some have.

use crate::random::Random;
use crate::step::Step;

#[derive(Debug, Clone)]
pub(crate) struct Roof {
    peak: f64,
    battery: Option<Battery>,
}

#[derive(Debug, Clone)]
struct Battery {
    /// How much it holds, Wh, and how much is in it.
    room: f64,
    full: f64,
    watts: f64,
}

/// The share of roofs with a battery.
const BATTERIES: f64 = 0.25;

impl Roof {
    pub(crate) fn new(random: &mut Random) -> Self {
        let battery = Battery { room: random.between(3000.0, 6000.0), full: 0.0, watts: 2000.0 };
        Self { peak: random.between(2000.0, 5000.0), battery: random.chance(BATTERIES).then_some(battery) }
    }

    /// What roof and battery together feed into the house in a step, W; negative while the battery takes more.
    pub(crate) fn feeds(&mut self, load: f64, step: &Step) -> f64 {
        let sun = self.peak * step.sky.sun;
        let Some(battery) = &mut self.battery else { return sun };
        let surplus = sun - load;
        let hours = step.hours();
        // It saves the surplus of the day for the evening.
        let charge = if surplus > 0.0 {
            surplus.min(battery.watts).min((battery.room - battery.full) / hours)
        } else if step.local_hour >= 17.0 {
            -(-surplus).min(battery.watts).min(battery.full / hours)
        } else {
            0.0
        };
        battery.full += charge * hours;
        sun - charge
    }
}

#[cfg(test)]
mod tests;
