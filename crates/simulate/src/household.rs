//! The load of a household: habits by kind of household, appliances that cycle, days away, and a solar roof.

use crate::random::{Random, Stream};
use crate::step::Step;

/// Active and reactive power that the household draws, and the power of its solar roof, in W and var.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) p: f64,
    pub(crate) q: f64,
    pub(crate) solar: f64,
}

#[derive(Debug, Clone)]
pub(crate) struct Household {
    habits: &'static Habits,
    scale: f64,
    /// By how many hours its day is later than usual; negative is earlier.
    shift: f64,
    fridge: Cycle,
    fridge_w: f64,
    cooler: Option<Thermostat>,
    heater: Option<Thermostat>,
    solar_w: f64,
    noise: f64,
    random: Random,
    seed: u64,
    index: u64,
    today: Today,
}

#[derive(Debug, Clone, Copy)]
struct Today {
    day: u32,
    away: bool,
    factor: f64,
}

impl Household {
    pub(crate) fn new(seed: u64, index: u64, solar: bool) -> Self {
        let mut random = Random::stream(seed, Stream::Traits, index);
        // One in twenty is a shop; the others are spread evenly over the kinds of home.
        let homes = HABITS.len() as u64 - 1;
        let habits = if random.chance(0.05) { &SHOP } else { &HABITS[1 + random.below(homes) as usize] };
        let scale = 0.55 + 0.5 * (random.unit() + random.unit() * random.unit() * 2.0);
        let shift = random.noise() * 1.5;
        let fridge = Cycle::new(&mut random, 35, 60);
        let fridge_w = random.between(90.0, 160.0);
        // Air conditioners start above 25 to 28 degrees, heaters below 12 to 16.
        let cooler = random.chance(0.45).then(|| Thermostat {
            watts: random.between(700.0, 1500.0),
            set: random.between(25.0, 28.0),
            cycle: Cycle::new(&mut random, 15, 30),
        });
        let heater = random.chance(0.35).then(|| Thermostat {
            watts: random.between(800.0, 1800.0),
            set: random.between(12.0, 16.0),
            cycle: Cycle::new(&mut random, 15, 30),
        });
        let roof = random.between(2000.0, 5000.0);
        Self {
            habits,
            scale,
            shift,
            fridge,
            fridge_w,
            cooler,
            heater,
            solar_w: if solar { roof } else { 0.0 },
            noise: 0.0,
            random: Random::stream(seed, Stream::Load, index),
            seed,
            index,
            today: Today { day: u32::MAX, away: false, factor: 1.0 },
        }
    }

    pub(crate) fn is_shop(&self) -> bool {
        self.habits.shop
    }

    /// A random number between -1 and 1 that changes slowly from step to step.
    pub(crate) fn noise(&self) -> f64 {
        self.noise
    }

    /// The load in a step. Steps must be given in their order.
    pub(crate) fn load(&mut self, step: &Step) -> Load {
        if self.today.day != step.day {
            self.today = self.day(step.day);
        }
        let habits = self.habits;
        let profile = if step.weekend { &habits.weekend } else { &habits.weekday };
        let at_home =
            if self.today.away { 0.0 } else { between_hours(profile, step.local_hour - self.shift) };
        // The load changes slowly: most of what was on a moment ago is still on.
        self.noise = 0.7 * self.noise + 0.3 * self.random.noise();
        let standby = 0.3 * f64::from(habits.weekday[3]);
        let mut light = (standby + at_home * self.today.factor) * self.scale * (1.0 + 0.6 * self.noise);
        // A kettle, an oven, an iron: about 0.3 kWh, more often when people are about.
        let busy = at_home / 400.0;
        if self.random.chance((0.3 * busy * step.hours()).min(1.0)) {
            light += (300.0 / step.hours()).min(1800.0);
        }
        let (start, end) = (step.start.0, step.end.0);
        let heat = step.sky.temperature;
        let fridge = self.fridge_w * self.fridge.share_on(start, end, 0.25 + 0.01 * heat.max(0.0));
        let present = if self.today.away { 0.0 } else { (0.4 + 0.6 * busy).min(1.0) };
        let cooler =
            self.cooler.as_ref().map_or(0.0, |c| c.watts(start, end, (heat - c.set) / 8.0 * present));
        let heater =
            self.heater.as_ref().map_or(0.0, |h| h.watts(start, end, (h.set - heat) / 8.0 * present));
        Load {
            p: light + fridge + cooler + heater,
            // Motors draw at a power factor of about 0.85, heaters at 1.
            q: light * habits.tan_phi + (fridge + cooler) * 0.6,
            solar: self.solar_w * step.sky.sun,
        }
    }

    fn day(&self, day: u32) -> Today {
        let mut random = Random::of_part(self.seed, Stream::Days, self.index, u64::from(day));
        let factor = 1.0 + 0.25 * random.noise();
        // Away for some days of one week in sixteen; shops do not travel.
        let mut week = Random::of_part(self.seed, Stream::Weeks, self.index, u64::from(day / 7));
        let travels = week.chance(1.0 / 16.0) && !self.habits.shop;
        let first = week.below(5) as u32;
        let last = first + 1 + week.below(6) as u32;
        Today { day, away: travels && (first..=last).contains(&(day % 7)), factor }
    }
}

/// A device that switches itself on and off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cycle {
    period: i64,
    phase: i64,
}

