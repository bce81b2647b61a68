//! Local days as numbers, with where they start and end.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use reading::{Calendar, EventTime};

/// The local day with this number of days since 1970.
pub fn date_of(day: i32) -> Date {
    date(1970, 1, 1).saturating_add(day.days())
}

pub(crate) fn number_of(day: Date) -> i32 {
    (day - date(1970, 1, 1)).get_days()
}

/// A local day. As an interval, it excludes its start and includes its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) day: i32,
    pub(crate) start: EventTime,
    pub(crate) end: EventTime,
}

impl Span {
    pub(crate) const NONE: Self = Self { day: 0, start: EventTime::MAX, end: EventTime::MIN };

    pub(crate) fn holds(&self, time: EventTime) -> bool {
        self.start < time && time <= self.end
    }

    /// The day of a reading or of the end of an interval.
    pub(crate) fn at(calendar: &Calendar, time: EventTime) -> Self {
        Self::of(calendar, number_of(calendar.day_of_interval(time)))
    }

    pub(crate) fn of(calendar: &Calendar, day: i32) -> Self {
        let (start, end) = (calendar.start_of(date_of(day)), calendar.start_of(date_of(day + 1)));
        Self { day, start, end }
    }
}
