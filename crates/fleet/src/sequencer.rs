//! The order of arrival becomes event time: a watermark, what is too late, and whose clock runs ahead.
//!
//! The **front** of a partition is the latest event time among its readings, save those whose clock runs ahead. The
//! watermark is the lowest front of all partitions that have not ended, less the grace. An interval is closed once
//! the watermark reaches its end; a reading of a closed interval is late.
//!
//! A reading further than `ahead` before the front waits until the others get there, and moves nothing. Only when
//! [`AGREEING`] readings in a row are ahead, of several meters, has time itself gone on (a pause of the whole stream, or
//! its beginning). What waits in vain until the end of its partition is released there without moving the front, and
//! [`crate::Fleet`] refuses it. All of it is judged reading by reading, so that the cut into batches changes nothing.
//!
//! With several partitions (files, say) readings are merged by time: [`Sequencer::wants`] says whose turn it is.

use reading::issue::Counts;
use reading::time::DAY;
use reading::{
    Batch, Checked, EventTime, Extra, Grid, Issue, Issues, Message, MeterId, Origin, Reading, Reason, Span,
};
use std::collections::BTreeMap;
use std::ops::Range;

/// One ordered log: a file, or a partition of a topic.
pub type PartitionId = u32;

/// So many readings in a row that are ahead of the others are no broken clocks, if they are of several meters.
pub const AGREEING: usize = 16;

/// Of so many meters, or of as many as the partition has.
const AGREEING_METERS: usize = 4;

/// So many in a row of whichever meters: the others have gone silent. More than two days of quarter-hours, which a meter
/// with a broken clock may have kept and send at once.
const AGREEING_ALONE: usize = 256;

/// At the end of a partition what waits may be later than the rest because of a pause, up to so much, ms. Beyond it the
/// clock has a wrong date, unless [`AGREEING_METERS`] say the same day.
const FAR_AHEAD: i64 = DAY;

/// How the order of arrival is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequencerSettings {
    /// The intervals.
    pub grid: Grid,
    /// How long an interval stays open after its end, ms.
    pub grace: i64,
    /// A reading further before the front has a clock that runs ahead, ms.
    pub ahead: i64,
    /// The most readings of a partition that wait for the others; beyond, the furthest ahead is refused.
    pub most_waiting: usize,
}

/// What to do, in this order.
#[derive(Debug)]
pub enum Step {
    /// Admit these readings of the batch.
    Admit(Range<usize>),
    /// Admit these, which came earlier and waited.
    Released(Box<Batch>),
    /// Close every interval that ends here or before.
    Advance(EventTime),
}

/// A reading that waits, with the bytes it came as.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Whose.
    pub meter: MeterId,
    /// What it says.
    pub reading: Reading,
    /// What few readings say.
    pub extra: Option<Extra>,
    /// The message as it came; empty where the source was no text.
    pub line: Vec<u8>,
    /// Where it came from, if the source is a log.
    pub origin: Option<Origin>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Partition {
    pub(crate) front: Option<EventTime>,
    /// Where it stopped for the others: nothing of it, read or waiting, is before this. Of a partition that has not
    /// begun it comes from a peek into the source.
    pub(crate) next: Option<EventTime>,
    pub(crate) waiting: BTreeMap<(EventTime, u64), Held>,
    /// The last readings in a row that were ahead, each with the hash of its meter.
    pub(crate) streak: Vec<(EventTime, u64)>,
    /// The first meters that were heard of, by hash: as many as have to agree.
    pub(crate) meters: Vec<u64>,
    pub(crate) arrivals: u64,
    pub(crate) ended: bool,
}

impl Partition {
    fn position(&self) -> EventTime {
        self.next.or(self.front).unwrap_or(EventTime::MIN)
    }

    fn is_ahead(&self, time: EventTime, ahead: i64) -> bool {
        self.front.is_none_or(|front| time > front.plus(ahead))
    }

    /// The earliest of those that wait.
    fn first_waiting(&self) -> Option<EventTime> {
        self.waiting.keys().next().map(|(time, _)| *time)
    }

    /// All that wait and are of that time.
    fn take_first_waiting(&mut self) -> Vec<Held> {
        let mut taken = Vec::new();
        let first = self.first_waiting();
        while let Some(same) = self.waiting.first_entry().filter(|next| Some(next.key().0) == first) {
            taken.push(same.remove());
        }
        taken
    }

    /// Up to when time has gone on, if enough readings in a row agree that it is later than the front says.
    fn agreed(&self) -> Option<EventTime> {
        let agree = || distinct(self.streak.iter().map(|&(_, meter)| meter)) >= self.meters.len();
        if self.streak.len() < AGREEING || self.streak.len() < AGREEING_ALONE && !agree() {
            return None;
        }
        self.streak.iter().map(|&(time, _)| time).min()
    }

    /// Takes note of whose readings came, until it knows of enough meters.
    fn hear(&mut self, batch: &Batch, readings: Range<usize>) {
        for index in readings {
            if self.meters.len() == AGREEING_METERS {
                return;
            }
            let hash = batch.key(index).hash;
            if !self.meters.contains(&hash) {
                self.meters.push(hash);
            }
        }
    }

