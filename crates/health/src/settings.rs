//! What the book needs to know of a plan.

use reading::time::DAY;
use reading::{Calendar, Fingerprint, Grid};

/// What is counted, and when it is published.
#[derive(Debug, Clone)]
pub struct HealthSettings {
    /// The intervals.
    pub grid: Grid,
    /// A reading within so many ms of a boundary stands at it.
    pub snap: i64,
    /// Local days.
    pub calendar: Calendar,
    /// How long an interval stays open after its end, ms.
    pub grace: i64,
    /// A day with missing readings is final so long after its end, ms; at the earliest when it is published first.
    pub final_after: i64,
    /// Whether concentrators are whole here: those of a part of a town have meters in other parts.
    pub whole_town: bool,
}

/// Rows of a day are spread over so many ticks: those of a million meters at once would be a gulp.
const MOST_TURNS: i64 = 16;

impl HealthSettings {
    /// Bytes of a meter: its head, and two days. A third day is there in the first hours of a day.
    pub const BYTES_PER_METER: usize = 12 + 2 * size_of::<crate::Delivered>();

    /// How many ticks publish the rows of a day, one part of the meters each: at most a third of the day's ticks.
    pub(crate) fn turns(&self) -> u64 {
        (DAY / self.grid.length() / 3).clamp(1, MOST_TURNS) as u64
    }

    /// The most intervals of a day, of 24 hours.
    pub(crate) fn intervals(&self) -> i64 {
        (DAY / self.grid.length()).max(1)
    }

    /// The fingerprint of the settings that stored counts depend on: local days, and the ticks that publish them.
    pub fn fingerprint(&self) -> u64 {
        Fingerprint::new("health").whole(self.grid.length()).text(self.calendar.zone_name()).end()
    }
}
