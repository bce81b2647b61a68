//! The sequencer judges the order of arrival: it moves the watermark, and finds late readings and clocks that run
//! ahead.
//!
//! The **front** of a partition is the latest event time among its readings, without those whose clock runs ahead.
//! The watermark is the lowest front of all partitions that have not ended, less the grace. An interval is closed
//! once the watermark reaches its end; a reading of a closed interval is late.
//!
//! A reading that is more than `ahead` later than the front waits until other meters reach its time. It does not move
//! the front: otherwise one broken clock would close every interval of the town. If [`AGREEING`] readings of several
//! meters in a row are ahead, time itself has moved on, as after a pause of the whole stream. Then the front follows
//! them.
//!
//! At the end of its partition, a waiting reading is believed if another partition has reached its time, if it is at
//! most a day later than the front, or if several meters agree. Otherwise it is released without moving the front, and
//! [`crate::Fleet`] refuses it.
//!
//! Readings are judged one by one, so the result does not depend on how the stream is cut into batches.
//!
//! Several partitions, such as files, are merged by time. [`Sequencer::wants`] names the partition to read next.

mod partition;

pub use partition::{AGREEING, Held};

use crate::snapshot::RestoreError;
use partition::Partition;
use reading::issue::Counts;
use reading::{Batch, Checked, EventTime, Fingerprint, Grid, Issue, Issues, Message, Reason, Span};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// One ordered log: a file, or a partition of a topic.
pub type PartitionId = u32;

/// How the order of arrival is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequencerSettings {
    /// The intervals.
    pub grid: Grid,
    /// How long an interval stays open after its end, ms.
    pub grace: i64,
    /// A reading that is later than the front by more than this has a clock that runs ahead, ms.
    pub ahead: i64,
    /// At most so many readings of a partition wait. If there are more, the one furthest ahead is refused.
    pub most_waiting: usize,
}

/// A step for the fleet. Steps must be done in their order.
#[derive(Debug)]
pub enum Step {
    /// Admit these readings of the batch.
    Admit(Range<usize>),
    /// Admit these readings, which came earlier and had to wait.
    Released(Box<Batch>),
    /// Close every interval that ends here or before.
    Advance(EventTime),
}

/// The stored state of a sequencer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequencerState {
    /// Every interval that ends here or before is closed.
    closed: EventTime,
    partitions: BTreeMap<PartitionId, Partition>,
    counts: Counts,
}

/// Judges the order of arrival of some partitions.
#[derive(Debug)]
pub struct Sequencer {
    settings: SequencerSettings,
    state: SequencerState,
    /// The state was restored, perhaps under other settings, and no reading has been judged since.
    is_restored: bool,
}

/// Where the judgements of a batch go.
struct Judged<'a> {
    steps: &'a mut Vec<Step>,
    late: &'a mut Vec<u32>,
    refused: &'a mut Vec<(Held, Reason)>,
}

impl Judged<'_> {
    fn admit(&mut self, readings: Range<usize>) {
        if !readings.is_empty() {
            self.steps.push(Step::Admit(readings));
        }
    }
}

impl Sequencer {
    /// Goes up when the stored form changes.
    pub const STATE_VERSION: u16 = 1;

    /// A sequencer without partitions.
    pub fn new(settings: SequencerSettings) -> Self {
        let (partitions, counts) = (BTreeMap::new(), Counts::default());
        let state = SequencerState { closed: EventTime::MIN, partitions, counts };
        Self { settings, state, is_restored: false }
    }

    /// The fingerprint of the settings that the state depends on. There are none: times and readings mean the same
    /// under all settings.
    /// - `grid`, `grace`: [`Self::sequence`] first closes intervals that are open only because of other settings.
    /// - `ahead`: readings that wait because of another value are released when the front reaches them, as always.
    /// - `most_waiting`: when the next reading has to wait, readings above the new limit are refused.
    pub fn fingerprint(&self) -> u64 {
        Fingerprint::new("order").end()
    }

    /// The state, to be stored.
    pub fn snapshot(&self) -> SequencerState {
        self.state.clone()
    }

