//! The thread that polls: it hands messages to the workers, starts checkpoints, and follows the group when the group
//! assigns or revokes partitions.
//!
//! It never waits for long. If a worker is busy, the poller pauses the partitions and goes on polling. A member that
//! does not poll is dead for the group: its partitions would go to another instance, and the slow work would begin
//! again there.

mod assignment;
mod backpressure;
mod checkpoint;
mod until_end;

use super::exchange::{Endings, passed_in};
use super::halt::Halt;
use super::job::{Carried, Done};
use super::messages::{ToWorker, Written};
use super::parcel::{Empties, Parcel};
use super::restore::Restorer;
use super::stage::Stage;
use super::too_far::TooFar;
use crate::kafka::{KafkaPlan, MessageFormat};
use crate::log::{Consumer, Deliveries, Membership, Message, Polled};
use crate::metrics::{Metrics, Partition};
use grid::Topology;
use pipeline::PartitionId;
use shell::{Failure, Stop};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many bytes of a partition are handed over at once. A replay reads blocks of the same size from files.
const PARCEL: usize = 256 * 1024;
/// How long a poll waits for a message when the poller has nothing else to do.
const IDLE_POLL: Duration = Duration::from_millis(20);
/// While messages keep coming, the poller does its other work after so many of them.
const MESSAGES_BETWEEN_LOOKS: u32 = 512;
/// How long a partition waits for its last checkpoint when it is given away. If the checkpoint takes longer, the next
/// owner continues from the one before: no result is lost, but some work is done twice.
const LAST_CHECKPOINT: Duration = Duration::from_secs(30);

/// A partition that the group has assigned to this instance.
struct Held {
    worker: usize,
    parcel: Option<Parcel>,
    /// The offset of the next message.
    position: i64,
    /// The offset at which it ends, with `--until-end`.
    target: Option<i64>,
    /// Whether all its intervals were closed and published at the offset where it started, or where it last ended.
    was_closed: bool,
    /// A message has come since then.
    has_news: bool,
    /// The time since which it has been at the end of its log.
    at_end: Option<Instant>,
    idle: bool,
    paused: bool,
    gauges: Arc<Partition>,
}

impl Held {
    fn ended(&self) -> bool {
        self.target.is_some_and(|target| self.position >= target)
    }

    /// Whether all its intervals are closed and published.
    fn is_closed(&self) -> bool {
        self.was_closed && !self.has_news
    }
}

/// What a poller needs.
pub struct Setting<'a, C> {
    pub kafka: &'a KafkaPlan,
    pub consumer: &'a C,
    pub restorer: Restorer<'a>,
    /// Which results the broker has confirmed.
    pub deliveries: &'a Deliveries,
    pub empties: &'a Empties,
    pub workers: Vec<SyncSender<ToWorker>>,
    pub written: Receiver<Written>,
    pub topologies: Receiver<Arc<Topology>>,
    pub too_far: &'a TooFar,
    pub endings: &'a Endings,
    /// Whether Ctrl-C or TERM has come.
    pub signals: &'a Stop,
    pub until_end: bool,
    /// The group's present state, which a transaction needs.
    pub group: &'a Mutex<Option<Membership>>,
    pub halt: Halt,
    /// The offset at which the second stage in memory continues in each partition, if the run has one.
    pub second: Option<BTreeMap<PartitionId, i64>>,
    pub carried: &'a mut Carried,
    /// Other instances hold partitions of readings and do not end. So the partitions of the grid never come to an end.
    pub others_go_on: &'a AtomicBool,
    pub topology: Arc<Topology>,
    pub metrics: &'a Metrics,
}

pub struct Poller<'a, C> {
    set: Setting<'a, C>,
    held: BTreeMap<PartitionId, Held>,
    /// Messages for each worker that did not fit into its channel yet.
    pending: Vec<VecDeque<ToWorker>>,
    /// The time since which at least one worker has been busy.
    busy: Option<Instant>,
    all_paused: bool,
    next_barrier: Instant,
    /// The epoch whose checkpoint is being written.
    in_flight: Option<u64>,
    epoch: u64,
    /// This run has closed the open intervals at the end.
    closed: bool,
    /// There is something new to store since the last barrier.
    moved: bool,
    /// The group has decided, and has given this instance no partition.
    has_nothing: bool,
    next_look_at_others: Instant,
    /// How far the other instances have come, and since when that has not changed.
    others: Option<(i64, Instant)>,
}

