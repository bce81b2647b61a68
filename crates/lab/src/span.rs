//! Spans of time as options write them: `15m`, `6h`, `1d`, `1w`, `1mo`.

use jiff::tz::TimeZone;
use jiff::{Span as Calendar, Timestamp};
use std::fmt;
use std::str::FromStr;

/// A span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// So many milliseconds.
    Fixed(i64),
    /// So many calendar months in UTC.
    Months(i32),
}

impl Span {
    /// The moment that is this span, so many times, after another. None beyond the year 9999.
    pub fn after(self, time: i64, times: i64) -> Option<i64> {
        match self {
            Self::Fixed(length) => time.checked_add(length.checked_mul(times)?),
            Self::Months(months) => {
                let start = Timestamp::from_millisecond(time).ok()?.to_zoned(TimeZone::UTC);
                let months = i64::from(months).checked_mul(times)?;
                let end = start.checked_add(Calendar::new().try_months(months).ok()?).ok()?;
                Some(end.timestamp().as_millisecond())
            }
        }
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let wrong = || format!("`{text}` is no span: write 15m, 6h, 1d, 1w or 1mo");
        let number: i64 = text[..text.len() - unit.len()].parse().map_err(|_| wrong())?;
        let milliseconds = match unit {
            "s" => 1000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            "mo" => return i32::try_from(number).ok().filter(|n| *n > 0).map(Self::Months).ok_or_else(wrong),
            _ => return Err(wrong()),
        };
        number.checked_mul(milliseconds).filter(|span| *span > 0).map(Self::Fixed).ok_or_else(wrong)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = match self {
            Self::Months(months) => return write!(f, "{months}mo"),
            Self::Fixed(fixed) => *fixed,
        };
        let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
        match units.into_iter().find(|(_, unit)| fixed % unit == 0) {
            Some((name, unit)) => write!(f, "{}{name}", fixed / unit),
            None => write!(f, "{fixed}ms"),
        }
    }
}
