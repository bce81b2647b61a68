//! The settings of a town: how large it is, how long it runs and what goes wrong in it.

use crate::Faults;
use reading::EventTime;
use reading::time::{DAY, HOUR, MINUTE, SECOND};

/// The settings of a town. The fields take any value, and [`Settings::check`] shows whether they make a town.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Consumers.
    pub meters: usize,
    /// How many days are simulated.
    pub days: u32,
    /// Milliseconds between two readings of a meter; an hour is a whole number of them.
    pub interval_ms: i64,
    /// The seed of every random number.
    pub seed: u64,
    /// When the first interval starts. A day of the simulation starts here, and every 24 hours later.
    pub start: EventTime,
    /// By how much the town's clocks are ahead of UTC. The habits of people and the sun follow these clocks.
    pub utc_offset_ms: i64,
    /// How many transformers share the consumers evenly; without a number, each has
    /// [`CONSUMERS_EACH`](Self::CONSUMERS_EACH). If even shares leave some without consumers, those are not built.
    pub transformers: Option<usize>,
    /// Share of consumers whose wiring lets energy pass the meter. From 50 consumers on there is at least one.
    pub thieves: f64,
    /// Share of consumers of **each** kind whose meters only look tampered with.
    pub lookalikes: f64,
    /// Share of consumers with a solar roof.
    pub solar: f64,
    /// Share of consumers with a three-phase meter.
    pub three_phase: f64,
    /// Tampering, joined neutrals and mishaps of a meter begin within so many days. Without a number, within all
    /// days. With a number, the town stays the same if more days are simulated.
    pub onset_days: Option<u32>,
    /// How many outages there are: of a transformer, a consumer, a feeder, and again in this order.
    pub outages: u32,
    /// The faults of messages and meters.
    pub faults: Faults,
    /// Whether each transformer has a meter.
    pub transformer_meters: bool,
    /// Whether each feeder has a meter.
    pub feeder_meters: bool,
}

impl Settings {
    /// Consumers of one transformer, unless the settings say how many transformers there are.
    pub const CONSUMERS_EACH: usize = 25;

    /// A usual town: quarter-hours, 2 % thieves, 1 % of each lookalike, the usual faults.
    pub fn usual(meters: usize, days: u32, seed: u64, start: EventTime) -> Self {
        Self {
            meters,
            days,
            interval_ms: 15 * MINUTE,
            seed,
            start,
            utc_offset_ms: 0,
            transformers: None,
            thieves: 0.02,
            lookalikes: 0.01,
            solar: 0.10,
            three_phase: 0.05,
            onset_days: None,
            outages: 0,
            faults: Faults::usual(),
            transformer_meters: true,
            feeder_meters: false,
        }
    }

    /// The same town with usual wiring everywhere and without faults.
    #[must_use]
    pub fn honest(self) -> Self {
        Self { thieves: 0.0, lookalikes: 0.0, faults: Faults::NONE, ..self }
    }

