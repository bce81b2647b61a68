//! `gridwarden run`: the streaming engine on Kafka, for as long as it is let.
//!
//! ```text
//!            -> worker 0 -\   intervals and dead letters, partition by partition
//!  poller --<              >--> second stage --> checkpointer --> store
//!            -> worker 1 -/   balances, cases, alerts ...
//! ```
//!
//! The poller hands each partition's messages to the worker that holds it; a worker decodes, admits and closes, and
//! publishes what is told partition by partition. The second stage brings the ticks of all partitions together. Every
//! now and then the poller calls for a checkpoint: a cut goes through all threads in the order of their work, and is
//! written once the broker has all results of before. After a crash the last cut is loaded, and what comes again has
//! the same keys as before.
//!
//! Read `group` and `poller`, then `worker`, `second`, `checkpointer`, and `restore`.

mod checkpointer;
mod group;
mod halt;
mod parcel;
mod poller;
mod publish;
mod restore;
mod rows;
mod second;
mod topology;
mod worker;

use crate::checkpoints::Store;
use crate::failure::Failure;
use crate::kafka::{Exchange, KafkaPlan};
use crate::metrics::Metrics;
use crate::stop::Stop;
use crate::telemetry;
use checkpointer::Checkpointer;
pub use checkpointer::Written;
use halt::Halt;
use parcel::Empties;
use pipeline::{PartitionId, Plan};
pub use poller::Done;
use poller::{Poller, Setting};
use publish::Publisher;
use reading::EventTime;
use restore::{ENDED, Restorer};
use rows::Rows;
use second::{Found, Second, TooFar};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use worker::{Tally, ToWorker, Worker};

/// Parcels that wait before a worker.
const DEPTH: usize = 4;
/// What waits before the second stage.
const HEARD: usize = 64;
/// The most rows of one partition that wait for the others.
const MOST_ROWS: usize = 1_000_000;
/// Pauses before a run starts again: they double up to the longest, and begin anew once it has run for longer than that.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The name of an instance that has none.
const ALONE: &str = "1";

/// What to run.
pub struct Job<'a> {
    pub plan: Plan,
    pub kafka: KafkaPlan,
    pub topology: Option<&'a Path>,
    pub store: Store,
    pub shards: u32,
    pub until_end: bool,
    /// The name of this instance, if it has one.
    pub instance: Option<&'a str>,
    pub accept_new_plan: bool,
    pub signals: &'a Stop,
    pub metrics: &'a Metrics,
}

/// What a run has done.
#[derive(Debug)]
pub struct Outcome {
    pub done: Done,
    pub tally: Tally,
    pub found: Found,
}

