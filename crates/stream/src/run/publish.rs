//! Results on their way to the broker, and which of them it has.
//!
//! Every message belongs to an epoch: the stretch between two checkpoints. A checkpoint is good once the broker has
//! all messages of its epoch, so that what comes again after a crash overwrites what was told before.
//!
//! With transactions, an epoch is a transaction: whoever has gone on to the next one waits here until it is open.

use super::halt::{Ended, Halt};
use crate::kafka::{KafkaPlan, Telling, create, set_unless_said};
use crate::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{Message, TopicPartitionList};
use shell::Failure;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A result as a message.
#[derive(Debug)]
pub struct Record<'a> {
    /// Where it goes.
    pub topic: &'a str,
    /// Its name: a repeat overwrites its first writing.
    pub key: &'a [u8],
    /// What it says; nothing takes away what was said under the key.
    pub value: Option<&'a [u8]>,
    /// A header, if there is one.
    pub header: Option<(&'static str, &'a [u8])>,
    /// The partition, unless the key says which.
    pub partition: Option<i32>,
}

/// A transaction that the broker forgets unless it is gone on with, ms. Longer than any pause between two checkpoints.
const TRANSACTION_MS: u64 = 60_000;
/// How long a single request to the coordinator of transactions is waited for before it is asked again.
const REQUEST: Duration = Duration::from_secs(10);
/// How long positions may take to become part of a transaction, which is two requests to two brokers.
const POSITIONS: Duration = Duration::from_secs(30);
/// How often whoever waits looks whether the run is to end.
const LOOK: Duration = Duration::from_millis(100);
/// How soon a full queue, or messages under way, are looked at again.
const SOON: Duration = Duration::from_millis(1);

/// Sends results; shared by all threads.
pub struct Publisher {
    producer: Arc<ThreadedProducer<Context>>,
    state: Arc<State>,
    transactional: bool,
    /// By topic.
    sent: BTreeMap<String, Counter>,
}

#[derive(Debug)]
struct State {
    /// Messages that the broker has not confirmed, of even and of odd epochs: no more than two are under way.
    under_way: [AtomicI64; 2],
    failed: Mutex<Option<String>>,
    failures: Counter,
    /// The last epoch that may send.
    open: Mutex<u64>,
    /// The same, to be seen without the lock.
    open_now: AtomicU64,
    opened: Condvar,
    halt: Halt,
}

struct Context {
    state: Arc<State>,
    telling: Telling,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, message: &str) {
        self.telling.log(level, fac, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.telling.error(error, reason);
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, epoch: usize) {
        if let Err((error, message)) = result {
            let told = format!("topic {}: {error}", message.topic());
            self.state.failures.inc();
            lock(&self.state.failed).get_or_insert(told);
        }
        self.state.under_way[epoch % 2].fetch_sub(1, Ordering::AcqRel);
    }
}

impl Publisher {
    /// Connects; with transactions, under this name, which ends what an earlier process of that name left open.
    pub fn connect(plan: &KafkaPlan, instance: &str, metrics: &Metrics, halt: Halt) -> Result<Self, Failure> {
        let mut config = plan.client_config();
        config.set("enable.idempotence", "true").set("partitioner", "murmur2_random");
        for (name, value) in [
            ("linger.ms", "5"),
            ("compression.type", "lz4"),
            ("queue.buffering.max.kbytes", "65536"),
            ("queue.buffering.max.messages", "500000"),
            ("batch.num.messages", "10000"),
            ("reconnect.backoff.max.ms", "10000"),
        ] {
            set_unless_said(&mut config, name, value);
        }
        if plan.transactional {
            let timeout = TRANSACTION_MS.max(4 * plan.checkpoint_every.as_millis() as u64).to_string();
            config.set("transactional.id", format!("{}-{instance}", plan.group));
            config.set("transaction.timeout.ms", &timeout).set("message.timeout.ms", &timeout);
        } else {
            // A broker that goes away is waited for: nothing is given up.
            config.set("message.timeout.ms", "0");
        }
        let open = if plan.transactional { 0 } else { u64::MAX };
        let state = Arc::new(State {
            under_way: [AtomicI64::new(0), AtomicI64::new(0)],
            failed: Mutex::default(),
            failures: metrics.delivery_failures.clone(),
            open: Mutex::new(open),
            open_now: AtomicU64::new(open),
            opened: Condvar::new(),
            halt,
        });
        let context = Context { state: Arc::clone(&state), telling: Telling::default() };
        let producer: ThreadedProducer<Context> = create(&config, context)?;
        let topics = plan.outputs.all().filter_map(|(_, topic)| topic);
        let sent = topics.map(|topic| (topic.to_owned(), metrics.sent(topic))).collect();
        let publisher = Self { producer: Arc::new(producer), state, transactional: plan.transactional, sent };
        if publisher.transactional {
            publisher
                .coordinated("begin with transactions", || publisher.producer.init_transactions(REQUEST))?;
            publisher.begin(0)?;
        }
        Ok(publisher)
    }