    /// Replaces the state by a stored one.
    pub fn restore(&mut self, stored: &SequencerState) -> Result<(), RestoreError> {
        let held = stored.partitions.values().flat_map(|partition| &partition.waiting);
        if held.clone().any(|((time, _), held)| *time != held.reading.time()) {
            return Err(RestoreError::Value);
        }
        self.state = stored.clone();
        self.is_restored = true;
        Ok(())
    }

    /// Opens a partition. Its first reading is not before `first`, if that is known.
    pub fn open(&mut self, partition: PartitionId, first: Option<EventTime>) {
        let begun = || Partition { next: first, ..Partition::default() };
        self.state.partitions.entry(partition).or_insert_with(begun);
    }

    /// The partition to read next, or none when all have ended.
    pub fn wants(&self) -> Option<PartitionId> {
        let partitions = self.state.partitions.iter();
        partitions.min_by_key(|(id, partition)| (partition.position(), **id)).map(|(id, _)| *id)
    }

    /// Every interval that ends here or before is closed.
    pub fn closed(&self) -> EventTime {
        self.state.closed
    }

    /// The lowest front of the partitions.
    pub fn front(&self) -> Option<EventTime> {
        self.state.partitions.values().map(|partition| partition.front).min().flatten()
    }

    /// Late readings and clocks ahead, counted.
    pub fn counts(&self) -> &Counts {
        &self.state.counts
    }

    /// How many readings wait until other meters reach their time.
    pub fn waiting(&self) -> usize {
        self.state.partitions.values().map(|partition| partition.waiting.len()).sum()
    }

    /// Judges the readings of a batch from `from` on, and returns the index up to which it judged them.
    ///
    /// It stops early when another partition has to be read first. `late` gets the indices of late readings.
    /// `refused` gets readings that are ahead and have no room to wait.
    pub fn sequence(
        &mut self,
        partition: PartitionId,
        batch: &Batch,
        from: usize,
        steps: &mut Vec<Step>,
        late: &mut Vec<u32>,
        refused: &mut Vec<(Held, Reason)>,
    ) -> usize {
        if std::mem::take(&mut self.is_restored) {
            self.catch_up(steps);
        }
        let limit = self.limit(partition);
        // Remove this partition from the map: how far it may go, and what it closes, depends on the others only.
        let mut own = self.state.partitions.remove(&partition).unwrap_or_default();
        let stopped = if self.is_still_anothers_turn(&mut own, limit, steps) {
            from
        } else if from == 0 && self.is_usual(&own, batch) {
            own.streak.clear();
            own.hear(batch, 0..batch.len());
            steps.push(Step::Admit(0..batch.len()));
            batch.len()
        } else {
            self.judge(&mut own, limit, batch, from, &mut Judged { steps, late, refused })
        };
        self.state.partitions.insert(partition, own);
        self.drain_the_ended(steps);
        stopped
    }

    /// Closes intervals that are open only because the state was stored under a longer grace.
    ///
    /// This must happen before a reading is admitted. Otherwise [`crate::Fleet`] has no room for the newest interval.
    fn catch_up(&mut self, steps: &mut Vec<Step>) {
        if let Some(front) = self.front() {
            self.close_up_to(front, steps);
        }
    }

    /// Continues a partition that stopped when time had moved on, because another partition had to come first.
    /// Returns whether it has to stop there again.
    fn is_still_anothers_turn(
        &mut self,
        own: &mut Partition,
        limit: EventTime,
        steps: &mut Vec<Step>,
    ) -> bool {
        let Some(next) = own.next.take() else { return false };
        if own.goes_on_to(self.settings.ahead) == Some(next) {
            self.time_went_on(own, limit, steps);
        }
        own.next.is_some()
    }

    /// Whether all readings of a batch are at the front or inside the grace.
    ///
    /// Most batches are. Then the whole batch is admitted at once, which is much faster than reading by reading.
    fn is_usual(&self, own: &Partition, batch: &Batch) -> bool {
        let within = |(earliest, latest)| earliest > self.state.closed && Some(latest) <= own.front;
        batch.reach().is_some_and(within)
    }

