//! When a reading arrived.

use crate::cause::WRONG_CLOCK;
use reading::time::{DAY, SECOND};
use reading::{Arrival, EventTime};

/// A log whose messages came so much later than the time that its meters have reached is history that was sent again.
/// When a message of it arrived says nothing about a meter.
const HISTORY: i64 = 7 * DAY;

/// Whether the clock of a meter runs ahead of the others, of which half had reached `front` when it sent the reading that
/// is stamped `stamp`. Its reading before, stamped `last`, shows it: that was ahead of them too.
///
/// The reading itself does not. Of meters that send once an interval or more seldom, the first half of each round is a
/// whole step ahead of the others, and after a pause of all meters it is the whole pause.
pub fn runs_ahead(last: Option<EventTime>, front: EventTime, stamp: EventTime) -> bool {
    let was_ahead = |last: EventTime| last < stamp && last > front.plus(WRONG_CLOCK * SECOND);
    front > EventTime::MIN && last.is_some_and(was_ahead)
}

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
