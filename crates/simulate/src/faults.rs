//! Faults: of a single message on its way, or once of a whole meter.

use crate::Settings;
use crate::random::{Random, Stream};
use crate::step::Step;
use reading::time::{DAY, HOUR, MINUTE, SECOND};
use reading::{EventTime, MeterId};

/// How often each fault happens. The first five are shares of messages, the others are shares of meters, the last one
/// is of transformers. Those from `spike` to `ct_tenth` test the rules of data quality, and do not happen on an
/// ordinary day.
///
/// Only meters that are not tampered with, and do not look like it, have faults of a whole meter. A message has at
/// most one fault. So the truth stays simple.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    /// Messages that arrive 2 to 12 hours late.
    pub late: f64,
    /// Messages that never arrive.
    pub lost: f64,
    /// Messages that arrive a second time, some seconds to 5 minutes after the first.
    pub twice: f64,
    /// Messages that others overtake, but that still arrive within 15 minutes of their time.
    pub out_of_order: f64,
    /// Messages that are cut short.
    pub torn: f64,
    /// Meters whose clock runs 1 to 3 hours ahead for some days.
    pub clock_ahead: f64,
    /// Meters whose clock runs behind for some days, every other one by 1 to 10 minutes, the others by 1 to 3 hours.
    pub clock_behind: f64,
    /// Meters whose registers fall to zero once.
    pub reset: f64,
    /// Meters that are exchanged once.
    pub swap: f64,
    /// Meters whose registers jump in one interval by fifty times what the consumer can use.
    pub spike: f64,
    /// Meters whose element is stuck for two to six days: it measures the same all the time.
    pub stuck: f64,
    /// Meters whose element is dead for four to eight days: it measures nothing.
    pub dead: f64,
    /// Meters that send power in kW, as a number of W, for some days.
    pub unit: f64,
    /// Meters that send a tenth of their currents for some days, while their power and registers are right.
    pub ct_tenth: f64,
    /// Meters that deliver what they measured once a day, each at its own time of day.
    pub daily: f64,
    /// Transformers whose concentrator has a clock that is an hour ahead: it stamps what their meters send.
    pub fast_concentrators: f64,
}

impl Faults {
    /// Every message arrives once, in order and complete.
    pub const NONE: Self = Self {
        late: 0.0,
        lost: 0.0,
        twice: 0.0,
        out_of_order: 0.0,
        torn: 0.0,
        clock_ahead: 0.0,
        clock_behind: 0.0,
        reset: 0.0,
        swap: 0.0,
        spike: 0.0,
        stuck: 0.0,
        dead: 0.0,
        unit: 0.0,
        ct_tenth: 0.0,
        daily: 0.0,
        fast_concentrators: 0.0,
    };

    /// The faults of a town's radio network on an ordinary day.
    pub const fn usual() -> Self {
        Self {
            late: 0.0005,
            lost: 0.005,
            twice: 0.005,
            out_of_order: 0.03,
            torn: 0.0001,
            clock_ahead: 0.002,
            clock_behind: 0.002,
            reset: 0.001,
            swap: 0.002,
            ..Self::NONE
        }
    }

    /// Every share with its name.
    pub fn shares(&self) -> [(&'static str, f64); 16] {
        [
            ("late", self.late),
            ("lost", self.lost),
            ("twice", self.twice),
            ("out_of_order", self.out_of_order),
            ("torn", self.torn),
            ("clock_ahead", self.clock_ahead),
            ("clock_behind", self.clock_behind),
            ("reset", self.reset),
            ("swap", self.swap),
            ("spike", self.spike),
            ("stuck", self.stuck),
            ("dead", self.dead),
            ("unit", self.unit),
            ("ct_tenth", self.ct_tenth),
            ("daily", self.daily),
            ("fast_concentrators", self.fast_concentrators),
        ]
    }

    pub(crate) fn of_messages(&self) -> f64 {
        self.late + self.lost + self.twice + self.out_of_order + self.torn
    }
}

/// What happens to one message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fate {
    Punctual,
    Lost,
    /// Arrives, and arrives again so many milliseconds later.
    Twice(i64),
    /// Arrives so many milliseconds too late.
    Delayed(i64),
    /// Only so many bytes of its line arrive.
    Torn(usize),
}

// A punctual message arrives within 20 seconds, so an overtaken one still arrives within 15 minutes.
const OVERTAKEN: (i64, i64) = (20 * SECOND, 14 * MINUTE);
const LATE: (i64, i64) = (2 * HOUR, 12 * HOUR);
const AGAIN: (i64, i64) = (2 * SECOND, 5 * MINUTE);
// Every whole line is longer than this: name, time and register alone take more.
const TORN: (i64, i64) = (1, 60);

/// Decides the fate of message after message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fates {
    lost: f64,
    twice: f64,
    overtaken: f64,
    late: f64,
    torn: f64,
}

impl Fates {
    pub(crate) fn new(faults: &Faults) -> Self {
        let lost = faults.lost;
        let twice = lost + faults.twice;
        let overtaken = twice + faults.out_of_order;
        let late = overtaken + faults.late;
        Self { lost, twice, overtaken, late, torn: late + faults.torn }
    }

