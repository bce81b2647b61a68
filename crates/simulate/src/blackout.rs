//! Supply that goes and comes back: of a feeder, a transformer, or one consumer.

use crate::Settings;
use crate::random::{Random, Stream};
use crate::step::Step;
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

/// So many meters have the charge for a last gasp that gets through,
const GASPS: f64 = 0.75;
/// and of so many it is heard that supply is back.
const RETURNS: f64 = 0.9;

impl Blackout {
    /// As many as the settings say, one after another. `consumers` are those of a feeder or transformer.
    pub(crate) fn all(
        settings: &Settings,
        sizes: [usize; 3],
        consumers: impl Fn(Of) -> Range<usize>,
    ) -> Vec<Self> {
        let count = u64::from(settings.outages);
        let minutes = settings.end().since(settings.start) / MINUTE;
        // Meters have to be known first, and to come back: a tenth of the time at either end is quiet.
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
            // Every fourth is a moment: a recloser that opens and closes again.
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

    /// How long of a step supply is gone, ms.
    pub(crate) fn of_step(&self, step: &Step) -> i64 {
        self.to.min(step.end).since(self.from.max(step.start)).max(0)
    }

    /// Whether this meter's last gasp is heard, and the word of its return.
    pub(crate) fn heard(&self, settings: &Settings, consumer: usize) -> (bool, bool) {
        let minute = self.from.0 / MINUTE;
        let mut random =
            Random::of_part(settings.seed, Stream::Blackout, (1 << 40) + consumer as u64, minute as u64);
        (random.chance(GASPS), random.chance(RETURNS))
    }
}

#[cfg(test)]
mod tests;
