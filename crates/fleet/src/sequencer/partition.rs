//! One partition of a sequencer: its front, and its waiting readings.

use reading::time::DAY;
use reading::{Batch, EventTime, Extra, MeterId, Origin, Reading};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// So many readings in a row that are ahead mean that time has moved on, if they come from several meters.
pub const AGREEING: usize = 16;

/// They must come from so many meters, or from all meters of a partition that has fewer.
const AGREEING_METERS: usize = 4;

/// So many readings in a row are accepted even from one meter, because the other meters have gone silent. It is more
/// than two days of quarter-hours: a single meter with a broken clock may have stored so many, and send them at once.
const AGREEING_ALONE: usize = 256;

/// At the end of a partition, a waiting reading is believed if it is later than the front by at most so much, ms:
/// there may have been a pause. Beyond that the clock has a wrong date, unless [`AGREEING_METERS`] meters agree on
/// the day.
const FAR_AHEAD: i64 = DAY;

/// A reading that waits, with the bytes it came as.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The meter that sent it.
    pub meter: MeterId,
    /// The reading.
    #[serde(with = "crate::snapshot::reading")]
    pub reading: Reading,
    /// Events and the position of the relay, if the message had any.
    pub extra: Option<Extra>,
    /// The message as it came. It is empty if the source is no text, as with Parquet.
    pub line: Vec<u8>,
    /// Its offset, if the source is a log.
    pub origin: Option<Origin>,
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Partition {
    pub(super) front: Option<EventTime>,
    /// The time at which it stopped for other partitions: all its further readings, also the waiting ones, are at
    /// this time or later. Before the first reading, it is the time that the caller found by looking ahead.
    pub(super) next: Option<EventTime>,
    /// The waiting readings, by time, then by arrival.
    pub(super) waiting: BTreeMap<(EventTime, u64), Held>,
    /// The current streak of readings that are ahead, each with the hash of its meter.
    pub(super) streak: Vec<(EventTime, u64)>,
    /// The first meters that sent a reading, by hash: as many as have to agree.
    pub(super) meters: Vec<u64>,
    pub(super) arrivals: u64,
    pub(super) ended: bool,
}

impl Partition {
    pub(super) fn position(&self) -> EventTime {
        self.next.or(self.front).unwrap_or(EventTime::MIN)
    }

    pub(super) fn is_ahead(&self, time: EventTime, ahead: i64) -> bool {
        // Without a front, every reading is ahead. Otherwise a first reading with a broken clock would set the time
        // for all.
        self.front.is_none_or(|front| time > front.plus(ahead))
    }

    /// The time of the earliest waiting reading.
    pub(super) fn first_waiting(&self) -> Option<EventTime> {
        self.waiting.keys().next().map(|(time, _)| *time)
    }

    /// Takes all waiting readings of the earliest time.
    ///
    /// They go together. If the front moved after the first of them, the others would no longer count as waiting.
    pub(super) fn take_first_waiting(&mut self) -> Vec<Held> {
        let mut taken = Vec::new();
        let first = self.first_waiting();
        while let Some(same) = self.waiting.first_entry().filter(|next| Some(next.key().0) == first) {
            taken.push(same.remove());
        }
        taken
    }

    /// The time to which time has moved on, if enough readings in a row agree that the front is too early.
    ///
    /// One meter alone must not move the front: a single broken clock would make the readings of all other meters
    /// late.
    pub(super) fn agreed(&self) -> Option<EventTime> {
        // At most four, or as many as the partition has: a file of a single meter must move on by itself.
        let agree = || distinct(self.streak.iter().map(|&(_, meter)| meter)) >= self.meters.len();
        if self.streak.len() < AGREEING || self.streak.len() < AGREEING_ALONE && !agree() {
            return None;
        }
        // Only to the earliest of the streak: the others are released when the front reaches them.
        self.streak.iter().map(|&(time, _)| time).min()
    }

    /// Remembers the meters that sent readings, until it knows as many as have to agree.
    pub(super) fn hear(&mut self, batch: &Batch, readings: Range<usize>) {
        for index in readings {
            if self.meters.len() == AGREEING_METERS {
                return;
            }
            // Only the number of meters matters here, and not which meters they are.
            let hash = batch.key(index).hash;
            if !self.meters.contains(&hash) {
                self.meters.push(hash);
            }
        }
    }

    /// Whether the earliest waiting reading is believed at the end, when no other reading can reach its time.
    pub(super) fn believes_first_waiting(&self) -> bool {
        let Some(first) = self.first_waiting() else { return false };
        let about = self.waiting.range(..=(first.plus(FAR_AHEAD), u64::MAX));
        let agree = || distinct(about.map(|(_, held)| held.meter.hash())) >= self.meters.len();
        !self.is_ahead(first, FAR_AHEAD) || self.front.is_none() || agree()
    }

    /// The time to which the front moves without a further reading: as far as time has moved on, and then on to
    /// waiting readings that are no longer ahead of it.
    pub(super) fn goes_on_to(&self, ahead: i64) -> Option<EventTime> {
        let agreed = self.agreed();
        let freed =
            |time: &EventTime| agreed.is_some_and(|agreed| *time <= agreed) || !self.is_ahead(*time, ahead);
        self.first_waiting().filter(freed).or(agreed)
    }
}

/// How many different meters there are, counted up to [`AGREEING_METERS`].
fn distinct(meters: impl Iterator<Item = u64>) -> usize {
    let mut known = [0; AGREEING_METERS];
    let mut count = 0;
    for meter in meters {
        if count < AGREEING_METERS && !known[..count].contains(&meter) {
            known[count] = meter;
            count += 1;
        }
    }
    count
}
