//! The engine on threads: decoders, one sequencer, a thread for each shard, and one for the second stage and the sinks.
//!
//! ```text
//!  file -> decoder -\                     /-> shard 0 -\
//!  file -> decoder --> sequencer (caller) --> shard 1 --> town and sinks
//! ```
//!
//! Every channel is bounded: a slow sink makes the decoders wait. All that a thread hands on comes in the order of the
//! input, so the number of threads changes nothing about the result.

use crate::failure::Failure;
use crate::files::Source;
use crate::town_files::unfit;
use fleet::{Refusal, Totals};
use grid::Topology;
use pipeline::{
    Dead, Fleet, Missing, Outputs, PartitionId, Plan, Sequencer, Shard, Step, Town, bury, bury_held,
};
use reading::issue::Counts;
use reading::{Batch, EventTime, Interval, Limits, MeterId};
use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, SendError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

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
    /// Import energy that stands in no interval.
    pub unplaced_wh: i64,
    /// Readings added to an interval.
    pub admitted: u64,
    /// Meters heard of.
    pub meters: u64,
    /// What the second stage could not do.
    pub missing: Missing,
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
    let pool =
        Pool { sources: sources.into_iter().map(|source| Mutex::new(Reader { source, next: 0 })).collect() };
    thread::scope(|scope| {
        let mut decoders = Decoders::start(scope, &pool, plan.limits, shards, depth)?;
        let mut to_shards = Vec::new();
        let mut from_shards = Vec::new();
        for index in 0..shards {
            let (to, work) = sync_channel(4);
            let (done, closed) = sync_channel(8);
            let mut fleet = Fleet::new(plan.intervals.clone(), Shard { index, of: shards });
            swaps.iter().for_each(|&(meter, at)| fleet.swap(meter, at));
            to_shards.push(to);
            from_shards.push(closed);
            spawn(scope, format!("shard-{index}"), move || shard(fleet, &work, &done))?;
        }
        let end = spawn(scope, "town".to_owned(), move || collect(town, &from_shards, sink))?;

        let mut counted = Counted::default();
        let fed = feed(&mut sequencer, &mut decoders, &to_shards, &mut counted, &mut watch);
        drop(decoders);
        drop(to_shards);
        let collected = end.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // A sink that failed closed the channels, which is only the consequence.
        let (totals, meters, missing) = collected?;
        fed?;
        counted.counts.add(sequencer.counts());
        counted.counts.add(&totals.counts);
        counted.unplaced_wh = totals.unplaced.0;
        counted.admitted = totals.admitted;
        counted.meters = meters;
        counted.missing = missing;
        Ok(counted)
    })
}

/// Somebody further down has failed, and tells why.
struct Hung;

impl From<Hung> for Failure {
    fn from(_: Hung) -> Self {
        Failure::failed_with_help(
            "a thread of the engine has ended early",
            "this is a defect; please report it",
        )
    }
}

/// A thread with a name, which profilers and `top -H` show.
fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    name: String,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<thread::ScopedJoinHandle<'scope, T>, Failure> {
    thread::Builder::new()
        .name(name)
        .spawn_scoped(scope, work)
        .map_err(|cause| Failure::failed("cannot start a thread", &cause))
}

struct Pool {
    sources: Vec<Mutex<Reader>>,
}

struct Reader {
    source: Source,
    next: u64,
}

type Decoded = (PartitionId, u64, Result<Option<Batch>, Failure>);

/// Threads that read and decode blocks, each of any file, and the order in which the blocks are wanted.
struct Decoders {
    jobs: SyncSender<(PartitionId, Batch)>,
    done: Receiver<Decoded>,
    early: BTreeMap<(PartitionId, u64), Result<Option<Batch>, Failure>>,
    asked: BTreeMap<PartitionId, (u64, u64)>,
    spare: Vec<Batch>,
    depth: u64,
}

