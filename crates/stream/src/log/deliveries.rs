//! Which messages the broker has confirmed.

use prometheus_client::metrics::counter::Counter;
use shell::Failure;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The number of messages under way, and the first failure.
#[derive(Debug, Default)]
pub struct Deliveries {
    /// Messages that the broker has not confirmed, of even and of odd epochs. Two counters are enough: the poller
    /// begins the next epoch only after the last checkpoint is written, and by then the epoch before is complete.
    under_way: [AtomicI64; 2],
    failed: Mutex<Option<Problem>>,
    failures: Counter,
}

/// Why messages cannot be delivered, and what to do about it.
#[derive(Debug, Clone)]
struct Problem {
    what: String,
    help: &'static str,
}

impl Deliveries {
    /// No message yet. `failures` counts the refused ones.
    pub fn new(failures: Counter) -> Self {
        Self { failures, ..Self::default() }
    }

    /// A message of an epoch is under way from now on.
    pub fn begin(&self, epoch: u64) {
        self.under_way[epoch as usize % 2].fetch_add(1, Ordering::AcqRel);
    }

    /// The broker has confirmed a message of an epoch.
    pub fn confirmed(&self, epoch: u64) {
        self.under_way[epoch as usize % 2].fetch_sub(1, Ordering::AcqRel);
    }

    /// The broker has refused a message of an epoch.
    pub fn refused(&self, epoch: u64, why: String) {
        self.failures.inc();
        self.not_sent(epoch, why);
    }

    /// A message of an epoch could not be sent at all.
    pub fn not_sent(&self, epoch: u64, why: String) {
        self.fail(Problem {
            what: format!("the broker refused a result: {why}"),
            help: "check the topic's settings and the rights of this user; the next start publishes unconfirmed results again",
        });
        self.confirmed(epoch);
    }

    /// The client will never send to some partition again: only a new client does.
    pub fn stuck(&self, why: &str) {
        self.fail(Problem {
            what: format!("results to a partition are stuck: {why}"),
            help: "a partition had no leader for a moment, and librdkafka may never notice the next one \
                   (confluentinc/librdkafka#5430); the next start publishes unconfirmed results again",
        });
    }

    fn fail(&self, problem: Problem) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(problem);
    }

    /// Whether the broker has all messages of an epoch, or has refused them.
    pub fn are_done(&self, epoch: u64) -> bool {
        self.under_way[epoch as usize % 2].load(Ordering::Acquire) <= 0
    }

    /// How many messages the broker has not confirmed.
    pub fn under_way(&self) -> i64 {
        self.under_way.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Whether any message was refused.
    pub fn have_failed(&self) -> bool {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The failure to deliver a message, if there is one.
    pub fn failure(&self) -> Option<Failure> {
        let Problem { what, help } = self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(Failure::failed_with_help(what, help).again())
    }
}
