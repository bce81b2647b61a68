//! Outages of a feeder, a transformer or one consumer, from the failure of supply to its return.

use crate::random::{Random, Stream};
use crate::step::Step;
use crate::{Outage, Settings};
use core::ops::Range;
use reading::EventTime;
use reading::time::MINUTE;

/// What is without supply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Feeder(usize),
    Transformer(usize),
    Consumer(usize),
}

/// One stretch of time without supply, `(from, to]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blackout {
    pub(crate) of: Of,
    pub(crate) consumers: Range<usize>,
    pub(crate) from: EventTime,
    pub(crate) to: EventTime,
}

/// The share of meters whose last gasp arrives: the others have too little charge for it.
const GASPS: f64 = 0.75;
/// The share of meters whose report of the return arrives.
const RETURNS: f64 = 0.9;

impl Blackout {
    /// As many as the settings ask for, one after another. `consumers` gives the consumers that lose supply.
    pub(crate) fn all(
        settings: &Settings,
        sizes: [usize; 3],
        consumers: impl Fn(Of) -> Range<usize>,
    ) -> Vec<Self> {
        let count = u64::from(settings.outages);
        let minutes = settings.end().since(settings.start) / MINUTE;
        // Nothing fails in the first and the last tenth of the time: meters must be known before, and back at the
        // end.
        let room = (minutes * 8 / 10) / i64::from(settings.outages.max(1));
        let one = |index: u64| {
            let mut random = Random::stream(settings.seed, Stream::Blackout, index);
            let mut pick = |among: usize| random.below(among as u64) as usize;
            let of = match index % 3 {
                0 => Of::Transformer(pick(sizes[1])),
                1 => Of::Consumer(pick(sizes[2])),
                _ => Of::Feeder(pick(sizes[0])),
            };
            let begins = minutes / 10 + room * index as i64 + random.whole(room / 10, room / 5);
            // Every fourth one is momentary: a recloser opens and closes again.
            let lasts = match index % 4 {
                3 => random.whole(1, 4),
                _ => random.whole(20, (room / 2).clamp(21, 360)),
            };
            let from = settings.start.plus(begins * MINUTE);
            Self { of, consumers: consumers(of), from, to: from.plus(lasts * MINUTE) }
        };
        (0..count).map(one).collect()
    }

    /// Whether there is no supply at a moment.
    pub(crate) fn is_on_at(&self, time: EventTime) -> bool {
        self.from < time && time <= self.to
    }

    /// For how much of a step there is no supply, ms.
    pub(crate) fn of_step(&self, step: &Step) -> i64 {
        self.to.min(step.end).since(self.from.max(step.start)).max(0)
    }

    /// For how many ms of a step a consumer has no supply, and whether it has none at the end of the step.
    pub(crate) fn gone(all: &[Self], consumer: usize, step: &Step) -> (i64, bool) {
        let own = all.iter().filter(|blackout| blackout.consumers.contains(&consumer));
        own.fold((0, false), |(gone, off), one| (gone + one.of_step(step), off || one.is_on_at(step.end)))
    }

    /// Whether this meter's last gasp arrives, and whether its report of the return does.
    pub(crate) fn heard(&self, settings: &Settings, consumer: usize) -> (bool, bool) {
        let minute = self.from.0 / MINUTE;
        let mut random =
            Random::of_part(settings.seed, Stream::Blackout, (1 << 40) + consumer as u64, minute as u64);
        (random.chance(GASPS), random.chance(RETURNS))
    }
}

/// The outages as the truth has them, in the order of time. `name` gives the name of what was without supply.
pub(crate) fn outages(all: &[Blackout], settings: &Settings, name: impl Fn(Of) -> String) -> Vec<Outage> {
    let one = |blackout: &Blackout| {
        let role = match blackout.of {
            Of::Feeder(_) => "feeder",
            Of::Transformer(_) => "transformer",
            Of::Consumer(_) => "consumer",
        };
        let heard = blackout.consumers.clone().map(|index| blackout.heard(settings, index));
        let (gasps, returns): (Vec<bool>, Vec<bool>) = heard.unzip();
        let count = |of: Vec<bool>| of.into_iter().filter(|heard| *heard).count();
        Outage {
            role,
            target: name(blackout.of),
            from: blackout.from,
            to: blackout.to,
            consumers: blackout.consumers.len(),
            gasps: count(gasps),
            returns: count(returns),
        }
    };
    all.iter().map(one).collect()
}

#[cfg(test)]
mod tests;