    /// Judges readings one by one, until another partition has to be read first.
    fn judge(
        &mut self,
        own: &mut Partition,
        limit: EventTime,
        batch: &Batch,
        from: usize,
        judged: &mut Judged<'_>,
    ) -> usize {
        let ahead = self.settings.ahead;
        // Readings from `begun` on are admitted together, when one comes that does not belong to them.
        let mut begun = from;
        let mut heard = from;
        let mut stopped = batch.len();
        let mut front = own.front.unwrap_or(EventTime::MIN);
        for (index, reading) in batch.readings.iter().enumerate().skip(from) {
            let time = reading.time();
            // The usual case: at the front or inside the grace. It ends a streak, because time has not moved on.
            if time <= front && time > self.state.closed {
                own.streak.clear();
                continue;
            }
            if own.is_ahead(time, ahead) {
                judged.admit(begun..index);
                begun = index + 1;
                own.hear(batch, heard..begun);
                heard = begun;
                self.hold(own, batch, index, judged.refused);
                if own.agreed().is_some() {
                    self.time_went_on(own, limit, judged.steps);
                    front = own.front.unwrap_or(EventTime::MIN);
                    if own.next.is_some() {
                        stopped = begun;
                        break;
                    }
                }
                continue;
            }
            if time > front && time > limit {
                judged.admit(begun..index);
                (begun, stopped) = (index, index);
                self.stop_before(own, time, limit, judged.steps);
                break;
            }
            own.streak.clear();
            if time > front {
                if self.would_do_more_than_move(own, time) {
                    // Admit the readings before this one first: the fleet refuses them once their interval is closed.
                    judged.admit(begun..index);
                    begun = index;
                    self.move_front(own, time, true, judged.steps);
                } else {
                    own.front = Some(time);
                }
                front = time;
            }
            if time <= self.state.closed {
                judged.admit(begun..index);
                begun = index + 1;
                judged.late.push(index as u32);
                self.state.counts.issue(Issue::Late);
            }
        }
        judged.admit(begun..stopped);
        own.hear(batch, heard..stopped);
        debug_assert!(
            own.next.is_some() || own.agreed().is_none(),
            "time goes on, or it is another partition's turn"
        );
        stopped
    }

    /// A partition has no more readings. Its waiting readings are released when it would have been read next.
    pub fn end(&mut self, partition: PartitionId, steps: &mut Vec<Step>) {
        if let Some(own) = self.state.partitions.get_mut(&partition) {
            own.ended = true;
            own.next = own.first_waiting();
        }
        self.drain_the_ended(steps);
    }

    /// How far a partition may go before another one has to be read.
    fn limit(&self, partition: PartitionId) -> EventTime {
        let others = self.state.partitions.iter().filter(|(id, _)| **id != partition);
        others.map(|(_, other)| other.position()).min().unwrap_or(EventTime::MAX)
    }

    fn hold(&mut self, own: &mut Partition, batch: &Batch, index: usize, refused: &mut Vec<(Held, Reason)>) {
        let reading = batch.readings[index];
        own.arrivals += 1;
        own.streak.push((reading.time(), batch.key(index).hash));
        let extra = batch.extras.binary_search_by_key(&(index as u32), |(at, _)| *at).ok();
        let held = Held {
            meter: batch.meter(index),
            reading,
            extra: extra.map(|at| batch.extras[at].1.clone()),
            line: batch.spans.get(index).map(|&span| batch.text(span).to_vec()).unwrap_or_default(),
            origin: batch.origin(index),
        };
        // Readings of one moment keep the order of arrival, because only the first reading of a meter counts.
        own.waiting.insert((reading.time(), own.arrivals), held);
        // More than one is refused only after a restore, if the limit was larger before.
        while own.waiting.len() > self.settings.most_waiting {
            let Some((_, furthest)) = own.waiting.pop_last() else { break };
            self.state.counts.issue(Issue::ClockAhead);
            refused.push((furthest, Reason::ClockAhead));
        }
    }

    /// Releases waiting readings up to the time to which time has moved on, or until another partition has to be
    /// read.
    fn time_went_on(&mut self, own: &mut Partition, limit: EventTime, steps: &mut Vec<Step>) {
        let ahead = self.settings.ahead;
        while let Some(to) = own.goes_on_to(ahead) {
            if to > limit {
                own.next = Some(to);
                return;
            }
            self.move_front(own, to, false, steps);
            // Later readings of the streak may still be too far ahead of the new front.
            own.streak.retain(|&(time, _)| time > to.plus(ahead));
        }
    }

