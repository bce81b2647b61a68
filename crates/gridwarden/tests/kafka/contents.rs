//! The contents of topics, and the first difference between two topics.

use crate::bench::PATIENCE;
use crate::plan::Plan;
use crate::topics::config;
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;

/// The values of each key, in the order in which they were written.
pub type Contents = BTreeMap<Vec<u8>, Vec<Vec<u8>>>;

/// All committed messages of a topic.
pub fn read(brokers: &str, topic: &str) -> Contents {
    let mut config = config(brokers);
    config.set("group.id", "kafka-suite-reader").set("enable.auto.commit", "false");
    config.set("enable.partition.eof", "true").set("isolation.level", "read_committed");
    // The end of a log is reported after an empty fetch, so that should be quick.
    config.set("fetch.wait.max.ms", "10");
    let consumer: BaseConsumer = config.create().unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).unwrap();
    let mut all = TopicPartitionList::new();
    for partition in metadata.topics()[0].partitions() {
        all.add_partition_offset(topic, partition.id(), Offset::Beginning).unwrap();
    }
    assert!(all.count() > 0, "there is no topic {topic}");
    consumer.assign(&all).unwrap();
    let mut contents = Contents::new();
    let mut open = all.count();
    while open > 0 {
        match consumer.poll(PATIENCE) {
            Some(Ok(message)) => {
                let key = message.key().unwrap_or_default().to_vec();
                contents.entry(key).or_default().push(message.payload().unwrap_or_default().to_vec());
            }
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(error)) => panic!("cannot read {topic}: {error}"),
            None => panic!("{topic} does not come to its end within {PATIENCE:?}"),
        }
    }
    contents
}

/// How two topics are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The last value of each key.
    Last,
    /// Every message: none may be there twice.
    Each,
}

/// The topics of two plans must hold the same. Returns the number of keys of each kind of results.
pub fn expect_same(brokers: &str, wanted: &Plan, found: &Plan, look: Look) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for ((what, wanted), (_, found)) in wanted.topics().into_iter().zip(found.topics()) {
        let wanted = seen(read(brokers, &wanted), look);
        let found = seen(read(brokers, &found), look);
        counts.insert(what, wanted.len());
        if let Some(difference) = difference(&wanted, &found) {
            panic!(
                "{what} differ{}: {difference}",
                if look == Look::Each { ", each message counted" } else { "" }
            );
        }
    }
    counts
}

fn seen(mut contents: Contents, look: Look) -> Contents {
    for values in contents.values_mut() {
        match look {
            Look::Last => drop(values.drain(..values.len() - 1)),
            Look::Each => values.sort_unstable(),
        }
    }
    contents
}

fn difference(wanted: &Contents, found: &Contents) -> Option<String> {
    let missing: Vec<_> = wanted.keys().filter(|key| !found.contains_key(*key)).collect();
    let unexpected: Vec<_> = found.keys().filter(|key| !wanted.contains_key(*key)).collect();
    let other: Vec<_> =
        wanted.iter().filter(|(key, values)| found.get(*key).is_some_and(|one| one != *values)).collect();
    if missing.is_empty() && unexpected.is_empty() && other.is_empty() {
        return None;
    }
    let mut page = format!(
        "of {} keys {} are missing, {} have another value, and {} are unexpected",
        wanted.len(),
        missing.len(),
        other.len(),
        unexpected.len()
    );
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let values =
        |values: &[Vec<u8>]| values.iter().map(|value| text(value)).collect::<Vec<_>>().join("\n           ");
    if let Some(key) = missing.first() {
        page += &format!("\n  missing  {}\n           {}", text(key), values(&wanted[*key]));
    }
    if let Some((key, wanted)) = other.first() {
        page += &format!(
            "\n  key      {}\n  wanted   {}\n  found    {}",
            text(key),
            values(wanted),
            values(&found[*key])
        );
    }
    if let Some(key) = unexpected.first() {
        page += &format!("\n  more     {}\n           {}", text(key), values(&found[*key]));
    }
    Some(page)
}
