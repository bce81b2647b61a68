//! Sends results, each as a message of an epoch; with transactions, if they are asked for.

use super::broker::create;
use super::client::{Connection, set_unless_said};
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

/// How a producer takes part in transactions.
#[derive(Debug)]
pub struct Transactions {
    /// Its name: a new producer of the same name ends what an earlier one has left open.
    pub name: String,
    /// A transaction that is not gone on with for so long is forgotten by the broker.
    pub timeout: Duration,
}

/// Why a message was not sent.
#[derive(Debug)]
pub enum NotSent {
    /// The queue is full; it can be sent once there is room.
    QueueFull,
    /// It will never be sent.
    Refused(LogError),
}

/// How long a single request to the coordinator of transactions is waited for before it is asked again.
const REQUEST: Duration = Duration::from_secs(10);
/// How long positions may take to become part of a transaction, which is two requests to two brokers.
const POSITIONS: Duration = Duration::from_secs(30);
/// How often who waits for that looks whether to go on.
const LOOK: Duration = Duration::from_millis(100);

/// Sends results; shared by all threads.
pub struct Producer(Arc<ThreadedProducer<Context>>);

struct Context {
    deliveries: Arc<Deliveries>,
    client_log: ClientLog,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, message: &str) {
        self.client_log.log(level, fac, message);
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
    /// Connects. What becomes of messages is written to `deliveries`.
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
            set_unless_said(&mut config, name, value);
        }
        if let Some(Transactions { name, timeout }) = transactions {
            let timeout = timeout.as_millis().to_string();
            config.set("transactional.id", name);
            config.set("transaction.timeout.ms", &timeout).set("message.timeout.ms", &timeout);
        } else {
            // A broker that goes away is waited for: nothing is given up.
            config.set("message.timeout.ms", "0");
        }
        let context = Context { deliveries, client_log: ClientLog::default() };
        Ok(Self(Arc::new(create(&config, context)?)))
    }

    /// Hands a message over.
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

    /// Ends what an earlier producer of the same name has left open.
    pub fn init_transactions(&self) -> Result<(), LogError> {
        Ok(self.0.init_transactions(REQUEST)?)
    }

    /// Begins a transaction.
    pub fn begin_transaction(&self) -> Result<(), LogError> {
        Ok(self.0.begin_transaction()?)
    }

    /// Ends the transaction.
    pub fn commit_transaction(&self) -> Result<(), LogError> {
        Ok(self.0.commit_transaction(REQUEST)?)
    }

    /// Makes positions in a topic part of the transaction; `goes_on` says whether it is still to be waited for.
    ///
    /// librdkafka forgets its time limit here and waits for ever if the group's coordinator has gone and another one
    /// has taken its place (its issues 5456 and 5511). So a thread of its own waits, and is left behind: the next life
    /// of the run has another producer of the same name, which shuts this one out.
    pub fn add_positions(
        &self,
        asked: &Arc<(Positions, Membership)>,
        goes_on: impl Fn() -> bool,
    ) -> Result<(), LogError> {
        let (answers, answer) = channel();
        let (producer, asked) = (Arc::clone(&self.0), Arc::clone(asked));
        let ask = move || {
            let (Positions(positions), Membership(group)) = &*asked;
            // Nobody listens any more if it took too long.
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
