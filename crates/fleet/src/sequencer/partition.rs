//! One partition of a sequencer: how far its time has come, and what waits in it.

use reading::time::DAY;
use reading::{Batch, EventTime, Extra, MeterId, Origin, Reading};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// So many readings in a row that are ahead of the others are no broken clocks, if they are of several meters.
pub const AGREEING: usize = 16;

/// Of so many meters, or of as many as the partition has.
const AGREEING_METERS: usize = 4;

/// So many in a row, of however few meters: the others have gone silent. More than two days of quarter-hours, which a
/// meter with a broken clock may have kept and send at once.
const AGREEING_ALONE: usize = 256;

/// At the end of a partition what waits may be later than the rest because of a pause, up to so much, ms. Beyond it the
/// clock has a wrong date, unless [`AGREEING_METERS`] agree on the day.
const FAR_AHEAD: i64 = DAY;

/// A reading that waits, with the bytes it came as.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The meter that sent it.
    pub meter: MeterId,
    /// What it measured.
    #[serde(with = "crate::snapshot::reading")]
    pub reading: Reading,
    /// Its events and the position of its relay, if it came with any.
    pub extra: Option<Extra>,
    /// The message as it came; empty where the source was no text.
    pub line: Vec<u8>,
    /// Where it came from, if the source is a log.
    pub origin: Option<Origin>,
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Partition {
    pub(super) front: Option<EventTime>,
    /// Where it stopped for the others: none of its readings, read or waiting, is before this. For a partition that has
    /// not begun, the caller has looked into the source.
    pub(super) next: Option<EventTime>,
    /// By time, and of one time by arrival.
    pub(super) waiting: BTreeMap<(EventTime, u64), Held>,
    /// The last readings in a row that were ahead, each with the hash of its meter.
    pub(super) streak: Vec<(EventTime, u64)>,
    /// The first meters that sent anything, by hash: as many as have to agree.
    pub(super) meters: Vec<u64>,
    pub(super) arrivals: u64,
    pub(super) ended: bool,
}

impl Partition {
    pub(super) fn position(&self) -> EventTime {
        self.next.or(self.front).unwrap_or(EventTime::MIN)
    }

    pub(super) fn is_ahead(&self, time: EventTime, ahead: i64) -> bool {
        // At the beginning every reading is: a first one with a broken clock must not set the time of all others.
        self.front.is_none_or(|front| time > front.plus(ahead))
    }

    /// The earliest of those that wait.
    pub(super) fn first_waiting(&self) -> Option<EventTime> {
        self.waiting.keys().next().map(|(time, _)| *time)
    }

    /// Takes all that wait and are of the earliest time. They go together: a front between two of one time would make
    /// the second a reading that is at the front already.
    pub(super) fn take_first_waiting(&mut self) -> Vec<Held> {
        let mut taken = Vec::new();
        let first = self.first_waiting();
        while let Some(same) = self.waiting.first_entry().filter(|next| Some(next.key().0) == first) {
            taken.push(same.remove());
        }
        taken
    }

    /// Up to when time has gone on, if enough readings in a row agree that it is later than the front says. One meter
    /// alone must not move it: a single broken clock would make the readings of all others late.
    pub(super) fn agreed(&self) -> Option<EventTime> {
        // As many as are known, at most four: a file of a single meter goes on by itself.
        let agree = || distinct(self.streak.iter().map(|&(_, meter)| meter)) >= self.meters.len();
        if self.streak.len() < AGREEING || self.streak.len() < AGREEING_ALONE && !agree() {
            return None;
        }
        // Only to the earliest: the others are released as the front reaches them.
        self.streak.iter().map(|&(time, _)| time).min()
    }

    /// Takes note of the meters that sent readings, until it knows enough of them.
    pub(super) fn hear(&mut self, batch: &Batch, readings: Range<usize>) {
        for index in readings {
            if self.meters.len() == AGREEING_METERS {
                return;
            }
            // Which meters these are does not matter, only how many have to agree.
            let hash = batch.key(index).hash;
            if !self.meters.contains(&hash) {
                self.meters.push(hash);
            }
        }
    }

    /// Whether the earliest of those that wait is believed although no other reading will reach its time any more.
    pub(super) fn believes_first_waiting(&self) -> bool {
        let Some(first) = self.first_waiting() else { return false };
        let about = self.waiting.range(..=(first.plus(FAR_AHEAD), u64::MAX));
        let agree = || distinct(about.map(|(_, held)| held.meter.hash())) >= self.meters.len();
        !self.is_ahead(first, FAR_AHEAD) || self.front.is_none() || agree()
    }

    /// Where the front goes without a further reading: to what waited, as far as time has gone on, and on to those that
    /// are not ahead of it any more.
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
