//! Requests of a check to the broker itself.

use crate::bench::{PATIENCE, comes_true};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::metadata::MetadataPartition;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::time::Duration;

/// How long the broker may take to answer.
const ANSWER: Duration = Duration::from_secs(30);

/// The settings of a client.
pub fn config(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    // Connect again soon after a broker was away.
    config.set("reconnect.backoff.max.ms", "500");
    config
}

/// Creates a topic, and waits until a broker that is asked knows all of it: it hears of new topics a moment later.
pub fn make(brokers: &str, topic: &str, partitions: i32) {
    let admin: AdminClient<_> = config(brokers).create().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(-1));
    let options = AdminOptions::new().operation_timeout(Some(ANSWER));
    let made = runtime.block_on(admin.create_topics(&[new], &options)).unwrap();
    made.into_iter().for_each(|made| drop(made.unwrap()));
    let known = comes_true(PATIENCE, || {
        let metadata = admin.inner().fetch_metadata(Some(topic), ANSWER).unwrap();
        metadata.topics().iter().any(|known| known.partitions().len() == partitions as usize)
    });
    assert!(known, "the broker made {topic}, and does not know it");
}

/// Sends messages to partitions, and waits until the broker has them.
pub fn send(brokers: &str, topic: &str, messages: impl Iterator<Item = (i32, String)>) {
    let producer: BaseProducer = config(brokers).create().unwrap();
    for (partition, message) in messages {
        let mut record = BaseRecord::<(), str>::to(topic).partition(partition).payload(message.as_str());
        while let Err((_, again)) = producer.send(record) {
            record = again;
            producer.poll(Duration::from_millis(10));
        }
    }
    producer.flush(ANSWER).unwrap();
}

/// Joins a group until it gets partitions of a topic, and leaves again. Returns how many partitions it had.
pub fn visit(brokers: &str, group: &str, topic: &str) -> usize {
    let mut config = config(brokers);
    config.set("group.id", group).set("partition.assignment.strategy", "range");
    let visitor: BaseConsumer = config.set("enable.auto.commit", "false").create().unwrap();
    visitor.subscribe(&[topic]).unwrap();
    let mut had = 0;
    comes_true(PATIENCE, || {
        drop(visitor.poll(Duration::from_millis(20)));
        had = visitor.assignment().unwrap().count();
        had > 0
    });
    had
}

/// Watches a topic, and the positions of a group in it.
pub struct Watcher {
    consumer: BaseConsumer,
    topic: String,
    partitions: Vec<i32>,
}

impl Watcher {
    /// A watcher of a group, which it never joins.
    pub fn new(brokers: &str, group: &str, topic: &str) -> Self {
        let consumer: BaseConsumer = config(brokers).set("group.id", group).create().unwrap();
        let metadata = consumer.fetch_metadata(Some(topic), ANSWER).unwrap();
        let partitions = metadata.topics()[0].partitions().iter().map(MetadataPartition::id).collect();
        Self { consumer, topic: topic.to_owned(), partitions }
    }

    /// How many messages the topic has.
    pub fn messages(&self) -> i64 {
        self.ends().iter().sum()
    }

    fn ends(&self) -> Vec<i64> {
        let end = |id: &i32| self.answered(|| self.consumer.fetch_watermarks(&self.topic, *id, ANSWER)).1;
        self.partitions.iter().map(end).collect()
    }

    /// The group's committed positions, added up: how many messages its checkpoints hold.
    pub fn kept(&self) -> i64 {
        self.committed().iter().sum()
    }

    /// How many messages come after the group's committed positions.
    pub fn lag(&self) -> i64 {
        self.ends().iter().zip(self.committed()).map(|(end, kept)| end - kept).sum()
    }

    fn committed(&self) -> Vec<i64> {
        let mut wanted = TopicPartitionList::new();
        for id in &self.partitions {
            wanted.add_partition(&self.topic, *id);
        }
        let found = self.answered(|| self.consumer.committed_offsets(wanted.clone(), ANSWER));
        let offset = |id: &i32| match found.find_partition(&self.topic, *id).unwrap().offset() {
            Offset::Offset(offset) => offset,
            _ => 0,
        };
        self.partitions.iter().map(offset).collect()
    }

    /// Repeats a request until it succeeds: a broker that has just started cannot answer all requests at once.
    fn answered<T>(&self, ask: impl Fn() -> Result<T, KafkaError>) -> T {
        let mut answer = ask();
        comes_true(PATIENCE, || {
            if answer.is_err() {
                // The client may have learned of a new topic before its partitions had leaders, and would ask for it
                // again only minutes later.
                drop(self.consumer.fetch_metadata(Some(&self.topic), ANSWER));
                answer = ask();
            }
            answer.is_ok()
        });
        answer.unwrap()
    }
}
