//! What was delivered of one day: by a meter, or by all meters of a transformer or concentrator.

use crate::delivered::{A_DAY, Delivered, EDGES, EIGHT_HOURS};
use jiff::civil::Date;
use reading::{ConcentratorId, EventTime, MeterId, TransformerId};
use serde::{Deserialize, Serialize};

/// Whether something can be added to a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Standing {
    /// It will be published again when it is final.
    Open,
    /// It is not final, and the run ends.
    Last,
    /// Nothing can be added any more.
    Final,
}

/// The day of a meter, on its way to the second stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MeterDay {
    /// The meter.
    pub meter: MeterId,
    /// The local day, in days since 1970.
    pub day: i32,
    /// When the day ended.
    pub end: EventTime,
    /// The stamp of its latest reading.
    pub last_heard: EventTime,
    /// How many readings there should be, if the meter keeps a rhythm.
    pub expected: Option<u32>,
    /// What came of them.
    pub delivered: Delivered,
    /// Whether something can be added.
    pub standing: Standing,
    /// Whether it was reported before, when readings were missing.
    pub is_again: bool,
}

/// Whose readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Whose {
    /// Those of a meter.
    Meter(MeterId),
    /// Those of all meters on a transformer.
    Transformer(TransformerId),
    /// Those of all meters of a concentrator.
    Concentrator(ConcentratorId),
}

impl Whose {
    /// The name of its kind.
    pub fn role(&self) -> &'static str {
        match self {
            Self::Meter(_) => "meter",
            Self::Transformer(_) => "transformer",
            Self::Concentrator(_) => "concentrator",
        }
    }

    /// Its own name.
    pub fn name(&self) -> &str {
        match self {
            Self::Meter(id) => id.as_str(),
            Self::Transformer(id) => id.as_str(),
            Self::Concentrator(id) => id.as_str(),
        }
    }
}

/// A row of the output.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthRow {
    /// Whose readings.
    pub whose: Whose,
    /// The local day.
    pub day: Date,
    /// What came of them.
    pub sums: Sums,
    /// By how much the clock was ahead at most, s; of many meters the median.
    pub offset_s: Option<i64>,
    /// Whether something can be added.
    pub standing: Standing,
}

/// What was delivered of some meters and a day.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sums {
    /// How many meters.
    pub meters: u32,
    /// How many more there should be. Each is expected to send as much as the others do on average. It is known when the
    /// sums are published.
    #[serde(skip)]
    pub absent: u32,
    /// How many of them keep a rhythm, so that it is known how many readings there should be.
    known: u32,
    expected: u64,
    /// Readings, without repeats.
    pub received: u64,
    /// Readings within eight and 24 hours.
    within: [u64; 2],
    /// The same of meters that keep a rhythm, at most as many as were expected of each.
    within_of_expected: [u64; 2],
    /// How the delays up to eight hours spread over [`EDGES`], in 256th parts of a reading.
    delays: [u64; EDGES.len()],
    /// Readings of a moment that the meter had sent before.
    pub repeats: u64,
    /// Resets of registers.
    pub resets: u64,
    /// Intervals without any reading.
    pub gaps: u64,
    /// Intervals with no reading at their end, of meters whose stamps are off the grid.
    pub off_grid: u64,
    /// The stamp of the latest reading.
    pub last_heard: Option<EventTime>,
}

impl Sums {
    /// Those of one meter.
    pub fn of(one: &MeterDay) -> Self {
        let mut sums = Self::default();
        sums.add(one);
        sums
    }

