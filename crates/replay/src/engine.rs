//! The engine on threads: decoders, one sequencer, a thread for each shard, and one for the second stage and the sinks.
//!
//! ```text
//!  file -> decoder -\                     /-> shard 0 -\
//!  file -> decoder --> sequencer (caller) --> shard 1 --> town and sinks
//! ```
//!
//! Every channel is bounded: a slow sink makes the decoders wait. All that a thread hands on comes in the order of the
//! input, so the number of threads changes nothing about the result.

mod decoders;
mod hung;
mod merge;
mod shard;

use crate::files::Source;
use decoders::{Decoders, Pool};
use grid::Topology;
use hung::Hung;
use merge::Merge;
use pipeline::{
    Books, Dead, NotLookedAt, Outputs, PartitionId, Plan, Sequencer, Shard, Town, bury, bury_held,
    bury_undecoded,
};
use reading::issue::Counts;
use reading::{Batch, EventTime};
use shard::{Closed, Last, PART, Work};
use shell::{Failure, join, spawn, unfit};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use vet::Tally;

/// What a run tells whoever watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Readings decoded so far.
    pub readings: u64,
    /// The lowest front of the files.
    pub front: Option<EventTime>,
}

/// What takes the outputs.
pub trait Sink: Send {
    /// Takes what has come out; leaves the vectors empty.
    fn take(&mut self, out: &mut Outputs) -> Result<(), Failure>;
}

/// What a whole run counted.
#[derive(Debug, Default)]
pub struct Counted {
    /// Readings decoded.
    pub readings: u64,
    /// What was odd or refused.
    pub counts: Counts,
    /// What was odd about closed intervals.
    pub tally: Tally,
    /// Import energy that stands in no interval.
    pub unplaced_wh: i64,
    /// Readings added to an interval.
    pub admitted: u64,
    /// Meters heard of.
    pub meters: u64,
    /// What the second stage could not do.
    pub missing: NotLookedAt,
}

/// Runs a plan over files. `watch` is called block by block.
pub fn run<S: Sink>(
    plan: &Plan,
    topology: Topology,
    sources: Vec<Source>,
    shards: u32,
    sink: &mut S,
    mut watch: impl FnMut(Progress),
) -> Result<Counted, Failure> {
    let mut sequencer = Sequencer::new(plan.order);
    let mut sources = sources;
    for (id, source) in sources.iter_mut().enumerate() {
        sequencer.open(id as PartitionId, source.first_time(&plan.limits)?);
    }
    let swaps: Vec<_> = topology.swaps().collect();
    let town = if plan.has_second_stage() {
        let town = Town::new(plan, topology);
        Some(town.map_err(|error| unfit(&error))?)
    } else {
        None
    };
    // One file keeps every decoder busy; of many, each is read only a little ahead.
    let depth = if sources.len() == 1 { 2 * shards as usize } else { 2 };
    let pool = Pool::new(sources);
    thread::scope(|scope| {
        let mut decoders = Decoders::start(scope, &pool, plan.limits, shards, depth)?;
        let mut to_shards = Vec::new();
        let mut from_shards = Vec::new();
        for index in 0..shards {
            let (to, work) = sync_channel(4);
            let (done, closed) = sync_channel(8);
            let mut fleet = plan.new_fleet(Shard { index, of: shards });
            swaps.iter().for_each(|&(meter, at)| fleet.swap(meter, at));
            to_shards.push(to);
            from_shards.push(closed);
            let books = Books::new(plan);
            spawn(scope, format!("shard-{index}"), move || shard::work(fleet, books, &work, &done))?;
        }
        let end = spawn(scope, "town".to_owned(), move || collect(town, &from_shards, sink))?;

        let mut counted = Counted::default();
        let fed = feed(&mut sequencer, &mut decoders, &to_shards, &mut counted, &mut watch);
        drop(decoders);
        drop(to_shards);
        let collected = join(end);
        // A sink that failed closed the channels, which is only the consequence.
        let (Last { totals, tally, meters }, missing) = collected?;
        fed?;
        counted.counts.add(sequencer.counts());
        counted.counts.add(&totals.counts);
        counted.tally = tally;
        counted.unplaced_wh = totals.unplaced.0;
        counted.admitted = totals.admitted;
        counted.meters = meters;
        counted.missing = missing;
        Ok(counted)
    })
}

/// So many dead letters go on to be written, whatever the watermark does.
const MOST_DEAD: usize = 4096;

