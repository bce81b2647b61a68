//! The engine on threads: decoders, one sequencer, a thread for each shard, and one for the second stage and the
//! sinks.
//!
//! ```text
//!  file -> decoder -\                     /-> shard 0 -\
//!  file -> decoder --> sequencer (caller) --> shard 1 --> town and sinks
//! ```
//!
//! Every channel is bounded, so a slow sink makes the decoders wait and memory stays bounded.
//! Every thread passes its results on in the order of the input. So the result does not depend on the number of
//! threads.

mod decoders;
mod disconnected;
mod merge;
mod shard;

use crate::files::Inputs;
use crate::letters::Letters;
use decoders::{Decoders, Pool};
use disconnected::Disconnected;
use grid::Topology;
use health::Summary;
use merge::Merge;
use notify::desk;
use pipeline::{
    Books, Closing, Dead, NotLookedAt, Outputs, PartitionId, Plan, Sequencer, Shard, Town, bury_held,
    bury_undecoded,
};
use reading::issue::Counts;
use reading::{Batch, EventTime, Issue};
use shard::{AT_THE_END, FromShard, OF_A_PART, PART, ShardCounts, Work};
use shell::{Failure, join, spawn, unfit};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use vet::Tally;

/// How far a run has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Readings decoded so far.
    pub readings: u64,
    /// The event time up to which every file has been read.
    pub front: Option<EventTime>,
}

/// The consumer of the outputs.
pub trait Sink: Send {
    /// Takes the new outputs, and leaves the vectors empty.
    fn take(&mut self, out: &mut Outputs) -> Result<(), Failure>;
}

/// What a whole run counted.
#[derive(Debug, Default)]
pub struct Counted {
    /// Readings decoded.
    pub readings: u64,
    /// Issues and refusals.
    pub counts: Counts,
    /// Flags of data quality on closed intervals.
    pub tally: Tally,
    /// Import energy that could be placed in no interval, such as energy across a gap longer than the plan fills.
    pub unplaced_wh: i64,
    /// Readings added to an interval.
    pub admitted: u64,
    /// Meters that have sent a reading.
    pub meters: u64,
    /// What the second stage could not judge, for lack of topology.
    pub missing: NotLookedAt,
    /// What became of everything that routes could take, if the plan has any.
    pub notices: Option<(desk::Counts, desk::Waiting)>,
    /// What was wrong with the readings, if the plan has a section `[health]`.
    pub health: Summary,
}

/// What the second stage could not judge, and what became of notices.
type OfTown = (NotLookedAt, Option<(desk::Counts, desk::Waiting)>);

/// Runs a plan over files. `watch` is called after every block of readings.
pub fn run<S: Sink>(
    plan: &Plan,
    topology: Topology,
    inputs: Inputs,
    shards: u32,
    sink: &mut S,
    mut watch: impl FnMut(Progress),
) -> Result<Counted, Failure> {
    let mut sequencer = Sequencer::new(plan.order);
    let Inputs { mut sources, mut letters, .. } = inputs;
    for (id, source) in sources.iter_mut().enumerate() {
        sequencer.open(id as PartitionId, source.first_time(&plan.limits)?);
    }
    let meters: Vec<_> = (0..shards)
        .map(|index| (plan.new_fleet(Shard { index, of: shards }, &topology), Books::new(plan, &topology)))
        .collect();
    let town = if plan.has_second_stage() {
        let town = Town::new(plan, topology);
        Some(town.map_err(|error| unfit(&error))?)
    } else {
        None
    };
    // A single file must keep every decoder busy. Of many files, each is read only a little ahead, to save memory.
    let depth = if sources.len() == 1 { 2 * shards as usize } else { 2 };
    let pool = Pool::new(sources);
    thread::scope(|scope| {
        let mut decoders = Decoders::start(scope, &pool, plan.limits, shards, depth)?;
        let mut to_shards = Vec::new();
        let mut from_shards = Vec::new();
        for (index, (fleet, books)) in meters.into_iter().enumerate() {
            let (to, work) = sync_channel(4);
            let (done, closed) = sync_channel(8);
            to_shards.push(to);
            from_shards.push(closed);
            spawn(scope, format!("shard-{index}"), move || shard::work(fleet, books, &work, &done))?;
        }
        let end = spawn(scope, "town".to_owned(), move || collect(town, &from_shards, sink))?;

        let mut counted = Counted::default();
        counted.readings += letters.len() as u64;
        counted.counts.add(letters.counts());
        let order = Order { sequencer: &mut sequencer, letters: &mut letters };
        let fed = feed(order, &mut decoders, &to_shards, &mut counted, &mut watch);
        drop(decoders);
        drop(to_shards);
        let collected = join(end);
        // If the sink fails, `feed` fails as well, because its channels close. The sink's error is the cause: report
        // it.
        let (ShardCounts { totals, tally, meters, health }, (missing, notices)) = collected?;
        fed?;
        counted.counts.add(sequencer.counts());
        counted.counts.add(&totals.counts);
        counted.tally = tally;
        counted.unplaced_wh = totals.unplaced.0;
        counted.admitted = totals.admitted;
        counted.meters = meters;
        counted.missing = missing;
        counted.notices = notices;
        counted.health = health;
        Ok(counted)
    })
}

