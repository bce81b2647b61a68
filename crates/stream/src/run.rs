//! `gridwarden run`: the streaming engine on Kafka, until its end, a signal or a failure.
//!
//! ```text
//!            -> worker 0 -\   intervals and dead letters, partition by partition
//!  poller --<              >--> second stage --> checkpointer --> store
//!            -> worker 1 -/   balances, cases, alerts ...
//! ```
//!
//! The poller hands each partition's messages to the worker that holds the partition. A worker decodes readings,
//! admits them, closes intervals, and publishes them partition by partition. The second stage brings the ticks of all
//! partitions together. From time to time the poller starts a checkpoint: a barrier passes through all threads in the
//! order of their work. The checkpoint is written once the broker has all results from before the barrier. After a
//! crash the run loads the last checkpoint and publishes some results again, under the same keys, so that they
//! overwrite the first ones.
//!
//! The picture above is `[grid] exchange = "memory"`. With `exchange = "kafka"` the first stage has no second one
//! behind it: its workers pass rows on through the topic of intervals. The second stage is then the same picture once
//! more, in a group of its own, and its workers hold districts, one for each partition. So several instances share
//! both stages.
//!
//! Read `member` and `messages` (the threads, and what they send each other), `group` and `poller`, then `worker`,
//! `second`, `checkpointer`, `restore`, and `stage`, `exchange` and `district`.

mod checkpointer;
mod district;
mod exchange;
mod group;
mod halt;
mod job;
mod member;
mod messages;
mod noticing;
mod parcel;
mod poller;
mod progress;
mod publish;
mod restore;
mod rows;
mod second;
mod stage;
mod tally;
mod too_far;
mod worker;

use crate::kafka::Exchange;
use crate::metrics::Loop;
use crate::topology;
use exchange::Passing;
use halt::{EndAll, Halt};
use job::Carried;
pub use job::{Done, Job, Outcome};
use member::Member;
use shell::{Failure, join, spawn, telemetry};
use stage::{Between, Stage};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Pauses before a failed run starts again. Each is twice the one before, up to the longest. Once a run has lasted
/// longer than the longest pause, the next pause is the first one again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Runs until the end, a signal, or a failure that a new start cannot repair.
#[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
pub fn run(job: &Job<'_>) -> Result<Outcome, Failure> {
    let mut carried = Carried::default();
    let mut pause = FIRST_PAUSE;
    loop {
        let began = Instant::now();
        let failure = match once(job, &mut carried) {
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
            // The failure was reported, and the next start repairs it as well as this one would have.
            if let Some(signal) = job.signals.signal() {
                let (tally, found) = Default::default();
                return Ok(Outcome { done: Done::Signal(signal), tally, found });
            }
            job.metrics.beat(Loop::Main);
            thread::sleep(Duration::from_millis(50));
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One life of this instance in its groups: from joining them to leaving them.
fn once(job: &Job<'_>, carried: &mut Carried) -> Result<Outcome, Failure> {
    let (plan, kafka) = (&job.plan, &job.kafka);
    let (watched, topology) = topology::Source::open(job.topology, Some(kafka), "topology")?;
    let topology = Arc::new(topology);
    job.metrics.begin();
    let mut readings = Member::connect(job, Stage::Readings)?;
    let (mut grid, mut passing) = (None, None);
    if plan.has_second_stage() {
        match kafka.exchange {
            Exchange::Memory => readings.restore_second_stage(&topology)?,
            Exchange::Kafka => {
                let stage = Stage::Grid { lanes: readings.partitions()? };
                let member = Member::connect(job, stage)?;
                passing = Some(Passing::new(stage.topic(kafka), member.partitions()?, &kafka.group));
                grid = Some(member);
            }
        }
    }
    let (halt_readings, halt_grid) = (readings.halt.clone(), grid.as_ref().map(|grid| grid.halt.clone()));
    let (watching, between) = (Halt::default(), Between::default());
    let (to_readings, readings_topologies) = channel();
    let (to_grid, grid_topologies) = channel();
    // If one stage fails, the other one is halted. Only the first failure is the cause, so only that one is reported.
    let first = Mutex::new(None);
    let fails = |failure| {
        first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
    };
    let (readings, grid) = thread::scope(|scope| {
        let _end_watching = EndAll(&watching);
        let watch = || {
            let to_all = |topology| {
                let topology = Arc::new(topology);
                // A stage that has ended does not need it.
                [&to_readings, &to_grid].iter().for_each(|stage| drop(stage.send(Arc::clone(&topology))));
            };
            watched.watch(to_all, || watching.check().is_err());
        };
        spawn(scope, "topology".to_owned(), watch)?;
        let grid = grid.map(|grid| {
            let topology = Arc::clone(&topology);
            let work = || {
                let carried = &mut Carried::default();
                let ended = grid.work(topology, grid_topologies, None, &between, carried);
                ended.map_err(fails).inspect_err(|()| halt_readings.now()).ok()
            };
            spawn(scope, "grid".to_owned(), work)
        });
        let passing = passing.as_ref();
        let readings = readings.work(topology, readings_topologies, passing, &between, carried);
        let readings = readings.map_err(fails).ok();
        if let Some(halt_grid) = halt_grid.filter(|_| readings.is_none()) {
            halt_grid.now();
        }
        let grid = grid.transpose()?.and_then(join);
        Ok::<_, Failure>((readings, grid))
    })?;
    if let Some(failure) = first.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(failure);
    }
    let mut outcome = readings.ok_or_else(Failure::ended_early)?;
    if let Some(grid) = grid {
        outcome.found.add(&grid.tally.found);
        outcome.done = grid.done.signal().map_or(outcome.done, Done::Signal);
    }
    Ok(outcome)
}
