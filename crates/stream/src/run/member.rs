//! A member of a group: the threads of one stage, from joining to leaving.

use super::checkpointer::Checkpointer;
use super::exchange::{Endings, Passing};
use super::group::{committed, partitions};
use super::halt::{EndAll, Halt, or_end_all};
use super::job::{Carried, Done, Job, Outcome};
use super::messages::{Cut, ToSecond, ToWorker};
use super::parcel::Empties;
use super::poller::{Poller, Setting};
use super::publish::Publisher;
use super::restore::Restorer;
use super::rows::Rows;
use super::second::Second;
use super::stage::{Between, Stage};
use super::tally::Tally;
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

/// Parcels that wait before a worker.
const WORKER_DEPTH: usize = 4;
/// Messages that wait before the second stage.
const SECOND_DEPTH: usize = 64;
/// The name of an instance that has none, towards the coordinator of transactions.
const ALONE: &str = "1";
/// The most rows of one partition that wait for the others.
const MOST_ROWS: usize = 1_000_000;

/// One that has not joined yet.
pub struct Member<'a> {
    job: &'a Job<'a>,
    stage: Stage,
    publisher: Publisher,
    consumer: GroupConsumer,
    /// Ends its threads.
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
        // First, because it ends what an earlier process of this name left open.
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

    /// Holds a second stage in memory.
    pub fn hold_the_town(&mut self, topology: &Topology) -> Result<(), Failure> {
        let restorer = self.restorer();
        let partitions = partitions(&self.consumer)?;
        let committed = committed(&self.consumer, &partitions)?;
        let (number, mut second) = restorer.second(topology, &committed)?;
        // All of them, before the first worker tells of its own: no tick is whole without any of them.
        partitions.iter().for_each(|&lane| second.confluence.open(lane, EventTime::MIN));
        self.town = Some((number, second));
        Ok(())
    }

    fn restorer(&self) -> Restorer<'a> {
        let Job { plan, kafka, store, accept_new_plan: accept_changes, .. } = self.job;
        Restorer { plan, kafka, stage: self.stage, store, accept_changes: *accept_changes }
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
        let restorer = self.restorer();
        let most_rows = match self.stage {
            Stage::Readings => MOST_ROWS,
            // A partition of the exchange holds words of all lanes, and waits for none: lanes do.
            Stage::Grid { .. } => MOST_ROWS / partitions(&self.consumer)?.len().max(1),
        };
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
            nobody: TooFar::default(),
            empties: Empties::default(),
            endings: Endings::default(),
            group: Mutex::new(None),
        };
        thread::scope(|scope| {
            let _end_all = EndAll(&shared.halt);
            let (to_second, from_workers) = sync_channel(SECOND_DEPTH);
            let (cut, cuts) = sync_channel(1);
            let (to_poller, written) = channel();
            let (mut to_workers, mut workers) = (Vec::new(), Vec::new());
            for index in 0..job.shards as usize {
                let (to_worker, messages) = sync_channel::<ToWorker>(WORKER_DEPTH);
                to_workers.push(to_worker);
                let worker = shared.worker(index, to_second.clone(), Arc::clone(&topology));
                let name = format!("{}-{index}", stage.workers());
                workers.push(shared.spawn(scope, name, move || worker.work(&messages))?);
            }
            drop(to_second);
            let second = shared.second(town, confluence, cut);
            let second = shared.spawn(scope, "second".to_owned(), move || second.work(&from_workers))?;
            let checkpointer = shared.checkpointer(number);
            let write = move || checkpointer.work(&cuts, &to_poller);
            let writer = shared.spawn(scope, "checkpoints".to_owned(), write)?;
            let polled = Poller::new(Setting {
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
            })
            .run();
            if polled.as_ref().map_or(true, |done| *done != Done::Ended) {
                shared.halt.now();
            }
            // The channels to the workers are closed by now: each ends behind what it was sent, and so do the others.
            let mut tally = Tally::default();
            workers.into_iter().filter_map(|worker| join(worker).ok()).for_each(|more| tally.add(&more));
            let found = join(second);
            // What a thread failed of is the cause; that the others ended is the consequence.
            join(writer)?;
            Ok(Outcome { done: polled?, tally, found: found.unwrap_or_default() })
        })
    }
}

/// What the threads of a member share.
struct Shared<'a> {
    job: &'a Job<'a>,
    stage: Stage,
    publisher: Publisher,
    halt: Halt,
    passing: Option<&'a Passing>,
    between: &'a Between,
    /// How many rows of one partition may wait for the others.
    most_rows: usize,
    /// Districts hold nobody back by themselves.
    nobody: TooFar,
    empties: Empties,
    endings: Endings,
    /// The group as it is now, for transactions.
    group: Mutex<Option<Membership>>,
}

impl Shared<'_> {
    /// Starts a thread; one that cannot go on ends the waiting of all.
    fn spawn<'scope, T: Send + 'scope, E: Send + 'scope>(
        &self,
        scope: &'scope thread::Scope<'scope, '_>,
        name: String,
        work: impl FnOnce() -> Result<T, E> + Send + 'scope,
    ) -> Result<thread::ScopedJoinHandle<'scope, Result<T, E>>, Failure> {
        let halt = self.halt.clone();
        spawn(scope, name, move || or_end_all(&halt, work()))
    }

    /// Partitions of this stage that have to wait.
    fn too_far(&self) -> &TooFar {
        match self.stage {
            Stage::Readings => &self.between.lanes_too_far,
            Stage::Grid { .. } => &self.nobody,
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
