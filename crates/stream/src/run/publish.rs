//! Publishes results, and knows which of them the broker has confirmed.
//!
//! Every message belongs to an epoch, the time between two checkpoints. A checkpoint is written once the broker has
//! all messages of its epoch. After a crash the run publishes the messages since the last checkpoint again, and they
//! overwrite the first ones under the same keys.
//!
//! With transactions, each epoch is one transaction. A worker that is already in the next epoch waits here until that
//! transaction is open: its results must not become visible with the earlier ones.

use super::halt::{Ended, Halt};
use crate::kafka::KafkaPlan;
pub use crate::log::Record;
use crate::log::{Commit, Deliveries, LogError, Membership, NotSent, Positions, Producer, Transactions};
use crate::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;
use shell::Failure;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// After this time without a commit the broker aborts a transaction. Must be longer than the time between two
/// checkpoints.
const TRANSACTION: Duration = Duration::from_secs(60);
/// The pause before the next look at a full queue, or at messages under way.
const SOON: Duration = Duration::from_millis(1);

/// Publishes results; all threads share it.
pub struct Publisher {
    producer: Producer,
    deliveries: Arc<Deliveries>,
    transactional: bool,
    /// The counters of sent messages, by topic.
    sent: BTreeMap<String, Counter>,
    /// The last epoch that may send: without transactions there is no limit.
    open: Mutex<u64>,
    /// The same, readable without the lock, because every message asks.
    open_now: AtomicU64,
    opened: Condvar,
    halt: Halt,
}

impl Publisher {
    /// Connects. With transactions it takes this name, which aborts a transaction that an earlier process of the same
    /// name left open.
    pub fn connect(plan: &KafkaPlan, instance: &str, metrics: &Metrics, halt: Halt) -> Result<Self, Failure> {
        let deliveries = Arc::new(Deliveries::new(metrics.delivery_failures.clone()));
        let transactions = plan.transactional.then(|| Transactions {
            name: format!("{}-{instance}", plan.group),
            timeout: TRANSACTION.max(4 * plan.checkpoint_every),
        });
        let producer = Producer::connect(plan.connection(), transactions.as_ref(), Arc::clone(&deliveries))?;
        let topics = plan.outputs.all().filter_map(|(_, topic)| topic);
        let sent = topics.map(|topic| (topic.to_owned(), metrics.sent(topic))).collect();
        let open = if plan.transactional { 0 } else { u64::MAX };
        let publisher = Self {
            producer,
            deliveries,
            transactional: plan.transactional,
            sent,
            open: Mutex::new(open),
            open_now: AtomicU64::new(open),
            opened: Condvar::new(),
            halt,
        };
        if publisher.transactional {
            publisher.coordinated("begin with transactions", || publisher.producer.init_transactions())?;
            publisher.begin(0)?;
        }
        Ok(publisher)
    }

    /// Queues a message for the broker. It waits while the queue is full, because no result may be dropped.
    pub fn send(&self, epoch: u64, record: &Record<'_>) -> Result<(), Ended> {
        self.wait_for(epoch)?;
        // Count before sending: the confirmation may come before `send` returns, and `drain` must not find zero in
        // between.
        self.deliveries.begin(epoch);
        loop {
            match self.producer.send(epoch, record) {
                Ok(()) => {
                    if let Some(sent) = self.sent.get(record.topic) {
                        sent.inc();
                    }
                    return Ok(());
                }
                Err(NotSent::QueueFull) => {
                    self.check()?;
                    thread::sleep(SOON);
                }
                Err(NotSent::Refused(error)) => {
                    self.deliveries.not_sent(epoch, format!("topic {}: {error}", record.topic));
                    return Err(Ended);
                }
            }
        }
    }

    /// Waits until the broker has every message of an epoch.
    pub fn drain(&self, epoch: u64) -> Result<(), Ended> {
        while !self.deliveries.are_done(epoch) {
            self.check()?;
            thread::sleep(SOON);
        }
        self.check()
    }

    /// Which messages the broker has confirmed or refused.
    pub fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }

    /// Commits the transaction of a drained epoch together with the positions in a topic, and begins the next one. Does
    /// nothing without transactions.
    pub fn commit(
        &self,
        epoch: u64,
        topic: &str,
        commits: &[Commit],
        group: Membership,
    ) -> Result<(), Failure> {
        if !self.transactional {
            return Ok(());
        }
        let request = Arc::new((Positions::in_topic(topic, commits), group));
        self.coordinated("add the positions to a transaction", || {
            self.producer.add_positions(&request, || self.check().is_ok())
        })?;
        self.coordinated("end a transaction", || self.producer.commit_transaction())?;
        self.begin(epoch + 1)
    }

    fn begin(&self, epoch: u64) -> Result<(), Failure> {
        self.producer
            .begin_transaction()
            .map_err(|cause| Failure::failed("cannot begin a transaction", &cause).again())?;
        // Only once the transaction has begun: a message that is sent before would belong to none.
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = epoch;
        self.open_now.store(epoch, Ordering::Release);
        self.opened.notify_all();
        Ok(())
    }

    /// Repeats a request to the coordinator of transactions until it succeeds or cannot succeed any more.
    fn coordinated(&self, doing: &str, ask: impl Fn() -> Result<(), LogError>) -> Result<(), Failure> {
        loop {
            let answer = ask();
            // A halted run or a refused result is the cause of this error, so that is reported instead.
            if answer.is_err() && self.check().is_err() {
                return Err(self.deliveries.failure().unwrap_or_else(Failure::ended_early));
            }
            match answer {
                Ok(()) => return Ok(()),
                // The coordinator is busy or has moved to another broker: the same request is safe to repeat.
                Err(error) if error.is_retriable() => {}
                // A producer whose broker was away for longer than a transaction may last is shut out as well, and a new
                // one goes on.
                Err(error) if error.is_fatal() => {
                    let help = "if another instance has the same name, give each its own with `--instance`";
                    let failure = Failure::failed(format!("cannot {doing}"), &error);
                    return Err(failure.help(Some(help.to_owned())).again());
                }
                Err(error) => return Err(Failure::failed(format!("cannot {doing}"), &error).again()),
            }
        }
    }

    fn wait_for(&self, epoch: u64) -> Result<(), Ended> {
        if self.open_now.load(Ordering::Acquire) >= epoch {
            return Ok(());
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        while *open < epoch {
            self.check()?;
            // A halt does not notify this condition, so look again after a while.
            let waited = self.opened.wait_timeout(open, Duration::from_millis(50));
            open = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Ended> {
        if self.deliveries.have_failed() { Err(Ended) } else { self.halt.check() }
    }
}
