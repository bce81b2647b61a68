//! Intervals, days and billing months of the place where the meter is.

const DAY_S: i64 = 86_400;

/// The rhythm of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// The length of an interval of the load profile: 900 or 1,800 seconds as a rule.
    pub interval_s: u32,
    /// Local time less UTC, without summer time: an interval is an interval.
    pub offset_s: i32,
    /// The day on which a billing month begins, from 1 to 28.
    pub billing_day: u8,
}

impl Calendar {
    /// The begin of the interval that `time` is in: of two, a boundary belongs to the later.
    pub(crate) fn interval_begin(&self, time: u32) -> u32 {
        self.floor(time, i64::from(self.interval_s.max(1)))
    }

    /// The end of it.
    pub(crate) fn interval_end(&self, time: u32) -> u32 {
        self.interval_begin(time).saturating_add(self.interval_s.max(1))
    }

    /// The first midnight after `time`.
    pub(crate) fn day_end(&self, time: u32) -> u32 {
        self.floor(time, DAY_S).saturating_add(DAY_S as u32)
    }

    /// The first begin of a billing month after `time`.
    pub(crate) fn month_end(&self, time: u32) -> u32 {
        let first = self.day_end(time);
        let begins = |day: &u32| day_of_month(self.local(*day) / DAY_S) == self.billing_day.clamp(1, 28);
        (0..31).map(|days| first.saturating_add(days * DAY_S as u32)).find(begins).unwrap_or(u32::MAX)
    }

    #[inline(never)]
    fn floor(&self, time: u32, length_s: i64) -> u32 {
        let local = self.local(time);
        (local - local.rem_euclid(length_s) - i64::from(self.offset_s)).clamp(0, u32::MAX.into()) as u32
    }

    fn local(&self, time: u32) -> i64 {
        i64::from(time) + i64::from(self.offset_s)
    }
}

/// Of days since 1970 (Hinnant, "chrono-compatible low-level date algorithms").
fn day_of_month(days: i64) -> u8 {
    let since_march = days + 719_468;
    let day_of_era = since_march.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    (day_of_year - (153 * month + 2) / 5 + 1) as u8
}
