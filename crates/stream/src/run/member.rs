//! A member of a group: the threads of one stage, from joining to leaving.

use super::checkpointer::Checkpointer;
use super::exchange::{Endings, Passing};
use super::group::{self, GroupContext};
use super::halt::Halt;
use super::parcel::Empties;
use super::poller::{Done, Poller, Setting};
use super::publish::Publisher;
use super::restore::Restorer;
use super::rows::Rows;
use super::second::{Second, TooFar};
use super::stage::{Between, Stage};
use super::worker::{Tally, ToWorker, Worker};
use super::{ALONE, EndAll, Job, Outcome, join, or_end_all};
use grid::Topology;
use pipeline::PartitionId;
use rdkafka::consumer::BaseConsumer;
use reading::EventTime;
use shell::Failure;
use shell::spawn;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// Parcels that wait before a worker.
const DEPTH: usize = 4;
/// What waits before the second stage.
const HEARD: usize = 64;
/// The most rows of one partition that wait for the others.
const MOST_ROWS: usize = 1_000_000;

/// One that has not joined yet.
pub struct Member<'a> {
    job: &'a Job<'a>,
    stage: Stage,
    publisher: Publisher,
    consumer: BaseConsumer<GroupContext>,
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
        let consumer = group::connect(&job.kafka, &stage.group(&job.kafka), job.instance)?;
        Ok(Self { job, stage, publisher, consumer, halt, town: None })
    }

    /// How many partitions its topic has.
    pub fn partitions(&self) -> Result<PartitionId, Failure> {
        Ok(self.restorer().partitions(&self.consumer)?.len() as PartitionId)
    }

    /// Holds a second stage in memory.
    pub fn hold_the_town(&mut self, topology: &Topology) -> Result<(), Failure> {
        let restorer = self.restorer();
        let partitions = restorer.partitions(&self.consumer)?;
        let committed = restorer.committed(&self.consumer, &partitions)?;
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
        targets: &mut BTreeMap<PartitionId, i64>,
        shared: &mut u32,
    ) -> Result<Outcome, Failure> {
        let restorer = self.restorer();
        let Self { job, stage, publisher, consumer, halt, town } = self;
        let (plan, kafka) = (&job.plan, &job.kafka);
        let (number, town, confluence, positions) = match town {
            Some((number, second)) => (number, Some(second.town), second.confluence, Some(second.positions)),
            None => (0, None, pipeline::Confluence::default(), None),
        };
        let (nobody, endings, group) = (TooFar::default(), Endings::default(), Mutex::new(None));
        let empties = Empties::default();
        let (too_far, most_rows) = match stage {
            Stage::Readings => (&between.lanes_too_far, MOST_ROWS),
            // A partition of the exchange holds words of all lanes, and waits for none: lanes do.
            Stage::Grid { .. } => (&nobody, MOST_ROWS / restorer.partitions(&consumer)?.len().max(1)),
        };
        let workers = job.shards as usize;
        thread::scope(|scope| {
            let _end_all = EndAll(&halt);
            let (to_second, heard) = sync_channel(HEARD);
            let (cut, cuts) = sync_channel(1);
            let (tell_written, written) = channel();
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
                    second: to_second.clone(),
                    passing,
                    empties: &empties,
                    endings: &endings,
                    lanes_too_far: &between.lanes_too_far,
                    most_rows,
                    topology: Arc::clone(&topology),
                    metrics: job.metrics,
                };
                let halt = halt.clone();
                let work = move || or_end_all(&halt, worker.work(&told));
                threads.push(spawn(scope, format!("{}-{index}", stage.workers()), work)?);
            }
            drop(to_second);
            let second = Second {
                workers,
                town,
                confluence,
                rows: Rows::new(plan, kafka),
                publisher: &publisher,
                cuts: cut,
                too_far,
                most_rows,
                waiting: 0,
                ended: BTreeSet::new(),
                over: false,
                metrics: job.metrics,
            };
            let halt_second = halt.clone();
            let work = move || or_end_all(&halt_second, second.work(&heard));
            let second = spawn(scope, "second".to_owned(), work)?;
            let checkpointer = Checkpointer {
                plan,
                kafka,
                stage,
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

            let poller = Poller::new(Setting {
                kafka,
                consumer: &consumer,
                restorer,
                publisher: &publisher,
                workers: to_workers,
                written,
                topologies,
                too_far,
                empties: &empties,
                endings: &endings,
                signals: job.signals,
                until_end: job.until_end,
                group: &group,
                halt: halt.clone(),
                second: positions,
                others_go_on: &between.others_go_on,
                targets,
                shared,
                topology,
                metrics: job.metrics,
            });
            let polled = poller.run();
            if polled.as_ref().map_or(true, |done| *done != Done::Ended) {
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
            Ok(Outcome { done: polled?, tally, found: found.unwrap_or_default() })
        })
    }
}
