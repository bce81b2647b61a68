//! Sends results as messages of epochs, within transactions if the plan asks for them.

use super::broker::create;
use super::client::{Connection, set_unless_given};
use super::client_log::ClientLog;
use super::deliveries::Deliveries;
use super::error::LogError;
use super::positions::{Membership, Positions};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer};
use shell::Failure;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// A result as a message.
#[derive(Debug)]
pub struct Record<'a> {
    /// The topic that it goes to.
    pub topic: &'a str,
    /// The key: a repeat under the same key overwrites the first message.
    pub key: &'a [u8],
    /// The value; none removes the earlier value of the key.
    pub value: Option<&'a [u8]>,
    /// A header, if there is one.
    pub header: Option<(&'static str, &'a [u8])>,
    /// The partition; without one, the key decides.
    pub partition: Option<i32>,
}

/// How a producer takes part in transactions.
#[derive(Debug)]
pub struct Transactions {
    /// Its name. A new producer of the same name aborts the transaction that an earlier one left open.
    pub name: String,
    /// The broker aborts a transaction after so long without progress, unless the plan sets `transaction.timeout.ms`.
    /// Readers of committed messages wait that long for the results of an instance that was killed.
    pub timeout: Duration,
}

/// Why a message was not sent.
#[derive(Debug)]
pub enum NotSent {
    /// The queue is full. It can be sent later.
    QueueFull,
    /// It can never be sent.
    Refused(LogError),
}

/// How long to wait for one answer of the coordinator of transactions before the request is repeated.
const REQUEST: Duration = Duration::from_secs(10);
/// How long it may take to add positions to a transaction. That takes two requests to two brokers.
const POSITIONS: Duration = Duration::from_secs(30);
/// How often the waiting thread checks whether to go on.
const LOOK: Duration = Duration::from_millis(100);

/// Sends results; all threads share it.
pub struct Producer(Arc<ThreadedProducer<Context>>);

struct Context {
    deliveries: Arc<Deliveries>,
    client_log: ClientLog,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, message: &str) {
        self.client_log.log(level, fac, message);
        if fac == "METADATAUPDATE" && message.contains("new leader-1 not found in cache") {
            self.deliveries.stuck(message);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.client_log.error(error, reason);
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, epoch: usize) {
        match result {
            Ok(_) => self.deliveries.confirmed(epoch as u64),
            Err((error, message)) => {
                self.deliveries.refused(epoch as u64, format!("topic {}: {error}", message.topic()));
            }
        }
    }
}

impl Producer {
    /// Connects. Confirmed and refused messages are counted in `deliveries`.
    pub fn connect(
        connection: Connection,
        transactions: Option<&Transactions>,
        deliveries: Arc<Deliveries>,
    ) -> Result<Self, Failure> {
        let Connection(mut config) = connection;
        config.set("enable.idempotence", "true").set("partitioner", "murmur2_random");
        for (name, value) in [
            ("linger.ms", "5"),
            ("compression.type", "lz4"),
            ("queue.buffering.max.kbytes", "65536"),
            ("queue.buffering.max.messages", "500000"),
            ("batch.num.messages", "10000"),
            ("reconnect.backoff.max.ms", "10000"),
        ] {
            set_unless_given(&mut config, name, value);
        }
        if let Some(Transactions { name, timeout }) = transactions {
            config.set("transactional.id", name);
            set_unless_given(&mut config, "transaction.timeout.ms", &timeout.as_millis().to_string());
            // librdkafka refuses a message that may outlive its transaction.
            let timeout = config.get("transaction.timeout.ms").map(str::to_owned).unwrap_or_default();
            set_unless_given(&mut config, "message.timeout.ms", &timeout);
        } else {
            // No time limit: if a broker is away, its messages wait and are not given up.
            config.set("message.timeout.ms", "0");
        }
        let context = Context { deliveries, client_log: ClientLog::default() };
        Ok(Self(Arc::new(create(&config, context)?)))
    }

    /// Queues a message.
    pub fn send(&self, epoch: u64, record: &Record<'_>) -> Result<(), NotSent> {
        let mut base = BaseRecord::with_opaque_to(record.topic, epoch as usize);
        base = base.key(record.key);
        base.payload = record.value;
        base.partition = record.partition;
        if let Some((key, value)) = record.header {
            base = base.headers(OwnedHeaders::new().insert(Header { key, value: Some(value) }));
        }
        self.0.send(base).map_err(|(error, _)| match error {
            KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) => NotSent::QueueFull,
            error => NotSent::Refused(error.into()),
        })
    }

    /// Aborts the transaction that an earlier producer of the same name left open.
    pub fn init_transactions(&self) -> Result<(), LogError> {
        Ok(self.0.init_transactions(REQUEST)?)
    }

    /// Begins a transaction.
    pub fn begin_transaction(&self) -> Result<(), LogError> {
        Ok(self.0.begin_transaction()?)
    }

    /// Commits the transaction.
    pub fn commit_transaction(&self) -> Result<(), LogError> {
        Ok(self.0.commit_transaction(REQUEST)?)
    }

    /// Adds positions in a topic to the transaction. It waits for as long as `goes_on` returns true.
    ///
    /// librdkafka ignores its time limit here and waits for ever if another broker becomes the group's coordinator
    /// (librdkafka issues 5456 and 5511). So the request waits on a thread of its own, which may be left behind: the
    /// next life of the run has a new producer of the same name, and the broker then refuses this one.
    pub fn add_positions(
        &self,
        request: &Arc<(Positions, Membership)>,
        goes_on: impl Fn() -> bool,
    ) -> Result<(), LogError> {
        let (answers, answer) = channel();
        let (producer, request) = (Arc::clone(&self.0), Arc::clone(request));
        let ask = move || {
            let (Positions(positions), Membership(group)) = &*request;
            // If it took too long, the receiver is gone, and the answer no longer matters.
            drop(answers.send(producer.send_offsets_to_transaction(positions, group, REQUEST)));
        };
        let late = || LogError::from(KafkaError::Global(RDKafkaErrorCode::OperationTimedOut));
        thread::Builder::new().name("positions".to_owned()).spawn(ask).map_err(|_| late())?;
        let mut waited = Duration::ZERO;
        while waited < POSITIONS && goes_on() {
            match answer.recv_timeout(LOOK) {
                Ok(answer) => return Ok(answer?),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => waited += LOOK,
            }
        }
        Err(late())
    }
}