    /// Hands a message over; waits where the queue is full.
    pub fn send(&self, epoch: u64, record: &Record<'_>) -> Result<(), Ended> {
        self.wait_for(epoch)?;
        let mut base = BaseRecord::with_opaque_to(record.topic, epoch as usize);
        base = base.key(record.key);
        base.payload = record.value;
        base.partition = record.partition;
        if let Some((key, value)) = record.header {
            base = base.headers(OwnedHeaders::new().insert(Header { key, value: Some(value) }));
        }
        self.state.under_way[epoch as usize % 2].fetch_add(1, Ordering::AcqRel);
        loop {
            match self.producer.send(base) {
                Ok(()) => {
                    if let Some(sent) = self.sent.get(record.topic) {
                        sent.inc();
                    }
                    return Ok(());
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                    base = again;
                    self.check()?;
                    thread::sleep(SOON);
                }
                Err((error, _)) => {
                    self.state.under_way[epoch as usize % 2].fetch_sub(1, Ordering::AcqRel);
                    lock(&self.state.failed).get_or_insert(format!("topic {}: {error}", record.topic));
                    return Err(Ended);
                }
            }
        }
    }

    /// Waits until the broker has every message of an epoch.
    pub fn drain(&self, epoch: u64) -> Result<(), Ended> {
        while self.state.under_way[epoch as usize % 2].load(Ordering::Acquire) > 0 {
            self.check()?;
            thread::sleep(SOON);
        }
        self.check()
    }

    /// How many messages the broker has not confirmed.
    pub fn under_way(&self) -> i64 {
        self.state.under_way.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// With transactions: ends that of an epoch, which is drained, together with the positions; opens the next.
    pub fn commit(
        &self,
        epoch: u64,
        positions: TopicPartitionList,
        group: ConsumerGroupMetadata,
    ) -> Result<(), Failure> {
        if !self.transactional {
            return Ok(());
        }
        let asked = Arc::new((positions, group));
        self.coordinated("add the positions to a transaction", || self.add_positions(&asked))?;
        self.coordinated("end a transaction", || self.producer.commit_transaction(REQUEST))?;
        self.begin(epoch + 1)
    }

    /// librdkafka forgets its time limit here and waits for ever if the group's coordinator has gone and another one
    /// has taken its place (its issues 5456 and 5511). So a thread of its own waits, and is left behind: the next life
    /// of the run has another producer of the same name, which shuts this one out.
    fn add_positions(
        &self,
        asked: &Arc<(TopicPartitionList, ConsumerGroupMetadata)>,
    ) -> Result<(), KafkaError> {
        let (tell, told) = channel();
        let (producer, asked) = (Arc::clone(&self.producer), Arc::clone(asked));
        let ask = move || {
            let (positions, group) = &*asked;
            // Nobody listens any more if it took too long.
            drop(tell.send(producer.send_offsets_to_transaction(positions, group, REQUEST)));
        };
        let late = || KafkaError::Global(RDKafkaErrorCode::OperationTimedOut);
        thread::Builder::new().name("positions".to_owned()).spawn(ask).map_err(|_| late())?;
        let mut waited = Duration::ZERO;
        while waited < POSITIONS && self.check().is_ok() {
            match told.recv_timeout(LOOK) {
                Ok(answer) => return answer,
                Err(_) => waited += LOOK,
            }
        }
        Err(late())
    }

    /// Why messages could not be delivered.
    pub fn failure(&self) -> Option<Failure> {
        let told = lock(&self.state.failed).clone()?;
        Some(
            Failure::failed_with_help(
                format!("a result was refused by the broker: {told}"),
                "look at the topic's settings and at the rights of this user; what was not confirmed comes again at the next start",
            )
            .again(),
        )
    }

    fn begin(&self, epoch: u64) -> Result<(), Failure> {
        self.producer
            .begin_transaction()
            .map_err(|cause| Failure::failed("cannot begin a transaction", &cause).again())?;
        *lock(&self.state.open) = epoch;
        self.state.open_now.store(epoch, Ordering::Release);
        self.state.opened.notify_all();
        Ok(())
    }

    /// Asks the coordinator of transactions until it answers.
    fn coordinated(&self, doing: &str, ask: impl Fn() -> Result<(), KafkaError>) -> Result<(), Failure> {
        loop {
            let answer = ask();
            // If the run is to end, or a result was refused, that is the reason.
            if answer.is_err() && self.check().is_err() {
                return Err(self.failure().unwrap_or_else(Failure::told_to_end));
            }
            match answer {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(error)) if error.is_retriable() => {}
                Err(KafkaError::Transaction(error)) if error.is_fatal() => {
                    return Err(Failure::failed(format!("cannot {doing}"), &KafkaError::Transaction(error))
                        .help(Some(
                            "another instance uses the same name: give each its own with `--instance`"
                                .to_owned(),
                        )));
                }
                Err(error) => return Err(Failure::failed(format!("cannot {doing}"), &error).again()),
            }
        }
    }

    fn wait_for(&self, epoch: u64) -> Result<(), Ended> {
        if self.state.open_now.load(Ordering::Acquire) >= epoch {
            return Ok(());
        }
        let mut open = lock(&self.state.open);
        while *open < epoch {
            self.check()?;
            let waited = self.state.opened.wait_timeout(open, Duration::from_millis(50));
            open = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Ended> {
        let failed = lock(&self.state.failed).is_some();
        if failed { Err(Ended) } else { self.state.halt.check() }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