fn feed(
    sequencer: &mut Sequencer,
    decoders: &mut Decoders,
    to_shards: &[SyncSender<Work>],
    counted: &mut Counted,
    watch: &mut impl FnMut(Progress),
) -> Result<(), Failure> {
    let mut open: BTreeMap<PartitionId, (Arc<Batch>, usize)> = BTreeMap::new();
    let mut done: VecDeque<Arc<Batch>> = VecDeque::new();
    let (mut dead, mut buried) = (Vec::new(), 0);
    while let Some(id) = sequencer.wants() {
        let mut steps = Vec::new();
        let held = match open.remove(&id) {
            Some(held) => Some(held),
            None => decoders.next(id)?.map(|batch| {
                counted.readings += batch.len() as u64;
                counted.counts.add(&batch.counts);
                bury_undecoded(id, &batch, &mut dead);
                (Arc::new(batch), 0)
            }),
        };
        let batch = match held {
            None => {
                sequencer.end(id, &mut steps);
                Arc::new(Batch::default())
            }
            Some((batch, from)) => {
                let (mut late, mut waited) = (Vec::new(), Vec::new());
                let came = sequencer.sequence(id, &batch, from, &mut steps, &mut late, &mut waited);
                bury(id, &batch, &late, &[], &mut dead);
                for (held, reason) in waited {
                    bury_held(id, held, reason, &mut dead);
                }
                if came < batch.len() {
                    open.insert(id, (Arc::clone(&batch), came));
                }
                batch
            }
        };
        let steps = Arc::new(steps);
        // Where no watermark moves, as in a file of nothing but garbage, dead letters do not wait for one.
        buried += dead.len();
        let flush = buried >= MOST_DEAD;
        if flush {
            buried = 0;
        }
        for shard in to_shards {
            let (batch, steps, dead) = (Arc::clone(&batch), Arc::clone(&steps), std::mem::take(&mut dead));
            shard.send(Work { partition: id, batch, steps, dead, flush }).map_err(|_| Hung)?;
        }
        watch(Progress { readings: counted.readings, front: sequencer.front() });
        // A batch in pieces, as where several files take turns, is done with when its last piece is.
        if !open.contains_key(&id) {
            done.push_back(batch);
        }
        // Shards go through batches in one order: those that all are done with come first.
        while done.front().is_some_and(|batch| Arc::strong_count(batch) == 1) {
            done.pop_front().into_iter().for_each(|batch| decoders.reuse(batch));
        }
    }
    Ok(())
}

fn collect<S: Sink>(
    mut town: Option<Town>,
    from_shards: &[Receiver<Closed>],
    sink: &mut S,
) -> Result<(Last, NotLookedAt), Failure> {
    let mut all = Last::default();
    let mut out = Outputs::default();
    // The second stage sees a whole tick side by side; without it, nobody needs more rows at once than a sink writes.
    let most = if town.is_some() { usize::MAX } else { PART };
    loop {
        let mut merge = Merge::new(from_shards)?;
        while let Some(end) = merge.tick() {
            while merge.take(most, &mut out.intervals, &mut out.metering.demand)? {
                sink.take(&mut out)?;
            }
            out.ticks.push((end, out.intervals.len()));
            if let Some(town) = town.as_mut().filter(|_| end != EventTime::MAX) {
                let rows = std::mem::take(&mut out.intervals);
                let of_meters = out.metering.demand.len();
                town.tick(end, &rows, &merge.reports(), &mut out);
                town.complete(&mut out.metering.demand[..of_meters]);
                out.intervals = rows;
            } else {
                complete(town.as_mut(), &mut out);
            }
            sink.take(&mut out)?;
        }
        while merge.take_kept(PART, &mut out.metering)? {
            complete(town.as_mut(), &mut out);
            sink.take(&mut out)?;
        }
        complete(town.as_mut(), &mut out);
        let (mut refused, mut last) = (Vec::new(), false);
        for done in merge.done() {
            out.dead.extend(done.dead);
            refused.extend(done.refused);
            if let Some(Last { totals, tally, meters }) = done.last {
                last = true;
                all.meters += meters;
                all.tally.add(&tally);
                all.totals.admitted += totals.admitted;
                all.totals.unplaced += totals.unplaced;
                all.totals.counts.add(&totals.counts);
            }
        }
        refused.sort_by(|a, b| dead_order(a).cmp(&dead_order(b)));
        out.dead.append(&mut refused);
        if last {
            if let Some(town) = &mut town {
                town.finish(&mut out);
            }
            sink.take(&mut out)?;
            let missing = town.map(|town| {
                all.tally.add(&town.tally());
                town.not_looked_at()
            });
            return Ok((all, missing.unwrap_or_default()));
        }
        sink.take(&mut out)?;
    }
}

fn complete(town: Option<&mut Town>, out: &mut Outputs) {
    if let Some(town) = town {
        town.complete(&mut out.metering.demand);
    }
}

fn dead_order(dead: &Dead) -> (Option<(EventTime, &[u8])>, &[u8]) {
    (dead.reading.as_ref().map(|(meter, reading)| (reading.time(), meter.as_bytes())), &dead.bytes)
}
