//! Unusual wiring: the part of the true current that each element of the meter sees.
//!
//! Registers, power and `i` come from the element in the phase wire, and `in` from the one in the neutral wire.

use crate::Settings;
use crate::random::{Random, Stream};
use crate::seats::Oddity;
use crate::step::Step;
use reading::time::{DAY, HOUR, MINUTE};

/// The true flow of a single-phase consumer in one step, and after [`Story::seen`] what its meter sees of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    pub(crate) p: f64,
    pub(crate) q: f64,
    pub(crate) phase: f64,
    pub(crate) neutral: f64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Story {
    Plain,
    /// A part of the load returns through a local earth: neutral < phase.
    EarthReturn(Theft),
    /// A wire around the phase element: phase < neutral, and the registers count only what is left.
    PhaseBypass(Theft),
    SharedLess {
        part: f64,
        since: u32,
    },
    SharedMore {
        since: u32,
    },
    CtError(Ct),
    Brief(Brief),
    SwappedWires,
}

/// A part of the load that passes one element of the meter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theft {
    pub(crate) share: f64,
    pub(crate) onset: u32,
    /// Whether about every fourth day is without tampering.
    pub(crate) interrupted: bool,
    /// The large load that is hidden: a pump, a workshop, a large air conditioner, for ten hours a day.
    watts: f64,
    from: i64,
    seed: u64,
    index: u64,
}

/// A load on another neutral, on some days, for up to three quarters of an hour: a repair, a drill, a visitor's
/// cable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brief {
    watts: f64,
    steps: u64,
    seed: u64,
    index: u64,
}

/// The error of the current transformer in the neutral.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ct {
    pub(crate) gain: f64,
    pub(crate) offset: f64,
    pub(crate) noise: f64,
}

impl Ct {
    /// Two transformers of class 1 (IEC 61869-2) and their amplifiers seldom differ by more.
    pub(crate) fn usual(random: &mut Random) -> Self {
        Self { gain: 0.015 * random.noise(), offset: 0.01 * random.noise(), noise: 0.003 }
    }

    /// Reads 4 to 5 % off, and a little more at no load.
    fn off(random: &mut Random) -> Self {
        let gain = random.between(0.040, 0.048);
        // Together under half an ampere up to 8 A, so that only the ratio at tiny loads is large.
        let offset = random.between(0.05, 0.46 - 8.0 * gain);
        let sign = if random.chance(0.5) { 1.0 } else { -1.0 };
        Self { gain: sign * gain, offset: sign * offset, noise: 0.001 }
    }

    pub(crate) fn read(&self, amperes: f64, random: &mut Random) -> f64 {
        (amperes * (1.0 + self.gain + self.noise * random.noise()) + self.offset).max(0.0)
    }
}

/// Ten hours, so that eight hours of whole blocks fit into them, wherever blocks begin.
const WINDOW: i64 = 10 * HOUR;
/// The least current that is diverted while the window is open, in A.
const DIVERTED: f64 = 1.1;
/// The highest voltage of the network, at which a load draws its least current.
const V_HIGH: f64 = 250.0;

impl Theft {
    fn new(random: &mut Random, settings: &Settings, index: usize) -> Self {
        let share = random.between(0.15, 0.60);
        Self {
            share,
            onset: (f64::from(settings.onset_days()) * random.between(0.2, 0.7)) as u32,
            interrupted: random.chance(0.3),
            watts: DIVERTED * V_HIGH / share * random.between(1.0, 1.4),
            from: random.whole(6 * HOUR / MINUTE, 12 * HOUR / MINUTE) * MINUTE,
            seed: settings.seed,
            index: index as u64,
        }
    }

    /// Whether a day of the run is tampered with.
    pub(crate) fn on_day(&self, day: u32) -> bool {
        let honest =
            || Random::of_part(self.seed, Stream::TamperDays, self.index, u64::from(day)).chance(0.25);
        day == self.onset || (day > self.onset && !(self.interrupted && honest()))
    }

    fn watts(&self, step: &Step) -> f64 {
        let at = step.of_day as i64 * step.length;
        let open = (at + step.length).min(self.from + WINDOW) - at.max(self.from);
        self.watts * (open.max(0) as f64 / step.length as f64)
    }
}