    pub(crate) fn next(&self, random: &mut Random) -> Fate {
        let lot = random.unit();
        if lot >= self.torn {
            return Fate::Punctual;
        }
        if lot < self.lost {
            Fate::Lost
        } else if lot < self.twice {
            Fate::Twice(random.whole(AGAIN.0, AGAIN.1))
        } else if lot < self.overtaken {
            Fate::Delayed(random.whole(OVERTAKEN.0, OVERTAKEN.1))
        } else if lot < self.late {
            Fate::Delayed(random.whole(LATE.0, LATE.1))
        } else {
            Fate::Torn(random.whole(TORN.0, TORN.1) as usize)
        }
    }
}

/// The meter that takes the place of this one.
pub(crate) fn replacement(meter: MeterId) -> MeterId {
    MeterId::new(format!("{meter}-2")).expect("letters, digits and a dash")
}

/// A fault that a meter has once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mishap {
    /// Its registers fall to zero as this step begins.
    Reset { step: u64 },
    /// Another meter takes its place as this step begins.
    Swap { step: u64 },
    /// Readings with a time in `(from, to]` get a time that is so many milliseconds later. Negative is earlier.
    Clock { ahead_ms: i64, from: EventTime, to: EventTime },
    /// Its registers jump as this step begins.
    Spike { step: u64 },
    /// In steps that end in `(from, to]` it does not measure the true values.
    Amiss { what: Amiss, from: EventTime, to: EventTime },
    /// It delivers once a day, so many milliseconds after the town's day begins.
    Daily { at_ms: i64 },
}

/// A defect of a measuring element, by what it measures or sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amiss {
    /// The same power all the time, in mW.
    Stuck { mw: i64 },
    /// Nothing.
    Dead,
    /// Power is sent as a thousandth of what it is.
    Unit,
    /// Currents are sent as a tenth of what they are.
    CtTenth,
}

/// The mishap that a seat gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misfortune {
    ClockAhead,
    ClockBehind,
    Reset,
    Swap,
    Spike,
    Stuck,
    Dead,
    Unit,
    CtTenth,
    Daily,
}

impl Mishap {
    pub(crate) fn new(misfortune: Misfortune, settings: &Settings, index: usize) -> Self {
        let mut random = Random::stream(settings.seed, Stream::Mishap, index as u64);
        let steps = u64::from(settings.onset_days()) * settings.steps_a_day();
        // Not near the ends of those days, so that there is a time before and a time after.
        let step = (steps as f64 * random.between(0.2, 0.8)) as u64;
        let from = settings.start.plus(step as i64 * settings.interval_ms);
        let to = from.plus(random.whole(DAY, 5 * DAY)).min(settings.end());
        let hours = random.whole(HOUR / SECOND, 3 * HOUR / SECOND) * SECOND;
        let minutes = random.whole(MINUTE / SECOND, 10 * MINUTE / SECOND) * SECOND;
        let amiss = |what| Self::Amiss { what, from, to };
        match misfortune {
            Misfortune::Spike => Self::Spike { step },
            Misfortune::Stuck => {
                let to = from.plus(random.whole(2 * DAY, 6 * DAY)).min(settings.end());
                Self::Amiss { what: Amiss::Stuck { mw: random.whole(100, 1500) * 1000 }, from, to }
            }
            Misfortune::Dead => {
                let to = from.plus(random.whole(4 * DAY, 8 * DAY)).min(settings.end());
                Self::Amiss { what: Amiss::Dead, from, to }
            }
            Misfortune::Unit => amiss(Amiss::Unit),
            Misfortune::Daily => Self::Daily { at_ms: random.whole(0, DAY / SECOND - 1) * SECOND },
            Misfortune::CtTenth => amiss(Amiss::CtTenth),
            Misfortune::Reset => Self::Reset { step },
            Misfortune::Swap => Self::Swap { step },
            Misfortune::ClockAhead => Self::Clock { ahead_ms: hours, from, to },
            Misfortune::ClockBehind => {
                let behind = if random.chance(0.5) { minutes } else { hours };
                Self::Clock { ahead_ms: -behind, from, to }
            }
        }
    }

    /// The defect of the measuring element in a step, if it has one.
    pub(crate) fn amiss(&self, step: &Step) -> Option<Amiss> {
        match *self {
            Self::Amiss { what, from, to } if from < step.end && step.end <= to => Some(what),
            _ => None,
        }
    }

    /// The wrong time of a reading at the end of a step, while the clock is wrong.
    pub(crate) fn wrong_time(&self, step: &Step) -> Option<EventTime> {
        match *self {
            Self::Clock { ahead_ms, from, to } if from < step.end && step.end <= to => {
                Some(step.end.plus(ahead_ms))
            }
            _ => None,
        }
    }

    /// When a reading of that moment is delivered, if the meter delivers once a day.
    pub(crate) fn delivery(&self, settings: &Settings, measured: EventTime) -> Option<EventTime> {
        let Self::Daily { at_ms } = *self else { return None };
        let first = settings.start.plus(at_ms);
        let days = (measured.since(first) + DAY - 1).div_euclid(DAY);
        Some(first.plus(days * DAY))
    }
}
