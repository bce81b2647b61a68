//! How much of a run became dead letters. A run of mostly dead letters must not pass for a good one.

use crate::Failure;
use pipeline::Outputs;
use reading::{EventTime, Reason};
use std::collections::BTreeMap;

/// The dead letters of a run, and what is needed to know history that was sent again.
///
/// A reading whose interval is closed is `late`, also if it is the same reading once more: the engine does not remember
/// single readings. But then its interval was measured. So late readings count only as far as they could be those that
/// are missing in the intervals: those from before the first interval, and those of intervals without a reading.
#[derive(Debug, Clone, Default)]
pub struct DeadShare {
    reasons: BTreeMap<Reason, u64>,
    /// Those that could not be decoded into a reading.
    unread: u64,
    /// Late readings from before the first interval.
    too_early: u64,
    /// The start of the earliest interval so far.
    first: Option<EventTime>,
    /// Intervals with a reading, and without one.
    measured: u64,
    empty: u64,
    /// The readings in those intervals.
    readings: u64,
}

impl DeadShare {
    /// Of a run that goes on from a stored state. All that it can call late is history to it.
    pub fn of_a_restart() -> Self {
        Self { first: Some(EventTime::MIN), ..Self::default() }
    }

    /// Counts the intervals and the dead letters of some steps.
    pub fn take(&mut self, out: &Outputs) {
        let (mut first, mut empty) = (EventTime::MAX, 0);
        for row in &out.intervals {
            first = first.min(row.start);
            self.readings += u64::from(row.sums.readings);
            empty += u64::from(row.sums.readings == 0);
        }
        if !out.intervals.is_empty() {
            self.first = Some(self.first.map_or(first, |known| known.min(first)));
            self.empty += empty;
            self.measured += out.intervals.len() as u64 - empty;
        }
        for letter in &out.dead {
            *self.reasons.entry(letter.reason).or_default() += 1;
            self.unread += u64::from(letter.reading.is_none());
            let time = letter.reading.as_ref().map(|(_, reading)| reading.time());
            let is_too_early =
                letter.reason == Reason::Late && self.first.is_none_or(|first| time <= Some(first));
            self.too_early += u64::from(is_too_early);
        }
    }

    /// Adds what another part of the run counted.
    pub fn add(&mut self, other: &Self) {
        for (reason, count) in &other.reasons {
            *self.reasons.entry(*reason).or_default() += count;
        }
        self.unread += other.unread;
        self.too_early += other.too_early;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.measured += other.measured;
        self.empty += other.empty;
        self.readings += other.readings;
    }

    /// How many dead letters there are of each reason.
    pub fn reasons(&self) -> &BTreeMap<Reason, u64> {
        &self.reasons
    }

    /// Those that could not be decoded into a reading.
    pub fn unread(&self) -> u64 {
        self.unread
    }

    /// All of them.
    pub fn all(&self) -> u64 {
        self.reasons.values().sum()
    }

    /// Late readings that are only history sent again.
    fn sent_again(&self) -> u64 {
        let late = self.reasons.get(&Reason::Late).copied().unwrap_or_default();
        let of_an_interval = self.readings.div_ceil(self.measured.max(1)).max(1);
        (late - self.too_early).saturating_sub(self.empty * of_an_interval)
    }

    /// The failure of a run of which more than half of the messages became dead letters. `readings` are those that were
    /// decoded; `unread` says what to do if most could not be, and `kept` where the dead letters are.
    pub fn failure(&self, readings: u64, unread: &str, kept: &str) -> Option<Failure> {
        let again = self.sent_again();
        let dead = self.all() - again;
        if 2 * dead <= (readings + self.unread).saturating_sub(again) {
            return None;
        }
        let counts = |(reason, count): (&Reason, &u64)| match reason {
            Reason::Late => (*count - again, *reason),
            _ => (*count, *reason),
        };
        let (_, reason) = self.reasons.iter().map(counts).max_by_key(|(count, _)| *count)?;
        let (cause, help) = match reason {
            Reason::Late => (
                "the readings of each meter come newest first, or in no order",
                "sort them by time, the oldest readings first",
            ),
            Reason::ClockAhead => (
                "most stamps are ahead of the meters that the run could follow",
                "check the clocks of the meters, or raise `clock_ahead` in `[intervals]`",
            ),
            _ => ("most messages cannot be read", unread),
        };
        Some(Failure::failed_with_help(
            format!(
                "more than half of the messages ({dead}) became dead letters, most of them `{reason}`: {cause}"
            ),
            format!("{help}; {kept}"),
        ))
    }
}

#[cfg(test)]
mod tests;
