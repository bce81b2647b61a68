//! What stands in a house or a shop: each device with its power, its power factor, its habit and its season.

use crate::household::{Cycle, Thermostat};
use crate::random::Random;
use crate::step::Step;

#[derive(Debug, Clone)]
pub(crate) struct Appliance {
    watts: f64,
    /// Reactive over active power.
    tan_phi: f64,
    usage: Usage,
    /// The hours of its run today.
    run: (f64, f64),
}

#[derive(Debug, Clone)]
enum Usage {
    /// On and off by itself, more often when it is warm.
    Fridge(Cycle),
    /// Above a temperature.
    Cools(Thermostat),
    /// Below one.
    Heats(Thermostat),
    /// One device that cools above the first and heats below the second.
    Both(Thermostat, Thermostat),
    /// On and off while people work.
    Works(Cycle),
    /// Once a day.
    Runs(Run),
}

/// A run about once a day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// Around which local hour it begins, give or take the spread.
    pub(crate) hour: f64,
    pub(crate) spread: f64,
    pub(crate) minutes: (f64, f64),
    /// On which share of days.
    pub(crate) chance: f64,
    /// By how much that share is larger when it is cold, and smaller when it is warm.
    pub(crate) cold: f64,
}

impl Appliance {
    fn of(watts: f64, tan_phi: f64, usage: Usage) -> Self {
        Self { watts, tan_phi, usage, run: (0.0, 0.0) }
    }

    pub(crate) fn runs(watts: f64, tan_phi: f64, run: Run) -> Self {
        Self::of(watts, tan_phi, Usage::Runs(run))
    }

    pub(crate) fn fridge(random: &mut Random, watts: f64) -> Self {
        Self::of(watts, 0.7, Usage::Fridge(Cycle::new(random, 35, 60)))
    }

    /// Ceiling fans, which begin long before air conditioners.
    pub(crate) fn fans(random: &mut Random, watts: f64) -> Self {
        Self::of(watts, 0.6, Usage::Cools(thermostat(random, watts, 23.0)))
    }

    pub(crate) fn cooler(random: &mut Random, watts: f64) -> Self {
        let set = random.between(25.0, 28.0);
        Self::of(watts, 0.5, Usage::Cools(thermostat(random, watts, set)))
    }

    pub(crate) fn heater(random: &mut Random, watts: f64) -> Self {
        let set = random.between(12.0, 16.0);
        Self::of(watts, 0.0, Usage::Heats(thermostat(random, watts, set)))
    }

    /// An air conditioner that heats in winter.
    pub(crate) fn reversible(random: &mut Random, watts: f64) -> Self {
        let cools = thermostat(random, watts, 24.0);
        let heats = thermostat(random, watts, 20.0);
        Self::of(watts, 0.5, Usage::Both(cools, heats))
    }

    /// A compressor.
    pub(crate) fn machine(random: &mut Random, watts: f64) -> Self {
        Self::of(watts, 0.85, Usage::Works(Cycle::new(random, 20, 50)))
    }

    pub(crate) fn geyser(random: &mut Random) -> Self {
        let run = Run { hour: 7.0, spread: 1.0, minutes: (15.0, 35.0), chance: 0.55, cold: 0.8 };
        Self::runs(random.between(1500.0, 2000.0), 0.0, run)
    }

    pub(crate) fn washing_machine(random: &mut Random) -> Self {
        let hour = random.between(8.0, 19.0);
        let run = Run { hour, spread: 1.5, minutes: (40.0, 90.0), chance: 0.35, cold: 0.0 };
        Self::runs(random.between(250.0, 500.0), 0.75, run)
    }

    /// Lifts water to the roof.
    pub(crate) fn water_pump(random: &mut Random) -> Self {
        let hour = random.between(5.5, 8.0);
        let run = Run { hour, spread: 0.5, minutes: (15.0, 45.0), chance: 0.8, cold: -0.2 };
        Self::runs(random.between(370.0, 750.0), 0.88, run)
    }

    /// Its power while it is on, W.
    pub(crate) fn watts(&self) -> f64 {
        self.watts
    }

    /// Whether and when it runs today.
    pub(crate) fn begin_day(&mut self, random: &mut Random, celsius: f64) {
        let Usage::Runs(run) = self.usage else { return };
        let cold = ((20.0 - celsius) / 10.0).clamp(-1.0, 1.0);
        let chance = run.chance * (1.0 + run.cold * cold);
        let from = (run.hour + run.spread * random.noise()).clamp(0.0, 23.5);
        let hours = random.between(run.minutes.0, run.minutes.1) / 60.0;
        self.run = if random.chance(chance) { (from, (from + hours).min(24.0)) } else { (0.0, 0.0) };
    }

    /// Active and reactive power in a step; `busy` is 0 to 1, and 0 while nobody is there.
    pub(crate) fn draws(&self, step: &Step, busy: f64) -> (f64, f64) {
        let (start, end) = (step.start.0, step.end.0);
        let celsius = step.sky.temperature;
        let present = if busy > 0.0 { (0.4 + 0.6 * busy).min(1.0) } else { 0.0 };
        let watts = match &self.usage {
            Usage::Fridge(cycle) => self.watts * cycle.share_on(start, end, 0.25 + 0.01 * celsius.max(0.0)),
            Usage::Cools(cools) => cools.watts(start, end, (celsius - cools.set) / 8.0 * present),
            Usage::Heats(heats) => heats.watts(start, end, (heats.set - celsius) / 8.0 * present),
            Usage::Both(cools, heats) => {
                cools.watts(start, end, (celsius - cools.set) / 8.0 * present)
                    + heats.watts(start, end, (heats.set - celsius) / 8.0 * present)
            }
            Usage::Works(cycle) => self.watts * cycle.share_on(start, end, (0.5 * busy).min(0.8)),
            Usage::Runs(_) if busy <= 0.0 => 0.0,
            Usage::Runs(_) => {
                let half = step.hours() / 2.0;
                let (from, to) = (step.local_hour - half, step.local_hour + half);
                let on = (to.min(self.run.1) - from.max(self.run.0)).max(0.0);
                self.watts * on / step.hours()
            }
        };
        (watts, watts * self.tan_phi)
    }
}

fn thermostat(random: &mut Random, watts: f64, set: f64) -> Thermostat {
    Thermostat { watts, set, cycle: Cycle::new(random, 15, 30) }
}