/// So many dead letters are written at once, even if the watermark stands still.
const MOST_DEAD: usize = 4096;

/// What decides when a reading counts.
struct Order<'a> {
    sequencer: &'a mut Sequencer,
    letters: &'a mut Letters,
}

/// Reads the files in the order that the sequencer wants, and sends every batch with its steps to all shards.
///
/// Each shard takes only its own meters from a batch. All shards get every batch, so their watermarks advance
/// together.
fn feed(
    order: Order<'_>,
    decoders: &mut Decoders,
    to_shards: &[SyncSender<Work>],
    counted: &mut Counted,
    watch: &mut impl FnMut(Progress),
) -> Result<(), Failure> {
    let Order { sequencer, letters } = order;
    // Batches that were sequenced in part: the sequencer turned to another file whose readings are earlier.
    let mut open: BTreeMap<PartitionId, (Arc<Batch>, usize)> = BTreeMap::new();
    let mut done: VecDeque<Arc<Batch>> = VecDeque::new();
    let (mut dead, mut buried) = (Vec::new(), 0);
    while let Some(id) = sequencer.wants() {
        let mut steps = Vec::new();
        let mut judged = 0..0;
        let held = match open.remove(&id) {
            Some(held) => Some(held),
            None => decoders.next(id)?.map(|batch| {
                counted.readings += batch.len() as u64;
                counted.counts.add(&batch.counts);
                let from = dead.len();
                bury_undecoded(id, &batch, &mut dead);
                dead[from..].iter().for_each(|dead| letters.forget(dead));
                (Arc::new(batch), 0)
            }),
        };
        let batch = match held {
            None => {
                sequencer.end(id, &mut steps);
                Arc::new(Batch::default())
            }
            Some((batch, from)) => {
                let mut waited = Vec::new();
                let came = sequencer.sequence(id, &batch, from, &mut steps, &mut waited);
                judged = from..came;
                for (held, reason) in waited {
                    if letters.is_letter(&held.meter, &held.reading) {
                        counted.counts.issue(Issue::Repeat);
                    } else {
                        bury_held(id, held, reason, &mut dead);
                    }
                }
                if came < batch.len() {
                    open.insert(id, (Arc::clone(&batch), came));
                }
                batch
            }
        };
        let steps = Arc::new(letters.put_into((&batch, judged), steps, &mut counted.counts));
        // Dead letters normally go on when the watermark advances. In a file of nothing but garbage it never does,
        // and they would fill the memory. So they are flushed by number, too.
        buried += dead.len();
        let flush = buried >= MOST_DEAD;
        if flush {
            buried = 0;
        }
        for shard in to_shards {
            // The first shard takes all dead letters, and the others find the vector empty: each is written once.
            let (batch, steps, dead) = (Arc::clone(&batch), Arc::clone(&steps), std::mem::take(&mut dead));
            shard.send(Work { partition: id, batch, steps, dead, flush }).map_err(|_| Disconnected)?;
        }
        watch(Progress { readings: counted.readings, front: sequencer.front() });
        // A batch that is sequenced in several pieces can be reused only after its last piece.
        if !open.contains_key(&id) {
            done.push_back(batch);
        }
        // All shards work through the batches in this order, so the batches that every shard has finished are in
        // front.
        while done.front().is_some_and(|batch| Arc::strong_count(batch) == 1) {
            done.pop_front().into_iter().for_each(|batch| decoders.reuse(batch));
        }
    }
    let mut dead = letters.take_dead();
    for shard in to_shards {
        let (batch, steps, dead) = (Arc::default(), Arc::default(), std::mem::take(&mut dead));
        shard.send(Work { partition: 0, batch, steps, dead, flush: true }).map_err(|_| Disconnected)?;
    }
    Ok(())
}