    /// Adds a meter.
    pub fn add(&mut self, one: &MeterDay) {
        let Delivered { received, within_8h, within_24h, delays, repeats, resets, gaps, off_grid, .. } =
            one.delivered;
        let within = [u64::from(within_8h), u64::from(within_24h)];
        self.meters += 1;
        self.received += u64::from(received);
        for (at, within) in within.into_iter().enumerate() {
            self.within[at] += within;
            self.within_of_expected[at] += one.expected.map_or(0, |expected| within.min(expected.into()));
        }
        if let Some(expected) = one.expected {
            self.known += 1;
            self.expected += u64::from(expected);
        }
        let all: u64 = delays.iter().map(|&count| u64::from(count)).sum();
        for (sum, count) in self.delays.iter_mut().zip(delays) {
            *sum += (u64::from(count) * within[0] * 256).checked_div(all).unwrap_or(0);
        }
        for (sum, count) in [
            (&mut self.repeats, repeats),
            (&mut self.resets, resets),
            (&mut self.gaps, gaps),
            (&mut self.off_grid, off_grid),
        ] {
            *sum += u64::from(count);
        }
        self.last_heard = self.last_heard.max((one.last_heard > EventTime::MIN).then_some(one.last_heard));
    }

    /// Adds others.
    pub fn add_all(&mut self, others: &Self) {
        let pairs = [
            (&mut self.expected, others.expected),
            (&mut self.received, others.received),
            (&mut self.repeats, others.repeats),
            (&mut self.resets, others.resets),
            (&mut self.gaps, others.gaps),
            (&mut self.off_grid, others.off_grid),
        ];
        pairs.into_iter().for_each(|(sum, other)| *sum += other);
        self.meters += others.meters;
        self.known += others.known;
        let lists = [
            (&mut self.within[..], &others.within[..]),
            (&mut self.within_of_expected, &others.within_of_expected),
            (&mut self.delays, &others.delays),
        ];
        for (sums, others) in lists {
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        }
        self.last_heard = self.last_heard.max(others.last_heard);
    }

    /// Adds meters that have sent nothing.
    pub(crate) fn add_absent(&mut self, meters: u32) {
        self.absent += meters;
        if let Some(known) = std::num::NonZero::new(u64::from(self.known)) {
            self.expected += (self.expected * u64::from(meters) + known.get() / 2) / known;
        }
    }

    /// How many readings there should be, of the meters that keep a rhythm. None if none does.
    pub fn expected(&self) -> Option<u64> {
        (self.known > 0).then_some(self.expected)
    }

    /// The share of the expected readings that took at most eight hours.
    pub fn share_within_8h(&self) -> Option<f64> {
        self.share(self.within_of_expected[0])
    }

    /// The share of the expected readings that took at most 24 hours.
    pub fn share_within_24h(&self) -> Option<f64> {
        self.share(self.within_of_expected[1])
    }

    fn share(&self, part: u64) -> Option<f64> {
        (self.expected > 0).then(|| part as f64 / self.expected as f64)
    }

    /// The delay that this share of the readings did not exceed, s: on a line within its class. Beyond 24 hours it is
    /// the 24 hours.
    pub fn delay(&self, share: f64) -> Option<f64> {
        if self.received == 0 {
            return None;
        }
        let up_to_8h = EDGES.iter().zip(self.delays).map(|(&edge, count)| (edge, count as f64 / 256.0));
        let up_to_24h = [(A_DAY, (self.within[1] - self.within[0]) as f64)];
        let (mut from, mut left) = (0, share * self.received as f64);
        for (edge, count) in up_to_8h.chain(up_to_24h) {
            if left <= count && count > 0.0 {
                let delay = from as f64 + (edge - from) as f64 * (left / count);
                // To a tenth of a second, for the classes are far wider; a rounding must not depend on the last bit.
                return Some(((delay + 1e-6) * 10.0).round() / 10.0);
            }
            left -= count;
            from = edge;
        }
        // What is left beyond the last class up to eight hours may be no more than a rounding of the shares.
        let reached = if left < 0.5 && self.within[1] == self.received && self.within[1] == self.within[0] {
            EIGHT_HOURS
        } else {
            A_DAY
        };
        Some(reached as f64)
    }
}
