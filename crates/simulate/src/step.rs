//! One interval, with everything that is the same for the whole town.

use crate::Settings;
use crate::weather::{Sky, Weather};
use reading::EventTime;
use reading::time::{DAY, HOUR};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Counted from the start of the run.
    pub(crate) index: u64,
    pub(crate) start: EventTime,
    pub(crate) end: EventTime,
    pub(crate) length: i64,
    /// Day of the run, each 24 hours from its start.
    pub(crate) day: u32,
    /// Counted from the start of the day of the run.
    pub(crate) of_day: u64,
    /// The local day, counted from 1970.
    pub(crate) local_day: i64,
    /// Hours since local midnight, at the middle of the interval.
    pub(crate) local_hour: f64,
    pub(crate) weekend: bool,
    pub(crate) sky: Sky,
}

impl Step {
    pub(crate) fn new(settings: &Settings, weather: &Weather, index: u64) -> Self {
        let length = settings.interval_ms;
        let start = settings.start.plus(index as i64 * length);
        let local = start.0 + length / 2 + settings.utc_offset_ms;
        // 1970-01-01 was a Thursday; 0 is Sunday.
        let weekday = (local.div_euclid(DAY) + 4).rem_euclid(7);
        Self {
            index,
            start,
            end: start.plus(length),
            length,
            day: (index / settings.steps_a_day()) as u32,
            of_day: index % settings.steps_a_day(),
            local_day: local.div_euclid(DAY),
            local_hour: local.rem_euclid(DAY) as f64 / HOUR as f64,
            weekend: weekday == 0 || weekday == 6,
            sky: weather.at(local),
        }
    }

    pub(crate) fn hours(&self) -> f64 {
        self.length as f64 / HOUR as f64
    }
}
