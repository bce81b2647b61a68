//! What a consumer draws: the habits of its people, its appliances, and the days on which it is different.

use super::appliance::{Appliance, Run};
use super::phasor::Phasor;
use crate::household::{HABITS, Habits, SHOP, between_hours};
use crate::random::{Random, Stream};
use crate::step::Step;

/// What a consumer does for a living.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trade {
    Home,
    Shop,
    Industry,
    /// Irrigation.
    Pump,
}

/// How a story changes what a consumer draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// A shop in place of the home.
    Shop,
    /// Little of everything.
    Little,
    /// A solar roof.
    Solar,
    /// Nobody at home.
    Away,
    /// One large appliance more.
    More,
    /// Other people.
    Other,
}

/// What a consumer draws in one step, W and var.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Drawn {
    pub(crate) phases: [Phasor; 3],
    /// The air conditioner's part of it.
    pub(crate) cooler: Phasor,
}

#[derive(Debug, Clone)]
pub(crate) struct Load {
    trade: Trade,
    habits: &'static Habits,
    scale: f64,
    /// By how many hours its day is later than usual; negative is earlier.
    shift: f64,
    /// Air conditioner first, if `has_cooler`.
    appliances: Vec<Appliance>,
    has_cooler: bool,
    /// A single-phase consumer's phase.
    phase: Option<usize>,
    split: [f64; 3],
    noise: f64,
    random: Random,
    seed: u64,
    index: u64,
    today: Today,
}

#[derive(Debug, Clone, Copy)]
struct Today {
    day: i64,
    away: bool,
    rest: bool,
    factor: f64,
}

/// Machines by day, watts for each kW of size.
const WORKSHOP: Habits = Habits {
    weekday: [
        30, 30, 30, 30, 30, 30, 60, 200, 500, 620, 640, 620, 480, 400, 600, 620, 600, 480, 250, 90, 50, 40,
        30, 30,
    ],
    weekend: [30, 30, 30, 30, 30, 30, 30, 40, 60, 70, 70, 70, 60, 50, 50, 50, 40, 40, 30, 30, 30, 30, 30, 30],
    tan_phi: 0.75,
    shop: true,
};

/// A starter and a lamp.
const PUMP_HOUSE: Habits = Habits { weekday: [25; 24], weekend: [25; 24], tan_phi: 0.4, shop: true };

/// How often a working day is a holiday.
const HOLIDAYS: f64 = 1.0 / 30.0;