impl Cycle {
    pub(crate) fn new(random: &mut Random, from_min: i64, to_min: i64) -> Self {
        let period = random.whole(from_min, to_min) * reading::time::MINUTE;
        Self { period, phase: random.below(period as u64) as i64 }
    }

    /// For which share of the time from `start` to `end` it is on, if it is on for `duty` of each period.
    pub(crate) fn share_on(&self, start: i64, end: i64, duty: f64) -> f64 {
        let on = (self.period as f64 * duty.clamp(0.0, 1.0)) as i64;
        let until = |at: i64| {
            let at = at + self.phase;
            at / self.period * on + (at % self.period).min(on)
        };
        (until(end) - until(start)) as f64 / (end - start) as f64
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Thermostat {
    pub(crate) watts: f64,
    pub(crate) set: f64,
    pub(crate) cycle: Cycle,
}

impl Thermostat {
    pub(crate) fn watts(&self, start: i64, end: i64, duty: f64) -> f64 {
        if duty <= 0.0 { 0.0 } else { self.watts * self.cycle.share_on(start, end, duty) }
    }
}

pub(crate) fn between_hours(profile: &[u16; 24], hour: f64) -> f64 {
    let hour = if hour < 0.0 {
        hour + 24.0
    } else if hour >= 24.0 {
        hour - 24.0
    } else {
        hour
    };
    let (first, part) = (hour as usize, hour - hour.floor());
    let (now, next) = (f64::from(profile[first]), f64::from(profile[(first + 1) % 24]));
    now + (next - now) * part
}

/// The days of a kind of household: watts at each full hour, without appliances that cycle.
#[derive(Debug)]
pub(crate) struct Habits {
    pub(crate) weekday: [u16; 24],
    pub(crate) weekend: [u16; 24],
    /// Reactive over active power of lights, screens and small motors.
    pub(crate) tan_phi: f64,
    pub(crate) shop: bool,
}

// The shapes follow groups of habits that load studies find again and again. The levels give 2 to 10 kWh a day, with
// the appliances.
pub(crate) const SHOP: Habits = Habits {
    weekday: [
        90, 80, 80, 80, 80, 90, 120, 240, 700, 1000, 1050, 1100, 1100, 1050, 1050, 1100, 1150, 1250, 1300,
        1200, 900, 400, 150, 100,
    ],
    weekend: [
        90, 80, 80, 80, 80, 90, 100, 160, 400, 700, 750, 750, 700, 500, 300, 200, 150, 150, 150, 150, 130,
        110, 100, 90,
    ],
    tan_phi: 0.40,
    shop: true,
};

pub(crate) const HABITS: [Habits; 6] = [
    SHOP,
    // A family with school children.
    Habits {
        weekday: [
            80, 70, 65, 65, 70, 110, 330, 560, 400, 190, 150, 160, 220, 190, 160, 180, 250, 430, 640, 820,
            840, 660, 350, 140,
        ],
        weekend: [
            100, 80, 70, 65, 65, 80, 130, 280, 460, 480, 420, 420, 520, 430, 330, 310, 340, 470, 660, 790,
            770, 620, 380, 180,
        ],
        tan_phi: 0.25,
        shop: false,
    },
    // A couple at work all day.
    Habits {
        weekday: [
            60, 50, 50, 50, 55, 90, 260, 340, 180, 70, 60, 60, 65, 65, 60, 70, 110, 290, 500, 560, 520, 410,
            230, 100,
        ],
        weekend: [
            90, 70, 60, 50, 50, 55, 80, 150, 280, 340, 320, 300, 340, 300, 240, 230, 260, 360, 500, 560, 540,
            460, 300, 160,
        ],
        tan_phi: 0.20,
        shop: false,
    },
    // Pensioners: every day alike, cooking at noon.
    Habits {
        weekday: [
            60, 55, 55, 55, 60, 90, 170, 280, 290, 260, 230, 270, 400, 300, 210, 200, 230, 290, 350, 370,
            320, 220, 120, 75,
        ],
        weekend: [
            60, 55, 55, 55, 60, 85, 150, 260, 290, 270, 240, 290, 430, 320, 220, 200, 230, 290, 350, 370,
            320, 220, 120, 75,
        ],
        tan_phi: 0.30,
        shop: false,
    },
    // A home where people work at night.
    Habits {
        weekday: [
            180, 160, 150, 150, 160, 210, 300, 340, 220, 90, 70, 65, 65, 70, 90, 180, 310, 430, 470, 430,
            340, 250, 210, 190,
        ],
        weekend: [
            140, 110, 90, 80, 80, 90, 120, 170, 240, 280, 280, 290, 330, 300, 260, 260, 310, 420, 520, 540,
            480, 390, 280, 190,
        ],
        tan_phi: 0.25,
        shop: false,
    },
    // Working from home.
    Habits {
        weekday: [
            80, 70, 65, 65, 65, 80, 170, 320, 360, 330, 310, 330, 430, 350, 310, 310, 340, 440, 560, 600,
            540, 420, 250, 130,
        ],
        weekend: [
            100, 80, 70, 65, 65, 70, 100, 190, 320, 380, 360, 350, 400, 340, 280, 270, 300, 410, 560, 620,
            580, 480, 320, 180,
        ],
        tan_phi: 0.35,
        shop: false,
    },
];

#[cfg(test)]
mod tests;