    /// Stops because another partition has to be read before the reading at `time`.
    ///
    /// Waiting readings are released as far as allowed, so that none of this partition is before the place of the
    /// stop.
    fn stop_before(&mut self, own: &mut Partition, time: EventTime, limit: EventTime, steps: &mut Vec<Step>) {
        while let Some(first) = own.first_waiting().filter(|&first| first <= limit) {
            self.move_front(own, first, true, steps);
        }
        own.next = Some(own.first_waiting().map_or(time, |first| first.min(time)));
    }

    fn would_do_more_than_move(&self, own: &Partition, to: EventTime) -> bool {
        own.first_waiting().is_some_and(|first| first <= to) || self.closes(to) > self.state.closed
    }

    /// The time up to which intervals close if `front` is the lowest front.
    fn closes(&self, front: EventTime) -> EventTime {
        // Round down to the grid: a part of an interval cannot close.
        let length = self.settings.grid.length();
        EventTime(front.minus(self.settings.grace).0.div_euclid(length).saturating_mul(length))
    }

    /// Moves the front of the partition that is furthest behind, and releases readings that waited for that time.
    fn move_front(&mut self, own: &mut Partition, to: EventTime, clocks_ahead: bool, steps: &mut Vec<Step>) {
        while let Some(time) = own.first_waiting().filter(|&first| first <= to) {
            let released = own.take_first_waiting();
            if clocks_ahead {
                self.state.counts.issues(Issue::ClockAhead, released.len() as u64);
            }
            own.front = own.front.max(Some(time));
            // First close, then admit: a fleet has room only for so many intervals as may be open at once.
            self.close_up_to(own.front.unwrap_or(time), steps);
            steps.push(Step::Released(Box::new(batch_of(released))));
        }
        own.front = own.front.max(Some(to));
        self.close_up_to(to, steps);
    }

    fn close_up_to(&mut self, front: EventTime, steps: &mut Vec<Step>) {
        let closes = self.closes(front);
        // No other partition may be behind `front`: its readings would be late.
        if closes > self.state.closed && self.state.partitions.values().all(|other| other.position() >= front)
        {
            self.state.closed = closes;
            steps.push(Step::Advance(closes));
        }
    }

    fn drain_the_ended(&mut self, steps: &mut Vec<Step>) {
        while let Some(id) = self.wants().filter(|id| self.state.partitions[id].ended) {
            let limit = self.limit(id);
            let Some(mut own) = self.state.partitions.remove(&id) else { return };
            while let Some(first) = own.first_waiting().filter(|&first| first <= limit) {
                // If another partition has reached this time, the clock was right. Otherwise the partition's own
                // readings decide.
                let others_are_there = self.state.partitions.values().any(|other| other.front >= Some(first));
                if others_are_there || own.believes_first_waiting() {
                    self.move_front(&mut own, first, false, steps);
                } else {
                    let released = own.take_first_waiting();
                    steps.push(Step::Released(Box::new(batch_of(released))));
                }
            }
            if let Some(first) = own.first_waiting() {
                own.next = Some(first);
                self.state.partitions.insert(id, own);
            } else if let Some(front) = self.state.partitions.values().map(Partition::position).min() {
                if front > EventTime::MIN {
                    self.close_up_to(front, steps);
                }
            } else {
                // No partition is left, so no reading can come.
                self.state.closed = EventTime::MAX;
                steps.push(Step::Advance(EventTime::MAX));
            }
        }
    }
}

fn batch_of(released: Vec<Held>) -> Batch {
    let mut batch = Batch::default();
    for Held { meter, reading, extra, line, origin } in released {
        let span = Span { at: batch.bytes.len() as u32, len: line.len() as u32 };
        if let Some(first) = origin {
            let reading = batch.len() as u32;
            batch.messages.push(Message { first, byte: span.at, reading, dead: 0 });
        }
        batch.bytes.extend_from_slice(&line);
        batch.spans.push(span);
        batch.push(&meter, Checked { reading, extra, issues: Issues::NONE });
    }
    batch
}
