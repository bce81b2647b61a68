//! Spans of time as options write them: `15m`, `6h`, `1d`, `1w`, `1mo`.

use jiff::tz::TimeZone;
use jiff::{Span as Calendar, Timestamp};
use reading::quantity::TIME;
use reading::time::{DAY, HOUR, MINUTE, SECOND};
use std::fmt;
use std::str::FromStr;

const WEEK: i64 = 7 * DAY;
/// A thousand years: no span is as long, and multiples of it are still numbers.
const MOST: i64 = 365_000 * DAY;

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
        let read = if let Some(months) = text.strip_suffix("mo") {
            months.parse().ok().filter(|months| *months > 0).map(Self::Months)
        } else if let Some(weeks) = text.strip_suffix('w') {
            weeks
                .parse()
                .ok()
                .filter(|weeks| (1..MOST / WEEK).contains(weeks))
                .map(|weeks: i64| Self::Fixed(weeks * WEEK))
        } else {
            let whole = |ms: &f64| ms.fract() == 0.0 && *ms < MOST as f64;
            TIME.read("span", text, false).ok().filter(whole).map(|ms| Self::Fixed(ms as i64))
        };
        read.ok_or_else(|| format!("`{text}` is no span: write 15m, 6h, 1d, 1w or 1mo"))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = match self {
            Self::Months(months) => return write!(f, "{months}mo"),
            Self::Fixed(fixed) => *fixed,
        };
        let units = [("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND)];
        match units.into_iter().find(|(_, unit)| fixed % unit == 0) {
            Some((name, unit)) => write!(f, "{}{name}", fixed / unit),
            None => write!(f, "{fixed}ms"),
        }
    }
}

#[cfg(test)]
mod tests;
