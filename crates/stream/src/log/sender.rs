//! Sends messages to one topic from one thread, and counts the readings that the broker has confirmed.

use super::broker::create;
use super::client::{Connection, set_unless_given};
use super::client_log::ClientLog;
use super::error::LogError;
use super::producer::NotSent;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use reading::MeterId;
use shell::Failure;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Some readings as one message.
#[derive(Debug)]
pub struct Packed<'a> {
    /// The partition that it goes to.
    pub partition: u32,
    /// The meter, if the message holds one reading.
    pub key: Option<&'a [u8]>,
    /// The bytes.
    pub payload: &'a [u8],
    /// How many readings, including torn ones.
    pub readings: u32,
}

/// The partition of a meter's readings: the hash of its name modulo the number of partitions.
pub fn partition_of(meter: &MeterId, partitions: u32) -> u32 {
    // The remainder is below the number of partitions, which has 32 bits.
    (meter.hash() % u64::from(partitions)) as u32
}

/// Sends to one topic.
pub struct Sender {
    producer: BaseProducer<Confirmed>,
    topic: String,
    headers: OwnedHeaders,
}

impl Sender {
    /// Connects; every message has the header `format`.
    pub fn connect(connection: Connection, topic: &str, format: &str) -> Result<Self, Failure> {
        let Connection(mut config) = connection;
        config.set("enable.idempotence", "true");
        set_unless_given(&mut config, "compression.type", "lz4");
        set_unless_given(&mut config, "linger.ms", "20");
        set_unless_given(&mut config, "queue.buffering.max.kbytes", "65536");
        Ok(Self {
            producer: create(&config, Confirmed::default())?,
            topic: topic.to_owned(),
            headers: OwnedHeaders::new().insert(Header { key: "format", value: Some(format) }),
        })
    }

    /// Queues a message.
    pub fn send(&self, packed: &Packed<'_>) -> Result<(), NotSent> {
        let readings = u64::from(packed.readings);
        let mut record: BaseRecord<'_, [u8], [u8], Box<u64>> =
            BaseRecord::with_opaque_to(&self.topic, Box::new(readings))
                .partition(i32::try_from(packed.partition).unwrap_or(i32::MAX))
                .payload(packed.payload)
                .headers(self.headers.clone());
        record.key = packed.key;
        self.queue(record)
    }

    /// Queues a message without a value, which withdraws what stands under this key.
    pub fn withdraw(&self, partition: i32, key: &[u8]) -> Result<(), NotSent> {
        let record: BaseRecord<'_, [u8], [u8], Box<u64>> =
            BaseRecord::with_opaque_to(&self.topic, Box::new(0)).partition(partition).key(key);
        self.queue(record)
    }

    fn queue(&self, record: BaseRecord<'_, [u8], [u8], Box<u64>>) -> Result<(), NotSent> {
        self.producer.send(record).map_err(|(error, _)| match error {
            KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) => NotSent::QueueFull,
            error => NotSent::Refused(error.into()),
        })
    }

    /// Waits this long for confirmations of the broker.
    pub fn poll(&self, wait: Duration) {
        self.producer.poll(wait);
    }

    /// How many messages the broker has not confirmed.
    pub fn under_way(&self) -> i32 {
        self.producer.in_flight_count()
    }

    /// Sends queued messages for this long. An error if some are left.
    pub fn flush(&self, wait: Duration) -> Result<(), LogError> {
        Ok(self.producer.flush(wait)?)
    }

    /// How many readings the broker has confirmed.
    pub fn confirmed(&self) -> u64 {
        self.producer.context().readings.load(Ordering::Relaxed)
    }

    /// Why a message was refused, if one was.
    pub fn failed(&self) -> Option<String> {
        self.producer.context().failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Counts confirmed readings, and keeps the first refusal.
#[derive(Default)]
struct Confirmed {
    client_log: ClientLog,
    readings: AtomicU64,
    failed: Mutex<Option<String>>,
}

impl ClientContext for Confirmed {
    fn log(&self, level: RDKafkaLogLevel, about: &str, text: &str) {
        self.client_log.log(level, about, text);
    }

    fn error(&self, error: KafkaError, text: &str) {
        self.client_log.error(error, text);
    }
}

impl ProducerContext for Confirmed {
    type DeliveryOpaque = Box<u64>;

    fn delivery(&self, result: &DeliveryResult<'_>, readings: Box<u64>) {
        match result {
            Ok(_) => drop(self.readings.fetch_add(*readings, Ordering::Relaxed)),
            Err((error, _)) => {
                let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.get_or_insert_with(|| error.to_string());
            }
        }
    }
}