impl Decoders {
    fn start<'scope, 'env>(
        scope: &'scope thread::Scope<'scope, 'env>,
        pool: &'env Pool,
        limits: Limits,
        threads: u32,
        depth: usize,
    ) -> Result<Self, Failure> {
        let (jobs, work) = sync_channel::<(PartitionId, Batch)>(depth * pool.sources.len() + 1);
        let (finished, done) = sync_channel(depth * pool.sources.len() + 1);
        let work = Arc::new(Mutex::new(work));
        for index in 0..threads {
            let (work, finished) = (Arc::clone(&work), finished.clone());
            spawn(scope, format!("decode-{index}"), move || {
                loop {
                    let job = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((id, mut batch)) = job else { return };
                    let (number, read, is_text) = {
                        let mut reader =
                            pool.sources[id as usize].lock().unwrap_or_else(PoisonError::into_inner);
                        let number = reader.next;
                        reader.next += 1;
                        (number, reader.source.read(&limits, &mut batch), reader.source.is_text())
                    };
                    let result = read.map(|more| {
                        if more && is_text {
                            wire::json::decode_lines(&limits, &mut batch);
                        }
                        more.then_some(batch)
                    });
                    if finished.send((id, number, result)).is_err() {
                        return;
                    }
                }
            })?;
        }
        Ok(Self {
            jobs,
            done,
            early: BTreeMap::new(),
            asked: BTreeMap::new(),
            spare: Vec::new(),
            depth: depth as u64,
        })
    }

    /// The next block of a file; none at its end.
    fn next(&mut self, id: PartitionId) -> Result<Option<Batch>, Failure> {
        let (asked, taken) = self.asked.entry(id).or_default();
        while *asked < *taken + self.depth {
            let batch = self.spare.pop().unwrap_or_default();
            self.jobs.send((id, batch)).map_err(|_| Hung)?;
            *asked += 1;
        }
        let number = *taken;
        *taken += 1;
        loop {
            if let Some(block) = self.early.remove(&(id, number)) {
                return block;
            }
            let (of, number, block) = self.done.recv().map_err(|_| Hung)?;
            self.early.insert((of, number), block);
        }
    }

    /// Takes a batch that nobody reads any more, for its memory.
    fn reuse(&mut self, batch: Arc<Batch>) {
        if let Ok(batch) = Arc::try_unwrap(batch) {
            self.spare.push(batch);
        }
    }
}

/// What a shard is told.
struct Work {
    partition: PartitionId,
    batch: Arc<Batch>,
    /// What to do with it.
    steps: Arc<Vec<Step>>,
    /// What is dead already, for the first shard to pass on.
    dead: Vec<Dead>,
}

/// What a shard tells of one step forward of the watermark: the rows in parts, by tick and by meter, then the rest.
enum Closed {
    /// Some rows of the tick that ends then.
    Rows(EventTime, Vec<Interval>),
    /// That was all of this tick; it may have had no row at all.
    Tick(EventTime),
    /// That was all of this step.
    Done(Box<Done>),
}

#[derive(Default)]
struct Done {
    /// What the sequencer buried, in its order; from the first shard alone.
    dead: Vec<Dead>,
    /// What this shard refused.
    refused: Vec<Dead>,
    /// There is no further step; so many meters were heard of.
    last: Option<(Totals, u64)>,
}

/// Rows go from thread to thread so many at a time: few enough to stay in the cache.
const PART: usize = 2048;

