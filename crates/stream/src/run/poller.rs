//! The thread that talks to the group: polls messages, hands them to the workers, calls for checkpoints, and takes
//! partitions as the group gives and takes them.
//!
//! It never waits for long: a worker that cannot take more makes it pause the partitions and go on polling, so that
//! the group does not take this instance for dead.

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

/// How much of a partition is handed over at once, as blocks of files are.
const PARCEL: usize = 256 * 1024;
/// How long a poll waits where there is nothing to do meanwhile.
const IDLE_POLL: Duration = Duration::from_millis(20);
/// How often the rest is looked after while messages come.
const MESSAGES_BETWEEN_LOOKS: u32 = 512;
/// How long a partition that is taken away waits for its last checkpoint. Without it, whoever has it next goes on from
/// the one before.
const FAREWELL: Duration = Duration::from_secs(30);

/// A partition that this instance has.
struct Held {
    worker: usize,
    parcel: Option<Parcel>,
    /// The next offset.
    position: i64,
    /// Where it is to end, if the run goes to the end.
    target: Option<i64>,
    /// Whether everything was closed and told where it began, or last ended.
    was_told: bool,
    /// A message has come since.
    has_news: bool,
    /// Since when it has been at the end of its log.
    at_end: Option<Instant>,
    idle: bool,
    paused: bool,
    gauges: Arc<Partition>,
}

impl Held {
    fn ended(&self) -> bool {
        self.target.is_some_and(|target| self.position >= target)
    }

    /// Whether all of it has been closed and told.
    fn is_closed(&self) -> bool {
        self.was_told && !self.has_news
    }
}

/// What a poller needs.
pub struct Setting<'a, C> {
    pub kafka: &'a KafkaPlan,
    pub consumer: &'a C,
    pub restorer: Restorer<'a>,
    /// What has become of results.
    pub deliveries: &'a Deliveries,
    pub empties: &'a Empties,
    pub workers: Vec<SyncSender<ToWorker>>,
    pub written: Receiver<Written>,
    pub topologies: Receiver<Arc<Topology>>,
    pub too_far: &'a TooFar,
    pub endings: &'a Endings,
    /// Ctrl-C and TERM.
    pub signals: &'a Stop,
    pub until_end: bool,
    /// The group as it is now, for transactions.
    pub group: &'a Mutex<Option<Membership>>,
    pub halt: Halt,
    /// Where the second stage goes on in each partition, if there is one.
    pub second: Option<BTreeMap<PartitionId, i64>>,
    pub carried: &'a mut Carried,
    /// Others have partitions of the readings and do not go to an end: those of the grid never will.
    pub others_go_on: &'a AtomicBool,
    pub topology: Arc<Topology>,
    pub metrics: &'a Metrics,
}

pub struct Poller<'a, C> {
    set: Setting<'a, C>,
    held: BTreeMap<PartitionId, Held>,
    /// What each worker is still to be told.
    pending: Vec<VecDeque<ToWorker>>,
    /// Since when somebody has been busy.
    busy: Option<Instant>,
    all_paused: bool,
    next_barrier: Instant,
    /// The epoch that is being stored.
    in_flight: Option<u64>,
    epoch: u64,
    /// It has closed what was open, at the end.
    closed: bool,
    /// Something has happened since the last barrier.
    moved: bool,
    /// The group has given this instance nothing.
    has_nothing: bool,
    next_look_at_others: Instant,
    /// How far the others have come, and since when.
    others: Option<(i64, Instant)>,
}

impl<'a, C: Consumer> Poller<'a, C> {
    /// Nothing assigned yet.
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