impl Load {
    /// Consumers of one index are alike in every town of a seed; `again` numbers the people who follow one another.
    pub(crate) fn new(seed: u64, index: usize, again: u64, trade: Trade, phase: Option<usize>) -> Self {
        let index = index as u64;
        let mut random = Random::of_part(seed, Stream::LvTraits, index, again);
        let three = phase.is_none();
        let (habits, scale) = match trade {
            Trade::Home => {
                let homes = HABITS.len() as u64 - 1;
                let scale = 0.5 + 0.4 * (random.unit() + 2.0 * random.unit() * random.unit());
                let habits: &Habits = &HABITS[1 + random.below(homes) as usize];
                (habits, if three { 1.6 * scale } else { scale })
            }
            Trade::Shop => (&SHOP as &'static Habits, random.between(0.5, 1.4)),
            Trade::Industry => (&WORKSHOP as &'static Habits, random.between(3.0, 9.0)),
            Trade::Pump => (&PUMP_HOUSE as &'static Habits, 1.0),
        };
        let shift = 1.5 * random.noise();
        let (appliances, has_cooler) = appliances(&mut random, trade, three);
        let spread = if trade == Trade::Home { 0.3 } else { 0.04 };
        let split: [f64; 3] = core::array::from_fn(|_| 1.0 + random.between(-spread, spread));
        let whole: f64 = split.iter().sum();
        Self {
            trade,
            habits,
            scale,
            shift,
            appliances,
            has_cooler,
            phase,
            split: split.map(|part| part / whole),
            noise: 0.0,
            random: Random::of_part(seed, Stream::LvLoad, index, again),
            seed,
            index,
            today: Today { day: i64::MIN, away: false, rest: false, factor: 1.0 },
        }
    }

    pub(crate) fn trade(&self) -> Trade {
        self.trade
    }

    /// The same with an air conditioner that heats in winter.
    pub(crate) fn with_reversible(mut self) -> Self {
        let mut random = Random::of_part(self.seed, Stream::LvTraits, self.index, 1 << 32);
        let watts = random.between(1000.0, 1600.0);
        let new = Appliance::reversible(&mut random, watts);
        match self.has_cooler {
            true => self.appliances[0] = new,
            false => self.appliances.insert(0, new),
        }
        self.has_cooler = true;
        self
    }

    /// The same with one large appliance more: an oven or a charger in the evening, for an hour or more.
    pub(crate) fn with_more(mut self) -> Self {
        let mut random = Random::of_part(self.seed, Stream::LvTraits, self.index, 1 << 33);
        let hour = random.between(17.0, 21.0);
        let run = Run { hour, spread: 1.0, minutes: (60.0, 150.0), chance: 0.85, cold: 0.0 };
        self.appliances.push(Appliance::runs(random.between(1000.0, 2500.0), 0.2, run));
        self
    }

    /// The same with little of everything.
    pub(crate) fn with_little(mut self) -> Self {
        self.appliances.retain(|appliance| appliance.watts() <= 170.0);
        self.has_cooler = false;
        self.scale *= 0.3;
        self
    }

    /// What it draws in a step. Steps must be given in their order.
    pub(crate) fn draw(&mut self, step: &Step, is_away: bool) -> Drawn {
        if self.today.day != step.local_day {
            self.begin_day(step);
        }
        let today = self.today;
        let is_away = is_away || today.away;
        let profile = if step.weekend || today.rest { &self.habits.weekend } else { &self.habits.weekday };
        let usual = match is_away {
            true => 0.0,
            false => between_hours(profile, step.local_hour - self.shift),
        };
        // The load changes slowly: most of what was on a moment ago is still on.
        self.noise = 0.7 * self.noise + 0.3 * self.random.noise();
        let standby = 0.3 * f64::from(self.habits.weekday[3]);
        let mut p = (standby + 0.75 * usual * today.factor) * self.scale * (1.0 + 0.6 * self.noise);
        let mut q = p * self.habits.tan_phi;
        let busy = usual / 400.0;
        // A kettle, an oven, an iron: about 0.25 kWh, more often when people are about.
        if !self.habits.shop && self.random.chance((0.3 * busy * step.hours()).min(1.0)) {
            p += (250.0 / step.hours()).min(1800.0);
        }
        let mut cooler = Phasor::ZERO;
        for (at, appliance) in self.appliances.iter().enumerate() {
            let (active, reactive) = appliance.draws(step, busy);
            (p, q) = (p + active, q + reactive);
            if at == 0 && self.has_cooler {
                cooler = Phasor::new(active, reactive);
            }
        }
        Drawn { phases: self.over_phases(Phasor::new(p, q)), cooler }
    }

    fn over_phases(&self, power: Phasor) -> [Phasor; 3] {
        let Some(phase) = self.phase else {
            // Devices are switched on and off on one phase or another; motors take all three alike.
            let lean = if self.trade == Trade::Home { 0.4 * self.noise } else { 0.0 };
            let [a, b, c] = self.split;
            let parts = [a * (1.0 + lean), b, c - a * lean];
            return parts.map(|part| power * part);
        };
        let mut phases = [Phasor::ZERO; 3];
        phases[phase] = power;
        phases
    }

    fn begin_day(&mut self, step: &Step) {
        let day = step.local_day;
        let of = |index: u64, part: i64| Random::of_part(self.seed, Stream::LvDays, index, part as u64);
        // One calendar for the whole town.
        let rest = of(u64::MAX, day).chance(HOLIDAYS);
        let mut random = of(self.index, day);
        let factor = 1.0 + 0.25 * random.noise();
        // Away for some days of one week in sixteen; who works there stays.
        let week = day.div_euclid(7);
        let mut of_week = of(self.index, i64::MIN + week);
        let travels = of_week.chance(1.0 / 16.0) && !self.habits.shop;
        let first = of_week.below(5) as i64;
        let last = first + 1 + of_week.below(6) as i64;
        let away = travels && (first..=last).contains(&day.rem_euclid(7));
        for appliance in &mut self.appliances {
            appliance.begin_day(&mut random, step.sky.temperature);
        }
        self.today = Today { day, away, rest, factor };
    }
}

/// What a consumer has, the air conditioner first, and whether it has one.
fn appliances(random: &mut Random, trade: Trade, three: bool) -> (Vec<Appliance>, bool) {
    let mut all = Vec::new();
    let mut has_cooler = false;
    match trade {
        Trade::Home => {
            let size = if three { 2.0 } else { 1.0 };
            if random.chance(0.45) {
                let watts = size * random.between(700.0, 1500.0);
                all.push(Appliance::cooler(random, watts));
                has_cooler = true;
            }
            if random.chance(0.35) {
                let watts = size * random.between(800.0, 1800.0);
                all.push(Appliance::heater(random, watts));
            }
            let watts = random.between(90.0, 160.0);
            all.push(Appliance::fridge(random, watts));
            let watts = size * random.between(60.0, 160.0);
            all.push(Appliance::fans(random, watts));
            for (share, make) in [
                (0.5, Appliance::geyser as fn(&mut Random) -> Appliance),
                (0.5, Appliance::washing_machine),
                (0.4, Appliance::water_pump),
            ] {
                if random.chance(share) {
                    all.push(make(random));
                }
            }
        }
        Trade::Shop => {
            let watts = random.between(1000.0, 2500.0);
            all.push(Appliance::cooler(random, watts));
            has_cooler = true;
            let watts = random.between(150.0, 400.0);
            all.push(Appliance::fridge(random, watts));
        }
        Trade::Industry => {
            let watts = random.between(1500.0, 4000.0);
            all.push(Appliance::machine(random, watts));
        }
        Trade::Pump => {
            // Irrigation has power by a roster, some by day and some by night.
            let hour = if random.chance(0.6) { random.between(5.0, 10.0) } else { random.between(0.0, 3.0) };
            let run = Run { hour, spread: 0.7, minutes: (150.0, 360.0), chance: 0.75, cold: -0.2 };
            all.push(Appliance::runs(random.between(2200.0, 5500.0), 0.75, run));
        }
    }
    (all, has_cooler)
}

#[cfg(test)]
mod tests;
