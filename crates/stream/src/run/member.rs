//! A member of a group: the threads of one stage, from joining the group to leaving it.

use super::checkpointer::Checkpointer;
use super::exchange::{Endings, Passing};
use super::group::{committed, partitions};
use super::halt::{EndAll, Ended, Halt, or_end_all};
use super::job::{Carried, Done, Job, Outcome};
use super::messages::{Cut, ToSecond, ToWorker};
use super::parcel::Empties;
use super::poller::{Poller, Setting};
use super::publish::Publisher;
use super::restore::Restorer;
use super::rows::Rows;
use super::second::Second;
use super::stage::{Between, Stage};
use super::tally::{Found, Tally};
use super::too_far::TooFar;
use super::worker::Worker;
use crate::log::{GroupConsumer, Joining, Membership};
use grid::Topology;
use pipeline::{Confluence, PartitionId, Town};
use reading::EventTime;
use shell::{Failure, join, spawn};
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// How many messages may wait in front of a worker.
const WORKER_DEPTH: usize = 4;
/// How many messages may wait in front of the second stage.
const SECOND_DEPTH: usize = 64;
/// The name for the coordinator of transactions if the instance has none.
const ALONE: &str = "1";
/// How many rows of one partition may wait for slower partitions before it is paused.
const MOST_ROWS: usize = 1_000_000;

/// A member with connections that has not joined its group yet.
pub struct Member<'a> {
    job: &'a Job<'a>,
    stage: Stage,
    publisher: Publisher,
    consumer: GroupConsumer,
    /// Halts its threads.
    pub halt: Halt,
    /// A second stage in memory, with the number of its checkpoint.
    town: Option<(u64, pipeline::Second)>,
}

impl<'a> Member<'a> {
    /// Connects, and reads nothing yet.
    pub fn connect(job: &'a Job<'a>, stage: Stage) -> Result<Self, Failure> {
        let halt = Halt::default();
        let name = job.instance.unwrap_or(ALONE);
        let of_producer = match stage {
            Stage::Readings => name.to_owned(),
            Stage::Grid { .. } => format!("{name}-grid"),
        };
        // First, because it aborts the transaction that an earlier process of this name left open. Until then its
        // offsets are pending, and the group does not return them.
        let publisher = Publisher::connect(&job.kafka, &of_producer, job.metrics, halt.clone())?;
        let joining = Joining {
            group: &stage.group(&job.kafka),
            instance: job.instance,
            topic: stage.topic(&job.kafka),
            header: stage.header(),
        };
        let consumer = GroupConsumer::connect(job.kafka.connection(), joining)?;
        Ok(Self { job, stage, publisher, consumer, halt, town: None })
    }

    /// How many partitions its topic has.
    pub fn partitions(&self) -> Result<PartitionId, Failure> {
        Ok(partitions(&self.consumer)?.len() as PartitionId)
    }

    /// Restores a second stage that runs in memory.
    pub fn restore_second_stage(&mut self, topology: &Topology) -> Result<(), Failure> {
        let restorer = self.restorer();
        let partitions = partitions(&self.consumer)?;
        let committed = committed(&self.consumer, &partitions)?;
        let (number, mut second) = restorer.second(topology, &committed)?;
        // Open all lanes before the first worker opens its own. Otherwise a tick would be whole with the lanes that
        // happen to be open.
        partitions.iter().for_each(|&lane| second.confluence.open(lane, EventTime::MIN));
        self.town = Some((number, second));
        Ok(())
    }

    fn restorer(&self) -> Restorer<'a> {
        let Job { plan, kafka, store, accept_new_plan: accept_changes, .. } = self.job;
        Restorer { plan, kafka, stage: self.stage, store, accept_changes: *accept_changes }
    }

    /// How many rows of one partition may wait for slower partitions. Each district keeps waiting rows of its own, so
    /// districts share the limit.
    fn most_rows(&self) -> Result<usize, Failure> {
        Ok(match self.stage {
            Stage::Readings => MOST_ROWS,
            Stage::Grid { .. } => MOST_ROWS / partitions(&self.consumer)?.len().max(1),
        })
    }

    /// Works until the end, a signal, or a failure.
    pub fn work(
        self,
        topology: Arc<Topology>,
        topologies: Receiver<Arc<Topology>>,
        passing: Option<&Passing>,
        between: &Between,
        carried: &mut Carried,
    ) -> Result<Outcome, Failure> {
        let (restorer, most_rows) = (self.restorer(), self.most_rows()?);
        let Self { job, stage, publisher, consumer, halt, town } = self;
        let (number, town, confluence, positions) = match town {
            Some((number, second)) => (number, Some(second.town), second.confluence, Some(second.positions)),
            None => (0, None, Confluence::default(), None),
        };
        let shared = Shared {
            job,
            stage,
            publisher,
            halt,
            passing,
            between,
            most_rows,
            never_too_far: TooFar::default(),
            empties: Empties::default(),
            endings: Endings::default(),
            group: Mutex::new(None),
        };
        thread::scope(|scope| {
            let _end_all = EndAll(&shared.halt);
            let (to_second, from_workers) = sync_channel(SECOND_DEPTH);
            let (cut, cuts) = sync_channel(1);
            let (to_poller, written) = channel();
            let (to_workers, workers) = shared.spawn_workers(scope, to_second, &topology)?;
            let second = shared.second(town, confluence, cut);
            let second = shared.spawn(scope, "second".to_owned(), move || second.work(&from_workers))?;
            let checkpointer = shared.checkpointer(number);
            let write = move || checkpointer.work(&cuts, &to_poller);
            let writer = shared.spawn(scope, "checkpoints".to_owned(), write)?;
            let poller = Poller::new(Setting {
                kafka: &job.kafka,
                consumer: &consumer,
                restorer,
                deliveries: shared.publisher.deliveries(),
                workers: to_workers,
                written,
                topologies,
                too_far: shared.too_far(),
                empties: &shared.empties,
                endings: &shared.endings,
                signals: job.signals,
                until_end: job.until_end,
                group: &shared.group,
                halt: shared.halt.clone(),
                second: positions,
                others_go_on: &between.others_go_on,
                carried,
                topology,
                metrics: job.metrics,
            });
            let polled = poller.run();
            if polled.as_ref().map_or(true, |done| *done != Done::Ended) {
                shared.halt.now();
            }
            // The poller has dropped its channels: each thread works off what it was sent, and then ends.
            outcome(polled, workers, second, writer)
        })
    }
}

