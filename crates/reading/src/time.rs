//! When a meter measured, and the grid of intervals that the engine lays over it.

use core::fmt;

/// The moment of a measurement by the meter's clock: milliseconds since 1970 UTC, never wall time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct EventTime(pub i64);

/// Milliseconds of one second, minute, hour and day.
pub const SECOND: i64 = 1000;
/// A minute in milliseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// An hour in milliseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// A UTC day in milliseconds.
pub const DAY: i64 = 24 * HOUR;

impl EventTime {
    /// Before anything.
    pub const MIN: Self = Self(i64::MIN);
    /// After everything.
    pub const MAX: Self = Self(i64::MAX);

    /// So many milliseconds later.
    pub fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// So many milliseconds earlier.
    pub fn minus(self, ms: i64) -> Self {
        Self(self.0.saturating_sub(ms))
    }

    /// Milliseconds from `earlier` to here.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads RFC 3339 with an offset: `2013-01-01T00:30:00Z`, `...T05:30:00.250+05:30`. Decimals beyond the millisecond
    /// are dropped.
    pub fn parse_rfc3339(text: &[u8]) -> Option<Self> {
        let digits = |range: core::ops::Range<usize>| -> Option<i64> {
            text.get(range)?
                .iter()
                .try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
        };
        let at = |index: usize, any_of: &[u8]| text.get(index).is_some_and(|b| any_of.contains(b));
        if !(at(4, b"-") && at(7, b"-") && at(10, b"Tt ") && at(13, b":") && at(16, b":")) {
            return None;
        }
        let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        let (hour, minute, second) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
        if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut next = 19;
        let mut ms = 0;
        if at(next, b".") {
            next += 1;
            let mut place = 100;
            let first = next;
            while let Some(b) = text.get(next).filter(|b| b.is_ascii_digit()) {
                ms += i64::from(b - b'0') * place;
                place /= 10;
                next += 1;
            }
            if next == first {
                return None;
            }
        }
        let offset = match text.get(next)? {
            b'Z' | b'z' if text.len() == next + 1 => 0,
            sign @ (b'+' | b'-') if text.len() == next + 6 && at(next + 3, b":") => {
                let (h, m) = (digits(next + 1..next + 3)?, digits(next + 4..next + 6)?);
                if h > 23 || m > 59 {
                    return None;
                }
                (h * HOUR + m * MINUTE) * if *sign == b'-' { -1 } else { 1 }
            }
            _ => return None,
        };
        let of_day = hour * HOUR + minute * MINUTE + second * SECOND + ms;
        Some(Self(days_from_civil(year, month, day) * DAY + of_day - offset))
    }
}

// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// RFC 3339 in UTC, with milliseconds only where there are any.
impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY));
        let ms = self.0.rem_euclid(DAY);
        let (hour, minute, second) = (ms / HOUR, ms / MINUTE % 60, ms / SECOND % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if ms % SECOND != 0 {
            write!(f, ".{:03}", ms % SECOND)?;
        }
        f.write_str("Z")
    }
}

/// The intervals of a plan: all of one length, on whole multiples of it since 1970 UTC, each `(start, end]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    length: i64,
}

impl Grid {
    /// Intervals of so many milliseconds, if an hour is a whole number of them.
    pub fn new(length: i64) -> Option<Self> {
        (length > 0 && HOUR % length == 0).then_some(Self { length })
    }

    /// Milliseconds of one interval.
    pub fn length(self) -> i64 {
        self.length
    }

    /// The number of the interval that a moment belongs to. A moment on an edge belongs to the interval that ends
    /// there.
    pub fn index(self, time: EventTime) -> i64 {
        (time.0 - 1).div_euclid(self.length)
    }

    /// When interval `index` starts.
    pub fn start(self, index: i64) -> EventTime {
        EventTime(index * self.length)
    }

    /// When interval `index` ends.
    pub fn end(self, index: i64) -> EventTime {
        EventTime((index + 1) * self.length)
    }
}