    /// Polls until there is a reason to end; then the workers are told all that there is, and the state is stored.
    pub fn run(mut self) -> Result<Done, Failure> {
        self.set
            .consumer
            .subscribe()
            .map_err(|cause| Failure::failed("cannot join the group", &cause).again())?;
        let done = self.poll_on();
        self.set.metrics.rest(self.set.restorer.stage.heard_as());
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
                if let Some(done) = self.look_after()? {
                    return Ok(done);
                }
            }
            if self.set.consumer.has_changed() {
                self.follow_the_group()?;
            }
        }
    }

    /// Takes a message, if there is one; says whether there was none.
    fn poll_once(&mut self, wait: Duration) -> Result<bool, Failure> {
        let consumer = self.set.consumer;
        match consumer.poll(wait, |message| self.take(message)) {
            Polled::Nothing => return Ok(true),
            Polled::End(partition) => self.came_to_the_end(partition),
            Polled::ShutOut { error, is_replaced } => {
                let help = "if another instance has the same name, give each its own with `--instance`";
                let failure = Failure::failed("the group has shut this instance out", &error).again();
                // A broker that was away may take this instance for another one of its name, too.
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
            // What is behind the end is none of this run's.
            held.position = target;
            #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
            held.at_end.get_or_insert_with(Instant::now);
            return;
        }
        let (format, value) = match self.set.restorer.stage {
            Stage::Readings => (format_of(message.header).unwrap_or(self.set.kafka.format), message.value),
            // Bytes as they are, such as those of frames.
            Stage::Grid { .. } => (MessageFormat::Frame, passed_in(message.header, &self.set.kafka.group)),
        };
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
            self.tell_workers();
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn came_to_the_end(&mut self, partition: PartitionId) {
        let Some(held) = self.held.get_mut(&partition) else { return };
        held.at_end = Some(Instant::now());
        // Behind the last message there may be marks of transactions, which have offsets too.
        if let Some(target) = held.target {
            held.position = held.position.max(target);
        }
    }

    /// Whatever was polled goes to the workers.
    fn hand_over_all(&mut self) {
        for (&partition, held) in &mut self.held {
            if let Some(parcel) = held.parcel.take() {
                self.pending[held.worker].push_back(ToWorker::Parcel { partition, parcel });
            }
        }
        self.tell_workers();
    }

    /// Tells the workers what they are still to be told, as far as they can take it.
    fn tell_workers(&mut self) {
        for (worker, pending) in self.set.workers.iter().zip(&mut self.pending) {
            while let Some(message) = pending.pop_front() {
                match worker.try_send(message) {
                    Ok(()) => {}
                    Err(TrySendError::Full(message)) => {
                        pending.push_front(message);
                        break;
                    }
                    // Why it is gone is told by whoever ended it.
                    Err(TrySendError::Disconnected(_)) => {
                        self.set.halt.now();
                        break;
                    }
                }
            }
        }
    }

    /// Everything that is not a message.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn look_after(&mut self) -> Result<Option<Done>, Failure> {
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
        self.hold_back_the_foremost()?;
        // A partition that has ended is waited for, so that its last rows are part of their ticks; but not by somebody who
        // may not go on meanwhile, as it says nothing more.
        let all_go_on = self.set.too_far.now().is_empty();
        // Only what the first stage knows to be at its end may be left behind by others.
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
            self.store_everything(FAREWELL)?;
            return Ok(Some(Done::Signal(signal)));
        }
        if self.set.until_end
            && let Some(done) = self.come_to_an_end(now)?
        {
            return Ok(Some(done));
        }
        if self.in_flight.is_none() && now >= self.next_barrier && !self.held.is_empty() {
            self.next_barrier = now + self.set.kafka.checkpoint_every;
            if std::mem::take(&mut self.moved) {
                self.barrier();
            }
        }
        self.tell_workers();
        self.set_metrics();
        Ok(None)
    }

    fn topic(&self) -> &'a str {
        self.set.restorer.stage.topic(self.set.kafka)
    }

    fn set_metrics(&self) {
        let metrics = self.set.metrics;
        metrics.beat(self.set.restorer.stage.heard_as());
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

    /// Whether the others are well.
    fn check(&self) -> Result<(), Failure> {
        if let Some(failure) = self.set.deliveries.failure() {
            return Err(failure);
        }
        self.set.halt.check().map_err(|_| {
            Failure::failed_with_help("a thread of the run has ended early", "its reason stands above")
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