/// A thread of a member.
type Thread<'scope, T, E> = thread::ScopedJoinHandle<'scope, Result<T, E>>;

type WorkerThreads<'scope> = Vec<Thread<'scope, Tally, Ended>>;

/// Waits for the threads behind the poller and adds up what they counted.
fn outcome(
    polled: Result<Done, Failure>,
    workers: WorkerThreads<'_>,
    second: Thread<'_, Found, Ended>,
    writer: Thread<'_, (), Failure>,
) -> Result<Outcome, Failure> {
    let mut tally = Tally::default();
    workers.into_iter().filter_map(|worker| join(worker).ok()).for_each(|more| tally.add(&more));
    let found = join(second);
    // A failure of the checkpointer comes first: it is the cause, and the poller's halt is its consequence.
    join(writer)?;
    Ok(Outcome { done: polled?, tally, found: found.unwrap_or_default() })
}

/// What the threads of a member share.
struct Shared<'a> {
    job: &'a Job<'a>,
    stage: Stage,
    publisher: Publisher,
    halt: Halt,
    passing: Option<&'a Passing>,
    between: &'a Between,
    /// How many rows of one partition may wait for slower partitions.
    most_rows: usize,
    /// Always empty: partitions of the grid are never paused for each other, only the lanes before them.
    never_too_far: TooFar,
    empties: Empties,
    endings: Endings,
    /// The group's present state, which a transaction needs.
    group: Mutex<Option<Membership>>,
}

impl Shared<'_> {
    /// Starts a thread. If it fails, all other threads of this member are halted.
    fn spawn<'scope, T: Send + 'scope, E: Send + 'scope>(
        &self,
        scope: &'scope thread::Scope<'scope, '_>,
        name: String,
        work: impl FnOnce() -> Result<T, E> + Send + 'scope,
    ) -> Result<Thread<'scope, T, E>, Failure> {
        let halt = self.halt.clone();
        spawn(scope, name, move || or_end_all(&halt, work()))
    }

    /// Starts the workers; returns the channels to them with the threads.
    fn spawn_workers<'scope>(
        &'scope self,
        scope: &'scope thread::Scope<'scope, '_>,
        to_second: SyncSender<(usize, ToSecond)>,
        topology: &Arc<Topology>,
    ) -> Result<(Vec<SyncSender<ToWorker>>, WorkerThreads<'scope>), Failure> {
        let (mut to_workers, mut workers) = (Vec::new(), Vec::new());
        for index in 0..self.job.shards as usize {
            let (to_worker, messages) = sync_channel::<ToWorker>(WORKER_DEPTH);
            to_workers.push(to_worker);
            let worker = self.worker(index, to_second.clone(), Arc::clone(topology));
            let name = format!("{}-{index}", self.stage.workers());
            workers.push(self.spawn(scope, name, move || worker.work(&messages))?);
        }
        Ok((to_workers, workers))
    }

    /// The partitions of this stage that have to pause.
    fn too_far(&self) -> &TooFar {
        match self.stage {
            Stage::Readings => &self.between.lanes_too_far,
            Stage::Grid { .. } => &self.never_too_far,
        }
    }

    fn worker(
        &self,
        index: usize,
        second: SyncSender<(usize, ToSecond)>,
        topology: Arc<Topology>,
    ) -> Worker<'_> {
        let Job { plan, kafka, metrics, .. } = self.job;
        Worker {
            index,
            plan,
            full_after: kafka.full_after,
            rows: Rows::new(plan, kafka),
            publisher: &self.publisher,
            second,
            passing: self.passing,
            empties: &self.empties,
            endings: &self.endings,
            lanes_too_far: &self.between.lanes_too_far,
            most_rows: self.most_rows,
            topology,
            metrics,
            epoch: 0,
        }
    }

    fn second(&self, town: Option<Town>, confluence: Confluence, cuts: SyncSender<Cut>) -> Second<'_> {
        let Job { plan, kafka, metrics, shards, .. } = self.job;
        Second {
            workers: *shards as usize,
            town,
            confluence,
            rows: Rows::new(plan, kafka),
            publisher: &self.publisher,
            cuts,
            too_far: self.too_far(),
            most_rows: self.most_rows,
            waiting: 0,
            ended: BTreeSet::new(),
            over: false,
            metrics,
        }
    }

    fn checkpointer(&self, number: u64) -> Checkpointer<'_> {
        let Job { kafka, metrics, store, .. } = self.job;
        Checkpointer {
            kafka,
            stage: self.stage,
            store: store.clone(),
            publisher: &self.publisher,
            group: &self.group,
            number,
            halt: self.halt.clone(),
            metrics,
        }
    }
}