fn feed(
    sequencer: &mut Sequencer,
    decoders: &mut Decoders,
    to_shards: &[SyncSender<Work>],
    counted: &mut Counted,
    watch: &mut impl FnMut(Progress),
) -> Result<(), Failure> {
    let mut open: BTreeMap<PartitionId, (Arc<Batch>, usize)> = BTreeMap::new();
    let mut done: VecDeque<Arc<Batch>> = VecDeque::new();
    let mut dead = Vec::new();
    while let Some(id) = sequencer.wants() {
        let mut steps = Vec::new();
        let held = match open.remove(&id) {
            Some(held) => Some(held),
            None => decoders.next(id)?.map(|batch| {
                counted.readings += batch.len() as u64;
                counted.counts.add(&batch.counts);
                for letter in &batch.dead {
                    let bytes = batch.text(letter.span).to_vec();
                    dead.push(Dead { partition: id, reason: letter.reason, bytes, reading: None });
                }
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
        for shard in to_shards {
            let (batch, steps, dead) = (Arc::clone(&batch), Arc::clone(&steps), std::mem::take(&mut dead));
            shard.send(Work { partition: id, batch, steps, dead }).map_err(|_| Hung)?;
        }
        watch(Progress { readings: counted.readings, front: sequencer.front() });
        done.push_back(batch);
        // Shards go through batches in one order: those that all are done with come first.
        while done.front().is_some_and(|batch| Arc::strong_count(batch) == 1) {
            done.pop_front().into_iter().for_each(|batch| decoders.reuse(batch));
        }
    }
    Ok(())
}

fn shard(mut fleet: Fleet, work: &Receiver<Work>, to: &SyncSender<Closed>) {
    let mut done = Done::default();
    while let Ok(Work { partition, batch, steps, dead }) = work.recv() {
        done.dead.extend(dead);
        let mut refusals: Vec<Refusal> = Vec::new();
        for step in steps.iter() {
            match step {
                Step::Admit(range) => fleet.admit(&batch, range.clone(), &mut refusals),
                Step::Released(released) => {
                    let mut refusals = Vec::new();
                    fleet.admit(released, 0..released.len(), &mut refusals);
                    bury(partition, released, &[], &refusals, &mut done.refused);
                }
                Step::Advance(watermark) => {
                    bury(partition, &batch, &[], &refusals, &mut done.refused);
                    refusals.clear();
                    if close(&mut fleet, *watermark, std::mem::take(&mut done), to).is_err() {
                        return;
                    }
                }
            }
        }
        bury(partition, &batch, &[], &refusals, &mut done.refused);
    }
    let mut rows = Vec::new();
    fleet.finish(&mut rows);
    done.last = Some((fleet.totals().clone(), fleet.len() as u64));
    // Nobody listens any more if the sink has failed; it has told why.
    drop(tell(EventTime::MAX, rows, to).and_then(|()| to.send(Closed::Done(Box::new(done)))));
}

/// Tells every tick up to the watermark, and then what else there is to tell.
fn close(
    fleet: &mut Fleet,
    watermark: EventTime,
    done: Done,
    to: &SyncSender<Closed>,
) -> Result<(), SendError<Closed>> {
    let mut rows = Vec::with_capacity(PART);
    let mut told = Ok(());
    let mut hand_on = |end, rows: &mut Vec<Interval>| {
        let part = std::mem::replace(rows, Vec::with_capacity(PART));
        if told.is_ok() {
            told = to.send(Closed::Rows(end, part));
        }
    };
    while let Some(end) = fleet.close_next_in_parts(watermark, PART, &mut rows, &mut hand_on) {
        tell(end, std::mem::take(&mut rows), to)?;
    }
    told.and_then(|()| to.send(Closed::Done(Box::new(done))))
}

/// The last rows of a tick, and its end.
fn tell(end: EventTime, rows: Vec<Interval>, to: &SyncSender<Closed>) -> Result<(), SendError<Closed>> {
    to.send(Closed::Rows(end, rows)).and_then(|()| to.send(Closed::Tick(end)))
}

/// Brings the rows of several shards into one order: tick by tick, by meter, then by end.
struct Merge<'a> {
    shards: Vec<Told<'a>>,
}

/// What one shard tells of the step at hand, as far as it was heard.
struct Told<'a> {
    from: &'a Receiver<Closed>,
    /// The tick at hand.
    end: EventTime,
    rows: std::vec::IntoIter<Interval>,
    /// That tick has no further row.
    ticked: bool,
    done: Option<Box<Done>>,
}

/// What comes first is told first: the rows of a tick by meter and end, then that it is over.
type Place<'a> = (EventTime, bool, Option<(&'a MeterId, EventTime)>);

impl<'a> Told<'a> {
    fn new(from: &'a Receiver<Closed>) -> Result<Self, Hung> {
        let rows = Vec::new().into_iter();
        let mut told = Self { from, end: EventTime::MIN, rows, ticked: false, done: None };
        told.listen()?;
        Ok(told)
    }

