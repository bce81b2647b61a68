//! Who hangs where, while a run goes on: from a file that is looked at now and then, or from a compacted topic.

use super::halt::Halt;
use crate::kafka::{KafkaPlan, Telling, create};
use grid::{Topology, TopologyRow};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::metadata::MetadataTopic;
use rdkafka::{Message, Offset, TopicPartitionList};
use shell::{Failure, read_topology, read_topology_row, telemetry};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, SystemTime};

/// How often a file is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How long the topic is quiet before its changes are taken together.
const QUIET: Duration = Duration::from_millis(500);

/// Where the topology comes from.
pub enum Source {
    /// Nowhere: no meter has a place.
    Nothing,
    /// A file, and when it was written last.
    File(PathBuf, Option<SystemTime>),
    /// A topic, as far as it was read.
    Topic(Box<Rows>),
}

/// The rows of a compacted topic, by key.
pub struct Rows {
    consumer: BaseConsumer<Telling>,
    topic: String,
    rows: BTreeMap<Vec<u8>, TopologyRow>,
}

impl Source {
    /// Opens it and reads all that is there now. A file that is named wins over the topic of the plan.
    pub fn open(file: Option<&Path>, kafka: &KafkaPlan) -> Result<(Self, Topology), Failure> {
        if let Some(path) = file {
            let written = written(path);
            return Ok((Self::File(path.to_owned(), written), read_topology(path)?));
        }
        let Some(topic) = &kafka.topology else {
            return Ok((Self::Nothing, Topology::default()));
        };
        let mut rows = Rows::open(topic, kafka)?;
        let topology = rows.read_to_end()?;
        Ok((Self::Topic(Box::new(rows)), topology))
    }

    /// Tells of changes until the run ends.
    pub fn watch(self, tell: &[Sender<Arc<Topology>>], halt: &Halt) {
        match self {
            Self::Nothing => {}
            Self::File(path, mut known) => loop {
                for _ in 0..LOOK.as_millis() / 50 {
                    thread::sleep(Duration::from_millis(50));
                    if halt.check().is_err() {
                        return;
                    }
                }
                let now = written(&path);
                if now == known || now.is_none() {
                    continue;
                }
                known = now;
                match read_topology(&path) {
                    Ok(topology) => {
                        telemetry::topology_taken(&path.display());
                        tell_all(tell, topology);
                    }
                    Err(failure) => telemetry::topology_refused(&failure),
                }
            },
            Self::Topic(mut rows) => loop {
                let mut changed = false;
                loop {
                    if halt.check().is_err() {
                        return;
                    }
                    match rows.consumer.poll(QUIET) {
                        None => break,
                        Some(Ok(message)) => changed |= take(&rows.topic, &mut rows.rows, &message),
                        // The context hears of it as well, and tells what is trouble, once.
                        Some(Err(_)) => {}
                    }
                }
                if !changed {
                    continue;
                }
                match Topology::new(rows.rows.values().cloned().collect()) {
                    Ok(topology) => {
                        telemetry::topology_taken(&rows.topic);
                        tell_all(tell, topology);
                    }
                    Err(error) => telemetry::topology_refused(&error),
                }
            },
        }
    }
}

/// Whoever has ended by now need not hear of it.
fn tell_all(tell: &[Sender<Arc<Topology>>], topology: Topology) {
    let topology = Arc::new(topology);
    tell.iter().for_each(|tell| drop(tell.send(Arc::clone(&topology))));
}

impl Rows {
    fn open(topic: &str, kafka: &KafkaPlan) -> Result<Self, Failure> {
        let trouble = |cause: &KafkaError| {
            Failure::failed(format!("cannot read the topology from the topic {topic}"), cause).again()
        };
        let mut config = kafka.client_config();
        config.set("group.id", format!("{}-topology", kafka.group)).set("enable.auto.commit", "false");
        config.set("enable.partition.eof", "true").set("auto.offset.reset", "earliest");
        let consumer: BaseConsumer<Telling> = create(&config, Telling::default())?;
        let metadata =
            consumer.fetch_metadata(Some(topic), Duration::from_secs(15)).map_err(|cause| trouble(&cause))?;
        let mut all = TopicPartitionList::new();
        for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
            all.add_partition_offset(topic, partition.id(), Offset::Beginning)
                .map_err(|cause| trouble(&cause))?;
        }
        consumer.assign(&all).map_err(|cause| trouble(&cause))?;
        Ok(Self { consumer, topic: topic.to_owned(), rows: BTreeMap::new() })
    }

    /// All that is there now.
    fn read_to_end(&mut self) -> Result<Topology, Failure> {
        let assigned = self.consumer.assignment().map_or(0, |all| all.count());
        let mut ended = BTreeSet::new();
        while ended.len() < assigned {
            match self.consumer.poll(Duration::from_secs(15)) {
                Some(Ok(message)) => {
                    take(&self.topic, &mut self.rows, &message);
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    ended.insert(partition);
                }
                Some(Err(_)) => {}
                None => {
                    return Err(Failure::failed_with_help(
                        format!("the topic {} of the topology does not answer", self.topic),
                        "is the broker up, and the topic readable for this user?",
                    )
                    .again());
                }
            }
        }
        Topology::new(self.rows.values().cloned().collect()).map_err(|error| {
            Failure::failed(format!("the topology of the topic {} contradicts itself", self.topic), &error)
                .help(Some(
                    "let the earlier row of a meter end, in `to`, where the later one starts".to_owned(),
                ))
        })
    }
}

/// Takes a row or takes it away; says whether anything changed.
fn take(topic: &str, rows: &mut BTreeMap<Vec<u8>, TopologyRow>, message: &impl Message) -> bool {
    let key = message.key().unwrap_or_default().to_vec();
    let Some(value) = message.payload().filter(|value| !value.is_empty()) else {
        return rows.remove(&key).is_some();
    };
    match read_topology_row(value) {
        Ok(row) => {
            // A topic without keys is taken as well: then each meter and date is one.
            let key = if key.is_empty() { format!("{}/{:?}", row.meter, row.from).into_bytes() } else { key };
            rows.insert(key, row.clone()) != Some(row)
        }
        Err(why) => {
            telemetry::topology_row_refused(topic, message.partition(), message.offset(), &why);
            false
        }
    }
}

fn written(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
