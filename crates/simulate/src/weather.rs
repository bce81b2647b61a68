//! Temperature and sun, shared by the whole town: a yearly and a daily course, and days that differ.

use crate::random::{Random, Stream};
use reading::time::DAY;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sky {
    /// Outside, in degrees Celsius.
    pub(crate) temperature: f64,
    /// The power of a solar roof as a share of its peak, 0 to 1.
    pub(crate) sun: f64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    seed: u64,
}

// A warm plain at 25 degrees north: mild winters with heaters at night, and summers with coolers all day.
const MEAN: f64 = 22.0;
const YEARLY: f64 = 9.0;
const DAILY: f64 = 6.0;
const YEAR: i64 = 365 * DAY + DAY / 4;
/// 20 July. The coldest day is half a year later, on 20 January.
const HOTTEST: i64 = 200 * DAY;

/// A sine of so many turns, by Bhaskara I (7th century), within 0.002: only `+ * /`, so every machine agrees.
pub(crate) fn sine(turns: f64) -> f64 {
    let turn = turns - turns.floor();
    let (x, sign) = if turn < 0.5 { (turn * 2.0, 1.0) } else { (turn * 2.0 - 1.0, -1.0) };
    let arch = x * (1.0 - x);
    sign * 16.0 * arch / (5.0 - 4.0 * arch)
}

impl Weather {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The sky at a local time, in milliseconds since local 1970.
    pub(crate) fn at(&self, local: i64) -> Sky {
        let day = local.div_euclid(DAY);
        let of_day = local.rem_euclid(DAY) as f64 / DAY as f64;
        let summer = sine((local - HOTTEST) as f64 / YEAR as f64 + 0.25);
        let (today, tomorrow) = (self.day(day), self.day(day + 1));
        let warm = today.warm + (tomorrow.warm - today.warm) * of_day;
        // Coldest at 4, warmest at 16 o'clock.
        let course = sine(of_day - 10.0 / 24.0);
        let temperature = MEAN + YEARLY * summer + DAILY * course + 4.0 * warm;
        // 12 hours of sun, one more in summer and one less in winter.
        let half_day = (12.0 + summer) / 48.0;
        let from_noon = (of_day - 0.5) / half_day;
        let sun = (1.0 - from_noon * from_noon).max(0.0);
        let quarter = (of_day * 96.0) as u64;
        let passing =
            1.0 - today.cloud * 0.5 * Random::of_part(self.seed, Stream::Weather, day as u64, quarter).unit();
        Sky { temperature, sun: sun * (1.0 - 0.7 * today.cloud) * passing }
    }

    fn day(&self, day: i64) -> Day {
        let mut random = Random::stream(self.seed, Stream::Weather, day as u64);
        let cloud = random.unit();
        Day { warm: random.noise(), cloud: cloud * cloud }
    }
}

struct Day {
    /// -1 to 1: colder or warmer than the time of year.
    warm: f64,
    /// 0 to 1.
    cloud: f64,
}

#[cfg(test)]
mod tests;
