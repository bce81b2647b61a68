//! When a reading arrived.

use reading::time::DAY;
use reading::{Arrival, EventTime};

/// A log whose messages came so much later than the time that its meters have reached is history that was sent again.
/// When a message of it arrived says nothing about a meter.
const HISTORY: i64 = 7 * DAY;

/// When a reading arrived that is stamped `stamp`.
///
/// In a log, it is the broker's time. In files, and in history that was sent again, it is the time that the ticks had
/// reached; only a reading of a clock that runs ahead of them (`runs_ahead`) was ahead of it. Before the first tick
/// nothing is known, and the reading is taken to be in time.
pub fn arrival(came: Arrival, runs_ahead: bool, stamp: EventTime) -> EventTime {
    let Arrival { sent, front } = came;
    if front == EventTime::MIN {
        return stamp;
    }
    match sent.filter(|sent| sent.since(front) <= HISTORY) {
        Some(sent) => sent,
        None if runs_ahead => front,
        None => front.max(stamp),
    }
}