impl Brief {
    fn new(random: &mut Random, settings: &Settings, index: usize) -> Self {
        let steps = (45 * MINUTE / settings.interval_ms).max(1) as u64;
        Self { watts: random.between(1200.0, 2000.0), steps, seed: settings.seed, index: index as u64 }
    }

    fn active(&self, step: &Step) -> bool {
        let first = self.first_step(step.day, step.length);
        first.is_some_and(|first| (first..first + self.steps).contains(&step.of_day))
    }

    /// The first day and one day in three after it, between the 8th and the 20th hour: half a day apart at least.
    fn first_step(&self, day: u32, length: i64) -> Option<u64> {
        let mut random = Random::of_part(self.seed, Stream::TamperDays, self.index, u64::from(day));
        let at = random.below((12 * HOUR / length) as u64) + (8 * HOUR / length) as u64;
        (day == 0 || random.chance(0.33)).then_some(at)
    }
}

impl Story {
    pub(crate) fn new(oddity: Option<Oddity>, settings: &Settings, index: usize) -> Self {
        // Both neighbours of a pair draw from the stream of the first.
        let owner = if oddity == Some(Oddity::SharedMore) { index - 1 } else { index };
        let mut random = Random::stream(settings.seed, Stream::Tamper, owner as u64);
        let since = (f64::from(settings.onset_days()) * random.between(0.0, 0.5)) as u32;
        match oddity {
            None => Self::Plain,
            Some(Oddity::Theft) => {
                let theft = Theft::new(&mut random, settings, index);
                if random.chance(0.5) { Self::EarthReturn(theft) } else { Self::PhaseBypass(theft) }
            }
            Some(Oddity::SharedLess) => Self::SharedLess { part: random.between(0.25, 0.45), since },
            Some(Oddity::SharedMore) => Self::SharedMore { since },
            Some(Oddity::CtError) => Self::CtError(Ct::off(&mut random)),
            Some(Oddity::Brief) => Self::Brief(Brief::new(&mut random, settings, index)),
            Some(Oddity::SwappedWires) => Self::SwappedWires,
        }
    }

    /// The load that the story adds, in W.
    pub(crate) fn extra_watts(&self, step: &Step) -> f64 {
        match self {
            Self::EarthReturn(theft) | Self::PhaseBypass(theft) => theft.watts(step),
            Self::Brief(brief) if brief.active(step) => brief.watts,
            _ => 0.0,
        }
    }

    /// What the elements of the meter see. `shared` is the current that two joined neutrals exchange: the first
    /// consumer of the pair writes it, and the second reads it.
    pub(crate) fn seen(&self, step: &Step, volts: f64, flow: Seen, shared: &mut f64) -> Seen {
        match self {
            Self::EarthReturn(theft) if theft.on_day(step.day) => {
                Seen { neutral: flow.neutral * (1.0 - theft.share), ..flow }
            }
            Self::PhaseBypass(theft) if theft.on_day(step.day) => {
                let left = 1.0 - theft.share;
                Seen { p: flow.p * left, q: flow.q * left, phase: flow.phase * left, ..flow }
            }
            Self::SharedLess { part, since } => {
                *shared = if step.day >= *since { flow.neutral * *part } else { 0.0 };
                Seen { neutral: flow.neutral - *shared, ..flow }
            }
            Self::SharedMore { since } if step.day >= *since => {
                Seen { neutral: flow.neutral + *shared, ..flow }
            }
            Self::Brief(brief) if brief.active(step) => {
                Seen { neutral: (flow.neutral - brief.watts / volts).max(0.0), ..flow }
            }
            Self::SwappedWires => Seen { p: -flow.p, q: -flow.q, ..flow },
            _ => flow,
        }
    }
}

/// The days of a theft as stretches of the run, in milliseconds from its start.
pub(crate) fn stretches(theft: &Theft, days: u32) -> Vec<(i64, i64)> {
    let mut found: Vec<(i64, i64)> = Vec::new();
    for day in (theft.onset..days).filter(|&day| theft.on_day(day)) {
        let (from, to) = (i64::from(day) * DAY, i64::from(day + 1) * DAY);
        match found.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            _ => found.push((from, to)),
        }
    }
    found
}