    /// Waits for a row, the end of a tick, or the end of the step.
    fn listen(&mut self) -> Result<(), Hung> {
        while self.rows.as_slice().is_empty() && !self.ticked && self.done.is_none() {
            match self.from.recv().map_err(|_| Hung)? {
                Closed::Rows(end, rows) => (self.end, self.rows) = (end, rows.into_iter()),
                Closed::Tick(end) => (self.end, self.ticked) = (end, true),
                Closed::Done(done) => self.done = Some(done),
            }
        }
        Ok(())
    }

    fn next(&self) -> Option<Place<'_>> {
        match self.rows.as_slice().first() {
            Some(row) => Some((self.end, false, Some((&row.meter, row.end)))),
            None => self.ticked.then_some((self.end, true, None)),
        }
    }
}

impl<'a> Merge<'a> {
    /// Listens for one step of every shard.
    fn new(from_shards: &'a [Receiver<Closed>]) -> Result<Self, Hung> {
        Ok(Self { shards: from_shards.iter().map(Told::new).collect::<Result<_, _>>()? })
    }

    /// What comes next, and from which shard.
    fn next(&self) -> Option<(Place<'_>, usize)> {
        self.shards.iter().enumerate().filter_map(|(shard, told)| Some((told.next()?, shard))).min()
    }

    /// The tick at hand; none when the step is over.
    fn tick(&self) -> Option<EventTime> {
        self.next().map(|((end, ..), _)| end)
    }

    /// Moves rows of the tick at hand to `out` until there are `most`; says whether it is not over yet.
    fn take(&mut self, most: usize, out: &mut Vec<Interval>) -> Result<bool, Hung> {
        while out.len() < most {
            let Some(((end, over, _), shard)) = self.next() else { return Ok(false) };
            if over {
                for told in self.shards.iter_mut().filter(|told| told.ticked && told.end == end) {
                    told.ticked = false;
                    told.listen()?;
                }
                return Ok(false);
            }
            let told = &mut self.shards[shard];
            out.extend(told.rows.next());
            told.listen()?;
        }
        Ok(true)
    }

    /// What the shards had to tell beside their rows; for when there is no row left.
    fn done(self) -> impl Iterator<Item = Box<Done>> {
        self.shards.into_iter().filter_map(|told| told.done)
    }
}

fn collect<S: Sink>(
    mut town: Option<Town>,
    from_shards: &[Receiver<Closed>],
    sink: &mut S,
) -> Result<(Totals, u64, Missing), Failure> {
    let (mut totals, mut meters) = (Totals::default(), 0);
    let mut out = Outputs::default();
    // The second stage sees a whole tick side by side; without it, nobody needs more rows at once than a sink writes.
    let most = if town.is_some() { usize::MAX } else { PART };
    loop {
        let mut merge = Merge::new(from_shards)?;
        while let Some(end) = merge.tick() {
            while merge.take(most, &mut out.intervals)? {
                sink.take(&mut out)?;
            }
            out.ticks.push((end, out.intervals.len()));
            if let Some(town) = town.as_mut().filter(|_| end != EventTime::MAX) {
                let rows = std::mem::take(&mut out.intervals);
                town.tick(end, &rows, &mut out);
                out.intervals = rows;
            }
            sink.take(&mut out)?;
        }
        let (mut refused, mut last) = (Vec::new(), false);
        for done in merge.done() {
            out.dead.extend(done.dead);
            refused.extend(done.refused);
            if let Some((more, heard)) = done.last {
                last = true;
                meters += heard;
                totals.admitted += more.admitted;
                totals.unplaced += more.unplaced;
                totals.counts.add(&more.counts);
            }
        }
        refused.sort_by(|a, b| dead_order(a).cmp(&dead_order(b)));
        out.dead.append(&mut refused);
        if last {
            if let Some(town) = &mut town {
                town.finish(&mut out);
            }
            sink.take(&mut out)?;
            let missing = town.map(|town| town.missing().clone());
            return Ok((totals, meters, missing.unwrap_or_default()));
        }
        sink.take(&mut out)?;
    }
}

fn dead_order(dead: &Dead) -> (Option<(EventTime, &[u8])>, &[u8]) {
    (dead.reading.as_ref().map(|(meter, reading)| (reading.time(), meter.as_bytes())), &dead.bytes)
}
