//! Local days and hours, as a value that is passed in: the engine itself works in UTC.

use crate::EventTime;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

/// The type of a day. Load profiles keep one curve for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DayType {
    /// Monday to Friday, no holiday.
    Weekday,
    /// Saturday, no holiday.
    Saturday,
    /// Sunday, or any holiday.
    Sunday,
}

impl DayType {
    /// All of them; each stands at its number.
    pub const ALL: [Self; 3] = [Self::Weekday, Self::Saturday, Self::Sunday];

    /// The name that files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weekday => "weekday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }
}

/// A time zone and its holidays.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    holidays: BTreeSet<Date>,
}

impl Calendar {
    /// A calendar of this zone with these holidays.
    pub fn new(zone: TimeZone, holidays: BTreeSet<Date>) -> Self {
        Self { zone, holidays }
    }

    /// The local day of an interval that ends at `end`. An interval that ends at midnight belongs to the day before.
    pub fn day_of_interval(&self, end: EventTime) -> Date {
        self.local(end.minus(1)).date()
    }

    /// The local day of an instant.
    pub fn day(&self, time: EventTime) -> Date {
        self.local(time).date()
    }

    /// Minutes of the local wall clock since midnight.
    pub fn minute_of_day(&self, time: EventTime) -> u16 {
        let local = self.local(time);
        local.hour() as u16 * 60 + local.minute() as u16
    }

    /// When a local day starts. A day without midnight starts at its first moment.
    pub fn start_of(&self, day: Date) -> EventTime {
        let start = day.to_zoned(self.zone.clone()).map(|zoned| zoned.timestamp().as_millisecond());
        EventTime(start.expect("days of 2000 to 2100 are within jiff's range"))
    }

    /// The local time with its distance from UTC, for people who compare it with a file: `2024-01-05T14:30:00+05:30`.
    pub fn stamp(&self, time: EventTime) -> String {
        format!("{}", self.local(time).strftime("%Y-%m-%dT%H:%M:%S%:z"))
    }

    /// Day and local time for people: `5 Jan 14:30`.
    pub fn day_and_time(&self, time: EventTime) -> String {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let local = self.local(time);
        let month = MONTHS[usize::from(local.month().unsigned_abs()) - 1];
        format!("{} {month} {:02}:{:02}", local.day(), local.hour(), local.minute())
    }

    /// The type of a day. A holiday counts as a Sunday.
    pub fn day_type(&self, day: Date) -> DayType {
        match day.weekday() {
            _ if self.holidays.contains(&day) => DayType::Sunday,
            Weekday::Sunday => DayType::Sunday,
            Weekday::Saturday => DayType::Saturday,
            _ => DayType::Weekday,
        }
    }

    /// Whether a week begins with this day.
    pub fn is_monday(&self, day: Date) -> bool {
        day.weekday() == Weekday::Monday
    }

    /// The holidays, ascending.
    pub fn holidays(&self) -> impl Iterator<Item = Date> {
        self.holidays.iter().copied()
    }

    /// The zone's name.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    fn local(&self, time: EventTime) -> jiff::Zoned {
        // Readings are between 2000 and 2100 (`check`), so this cannot be out of jiff's range.
        let stamp = Timestamp::from_millisecond(time.0).unwrap_or(Timestamp::UNIX_EPOCH);
        stamp.to_zoned(self.zone.clone())
    }
}
