//! A topic that messages are put into one by one, each confirmed by the brokers before the next.

use super::broker::create;
use super::client::{Connection, set_unless_given};
use super::client_log::ClientLog;
use super::error::LogError;
use crate::kafka::KafkaPlan;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataTopic;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer};
use shell::Failure;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

/// Brokers that have not confirmed a message within this will hardly do so.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(15);

/// A topic to put messages into.
pub struct Topic {
    producer: ThreadedProducer<Confirming>,
    name: String,
}

/// Why a message is not in the topic.
#[derive(Debug, thiserror::Error)]
pub enum NotPut {
    /// It was sent, and nobody knows whether it is there.
    #[error("no broker has confirmed it")]
    Unconfirmed(#[source] LogError),
    /// The brokers refuse it.
    #[error("the brokers refuse it")]
    Refused(#[source] LogError),
}

impl From<KafkaError> for NotPut {
    fn from(error: KafkaError) -> Self {
        match error {
            KafkaError::MessageProduction(
                RDKafkaErrorCode::MessageTimedOut | RDKafkaErrorCode::QueueFull,
            )
            | KafkaError::Global(RDKafkaErrorCode::OperationTimedOut) => Self::Unconfirmed(error.into()),
            error => Self::Refused(error.into()),
        }
    }
}

impl Topic {
    /// A client of the topic. It connects by itself, and again when a connection is lost.
    pub fn connect(kafka: &KafkaPlan, name: &str) -> Result<Self, Failure> {
        let Connection(mut config) = kafka.connection();
        config.set("enable.idempotence", "true").set("partitioner", "murmur2_random");
        // Each message waits for its confirmation, so that a pause for more to come would only cost time.
        set_unless_given(&mut config, "linger.ms", "0");
        set_unless_given(&mut config, "message.timeout.ms", &CONFIRMED_WITHIN.as_millis().to_string());
        Ok(Self { producer: create(&config, Confirming::default())?, name: name.to_owned() })
    }

    /// Whether a broker answers and has the topic.
    pub fn reach(&self, within: Duration) -> Result<(), LogError> {
        let metadata = self.producer.client().fetch_metadata(Some(&self.name), within)?;
        let error = metadata.topics().first().and_then(MetadataTopic::error);
        match error {
            None => Ok(()),
            Some(error) => Err(KafkaError::MetadataFetch(error.into()).into()),
        }
    }

    /// Puts a value under a key. The brokers have it when this returns.
    pub fn put(&self, key: &str, value: &str, within: Duration) -> Result<(), NotPut> {
        let (to, confirmed) = sync_channel(1);
        let record = BaseRecord::with_opaque_to(&self.name, Box::new(to)).key(key).payload(value);
        self.producer.send(record).map_err(|(error, _)| error)?;
        let late = || KafkaError::Global(RDKafkaErrorCode::OperationTimedOut);
        Ok(confirmed.recv_timeout(within).unwrap_or_else(|_| Err(late()))?)
    }
}

/// Hands each confirmation to who waits for it.
#[derive(Default)]
struct Confirming(ClientLog);

impl ClientContext for Confirming {
    fn log(&self, level: RDKafkaLogLevel, about: &str, text: &str) {
        self.0.log(level, about, text);
    }

    fn error(&self, error: KafkaError, text: &str) {
        self.0.error(error, text);
    }
}

impl ProducerContext for Confirming {
    type DeliveryOpaque = Box<SyncSender<Result<(), KafkaError>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, to: Self::DeliveryOpaque) {
        let result = result.as_ref().map(drop).map_err(|(error, _)| error.clone());
        // Who waited too long is gone.
        drop(to.try_send(result));
    }
}
