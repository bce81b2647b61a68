//! The sequencer judges the order of arrival: it moves the watermark, and holds back clocks that run ahead.
//!
//! The **front** of a partition is the time that enough of its meters have reached: see `panel.rs`.
//! The watermark is the lowest front of all partitions that have not ended, less the grace. A tick is closed once the
//! watermark reaches its end. A reading of a closed tick is not late for that: [`crate::Fleet`] looks whether its own
//! meter has gone on.
//!
//! A reading that is more than `ahead` later than the front waits until the front reaches its time.
//!
//! A reading that still waits at the end of its partition is refused, unless it is believed that its time has come.
//! Every reading is judged by itself, so the result does not depend on how the stream is cut into batches.
//!
//! Several partitions, such as files, are merged by time. [`Sequencer::wants`] names the partition to read next.

mod panel;
mod partition;

pub use partition::Held;

use crate::snapshot::RestoreError;
use panel::Votes;
use partition::{FAR_AHEAD, Partition, PartitionV1, PartitionV2, PartitionV3};
use reading::issue::Counts;
use reading::{Arrival, Batch, Checked, EventTime, Fingerprint, Grid, Issue, Issues, Message, Reason, Span};
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
    /// At most so many readings of a partition wait, or [`WAITING_PER_METER`] for each of its meters if that is more.
    /// Of more, the one furthest ahead is refused.
    pub most_waiting: usize,
    /// The rows of backlogs are published after so many readings of closed ticks, even if no tick closes: they must not
    /// fill the memory.
    pub backlog: u32,
}

/// After a pause of the whole stream every reading waits until enough meters agree that time has moved on. These are
/// at most two for each meter.
pub const WAITING_PER_METER: usize = 3;

/// A vote for a front is rounded down to this part of an interval.
const STEPS: i64 = 12;

/// A step for the fleet. Steps must be done in their order.
#[derive(Debug)]
pub enum Step {
    /// Admit these readings of the batch.
    Admit(Range<usize>),
    /// Admit these readings of a partition, which came earlier and had to wait. It may be another partition than the
    /// one that is read now, if it has ended.
    Released(PartitionId, Box<Batch>),
    /// Refuse these readings of a partition, which waited in vain: their clocks were ahead.
    Refused(PartitionId, Box<Batch>),
    /// Publish what is over of the backlogs of meters. The number counts from 1 after each tick.
    Join(u32),
    /// Close every interval that ends here or before.
    Advance(EventTime),
    /// Close every interval. Beyond this time, which the meters have come to, there is no tick for them.
    Rest(EventTime),
}

/// The stored state of a sequencer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequencerState {
    /// Every interval that ends here or before is closed.
    closed: EventTime,
    partitions: BTreeMap<PartitionId, Partition>,
    counts: Counts,
    /// Readings of closed ticks since the last tick.
    backlog: u32,
    ended: Ended,
}

/// Partitions that have ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Ended {
    /// The latest of their fronts.
    front: EventTime,
    /// The latest reading that was believed although the others have not come to its time.
    believed: EventTime,
}

impl Default for Ended {
    fn default() -> Self {
        Self { front: EventTime::MIN, believed: EventTime::MIN }
    }
}

/// The form before the ends of partitions were kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequencerStateV4 {
    closed: EventTime,
    partitions: BTreeMap<PartitionId, Partition>,
    counts: Counts,
    backlog: u32,
}

impl From<SequencerStateV4> for SequencerState {
    fn from(SequencerStateV4 { closed, partitions, counts, backlog }: SequencerStateV4) -> Self {
        Self { closed, partitions, counts, backlog, ended: Ended::default() }
    }
}

/// The form before single phases were kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequencerStateV3 {
    closed: EventTime,
    partitions: BTreeMap<PartitionId, PartitionV3>,
    counts: Counts,
    backlog: u32,
}

impl From<SequencerStateV3> for SequencerState {
    fn from(from: SequencerStateV3) -> Self {
        let SequencerStateV3 { closed, partitions, counts, backlog } = from;
        let partitions = partitions.into_iter().map(|(id, partition)| (id, partition.into())).collect();
        SequencerStateV4 { closed, partitions, counts, backlog }.into()
    }
}

/// The form before arrivals were kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequencerStateV2 {
    closed: EventTime,
    partitions: BTreeMap<PartitionId, PartitionV2>,
    counts: Counts,
    backlog: u32,
}