/// Runs until the end, a signal, or a failure that starting again cannot mend.
#[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
pub fn run(job: &Job<'_>) -> Result<Outcome, Failure> {
    let (mut targets, mut shared) = (BTreeMap::new(), 0);
    let mut pause = FIRST_PAUSE;
    loop {
        let began = Instant::now();
        let failure = match once(job, &mut targets, &mut shared) {
            Ok(outcome) => return Ok(outcome),
            Err(failure) if failure.may_pass() => failure,
            Err(failure) => return Err(failure),
        };
        if began.elapsed() > LONGEST_PAUSE {
            pause = FIRST_PAUSE;
        }
        telemetry::starts_again(&failure, pause);
        job.metrics.health.not_ready("starting again after a failure");
        let until = Instant::now() + pause;
        while Instant::now() < until {
            if job.signals.signal().is_some() {
                return Err(failure);
            }
            job.metrics.beat();
            thread::sleep(Duration::from_millis(50));
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One life of the group's member: from joining to leaving.
fn once(
    job: &Job<'_>,
    targets: &mut BTreeMap<PartitionId, i64>,
    shared: &mut u32,
) -> Result<Outcome, Failure> {
    let (plan, kafka) = (&job.plan, &job.kafka);
    let halt = Halt::default();
    let (watched, topology) = topology::Source::open(job.topology, kafka)?;
    let in_memory = plan.has_second_stage() && kafka.exchange == Exchange::Memory;
    // Where only one may run, it needs no name.
    let instance = job.instance.or(in_memory.then_some(ALONE));
    // First, because it ends what an earlier process of this name left open.
    let publisher = Publisher::connect(kafka, instance.unwrap_or(ALONE), job.metrics, halt.clone())?;
    let consumer = group::connect(kafka, instance)?;
    let restorer = Restorer { plan, kafka, store: &job.store, accept_changes: job.accept_new_plan };
    let (number, town, confluence, positions) = if in_memory {
        let partitions: Vec<PartitionId> = restorer.partitions(&consumer)?;
        let committed = restorer.committed(&consumer, &partitions)?;
        let (number, mut second) = restorer.second(&topology, &committed)?;
        // All of them, before the first worker tells of its own: no tick is whole without any of them.
        partitions.iter().for_each(|&lane| second.confluence.open(lane, EventTime::MIN));
        (number, Some(second.town), second.confluence, Some(second.positions))
    } else {
        (0, None, pipeline::Confluence::default(), None)
    };
    let topology = Arc::new(topology);
    let (too_far, group, empties) = (TooFar::default(), Mutex::new(None), Empties::default());
    let workers = job.shards as usize;
    thread::scope(|scope| {
        let _end_all = EndAll(&halt);
        let (to_second, heard) = sync_channel(HEARD);
        let (cut, cuts) = sync_channel(1);
        let (tell_written, written) = channel();
        let (tell_topology, topologies) = channel();
        let mut to_workers = Vec::new();
        let mut threads = Vec::new();
        for index in 0..workers {
            let (to, told) = sync_channel::<ToWorker>(DEPTH);
            to_workers.push(to);
            let worker = Worker {
                index,
                plan,
                full_after: kafka.full_after,
                rows: Rows::new(plan, kafka),
                publisher: &publisher,
                empties: &empties,
                second: to_second.clone(),
                topology: Arc::clone(&topology),
                metrics: job.metrics,
            };
            let halt = halt.clone();
            let work = move || or_end_all(&halt, worker.work(&told));
            threads.push(spawn(scope, format!("worker-{index}"), work)?);
        }
        drop(to_second);
        let second = Second {
            workers,
            town,
            confluence,
            rows: Rows::new(plan, kafka),
            publisher: &publisher,
            cuts: cut,
            too_far: &too_far,
            most_rows: MOST_ROWS,
            metrics: job.metrics,
        };
        let until_end = job.until_end;
        let halt_second = halt.clone();
        let work = move || or_end_all(&halt_second, second.work(&heard, until_end));
        let second = spawn(scope, "second".to_owned(), work)?;
        let checkpointer = Checkpointer {
            plan,
            kafka,
            store: job.store.clone(),
            publisher: &publisher,
            group: &group,
            number,
            halt: halt.clone(),
            metrics: job.metrics,
        };
        let halt_writer = halt.clone();
        let work = move || or_end_all(&halt_writer, checkpointer.work(&cuts, &tell_written));
        let writer = spawn(scope, "checkpoints".to_owned(), work)?;
        let halt_watching = halt.clone();
        spawn(scope, "topology".to_owned(), move || watched.watch(&tell_topology, &halt_watching))?;

        let poller = Poller::new(Setting {
            kafka,
            consumer: &consumer,
            restorer,
            publisher: &publisher,
            empties: &empties,
            workers: to_workers,
            written,
            topologies,
            too_far: &too_far,
            signals: job.signals,
            until_end: job.until_end,
            group: &group,
            halt: halt.clone(),
            second: positions,
            targets,
            shared,
            topology,
            metrics: job.metrics,
        });
        let polled = poller.run();
        if polled.as_ref().map_or(true, |(done, _)| *done != Done::Ended) {
            halt.now();
        }
        // The channels to the workers are closed by now: each ends behind what it was told, and so do the others.
        let mut tally = Tally::default();
        for thread in threads {
            if let Ok(more) = join(thread) {
                tally.add(&more);
            }
        }
        let found = join(second);
        let wrote = join(writer);
        // What a thread failed of is the cause; that the others ended is the consequence.
        wrote?;
        polled.and_then(|(done, checkpoint)| {
            if done == Done::Ended {
                finish(kafka, &publisher, &consumer, checkpoint.as_ref())?;
            }
            let found = found.unwrap_or_default();
            Ok(Outcome { done, tally, found })
        })
    })
}

/// Everything is closed and told: waits until the broker has it, and leaves a word about it beside the positions.
fn finish(
    kafka: &KafkaPlan,
    publisher: &Publisher,
    consumer: &rdkafka::consumer::BaseConsumer<group::GroupContext>,
    checkpoint: Option<&Written>,
) -> Result<(), Failure> {
    use rdkafka::consumer::{CommitMode, Consumer};
    let Some(checkpoint) = checkpoint else { return Ok(()) };
    let epoch = checkpoint.epoch + 1;
    if publisher.drain(epoch).is_err() {
        return Err(publisher.failure().unwrap_or_else(Failure::told_to_end));
    }
    let word = format!("{}{ENDED}", checkpoint.number);
    let offsets = checkpointer::offsets(&kafka.readings, &checkpoint.positions, &word);
    if kafka.transactional {
        let metadata = consumer.group_metadata().ok_or_else(Failure::told_to_end)?;
        return publisher.commit(epoch, &offsets, &metadata);
    }
    if let Err(error) = consumer.commit(&offsets, CommitMode::Sync) {
        telemetry::commit_fails(&error);
    }
    Ok(())
}

/// However a run ends, no thread of it waits any longer.
struct EndAll<'a>(&'a Halt);

impl Drop for EndAll<'_> {
    fn drop(&mut self) {
        self.0.now();
    }
}

/// A thread that cannot go on ends the waiting of all.
fn or_end_all<T, E>(halt: &Halt, ended: Result<T, E>) -> Result<T, E> {
    if ended.is_err() {
        halt.now();
    }
    ended
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
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
