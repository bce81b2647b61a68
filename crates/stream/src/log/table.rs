//! Reads a whole compacted topic. For each key the last value counts.

use super::broker::create;
use super::client::Connection;
use super::client_log::ClientLog;
use super::error::LogError;
use crate::trace;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::metadata::MetadataTopic;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long the broker may take to answer, and how long it may be silent before the end is reached.
const ANSWER: Duration = Duration::from_secs(15);

/// A reader of all partitions of a topic, from their beginnings.
pub struct Table {
    consumer: BaseConsumer<ClientLog>,
    topic: String,
}

/// A row of the topic.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The key; none if the topic has no keys.
    pub key: Option<&'a [u8]>,
    /// The new value; none if the row is removed.
    pub value: Option<&'a [u8]>,
    /// The header `reason`, which a dead letter has.
    pub reason: Option<&'a [u8]>,
    /// The header `traceparent`, which a notice has.
    pub trace: Option<&'a [u8]>,
    /// Its partition.
    pub partition: i32,
    /// Its offset in the partition.
    pub offset: i64,
}

impl Table {
    /// Connects. librdkafka needs the name of a group; this one commits nothing.
    pub fn connect(connection: Connection, group: &str, topic: &str) -> Result<Self, shell::Failure> {
        let Connection(mut config) = connection;
        config.set("group.id", group).set("enable.auto.commit", "false");
        config.set("enable.partition.eof", "true").set("auto.offset.reset", "earliest");
        let consumer = create(&config, ClientLog::default())?;
        Ok(Self { consumer, topic: topic.to_owned() })
    }

    /// Begins to read all partitions.
    pub fn begin(&self) -> Result<(), LogError> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), ANSWER)?;
        let mut all = TopicPartitionList::new();
        for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
            all.add_partition_offset(&self.topic, partition.id(), Offset::Beginning)?;
        }
        Ok(self.consumer.assign(&all)?)
    }

    /// Reads all rows that exist now; false if the broker falls silent before the end.
    pub fn read_to_end(&self, mut take: impl FnMut(&Row<'_>)) -> bool {
        let assigned = self.consumer.assignment().map_or(0, |all| all.count());
        let mut ended = BTreeSet::new();
        while ended.len() < assigned {
            match self.consumer.poll(ANSWER) {
                Some(Ok(message)) => take(&row(&message)),
                Some(Err(KafkaError::PartitionEOF(partition))) => drop(ended.insert(partition)),
                Some(Err(_)) => {}
                None => return false,
            }
        }
        true
    }

    /// Waits for the next row and hands it over; false if nothing came within the time.
    pub fn poll(&self, wait: Duration, take: impl FnOnce(&Row<'_>)) -> bool {
        match self.consumer.poll(wait) {
            None => return false,
            Some(Ok(message)) => take(&row(&message)),
            // The context gets the error as well, and logs it if it is trouble.
            Some(Err(_)) => {}
        }
        true
    }

    /// Whether there is nothing to read: there is no such topic.
    pub fn is_empty(&self) -> bool {
        self.consumer.assignment().map_or(0, |all| all.count()) == 0
    }

    /// The name of the topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }
}

fn row<'a>(message: &'a BorrowedMessage<'_>) -> Row<'a> {
    let header = |key: &str| {
        let mut headers = message.headers().into_iter().flat_map(Headers::iter);
        headers.find(|header| header.key == key).and_then(|header| header.value)
    };
    Row {
        reason: header("reason"),
        trace: header(trace::HEADER),
        key: message.key(),
        value: message.payload().filter(|value| !value.is_empty()),
        partition: message.partition(),
        offset: message.offset(),
    }
}