impl From<SequencerStateV2> for SequencerState {
    fn from(from: SequencerStateV2) -> Self {
        let SequencerStateV2 { closed, partitions, counts, backlog } = from;
        let partitions = partitions.into_iter().map(|(id, partition)| (id, partition.into())).collect();
        SequencerStateV4 { closed, partitions, counts, backlog }.into()
    }
}

/// The form before fronts were voted for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequencerStateV1 {
    closed: EventTime,
    partitions: BTreeMap<PartitionId, PartitionV1>,
    counts: Counts,
}

impl From<SequencerStateV1> for SequencerState {
    fn from(from: SequencerStateV1) -> Self {
        let SequencerStateV1 { closed, partitions, counts } = from;
        let partitions = partitions.into_iter().map(|(id, partition)| (id, partition.into())).collect();
        SequencerStateV4 { closed, partitions, counts, backlog: 0 }.into()
    }
}

/// Judges the order of arrival of some partitions.
#[derive(Debug)]
pub struct Sequencer {
    settings: SequencerSettings,
    state: SequencerState,
    /// The state was restored, perhaps under other settings, and no reading has been judged since.
    is_restored: bool,
}

/// Where the steps of one partition go.
struct Steps<'a> {
    partition: PartitionId,
    all: &'a mut Vec<Step>,
}

impl Steps<'_> {
    fn admit(&mut self, readings: Range<usize>) {
        if !readings.is_empty() {
            self.all.push(Step::Admit(readings));
        }
    }
}

/// Where the judgements of a batch go.
struct Judged<'a> {
    steps: Steps<'a>,
    refused: &'a mut Vec<(Held, Reason)>,
}

impl Sequencer {
    /// Goes up when the stored form changes.
    pub const STATE_VERSION: u16 = 5;

