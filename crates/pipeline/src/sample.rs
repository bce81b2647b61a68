//! Rows for tests.

use reading::time::HOUR;
use reading::{EventTime, Interval, MeterId, Quality, Sums};

/// An hour of the meter with a number, which ends at `hour`.
pub(crate) fn row(meter: u32, hour: i64) -> Interval {
    Interval {
        meter: MeterId::new(format!("M{meter}")).unwrap(),
        start: EventTime((hour - 1) * HOUR),
        end: EventTime(hour * HOUR),
        imp: None,
        exp: None,
        sums: Sums::EMPTY,
        quality: Quality::MEASURED,
        instead: None,
    }
}
