//! A thread that holds some partitions: decodes what they bring, and tells what closes, or what is found in it.

use super::exchange::{Endings, Passing};
use super::halt::Ended;
use super::noticing::{Next, Noticing};
use super::parcel::{Empties, Parcel};
use super::publish::Publisher;
use super::rows::Rows;
use super::second::{Found, Ticks, ToSecond, TooFar};
use crate::metrics::{Metrics, Partition};
use grid::Topology;
use pipeline::{District, Lane, Outputs, PartitionId, Passed, Plan};
use reading::issue::Counts;
use reading::{Batch, EventTime, Issue};
use shell::telemetry;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use vet::{Rule, Tally as RuleTally};

/// What a worker is told.
pub enum ToWorker {
    /// A partition is its own from now on, from this offset on.
    Open {
        partition: PartitionId,
        state: State,
        position: i64,
        /// The checkpoint that it was restored from, and how many stand behind the last full one.
        stored: Option<(i64, u32)>,
        gauges: Arc<Partition>,
    },
    /// Messages.
    Parcel { partition: PartitionId, parcel: Parcel },
    /// A partition is at the end of its log, and has been for a while; or is not any more.
    Idle { partition: PartitionId, idle: bool },
    /// Who hangs where has changed.
    Topology(Arc<Topology>),
    /// Store the state of every partition, as of here.
    Barrier,
    /// Somebody else's from now on.
    Close { partition: PartitionId },
    /// There is nothing more: close what is open.
    End { partition: PartitionId },
}

/// What there is to know of a partition.
#[derive(Debug)]
pub enum State {
    /// Of one of readings.
    Lane(Box<Lane>),
    /// Of one of intervals that others have passed on.
    District(Box<District>),
}

/// The state of a partition, to be written.
#[derive(Debug)]
pub struct Stored {
    pub partition: PartitionId,
    /// The offset that it goes on from.
    pub position: i64,
    /// The state, or changes to the one that was stored at an earlier offset; nothing if it is the same.
    pub state: Option<(Option<i64>, Vec<u8>)>,
    /// Everything was closed and told, as there was nothing more.
    pub ended: bool,
}

/// What was counted since this process has a partition.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub messages: u64,
    pub readings: u64,
    pub intervals: u64,
    pub dead: u64,
    pub late: u64,
    pub repeats: u64,
    pub found: Found,
}

impl Tally {
    /// Adds that of another partition.
    pub fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.readings += other.readings;
        self.intervals += other.intervals;
        self.dead += other.dead;
        self.late += other.late;
        self.repeats += other.repeats;
        self.found.add(&other.found);
    }
}

struct Held {
    state: State,
    progress: Progress,
}

/// How far a partition has come, and what was counted on the way.
pub(super) struct Progress {
    /// The next offset.
    pub position: i64,
    stored: Option<(i64, u32)>,
    pub tally: Tally,
    /// What had been counted before: readings, and by rule.
    before: [u64; 3],
    quality: [u64; Rule::ALL.len()],
    /// Cases and outages that were open, meters that were silent, and rows that waited, when they were counted last.
    pub open_cases: i64,
    pub outages: [i64; 2],
    pub waiting: i64,
    pub gauges: Arc<Partition>,
}

impl Progress {
    /// Readings that were late, that were there already, and that count, since the state began.
    fn counted(lane: &Lane) -> [u64; 3] {
        let (order, totals) = (lane.sequencer().counts(), lane.fleet().totals());
        let count = |issue| order.of_issue(issue) + totals.counts.of_issue(issue);
        [count(Issue::Late), count(Issue::Repeat), totals.admitted]
    }

    /// How often each rule was met since the state began; what the door finds is of the batch at hand alone.
    fn quality(lane: &Lane) -> [u64; Rule::ALL.len()] {
        let mut counts = lane.sequencer().counts().clone();
        counts.add(&lane.fleet().totals().counts);
        let tally = lane.tally();
        std::array::from_fn(|index| tally.of(Rule::ALL[index], &counts))
    }

    /// Counts what came since the last time.
    fn count_quality(&mut self, lane: &Lane, plan: &Plan, door: &Counts, metrics: &Metrics) {
        let now = Self::quality(lane);
        let door_alone = RuleTally::default();
        for rule in plan.rules() {
            let more = now[rule as usize] - self.quality[rule as usize] + door_alone.of(rule, door);
            if more > 0 {
                metrics.quality(rule, more);
            }
        }
        self.quality = now;
    }

    /// Counts what came since the last time.
    fn count(&mut self, lane: &Lane, metrics: &Metrics) {
        let now = Self::counted(lane);
        let [late, repeats, admitted] = [0, 1, 2].map(|kind| now[kind] - self.before[kind]);
        self.before = now;
        self.tally.late += late;
        self.tally.repeats += repeats;
        metrics.readings_late.inc_by(late);
        metrics.readings_repeated.inc_by(repeats);
        metrics.readings_admitted.inc_by(admitted);
        if let Some(front) = lane.sequencer().front() {
            self.gauges.front(front);
        }
    }
}

