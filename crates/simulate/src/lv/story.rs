//! What happens at one consumer, hook or transformer: one kind with its onset, share and schedule.

use super::kind::{Kind, When};
use crate::Settings;
use crate::random::{Random, Stream};
use crate::step::Step;
use reading::EventTime;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Story {
    pub(crate) kind: Kind,
    /// Which of two neighbours this is.
    pub(crate) side: Side,
    /// A phase, for kinds that concern one.
    pub(crate) phase: usize,
    /// Every other story of a kind is a little different.
    pub(crate) other: bool,
    share: f64,
    /// The first step, and the first one after it.
    since: u64,
    until: u64,
    /// The local hour at which it begins each day, and how many hours it lasts.
    hours: Option<(f64, f64)>,
    settings: Place,
}

/// Where random numbers of its days come from, and how long a day is.
#[derive(Debug, Clone, Copy)]
struct Place {
    seed: u64,
    index: u64,
    steps_a_day: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Alone,
    First,
    Second,
}

impl Story {
    /// Both neighbours of a pair draw from the stream of the first.
    pub(crate) fn new(kind: Kind, side: Side, settings: &Settings, index: usize) -> Self {
        let owner = if side == Side::Second { index - 1 } else { index } as u64;
        // Its stream is its own, so that another choice of kinds moves nothing of it.
        let mut random = Random::of_part(settings.seed, Stream::LvStory, owner, kind as u64);
        let row = kind.row();
        let steps_a_day = settings.steps_a_day();
        let all = u64::from(settings.days) * steps_a_day;
        let days = f64::from(settings.onset_days());
        let onset = (days * random.between(0.2, 0.7) * steps_a_day as f64) as u64;
        let (since, until) = match row.when {
            When::Ever => (0, all),
            When::Days(low, high) => {
                let length = random.between(low, high) * steps_a_day as f64;
                (onset, (onset + length as u64 + 1).min(all))
            }
            _ => (onset, all),
        };
        let hours = match row.when {
            When::Daily { from: (low, high), hours } => Some((random.between(low, high), hours)),
            _ => None,
        };
        let (low, high) = row.share;
        // A range through zero is one of its ends: half or double, too much or too little.
        let share = match low < 0.0 {
            true if random.chance(0.5) => low,
            true => high,
            false => random.between(low, high),
        };
        let phase = random.below(3) as usize;
        let other = random.chance(0.5);
        let settings = Place { seed: settings.seed, index: owner, steps_a_day };
        Self { kind, side, phase, other, share, since, until, hours, settings }
    }

    /// Its share, if it has one.
    pub(crate) fn share(&self) -> Option<f64> {
        (self.kind.row().share != (0.0, 0.0)).then_some(self.share)
    }

    /// The share in a step: drift grows for two months.
    pub(crate) fn share_at(&self, step: &Step) -> f64 {
        let days = step.index.saturating_sub(self.since) as f64 / self.settings.steps_a_day as f64;
        let grown = if self.kind == Kind::Drift { (days / 60.0).min(1.0) } else { 1.0 };
        self.share * grown
    }

    /// Whether it has begun and is not over.
    pub(crate) fn has_begun(&self, step: &Step) -> bool {
        (self.since..self.until).contains(&step.index)
    }

    /// Whether it is at work.
    pub(crate) fn is_on(&self, step: &Step) -> bool {
        if !self.has_begun(step) {
            return false;
        }
        match (self.kind.row().when, self.hours) {
            (When::MostDays, _) => {
                let Place { seed, index, .. } = self.settings;
                // The first day counts: an onset at which nothing happens is none.
                let first = self.since / self.settings.steps_a_day;
                let part = (1 << 40) + u64::from(step.day);
                u64::from(step.day) == first
                    || Random::of_part(seed, Stream::LvStory, index, part).chance(0.75)
            }
            (_, Some((from, hours))) => (step.local_hour - from).rem_euclid(24.0) < hours,
            _ => true,
        }
    }

    /// Two in three of those that nobody has indexed are old meters that nobody reads.
    pub(crate) fn is_unread(&self) -> bool {
        self.kind == Kind::Unindexed && self.phase < 2
    }

    /// When it begins and ends.
    pub(crate) fn span(&self, settings: &Settings) -> (EventTime, EventTime) {
        (settings.start_of(self.since), settings.start_of(self.until).min(settings.end()))
    }

    /// Its daily hours, in words.
    pub(crate) fn hours(&self) -> Option<String> {
        let text = |hour: f64| {
            let minutes = (hour * 60.0) as u32;
            format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
        };
        self.hours.map(|(from, hours)| format!("{} to {} local time", text(from), text(from + hours)))
    }
}