    /// Whether the earliest of those that wait is to be believed though nobody will get there any more.
    fn believes_first_waiting(&self) -> bool {
        let Some(first) = self.first_waiting() else { return false };
        let about = self.waiting.range(..=(first.plus(FAR_AHEAD), u64::MAX));
        let agree = || distinct(about.map(|(_, held)| held.meter.hash())) >= self.meters.len();
        !self.is_ahead(first, FAR_AHEAD) || self.front.is_none() || agree()
    }

    /// Where the front goes without a further reading: to what waited, as far as time has gone on, and on to those that
    /// are not ahead of it any more.
    fn goes_on_to(&self, ahead: i64) -> Option<EventTime> {
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

/// Judges the order of arrival of some partitions.
#[derive(Debug)]
pub struct Sequencer {
    pub(crate) settings: SequencerSettings,
    pub(crate) partitions: BTreeMap<PartitionId, Partition>,
    /// Every interval that ends here or before is closed.
    pub(crate) closed: EventTime,
    pub(crate) counts: Counts,
}

impl Sequencer {
    /// Nothing open yet.
    pub fn new(settings: SequencerSettings) -> Self {
        Self { settings, partitions: BTreeMap::new(), closed: EventTime::MIN, counts: Counts::default() }
    }

    /// Opens a partition. Its first reading is not before `first`, as far as is known.
    pub fn open(&mut self, partition: PartitionId, first: Option<EventTime>) {
        self.partitions.entry(partition).or_insert_with(|| Partition { next: first, ..Partition::default() });
    }

    /// Whose readings are to come next; none when all have ended.
    pub fn wants(&self) -> Option<PartitionId> {
        self.partitions.iter().min_by_key(|(id, partition)| (partition.position(), **id)).map(|(id, _)| *id)
    }

    /// Every interval that ends here or before is closed.
    pub fn closed(&self) -> EventTime {
        self.closed
    }

    /// The lowest front of the partitions.
    pub fn front(&self) -> Option<EventTime> {
        self.partitions.values().map(|partition| partition.front).min().flatten()
    }

    /// Late readings and clocks ahead, counted.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How many readings wait for the others.
    pub fn waiting(&self) -> usize {
        self.partitions.values().map(|partition| partition.waiting.len()).sum()
    }

    /// Judges the readings of a batch from `from` on. Stops early when it is another partition's turn; returns how
    /// far it came. `late` gets the indices of what is too late, `refused` what waited in vain.
    pub fn sequence(
        &mut self,
        partition: PartitionId,
        batch: &Batch,
        from: usize,
        steps: &mut Vec<Step>,
        late: &mut Vec<u32>,
        refused: &mut Vec<(Held, Reason)>,
    ) -> usize {
        let SequencerSettings { ahead, .. } = self.settings;
        let limit = self.limit(partition);
        let mut own = self.partitions.remove(&partition).unwrap_or_default();
        if own.next.take().is_some_and(|next| own.goes_on_to(ahead) == Some(next)) {
            // It was another partition's turn when time had gone on.
            self.time_went_on(&mut own, limit, steps);
            if own.next.is_some() {
                self.partitions.insert(partition, own);
                self.drain_the_ended(steps);
                return from;
            }
        }
        if from == 0 && self.is_usual(&own, batch) {
            own.streak.clear();
            own.hear(batch, 0..batch.len());
            steps.push(Step::Admit(0..batch.len()));
            self.partitions.insert(partition, own);
            self.drain_the_ended(steps);
            return batch.len();
        }
        let mut begun = from;
        let mut heard = from;
        let mut stopped = batch.len();
        let mut front = own.front.unwrap_or(EventTime::MIN);
        for (index, reading) in batch.readings.iter().enumerate().skip(from) {
            let time = reading.time();
            // The usual case: at the front or inside the grace.
            if time <= front && time > self.closed {
                own.streak.clear();
                continue;
            }
            if own.is_ahead(time, ahead) {
                if begun < index {
                    steps.push(Step::Admit(begun..index));
                }
                begun = index + 1;
                own.hear(batch, heard..index + 1);
                heard = index + 1;
                self.hold(&mut own, batch, index, refused);
                if own.agreed().is_some() {
                    self.time_went_on(&mut own, limit, steps);
                    front = own.front.unwrap_or(EventTime::MIN);
                    if own.next.is_some() {
                        stopped = index + 1;
                        break;
                    }
                }
                continue;
            }
            if time > front {
                if time > limit {
                    if begun < index {
                        steps.push(Step::Admit(begun..index));
                    }
                    begun = index;
                    stopped = index;
                    self.stop_before(&mut own, time, limit, steps);
                    break;
                }
                own.streak.clear();
                if self.would_do_more_than_move(&own, time) {
                    if begun < index {
                        steps.push(Step::Admit(begun..index));
                    }
                    begun = index;
                    self.move_front(&mut own, time, true, steps);
                } else {
                    own.front = Some(time);
                }
                front = time;
            }
            if time <= self.closed {
                own.streak.clear();
                if begun < index {
                    steps.push(Step::Admit(begun..index));
                }
                begun = index + 1;
                late.push(index as u32);
                self.counts.issue(Issue::Late);
            }
        }
        if begun < stopped {
            steps.push(Step::Admit(begun..stopped));
        }
        own.hear(batch, heard..stopped);
        debug_assert!(
            own.next.is_some() || own.agreed().is_none(),
            "time goes on, or it is another partition's turn"
        );
        self.partitions.insert(partition, own);
        self.drain_the_ended(steps);
        stopped
    }

    /// Whether all readings of a batch are at the front or inside the grace: most batches are, and the readings need not
    /// be looked at one by one.
    fn is_usual(&self, own: &Partition, batch: &Batch) -> bool {
        let within = |(earliest, latest)| earliest > self.closed && Some(latest) <= own.front;
        batch.reach().is_some_and(within)
    }

    /// A partition has no more readings. What waited for the others is released when it is its turn.
    pub fn end(&mut self, partition: PartitionId, steps: &mut Vec<Step>) {
        if let Some(own) = self.partitions.get_mut(&partition) {
            own.ended = true;
            own.next = own.first_waiting();
        }
        self.drain_the_ended(steps);
    }

    /// How far a partition may go before it is another's turn.
    fn limit(&self, partition: PartitionId) -> EventTime {
        let others = self.partitions.iter().filter(|(id, _)| **id != partition);
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
        own.waiting.insert((reading.time(), own.arrivals), held);
        if own.waiting.len() > self.settings.most_waiting
            && let Some((_, furthest)) = own.waiting.pop_last()
        {
            self.counts.issue(Issue::ClockAhead);
            refused.push((furthest, Reason::ClockAhead));
        }
    }

    /// Releases what waited, as far as time has gone on; stops where it is another partition's turn.
    fn time_went_on(&mut self, own: &mut Partition, limit: EventTime, steps: &mut Vec<Step>) {
        let ahead = self.settings.ahead;
        while let Some(to) = own.goes_on_to(ahead) {
            if to > limit {
                own.next = Some(to);
                return;
            }
            self.move_front(own, to, false, steps);
            own.streak.retain(|&(time, _)| time > to.plus(ahead));
        }
    }

    /// It is another partition's turn before the reading at `time`. What waited goes along as far as it may, so that
    /// nothing of this partition lies before the place where it stops.
    fn stop_before(&mut self, own: &mut Partition, time: EventTime, limit: EventTime, steps: &mut Vec<Step>) {
        while let Some(first) = own.first_waiting().filter(|&first| first <= limit) {
            self.move_front(own, first, true, steps);
        }
        own.next = Some(own.first_waiting().map_or(time, |first| first.min(time)));
    }

    fn would_do_more_than_move(&self, own: &Partition, to: EventTime) -> bool {
        own.first_waiting().is_some_and(|first| first <= to) || self.closes(to) > self.closed
    }

    /// What a lowest front at `front` would close.
    fn closes(&self, front: EventTime) -> EventTime {
        let length = self.settings.grid.length();
        EventTime(front.minus(self.settings.grace).0.div_euclid(length).saturating_mul(length))
    }

    /// Moves the front of a partition that is the last of all, and releases what waited for that.
    fn move_front(&mut self, own: &mut Partition, to: EventTime, clocks_ahead: bool, steps: &mut Vec<Step>) {
        while let Some(time) = own.first_waiting().filter(|&first| first <= to) {
            let released = own.take_first_waiting();
            if clocks_ahead {
                self.counts.issues(Issue::ClockAhead, released.len() as u64);
            }
            own.front = own.front.max(Some(time));
            self.close_up_to(own.front.unwrap_or(time), steps);
            steps.push(Step::Released(Box::new(batch_of(released))));
        }
        own.front = own.front.max(Some(to));
        self.close_up_to(to, steps);
    }

    fn close_up_to(&mut self, front: EventTime, steps: &mut Vec<Step>) {
        let closes = self.closes(front);
        // The other partitions are not behind `front`, or it would be their turn.
        if closes > self.closed && self.partitions.values().all(|other| other.position() >= front) {
            self.closed = closes;
            steps.push(Step::Advance(closes));
        }
    }

    fn drain_the_ended(&mut self, steps: &mut Vec<Step>) {
        while let Some(id) = self.wants().filter(|id| self.partitions[id].ended) {
            let limit = self.limit(id);
            let Some(mut own) = self.partitions.remove(&id) else { return };
            while let Some(first) = own.first_waiting().filter(|&first| first <= limit) {
                let others_are_there = self.partitions.values().any(|other| other.front >= Some(first));
                if others_are_there || own.believes_first_waiting() {
                    self.move_front(&mut own, first, false, steps);
                } else {
                    let released = own.take_first_waiting();
                    steps.push(Step::Released(Box::new(batch_of(released))));
                }
            }
            if let Some(first) = own.first_waiting() {
                own.next = Some(first);
                self.partitions.insert(id, own);
            } else if let Some(front) = self.partitions.values().map(Partition::position).min() {
                if front > EventTime::MIN {
                    self.close_up_to(front, steps);
                }
            } else {
                self.closed = EventTime::MAX;
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