pub struct Worker<'a> {
    pub index: usize,
    pub plan: &'a Plan,
    pub full_after: u32,
    pub rows: Rows<'a>,
    pub publisher: &'a Publisher,
    pub empties: &'a Empties,
    pub second: SyncSender<(usize, ToSecond)>,
    /// Where rows are passed on to, if others need them.
    pub passing: Option<&'a Passing>,
    pub endings: &'a Endings,
    /// Partitions of readings that a district is to be spared more of.
    pub lanes_too_far: &'a TooFar,
    /// How many rows of one of them may wait for the others, in a district.
    pub most_rows: usize,
    pub topology: Arc<Topology>,
    pub metrics: &'a Metrics,
}

impl Worker<'_> {
    /// Works until there is no more.
    pub fn work(mut self, told: &Receiver<ToWorker>) -> Result<Tally, Ended> {
        let mut all = Tally::default();
        let mut partitions = BTreeMap::<PartitionId, Held>::new();
        // Those that were closed since the last barrier.
        let mut ended = Vec::new();
        let mut epoch = 0;
        let mut batch = Batch::default();
        let mut noticing = Noticing::new();
        loop {
            let has_district = |held: &Held| matches!(held.state, State::District(_));
            let looks = self.plan.supply.is_some() && partitions.values().any(has_district);
            let message = match noticing.next(told, looks) {
                Next::Heard(message) => message,
                Next::Over => break,
                Next::Look(now) => {
                    for (&partition, held) in &mut partitions {
                        if let Held { state: State::District(district), progress } = held {
                            self.notice(epoch, partition, district, progress, now)?;
                        }
                    }
                    continue;
                }
            };
            match message {
                ToWorker::Open { partition, state, position, stored, gauges } => {
                    let tally = Tally::default();
                    let mut progress = Progress {
                        position,
                        stored,
                        tally,
                        before: [0; 3],
                        quality: [0; Rule::ALL.len()],
                        open_cases: 0,
                        outages: [0; 2],
                        waiting: 0,
                        gauges,
                    };
                    match &state {
                        State::Lane(lane) => {
                            progress.before = Progress::counted(lane);
                            progress.quality = Progress::quality(lane);
                            // What has not happened yet is told as zero.
                            self.plan.rules().for_each(|rule| self.metrics.quality(rule, 0));
                            self.pass_on(epoch, partition, &Passed::Idle { lane: partition, idle: false })?;
                        }
                        State::District(district) => {
                            self.endings.set(partition, position, district.ended());
                            self.count_district(partition, district, &mut progress);
                        }
                    }
                    partitions.insert(partition, Held { state, progress });
                }
                ToWorker::Parcel { partition, parcel } => match partitions.get_mut(&partition) {
                    Some(Held { state: State::Lane(lane), progress }) => {
                        self.take(epoch, partition, lane, progress, parcel, &mut batch)?;
                    }
                    Some(Held { state: State::District(district), progress }) => {
                        self.take_passed(epoch, partition, district, progress, parcel)?;
                    }
                    None => {}
                },
                ToWorker::Idle { partition, idle } => {
                    self.pass_on(epoch, partition, &Passed::Idle { lane: partition, idle })?;
                    self.tell(ToSecond::Idle { partition, idle })?;
                }
                ToWorker::Topology(topology) => {
                    for held in partitions.values_mut() {
                        match &mut held.state {
                            State::Lane(lane) => lane.place(&topology),
                            State::District(district) => {
                                if let Err(error) = district.place(Arc::clone(&topology)) {
                                    telemetry::topology_unfit(&error);
                                }
                            }
                        }
                    }
                    self.topology = Arc::clone(&topology);
                    self.tell(ToSecond::Topology(topology))?;
                }
                ToWorker::Barrier => {
                    let stored = partitions.iter_mut().map(|(&partition, held)| self.store(partition, held));
                    let stored = stored.chain(ended.drain(..)).collect();
                    self.tell(ToSecond::Barrier { stored })?;
                    epoch += 1;
                }
                ToWorker::Close { partition } => {
                    if let Some(held) = partitions.remove(&partition) {
                        if let State::District(_) = held.state {
                            self.forget_district(partition, &held.progress);
                        }
                        all.add(&held.progress.tally);
                    }
                }
                ToWorker::End { partition } => {
                    if let Some(Held { state: State::Lane(mut lane), mut progress }) =
                        partitions.remove(&partition)
                    {
                        let mut out = Outputs::default();
                        lane.end(partition, &mut out);
                        lane.finish(&mut out);
                        progress.count_quality(&lane, self.plan, &Counts::default(), self.metrics);
                        let last = Last(true);
                        self.hand_on(epoch, partition, &lane, &mut progress, out, i64::MIN, last)?;
                        lane.finish_metering(|told| {
                            self.rows.kept(&told, |record| self.publisher.send(epoch, record))
                        })?;
                        all.add(&progress.tally);
                        // The state that is kept is that of before, which the last barrier has stored.
                        let position = progress.position;
                        ended.push(Stored { partition, position, state: None, ended: true });
                    }
                    self.tell(ToSecond::End { partition })?;
                }
            }
        }
        partitions.values().for_each(|held| all.add(&held.progress.tally));
        Ok(all)
    }

    fn take(
        &mut self,
        epoch: u64,
        partition: PartitionId,
        lane: &mut Lane,
        progress: &mut Progress,
        mut parcel: Parcel,
        batch: &mut Batch,
    ) -> Result<(), Ended> {
        batch.clear();
        let mut out = Outputs::default();
        progress.position = parcel.next();
        progress.tally.messages += parcel.messages() as u64;
        let newest = parcel.newest_ms();
        self.metrics.received_messages.inc_by(parcel.messages() as u64);
        self.metrics.received_bytes.inc_by(parcel.len() as u64);
        parcel.decode(partition, &self.plan.limits, batch, &mut out.dead);
        self.empties.give(parcel);
        progress.tally.readings += batch.len() as u64;
        self.metrics.readings_decoded.inc_by(batch.len() as u64);
        let came = lane.take(partition, batch, 0, &mut out);
        debug_assert_eq!(came, batch.len(), "a lane of one partition has every turn");
        progress.count(lane, self.metrics);
        progress.count_quality(lane, self.plan, &batch.counts, self.metrics);
        self.hand_on(epoch, partition, lane, progress, out, newest, Last(false))
    }

    /// Publishes what is told partition by partition, and gives the rest to the second stage.
    #[expect(clippy::too_many_arguments, reason = "all of it is about one partition")]
    fn hand_on(
        &mut self,
        epoch: u64,
        partition: PartitionId,
        lane: &Lane,
        progress: &mut Progress,
        out: Outputs,
        newest_ms: i64,
        last: Last,
    ) -> Result<(), Ended> {
        progress.tally.dead += out.dead.len() as u64;
        progress.tally.intervals += out.intervals.len() as u64;
        self.metrics.intervals.inc_by(out.intervals.len() as u64);
        for dead in &out.dead {
            self.metrics.dead_letters(dead.reason.name(), 1);
            self.rows.dead(dead, |record| self.publisher.send(epoch, record))?;
        }
        if out.ticks.is_empty() {
            return Ok(());
        }
        let closed = lane.sequencer().closed();
        let kept = out.metering;
        let rows = Arc::new(Ticks { ends: out.ticks, rows: out.intervals, events: out.events });
        let in_memory = self.plan.has_second_stage() && self.passing.is_none();
        let shared = if in_memory { Arc::clone(&rows) } else { Arc::default() };
        // First, because alerts come of it.
        self.tell(ToSecond::Rows { partition, closed, rows: shared, newest_ms })?;
        let publish = |record: &super::publish::Record<'_>| self.publisher.send(epoch, record);
        let Ticks { ends: ticks, rows, events } = &*rows;
        let Some(passing) = self.passing else {
            self.rows.intervals(partition, &self.topology, ticks, rows, publish)?;
            return self.rows.kept(&kept, publish);
        };
        let (lane, last) = (partition, last.0);
        let pass = |tick, row| Passed::Row { lane, tick, last, row };
        self.rows.passed(passing, &self.topology, ticks, rows, pass, publish)?;
        let pass = |tick, event| Passed::Event { lane, tick, last, event };
        passing.events(&self.topology, events, pass, publish)?;
        let ticks = ticks.iter().map(|(end, _)| *end).filter(|end| *end != EventTime::MAX).collect();
        let passed = match last {
            true => Passed::Ended { lane, ticks },
            false => Passed::Closed { lane, closed, ticks, newest_ms },
        };
        self.pass_on(epoch, lane, &passed)?;
        self.rows.kept(&kept, publish)
    }

    /// Tells all districts, if there are any.
    fn pass_on(&self, epoch: u64, lane: PartitionId, passed: &Passed) -> Result<(), Ended> {
        match self.passing {
            Some(passing) => passing.to_all(lane, passed, |record| self.publisher.send(epoch, record)),
            None => Ok(()),
        }
    }

    fn store(&self, partition: PartitionId, held: &mut Held) -> Stored {
        let Held { state, progress } = held;
        let position = progress.position;
        if let State::Lane(lane) = state {
            progress.gauges.memory(lane.fleet().memory(), lane.books_memory());
        }
        let state = match (progress.stored, state) {
            (Some((at, _)), _) if at == position => None,
            (Some((at, behind)), State::Lane(lane))
                if behind < self.full_after && !lane.is_mostly_changed() =>
            {
                progress.stored = Some((position, behind + 1));
                Some((Some(at), lane.store_changes()))
            }
            (_, state) => {
                progress.stored = Some((position, 0));
                let whole = match state {
                    State::Lane(lane) => lane.store(),
                    State::District(district) => district.store(),
                };
                Some((None, whole))
            }
        };
        Stored { partition, position, state, ended: false }
    }

    fn tell(&self, message: ToSecond) -> Result<(), Ended> {
        self.second.send((self.index, message)).map_err(|_| Ended)
    }
}

/// Whether rows were closed only because there is nothing more.
#[derive(Debug, Clone, Copy)]
struct Last(bool);
