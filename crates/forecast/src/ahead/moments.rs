//! What the clock on the wall shows at each row of a table.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use reading::time::DAY;

/// The local time of a row's middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Minutes since local midnight.
    pub minute: u16,
    /// 0 is Monday.
    pub weekday: u8,
    /// 1 is the first of January.
    pub year_day: u16,
    /// Days since 1970 of the local date.
    pub date: i32,
    /// Whether it is summer time.
    pub is_summer: bool,
}

/// The local time of the middle of an interval.
pub fn moment(start: i64, step: i64, zone: &TimeZone) -> Moment {
    // Times of a table are checked when it is read, so they are within jiff's range.
    let stamp = Timestamp::from_millisecond(start + step / 2).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = stamp.to_zoned(zone.clone());
    let date = (start + step / 2 + i64::from(local.offset().seconds()) * 1000).div_euclid(DAY);
    Moment {
        minute: local.hour().unsigned_abs() as u16 * 60 + local.minute().unsigned_abs() as u16,
        weekday: local.weekday().to_monday_zero_offset().unsigned_abs(),
        year_day: local.day_of_year().unsigned_abs(),
        date: date as i32,
        is_summer: zone.to_offset_info(stamp).dst().is_dst(),
    }
}

/// The quarter of the calendar, counted from year 0, and the month, in UTC: models are refitted when they change.
pub fn quarter_and_month(time: i64) -> (i32, i32) {
    let stamp = Timestamp::from_millisecond(time).unwrap_or(Timestamp::UNIX_EPOCH);
    let date = stamp.to_zoned(TimeZone::UTC).date();
    let month = i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
    (month.div_euclid(3), month)
}
