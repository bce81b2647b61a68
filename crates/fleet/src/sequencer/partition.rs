//! One partition of a sequencer: its front, and its waiting readings.

use super::panel::Panel;
use reading::time::DAY;
use reading::{Arrival, EventCode, EventTime, Extra, MeterId, Origin, Reading};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// At the end of a partition, a waiting reading is believed if it is later than the front by at most so much, ms:
/// there may have been a pause. Beyond that the clock has a wrong date, unless enough meters agree on the day.
pub(super) const FAR_AHEAD: i64 = DAY;

/// A reading that waits, with the bytes it came as.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The meter that sent it.
    pub meter: MeterId,
    /// The reading.
    #[serde(with = "crate::snapshot::reading")]
    pub reading: Reading,
    /// Events, the position of the relay, single phases, if the message had any.
    pub extra: Option<Extra>,
    /// The message as it came. It is empty if the source is no text, as with Parquet.
    pub line: Vec<u8>,
    /// Its offset, if the source is a log.
    pub origin: Option<Origin>,
    /// When it arrived.
    pub arrival: Arrival,
}

/// What few readings carried before single phases did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ExtraV3 {
    events: Vec<EventCode>,
    relay: Option<bool>,
}

impl From<ExtraV3> for Extra {
    fn from(ExtraV3 { events, relay }: ExtraV3) -> Self {
        Self { events, relay, ..Self::default() }
    }
}

/// The form before single phases were kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct HeldV3 {
    meter: MeterId,
    #[serde(with = "crate::snapshot::reading")]
    reading: Reading,
    extra: Option<ExtraV3>,
    line: Vec<u8>,
    origin: Option<Origin>,
    arrival: Arrival,
}

impl From<HeldV3> for Held {
    fn from(from: HeldV3) -> Self {
        let HeldV3 { meter, reading, extra, line, origin, arrival } = from;
        Self { meter, reading, extra: extra.map(Into::into), line, origin, arrival }
    }
}

/// The form before arrivals were kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct HeldV2 {
    meter: MeterId,
    #[serde(with = "crate::snapshot::reading")]
    reading: Reading,
    extra: Option<ExtraV3>,
    line: Vec<u8>,
    origin: Option<Origin>,
}

impl From<HeldV2> for Held {
    fn from(from: HeldV2) -> Self {
        let HeldV2 { meter, reading, extra, line, origin } = from;
        // Not known: it counts as in time.
        let arrival = Arrival { sent: None, front: EventTime::MIN };
        HeldV3 { meter, reading, extra, line, origin, arrival }.into()
    }
}

/// Waiting readings of an earlier form.
fn renewed(waiting: BTreeMap<(EventTime, u64), impl Into<Held>>) -> BTreeMap<(EventTime, u64), Held> {
    waiting.into_iter().map(|(place, held)| (place, held.into())).collect()
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Partition {
    pub(super) front: Option<EventTime>,
    /// The time at which it stopped for other partitions: all its further readings, also the waiting ones, are at
    /// this time or later. Before the first reading, it is the time that the caller found by looking ahead.
    pub(super) next: Option<EventTime>,
    /// The waiting readings, by time, then by arrival.
    pub(super) waiting: BTreeMap<(EventTime, u64), Held>,
    /// Where the front is to go.
    pub(super) panel: Panel,
    pub(super) arrivals: u64,
    pub(super) ended: bool,
}

/// The form before single phases were kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PartitionV3 {
    front: Option<EventTime>,
    next: Option<EventTime>,
    waiting: BTreeMap<(EventTime, u64), HeldV3>,
    panel: Panel,
    arrivals: u64,
    ended: bool,
}

impl From<PartitionV3> for Partition {
    fn from(from: PartitionV3) -> Self {
        let PartitionV3 { front, next, waiting, panel, arrivals, ended } = from;
        Self { front, next, waiting: renewed(waiting), panel, arrivals, ended }
    }
}

/// The form before arrivals were kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PartitionV2 {
    front: Option<EventTime>,
    next: Option<EventTime>,
    waiting: BTreeMap<(EventTime, u64), HeldV2>,
    panel: Panel,
    arrivals: u64,
    ended: bool,
}

impl From<PartitionV2> for Partition {
    fn from(from: PartitionV2) -> Self {
        let PartitionV2 { front, next, waiting, panel, arrivals, ended } = from;
        Self { front, next, waiting: renewed(waiting), panel, arrivals, ended }
    }
}

/// The form before fronts were voted for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PartitionV1 {
    front: Option<EventTime>,
    next: Option<EventTime>,
    waiting: BTreeMap<(EventTime, u64), HeldV2>,
    streak: Vec<(EventTime, u64)>,
    meters: Vec<u64>,
    arrivals: u64,
    ended: bool,
}

impl From<PartitionV1> for Partition {
    fn from(from: PartitionV1) -> Self {
        let PartitionV1 { front, next, waiting, streak: _, meters: _, arrivals, ended } = from;
        Self { front, next, waiting: renewed(waiting), panel: Panel::of_front(front), arrivals, ended }
    }
}

impl Partition {
    pub(super) fn position(&self) -> EventTime {
        self.next.or(self.front).unwrap_or(EventTime::MIN)
    }

    /// The time up to which all its readings have come, as far as its meters agree.
    ///
    /// A single reading that is a little ahead makes the partition stop for others, but shows nothing of its other
    /// meters. If the partition stopped for a longer pause, its meters have agreed on it.
    pub(super) fn reached(&self, ahead: i64) -> EventTime {
        match (self.next, self.front) {
            (Some(next), Some(front)) if next <= front.plus(ahead) => front,
            _ => self.position(),
        }
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

    /// Where the front has to go next: on to what its meters agree on, with a stop at every reading that waits.
    pub(super) fn goes_on_to(&self) -> Option<EventTime> {
        let goal = self.panel.front().filter(|goal| self.front < Some(*goal))?;
        Some(self.first_waiting().map_or(goal, |first| first.min(goal)))
    }

    /// Whether the earliest waiting reading is believed at the end, when no other reading can reach its time: there may have
    /// been a pause.
    pub(super) fn is_near_first_waiting(&self, closed: EventTime) -> bool {
        let Some(first) = self.first_waiting() else { return false };
        // Other partitions may have come further than this one, and may have ended since.
        first <= closed.plus(FAR_AHEAD) || !self.is_ahead(first, FAR_AHEAD)
    }

    /// Whether enough meters agree, at the end, on the time of the earliest waiting reading.
    pub(super) fn agrees_on_first_waiting(&self, closed: EventTime) -> bool {
        let Some(first) = self.first_waiting() else { return false };
        let about = self.waiting.range(..=(first.plus(FAR_AHEAD), u64::MAX));
        let meters: BTreeSet<MeterId> = about.map(|(_, held)| held.meter).collect();
        // A meter that sent hardly anything agrees only with itself. Other partitions know the time better.
        let has_weight = self.front.is_some() || meters.len() > 1;
        let agree = meters.len() >= self.panel.agreeing() || Some(first) <= self.panel.front();
        let is_alone = self.front.is_none() && closed == EventTime::MIN;
        is_alone || has_weight && agree
    }
}