/// Merges the rows of all shards, runs the second stage over them, and passes everything to the sink.
fn collect<S: Sink>(
    mut town: Option<Town>,
    from_shards: &[Receiver<FromShard>],
    sink: &mut S,
) -> Result<(ShardCounts, OfTown), Failure> {
    let mut all = ShardCounts::default();
    let mut out = Outputs::default();
    // The second stage compares all meters of a tick, so it needs the whole tick. Without it, small parts save
    // memory.
    let most = if town.is_some() { usize::MAX } else { PART };
    loop {
        let mut merge = Merge::new(from_shards)?;
        while let Some(end) = merge.tick() {
            while merge.take(most, &mut out.intervals, &mut out.metering.demand)? {
                sink.take(&mut out)?;
            }
            let tick = Some(end).filter(|end| ![OF_A_PART, AT_THE_END].contains(end));
            out.closings.push((tick.map_or(Closing::End, Closing::Tick), out.intervals.len()));
            if let Some(town) = &mut town {
                let rows = std::mem::take(&mut out.intervals);
                let of_meters = out.metering.demand.len();
                match end {
                    OF_A_PART => town.join(&rows, &mut out),
                    AT_THE_END => {
                        town.join_open(&rows, &mut out);
                        town.take_last(&merge.reports(), &mut out);
                    }
                    end => town.tick(end, &rows, &merge.reports(), &mut out),
                }
                town.complete(&mut out.metering.demand[..of_meters]);
                out.intervals = rows;
            }
            sink.take(&mut out)?;
        }
        let mut settled = Outputs::default();
        loop {
            let more = merge.take_unfinished(PART, &mut out.metering)?;
            if !out.metering.demand.is_empty() {
                // Shards pass on unfinished billing periods only when no further row will come.
                town.iter_mut().for_each(|town| town.settle(&mut settled));
            }
            complete(town.as_mut(), &mut out);
            if !more {
                break;
            }
            sink.take(&mut out)?;
        }
        out.metering.demand.append(&mut settled.metering.demand);
        let (mut refused, mut last) = (Vec::new(), false);
        for done in merge.done() {
            out.dead.extend(done.dead);
            refused.extend(done.refused);
            if let Some(ShardCounts { totals, tally, meters, health }) = done.counts {
                last = true;
                all.meters += meters;
                all.health.add(&health);
                all.tally.add(&tally);
                all.totals.admitted += totals.admitted;
                all.totals.unplaced += totals.unplaced;
                all.totals.counts.add(&totals.counts);
            }
        }
        // Shards refuse side by side. Sorting makes the order of dead letters independent of the number of shards.
        refused.sort_by(|a, b| dead_order(a).cmp(&dead_order(b)));
        out.dead.append(&mut refused);
        if last {
            if let Some(town) = &mut town {
                while town.end_balances(&mut out) {
                    sink.take(&mut out)?;
                }
                town.finish(&mut out);
            }
            sink.take(&mut out)?;
            let missing = town.map(|town| {
                all.tally.add(&town.tally());
                town.complete_health(&mut all.health);
                (town.not_looked_at(), town.notices())
            });
            return Ok((all, missing.unwrap_or_default()));
        }
        sink.take(&mut out)?;
    }
}

/// Adds what only the topology knows, such as the transformer, to rows of demand.
fn complete(town: Option<&mut Town>, out: &mut Outputs) {
    if let Some(town) = town {
        town.complete(&mut out.metering.demand);
    }
}

fn dead_order(dead: &Dead) -> (Option<(EventTime, &[u8])>, &[u8]) {
    (dead.reading.as_ref().map(|(meter, reading)| (reading.time(), meter.as_bytes())), &dead.bytes)
}