    /// A sequencer without partitions.
    pub fn new(settings: SequencerSettings) -> Self {
        let (partitions, counts) = (BTreeMap::new(), Counts::default());
        let (closed, ended) = (EventTime::MIN, Ended::default());
        let state = SequencerState { closed, partitions, counts, backlog: 0, ended };
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

    /// Clocks ahead, counted.
    pub fn counts(&self) -> &Counts {
        &self.state.counts
    }

    /// How many readings wait until other meters reach their time.
    pub fn waiting(&self) -> usize {
        self.state.partitions.values().map(|partition| partition.waiting.len()).sum()
    }

    /// Judges the readings of a batch from `from` on, and returns the index up to which it judged them.
    ///
    /// It stops early when another partition has to be read first. `refused` gets readings that are ahead and have no
    /// room to wait.
    pub fn sequence(
        &mut self,
        partition: PartitionId,
        batch: &Batch,
        from: usize,
        steps: &mut Vec<Step>,
        refused: &mut Vec<(Held, Reason)>,
    ) -> usize {
        if std::mem::take(&mut self.is_restored) {
            self.catch_up(steps);
        }
        let limit = self.limit(partition);
        // Remove this partition from the map: how far it may go, and what it closes, depends on the others only.
        let mut own = self.state.partitions.remove(&partition).unwrap_or_default();
        own.next = None;
        let mut of_own = Steps { partition, all: steps };
        self.go_on(&mut own, limit, &mut of_own);
        let stopped = if own.next.is_some() {
            from
        } else {
            self.judge(&mut own, limit, batch, from, &mut Judged { steps: of_own, refused })
        };
        self.state.partitions.insert(partition, own);
        self.drain_the_ended(steps);
        stopped
    }

    /// Closes ticks that are open only because the state was stored under a longer grace.
    ///
    /// This happens before a reading is admitted, or the readings of the newest interval would find no plane, and each
    /// would have a cell of its own.
    fn catch_up(&mut self, steps: &mut Vec<Step>) {
        if let Some(front) = self.front() {
            self.close_up_to(front, steps);
        }
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
        let votes = Votes { step: (self.settings.grid.length() / STEPS).max(1), far: FAR_AHEAD };
        // Readings from `begun` on are admitted together, when one comes that does not belong to them.
        let mut begun = from;
        let mut stopped = batch.len();
        // In most batches every reading may be admitted, and only the votes for the front matter.
        let mut is_usual = self.is_usual(own, limit, batch);
        let mut next = from;
        while next < batch.len() {
            if is_usual {
                let voter = batch.find_key(next, |key| own.panel.has_a_vote(key.hash));
                own.panel.pass_over(voter.unwrap_or(batch.len()) - next);
                let Some(voter) = voter else { break };
                next = voter;
            }
            let index = next;
            next += 1;
            let time = || batch.readings[index].time();
            if !is_usual {
                if own.is_ahead(time(), self.ahead()) {
                    judged.steps.admit(begun..index);
                    begun = index + 1;
                    self.hold(own, batch, index, judged.refused);
                } else if Some(time()) > own.front && time() > limit {
                    judged.steps.admit(begun..index);
                    (begun, stopped) = (index, index);
                    self.stop_before(own, time(), limit, &mut judged.steps);
                    break;
                } else if time() <= self.state.closed
                    && let Some(number) = self.part_of_backlog()
                {
                    judged.steps.admit(begun..index);
                    begun = index;
                    judged.steps.all.push(Step::Join(number));
                }
            }
            if own.panel.hear(batch.key(index).hash, time, votes) {
                if self.would_do_more_than_move(own) {
                    // Earlier readings of the batch come first: a tick may close now. Then some of the later ones are
                    // of a closed tick.
                    judged.steps.admit(begun..index);
                    begun = begun.max(index);
                    is_usual = false;
                }
                self.go_on(own, limit, &mut judged.steps);
                if own.next.is_some() {
                    stopped = index + 1;
                    break;
                }
            }
        }
        judged.steps.admit(begun..stopped);
        stopped
    }

    /// Whether all readings of a batch may be admitted: none is ahead, beyond the limit, or of a closed tick.
    fn is_usual(&self, own: &Partition, limit: EventTime, batch: &Batch) -> bool {
        let Some(front) = own.front else { return false };
        let latest_to_admit = front.plus(self.ahead()).min(limit.max(front));
        let within = |(earliest, latest)| earliest > self.state.closed && latest <= latest_to_admit;
        batch.reach().is_some_and(within)
    }

    /// A reading later than the front by more than this waits, ms. Meters may send once an interval, so one interval
    /// is always allowed.
    fn ahead(&self) -> i64 {
        self.settings.ahead.max(self.settings.grid.length())
    }

    /// Counts a reading of a closed tick. If so many came that their rows have to be published, returns which part of the
    /// backlog these are.
    fn part_of_backlog(&mut self) -> Option<u32> {
        self.state.backlog = self.state.backlog.saturating_add(1);
        let whole = self.state.backlog.is_multiple_of(self.settings.backlog);
        whole.then(|| self.state.backlog / self.settings.backlog)
    }

    /// A partition has no more readings. Its waiting readings are released when it would have been read next.
    pub fn end(&mut self, partition: PartitionId, steps: &mut Vec<Step>) {
        if let Some(own) = self.state.partitions.get_mut(&partition) {
            own.ended = true;
            own.panel.end();
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
        let held = Held {
            meter: batch.meter(index),
            reading,
            extra: batch.extra(index as u32).cloned(),
            line: batch.spans.get(index).map(|&span| batch.text(span).to_vec()).unwrap_or_default(),
            origin: batch.origin(index),
            arrival: Arrival { sent: batch.sent(index), front: own.front.unwrap_or(EventTime::MIN) },
        };
        // Readings of one moment keep the order of arrival, because only the first reading of a meter counts.
        own.waiting.insert((reading.time(), own.arrivals), held);
        // More than one is refused only after a restore, if the limit was larger before.
        let most = self.settings.most_waiting.max(WAITING_PER_METER * own.panel.meters());
        while own.waiting.len() > most {
            let Some((_, furthest)) = own.waiting.pop_last() else { break };
            self.state.counts.issue(Issue::ClockAhead);
            refused.push((furthest, Reason::ClockAhead));
        }
    }

    /// Moves the front to where its meters are, or until another partition has to be read. Readings that waited for
    /// that time are released.
    fn go_on(&mut self, own: &mut Partition, limit: EventTime, steps: &mut Steps<'_>) {
        // If time moved on by this much, the clocks of those that waited were right.
        let has_jumped = own.panel.front().is_some_and(|goal| own.is_ahead(goal, self.ahead()));
        while let Some(to) = own.goes_on_to() {
            if to > limit {
                own.next = Some(to);
                return;
            }
            self.move_front(own, to, !has_jumped, steps);
        }
    }

    /// Stops because another partition has to be read before the reading at `time`.
    ///
    /// Waiting readings are released as far as allowed, so that none of this partition is before the place of the
    /// stop.
    fn stop_before(&mut self, own: &mut Partition, time: EventTime, limit: EventTime, steps: &mut Steps<'_>) {
        while own.first_waiting().is_some_and(|first| first <= limit) {
            self.release(own, true, steps);
        }
        own.next = Some(own.first_waiting().map_or(time, |first| first.min(time)));
    }

    fn would_do_more_than_move(&self, own: &Partition) -> bool {
        let Some(to) = own.panel.front() else { return false };
        own.first_waiting().is_some_and(|first| first <= to) || self.closes(to) > self.state.closed
    }

    /// The time up to which intervals close if `front` is the lowest front.
    fn closes(&self, front: EventTime) -> EventTime {
        // Round down to the grid: a part of an interval cannot close.
        let length = self.settings.grid.length();
        EventTime(front.minus(self.settings.grace).0.div_euclid(length).saturating_mul(length))
    }

    /// Moves the front of the partition that is furthest behind, and releases readings that waited for that time.
    fn move_front(&mut self, own: &mut Partition, to: EventTime, clocks_ahead: bool, steps: &mut Steps<'_>) {
        while let Some(time) = own.first_waiting().filter(|&first| first <= to) {
            own.front = own.front.max(Some(time));
            // First close, then admit: the ticks up to here have all their readings.
            self.close_up_to(own.front.unwrap_or(time), steps.all);
            self.release(own, clocks_ahead, steps);
        }
        own.front = own.front.max(Some(to));
        self.close_up_to(to, steps.all);
    }

    /// Releases the earliest waiting readings.
    fn release(&mut self, own: &mut Partition, clocks_ahead: bool, steps: &mut Steps<'_>) {
        let released = own.take_first_waiting();
        if clocks_ahead {
            self.state.counts.issues(Issue::ClockAhead, released.len() as u64);
        }
        steps.all.push(Step::Released(steps.partition, Box::new(batch_of(released))));
    }

    fn close_up_to(&mut self, front: EventTime, steps: &mut Vec<Step>) {
        let closes = self.closes(front);
        let ahead = self.ahead();
        // No other partition may be behind `front`: the tick would miss its readings.
        if closes > self.state.closed
            && self.state.partitions.values().all(|other| other.reached(ahead) >= front)
        {
            self.state.closed = closes;
            self.state.backlog = 0;
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
                let mut to = Steps { partition: id, all: &mut *steps };
                if others_are_there || own.agrees_on_first_waiting(self.state.closed) {
                    self.move_front(&mut own, first, false, &mut to);
                } else if own.is_near_first_waiting(self.state.closed) {
                    // It may be right, or its clock is a little ahead: time does not go on for the others.
                    self.state.ended.believed = self.state.ended.believed.max(first);
                    self.release(&mut own, false, &mut to);
                } else {
                    let refused = own.take_first_waiting();
                    self.state.counts.issues(Issue::ClockAhead, refused.len() as u64);
                    steps.push(Step::Refused(id, Box::new(batch_of(refused))));
                }
            }
            if let Some(first) = own.first_waiting() {
                own.next = Some(first);
                self.state.partitions.insert(id, own);
                continue;
            }
            self.state.ended.front = self.state.ended.front.max(own.front.unwrap_or(EventTime::MIN));
            if let Some(next) = self.wants() {
                let ahead = self.ahead();
                let front = self.state.partitions.values().map(|other| other.reached(ahead)).min();
                // A partition that has ended, or has no front yet, has only readings whose clocks may run ahead. No tick
                // closes for them before their own turn decides about them.
                let next = &self.state.partitions[&next];
                let is_sure = !next.ended && next.front.is_some();
                if let Some(front) = front.filter(|front| *front > EventTime::MIN && is_sure) {
                    self.close_up_to(front, steps);
                }
            } else {
                // No partition is left, so no reading can come. What is beyond the time that the meters have come to is of
                // wrong clocks, and belongs to no tick.
                let Ended { front, believed } = std::mem::take(&mut self.state.ended);
                let grid = self.settings.grid;
                let last = grid.end(grid.index(front.max(self.state.closed).plus(self.ahead())));
                self.state.closed = EventTime::MAX;
                steps.push(match believed > last {
                    true => Step::Rest(last),
                    false => Step::Advance(EventTime::MAX),
                });
            }
        }
    }
}

fn batch_of(released: Vec<Held>) -> Batch {
    let mut batch = Batch::default();
    for Held { meter, reading, extra, line, origin, arrival } in released {
        let span = Span { at: batch.bytes.len() as u32, len: line.len() as u32 };
        if let Some(first) = origin {
            let reading = batch.len() as u32;
            batch.messages.push(Message { first, byte: span.at, reading, dead: 0, sent: arrival.sent });
        }
        batch.arrivals.push(arrival);
        batch.bytes.extend_from_slice(&line);
        batch.spans.push(span);
        batch.push(&meter, Checked { reading, extra, issues: Issues::NONE });
    }
    batch
}
