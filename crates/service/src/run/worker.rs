//! A thread that holds some partitions: decodes what they bring, and tells what closes.

use super::halt::Ended;
use super::parcel::{Empties, Parcel};
use super::publish::Publisher;
use super::rows::Rows;
use super::second::ToSecond;
use crate::metrics::{Metrics, Partition};
use grid::Topology;
use pipeline::{Lane, Outputs, PartitionId, Plan};
use reading::{Batch, Issue};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

/// What a worker is told.
pub enum ToWorker {
    /// A partition is its own from now on, from this offset on.
    Open {
        partition: PartitionId,
        lane: Box<Lane>,
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

/// The state of a partition, to be written.
#[derive(Debug)]
pub struct Stored {
    pub partition: PartitionId,
    /// The offset that it goes on from.
    pub position: i64,
    /// The state, or changes to the one that was stored at an earlier offset; nothing if it is the same.
    pub state: Option<(Option<i64>, Vec<u8>)>,
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
    }
}

struct Held {
    lane: Box<Lane>,
    position: i64,
    stored: Option<(i64, u32)>,
    tally: Tally,
    /// What had been counted before.
    before: [u64; 3],
    gauges: Arc<Partition>,
}

impl Held {
    /// Readings that were late, that were there already, and that count, since the state began.
    fn counted(lane: &Lane) -> [u64; 3] {
        let (order, totals) = (lane.sequencer().counts(), lane.fleet().totals());
        let count = |issue| order.of_issue(issue) + totals.counts.of_issue(issue);
        [count(Issue::Late), count(Issue::Repeat), totals.admitted]
    }

    /// Counts what came since the last time.
    fn count(&mut self, metrics: &Metrics) {
        let now = Self::counted(&self.lane);
        let [late, repeats, admitted] = [0, 1, 2].map(|kind| now[kind] - self.before[kind]);
        self.before = now;
        self.tally.late += late;
        self.tally.repeats += repeats;
        metrics.readings_late.inc_by(late);
        metrics.readings_repeated.inc_by(repeats);
        metrics.readings_admitted.inc_by(admitted);
        if let Some(front) = self.lane.sequencer().front() {
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
    pub topology: Arc<Topology>,
    pub metrics: &'a Metrics,
}

impl Worker<'_> {
    /// Works until there is no more.
    pub fn work(mut self, told: &Receiver<ToWorker>) -> Result<Tally, Ended> {
        let mut all = Tally::default();
        let mut lanes = BTreeMap::<PartitionId, Held>::new();
        let mut epoch = 0;
        let mut batch = Batch::default();
        while let Ok(message) = told.recv() {
            match message {
                ToWorker::Open { partition, lane, position, stored, gauges } => {
                    let closed = lane.sequencer().closed();
                    let (tally, before) = (Tally::default(), Held::counted(&lane));
                    lanes.insert(partition, Held { lane, position, stored, tally, before, gauges });
                    self.tell(ToSecond::Open { partition, closed })?;
                }
                ToWorker::Parcel { partition, parcel } => {
                    if let Some(held) = lanes.get_mut(&partition) {
                        self.take(epoch, partition, held, parcel, &mut batch)?;
                    }
                }
                ToWorker::Idle { partition, idle } => self.tell(ToSecond::Idle { partition, idle })?,
                ToWorker::Topology(topology) => {
                    lanes.values_mut().for_each(|held| held.lane.place(&topology));
                    self.topology = Arc::clone(&topology);
                    self.tell(ToSecond::Topology(topology))?;
                }
                ToWorker::Barrier => {
                    let stored = lanes.iter_mut().map(|(&partition, held)| self.store(partition, held));
                    let stored = stored.collect();
                    self.tell(ToSecond::Barrier { stored })?;
                    epoch += 1;
                }
                ToWorker::Close { partition } => {
                    if let Some(held) = lanes.remove(&partition) {
                        all.add(&held.tally);
                    }
                    self.tell(ToSecond::Close { partition })?;
                }
                ToWorker::End { partition } => {
                    if let Some(mut held) = lanes.remove(&partition) {
                        let mut out = Outputs::default();
                        held.lane.end(partition, &mut out);
                        held.lane.finish(&mut out);
                        self.hand_on(epoch, partition, &mut held, out, i64::MIN)?;
                        all.add(&held.tally);
                    }
                    self.tell(ToSecond::End { partition })?;
                }
            }
        }
        lanes.values().for_each(|held| all.add(&held.tally));
        Ok(all)
    }

    fn take(
        &mut self,
        epoch: u64,
        partition: PartitionId,
        held: &mut Held,
        mut parcel: Parcel,
        batch: &mut Batch,
    ) -> Result<(), Ended> {
        batch.clear();
        let mut out = Outputs::default();
        held.position = parcel.next();
        held.tally.messages += parcel.messages() as u64;
        let newest = parcel.newest_ms();
        self.metrics.received_messages.inc_by(parcel.messages() as u64);
        self.metrics.received_bytes.inc_by(parcel.len() as u64);
        parcel.decode(partition, &self.plan.limits, batch, &mut out.dead);
        self.empties.give(parcel);
        held.tally.readings += batch.len() as u64;
        self.metrics.readings_decoded.inc_by(batch.len() as u64);
        let came = held.lane.take(partition, batch, 0, &mut out);
        debug_assert_eq!(came, batch.len(), "a lane of one partition has every turn");
        held.count(self.metrics);
        self.hand_on(epoch, partition, held, out, newest)
    }

    /// Publishes what is told partition by partition, and gives the rest to the second stage.
    fn hand_on(
        &mut self,
        epoch: u64,
        partition: PartitionId,
        held: &mut Held,
        out: Outputs,
        newest_ms: i64,
    ) -> Result<(), Ended> {
        held.tally.dead += out.dead.len() as u64;
        held.tally.intervals += out.intervals.len() as u64;
        self.metrics.intervals.inc_by(out.intervals.len() as u64);
        for dead in &out.dead {
            self.metrics.dead_letters(dead.reason.name(), 1);
            self.rows.dead(dead, |record| self.publisher.send(epoch, record))?;
        }
        if out.ticks.is_empty() {
            return Ok(());
        }
        let closed = held.lane.sequencer().closed();
        let rows = Arc::new((out.ticks, out.intervals));
        let shared = if self.plan.has_second_stage() { Arc::clone(&rows) } else { Arc::default() };
        // First, because alerts come of it.
        self.tell(ToSecond::Rows { partition, closed, rows: shared, newest_ms })?;
        let publish = |record: &super::publish::Record<'_>| self.publisher.send(epoch, record);
        self.rows.intervals(partition, &self.topology, &rows.0, &rows.1, publish)
    }

    fn store(&self, partition: PartitionId, held: &mut Held) -> Stored {
        let position = held.position;
        held.gauges.memory(held.lane.fleet().memory());
        let state = match held.stored {
            Some((at, _)) if at == position => None,
            Some((at, behind)) if behind < self.full_after && !held.lane.is_mostly_changed() => {
                held.stored = Some((position, behind + 1));
                Some((Some(at), held.lane.store_changes()))
            }
            _ => {
                held.stored = Some((position, 0));
                Some((None, held.lane.store()))
            }
        };
        Stored { partition, position, state }
    }

    fn tell(&self, message: ToSecond) -> Result<(), Ended> {
        self.second.send((self.index, message)).map_err(|_| Ended)
    }
}