impl<'a, C: Consumer> Poller<'a, C> {
    /// A poller that has no partitions yet.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    pub fn new(set: Setting<'a, C>) -> Self {
        let pending = set.workers.iter().map(|_| VecDeque::new()).collect();
        let now = Instant::now();
        let next_barrier = now + set.kafka.checkpoint_every;
        Self {
            set,
            held: BTreeMap::new(),
            pending,
            busy: None,
            all_paused: false,
            next_barrier,
            in_flight: None,
            epoch: 0,
            closed: false,
            moved: false,
            has_nothing: false,
            next_look_at_others: now,
            others: None,
        }
    }

    /// Polls until there is a reason to end. By then the workers have every message, and the state is stored.
    pub fn run(mut self) -> Result<Done, Failure> {
        self.set
            .consumer
            .subscribe()
            .map_err(|cause| Failure::failed("cannot join the group", &cause).again())?;
        let done = self.poll_on();
        self.set.metrics.rest(self.set.restorer.stage.health_loop());
        self.set.consumer.leave();
        done
    }

    fn poll_on(&mut self) -> Result<Done, Failure> {
        let mut count = 0_u32;
        loop {
            let nothing = self.poll_once(if count == 0 { IDLE_POLL } else { Duration::ZERO })?;
            count += 1;
            if nothing || count >= MESSAGES_BETWEEN_LOOKS {
                count = 0;
                if nothing {
                    self.hand_over_all();
                }
                if let Some(done) = self.between_polls()? {
                    return Ok(done);
                }
            }
            if self.set.consumer.has_changed() {
                self.follow_the_group()?;
            }
        }
    }

    /// Polls once and takes the message, if there is one. Returns whether there was none.
    fn poll_once(&mut self, wait: Duration) -> Result<bool, Failure> {
        let consumer = self.set.consumer;
        match consumer.poll(wait, |message| self.take(message)) {
            Polled::Nothing => return Ok(true),
            Polled::End(partition) => self.came_to_the_end(partition),
            Polled::ShutOut { error, is_replaced } => {
                let help = "if another instance has the same name, give each its own with `--instance`";
                let failure = Failure::failed("the group has shut this instance out", &error).again();
                // Not fatal: a broker that was away may mistake this instance for another one of the same name.
                return Err(failure.help(is_replaced.then(|| help.to_owned())));
            }
            Polled::Message | Polled::Trouble => {}
        }
        Ok(false)
    }

    fn take(&mut self, message: &Message<'_>) {
        let partition = message.partition;
        let Some(held) = self.held.get_mut(&partition) else { return };
        if let Some(target) = held.target.filter(|target| message.offset >= *target) {
            // Messages behind the target are for the next run. A target that moves would never be reached.
            held.position = target;
            #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
            held.at_end.get_or_insert_with(Instant::now);
            return;
        }
        let (format, value) = match self.set.restorer.stage {
            Stage::Readings => (format_of(message.header).unwrap_or(self.set.kafka.format), message.value),
            // The header holds bytes without line breaks, and a parcel of frames adds none.
            Stage::Grid { .. } => (MessageFormat::Frame, passed_in(message.header, &self.set.kafka.group)),
        };
        // A parcel has one format, so a message of another format closes it.
        let other = held.parcel.take_if(|parcel| parcel.format() != format);
        let parcel = held.parcel.get_or_insert_with(|| self.set.empties.take(format));
        parcel.push(message.offset, message.timestamp_ms, value);
        held.position = message.offset + 1;
        held.has_news = true;
        held.at_end = None;
        let back = std::mem::take(&mut held.idle);
        let worker = held.worker;
        let full = held.parcel.take_if(|parcel| parcel.len() >= PARCEL);
        self.moved = true;
        if back {
            self.pending[worker].push_back(ToWorker::Idle { partition, idle: false });
        }
        for parcel in other.into_iter().chain(full) {
            self.pending[worker].push_back(ToWorker::Parcel { partition, parcel });
        }
        if !self.pending[worker].is_empty() {
            self.send_to_workers();
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn came_to_the_end(&mut self, partition: PartitionId) {
        let Some(held) = self.held.get_mut(&partition) else { return };
        held.at_end = Some(Instant::now());
        // Markers of transactions have offsets and no messages. Behind the last message they would keep the position
        // short of the target for ever.
        if let Some(target) = held.target {
            held.position = held.position.max(target);
        }
    }

    /// Sends everything that was polled to the workers, full parcels or not.
    fn hand_over_all(&mut self) {
        for (&partition, held) in &mut self.held {
            if let Some(parcel) = held.parcel.take() {
                self.pending[held.worker].push_back(ToWorker::Parcel { partition, parcel });
            }
        }
        self.send_to_workers();
    }

    /// Sends pending messages to the workers, as far as their channels have room. It does not wait for room.
    fn send_to_workers(&mut self) {
        for (worker, pending) in self.set.workers.iter().zip(&mut self.pending) {
            while let Some(message) = pending.pop_front() {
                match worker.try_send(message) {
                    Ok(()) => {}
                    Err(TrySendError::Full(message)) => {
                        pending.push_front(message);
                        break;
                    }
                    // The worker has ended. The thread that made it end reports the cause.
                    Err(TrySendError::Disconnected(_)) => {
                        self.set.halt.now();
                        break;
                    }
                }
            }
        }
    }

    /// The work between polls: checkpoints, a new topology, idle partitions, signals, the end of the run.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn between_polls(&mut self) -> Result<Option<Done>, Failure> {
        self.check()?;
        self.wait_for_room()?;
        let now = Instant::now();
        while let Ok(written) = self.set.written.try_recv() {
            self.commit(&written);
        }
        while let Ok(topology) = self.set.topologies.try_recv() {
            self.set.topology = Arc::clone(&topology);
            self.pending
                .iter_mut()
                .for_each(|pending| pending.push_back(ToWorker::Topology(Arc::clone(&topology))));
            self.moved = true;
        }
        self.pause_those_too_far_ahead()?;
        // Ticks wait for the last rows of an ended partition (`--until-end`), which come once all partitions have
        // ended. But while another partition is paused, the ended one counts as idle: the paused one waits for those
        // rows and cannot end before they come, which would be a deadlock.
        let all_go_on = self.set.too_far.now().is_empty();
        // Only the first stage knows that a lane is at the end of its log. A quiet partition of the grid does not show
        // that: rows of a slow lane may still be on their way.
        let lanes = self.held.iter_mut().filter(|_| self.set.restorer.stage == Stage::Readings);
        for (&partition, held) in lanes {
            let quiet = held.at_end.is_some_and(|since| now - since >= self.set.kafka.idle_after);
            let is_waited_for = held.ended() && all_go_on;
            if quiet && !held.idle && !held.paused && !is_waited_for {
                held.idle = true;
                self.moved = true;
                self.pending[held.worker].push_back(ToWorker::Idle { partition, idle: true });
            }
        }
        if let Some(signal) = self.set.signals.signal() {
            self.store_everything(LAST_CHECKPOINT)?;
            return Ok(Some(Done::Signal(signal)));
        }
        if self.set.until_end
            && let Some(done) = self.come_to_an_end(now)?
        {
            return Ok(Some(done));
        }
        // One checkpoint at a time: deliveries are counted for two epochs only.
        if self.in_flight.is_none() && now >= self.next_barrier && !self.held.is_empty() {
            self.next_barrier = now + self.set.kafka.checkpoint_every;
            if std::mem::take(&mut self.moved) {
                self.barrier();
            }
        }
        self.send_to_workers();
        self.set_metrics();
        Ok(None)
    }

    fn topic(&self) -> &'a str {
        self.set.restorer.stage.topic(self.set.kafka)
    }

    fn set_metrics(&self) {
        let metrics = self.set.metrics;
        metrics.beat(self.set.restorer.stage.health_loop());
        if self.set.restorer.stage == Stage::Readings {
            metrics.queued_messages.set(self.set.deliveries.under_way());
        }
        for (partition, held) in &self.held {
            held.gauges.position.set(held.position);
            held.gauges.idle.set(held.idle.into());
            if let Some(end) = self.set.consumer.known_end(*partition) {
                held.gauges.lag.set((end - held.position).max(0));
            }
        }
    }

    /// Fails if a result was refused or if another thread has ended early.
    fn check(&self) -> Result<(), Failure> {
        if let Some(failure) = self.set.deliveries.failure() {
            return Err(failure);
        }
        self.set.halt.check().map_err(|_| {
            Failure::failed_with_help(
                "a thread of the run has ended early",
                "its reason is in the lines above",
            )
            .again()
        })
    }
}

/// The format that the header of a message names.
fn format_of(header: Option<&[u8]>) -> Option<MessageFormat> {
    MessageFormat::named(std::str::from_utf8(header?).ok()?)
}

#[cfg(test)]
mod tests;