    /// Whether a town can be made of these settings.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.meters == 0 {
            return Err(SettingsError::NoMeters);
        }
        if self.days == 0 {
            return Err(SettingsError::NoDays);
        }
        // Meters must be back before the next outage.
        if i64::from(self.outages) * 12 > i64::from(self.days) * 24 {
            return Err(SettingsError::TooManyOutages { got: self.outages, most: self.days * 2 });
        }
        if self.onset_days == Some(0) {
            return Err(SettingsError::NoOnsetDays);
        }
        if self.interval_ms < SECOND || HOUR % self.interval_ms != 0 {
            return Err(SettingsError::Interval { got_ms: self.interval_ms });
        }
        // Readings with a time outside of 2000 to 2100 are refused.
        let last = EventTime(4_102_444_800_000);
        if self.start < EventTime(946_684_800_000) || self.end() > last {
            return Err(SettingsError::Start { start: self.start, days: self.days });
        }
        if self.start.0 % self.interval_ms != 0 {
            return Err(SettingsError::StartBetween { start: self.start, interval_ms: self.interval_ms });
        }
        if self.utc_offset_ms.abs() > 14 * HOUR {
            return Err(SettingsError::UtcOffset { got_ms: self.utc_offset_ms });
        }
        if let Some(got) = self.transformers.filter(|&n| n == 0 || n > self.meters) {
            return Err(SettingsError::Transformers { got, meters: self.meters });
        }
        let shares = [
            ("thieves", self.thieves),
            ("lookalikes", self.lookalikes),
            ("solar", self.solar),
            ("three_phase", self.three_phase),
        ];
        let all = shares.into_iter().chain(self.faults.shares());
        if let Some((name, got)) = all.into_iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
            return Err(SettingsError::Share { name, got });
        }
        let sum = self.faults.of_messages();
        if sum > 1.0 {
            return Err(SettingsError::TooManyFaults { sum });
        }
        Ok(())
    }

    /// When the last interval ends.
    pub fn end(&self) -> EventTime {
        self.start.plus(i64::from(self.days) * DAY)
    }

    /// How many readings each meter takes.
    pub fn steps(&self) -> u64 {
        u64::from(self.days) * self.steps_a_day()
    }

    /// When a step starts.
    pub(crate) fn start_of(&self, step: u64) -> EventTime {
        self.start.plus(step as i64 * self.interval_ms)
    }

    pub(crate) fn onset_days(&self) -> u32 {
        self.onset_days.unwrap_or(self.days)
    }

    pub(crate) fn steps_a_day(&self) -> u64 {
        (DAY / self.interval_ms) as u64
    }

    pub(crate) fn consumers_each(&self) -> usize {
        self.transformers.map_or(Self::CONSUMERS_EACH, |n| self.meters.div_ceil(n))
    }
}

/// Why no town can be made of some settings.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// A town without consumers.
    #[error("`meters` must be at least 1")]
    NoMeters,
    /// A run without days.
    #[error("`days` must be at least 1")]
    NoDays,
    /// More outages than fit one after another.
    #[error("`outages` must be at most 2 a day, {most}, found {got}")]
    TooManyOutages {
        /// The outages.
        got: u32,
        /// The most.
        most: u32,
    },
    /// No day on which anything can begin.
    #[error("`onset_days` must be at least 1")]
    NoOnsetDays,
    /// Intervals that do not fill an hour.
    #[error("an hour must be a whole number of intervals of at least a second, found {got_ms} ms")]
    Interval {
        /// The interval.
        got_ms: i64,
    },
    /// Readings would be refused at the door.
    #[error("a run of {days} days from {start} is not within 2000 to 2100")]
    Start {
        /// Its start.
        start: EventTime,
        /// Its length.
        days: u32,
    },
    /// A start in the middle of an interval.
    #[error("`start` must be at a whole number of intervals of {interval_ms} ms since 1970, found {start}")]
    StartBetween {
        /// The start.
        start: EventTime,
        /// The interval.
        interval_ms: i64,
    },
    /// A time zone that no place has.
    #[error("`utc_offset_ms` must be within 14 hours, found {got_ms} ms")]
    UtcOffset {
        /// The offset.
        got_ms: i64,
    },
    /// More transformers than consumers, or none.
    #[error("`transformers` must be 1 to the number of meters, {meters}, found {got}")]
    Transformers {
        /// The transformers.
        got: usize,
        /// The consumers.
        meters: usize,
    },
    /// A share below 0 or above 1, or not a number.
    #[error("share `{name}` must be between 0 and 1, found {got}")]
    Share {
        /// The name of the share.
        name: &'static str,
        /// The share.
        got: f64,
    },
    /// Shares of message faults of more than 1 together: a message has at most one fault.
    #[error("`lost`, `twice`, `late`, `out_of_order` and `torn` must be at most 1 together, found {sum}")]
    TooManyFaults {
        /// The sum of the shares.
        sum: f64,
    },
}

#[cfg(test)]
mod tests;
