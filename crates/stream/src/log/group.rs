//! A member of a group of Apache Kafka: a consumer that notes the group's decisions about partitions.

use super::broker::create;
use super::client::{Connection, set_unless_given};
use super::client_log::ClientLog;
use super::consumer::{Change, Consumer, Message, Polled};
use super::error::LogError;
use super::positions::{Commit, Committed, Membership, Positions};
use pipeline::PartitionId;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message as _};
use rdkafka::metadata::MetadataTopic;
use rdkafka::statistics::Statistics;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};
use shell::Failure;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long to wait for an answer of the broker before the run starts again.
const ANSWER: Duration = Duration::from_secs(15);
/// Tries to get the ends of a log, together over 5 s.
const TRIES: u32 = 50;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
/// A member that says nothing for this long is dead to its group, unless the plan sets `session.timeout.ms`.
pub(super) const SESSION: Duration = Duration::from_secs(10);

/// Which group to join, and what to read.
#[derive(Debug, Clone, Copy)]
pub struct Joining<'a> {
    /// The group.
    pub group: &'a str,
    /// The name of the member, if it has one. Started again under the same name, it is the same member for the group.
    pub instance: Option<&'a str>,
    /// The topic that it reads.
    pub topic: &'a str,
    /// The header that it reads from messages.
    pub header: &'static str,
}

/// A member with a connection. It reads nothing before [`Consumer::subscribe`].
pub struct GroupConsumer {
    consumer: BaseConsumer<GroupContext>,
    topic: String,
    header: &'static str,
}

/// Notes the group's decisions. librdkafka calls it in the middle of a poll, so the poller acts on them afterwards.
#[derive(Debug, Default)]
struct GroupContext {
    changes: Mutex<VecDeque<Change>>,
    changed: AtomicBool,
    closing: AtomicBool,
    /// The ends of the logs that the client knows of.
    ends: Mutex<BTreeMap<PartitionId, i64>>,
    client_log: ClientLog,
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, message: &str) {
        self.client_log.log(level, fac, message);
    }

    fn stats(&self, statistics: Statistics) {
        let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
        let known = partitions.filter(|one| one.hi_offset >= 0 && one.partition >= 0);
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.extend(known.map(|one| (one.partition as PartitionId, one.hi_offset)));
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.client_log.error(error, reason);
    }
}

impl ConsumerContext for GroupContext {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let partitions = list.elements().iter().map(|one| one.partition() as PartitionId).collect();
        let assigned = matches!(error, RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS);
        if self.closing.load(Ordering::Relaxed) {
            // The poller has ended, and the state is in the store: give everything back at once.
            if !assigned {
                drop(unassign(consumer, list));
            }
            return;
        }
        let change = if assigned { Change::Assign(partitions) } else { Change::Revoke(partitions) };
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push_back(change);
        self.changed.store(true, Ordering::Release);
    }
}

/// Gives partitions back, in the way that the group's protocol demands.
fn unassign(consumer: &BaseConsumer<GroupContext>, list: &TopicPartitionList) -> Result<(), KafkaError> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
        _ => consumer.unassign(),
    }
}

impl GroupConsumer {
    /// Connects.
    pub fn connect(connection: Connection, joining: Joining<'_>) -> Result<Self, Failure> {
        let Joining { group, instance, topic, header } = joining;
        let Connection(mut config) = connection;
        config.set("group.id", group).set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false").set("enable.partition.eof", "true");
        config.set("auto.offset.reset", "earliest");
        // In the new protocol, KIP-848, the broker sets these two, and librdkafka refuses them.
        if config.get("group.protocol").is_none_or(|protocol| protocol == "classic") {
            set_unless_given(&mut config, "partition.assignment.strategy", "range");
            set_unless_given(&mut config, "session.timeout.ms", &SESSION.as_millis().to_string());
        }
        for (name, value) in [
            // The limit of messages fetched ahead, for all partitions together.
            ("queued.max.messages.kbytes", "65536"),
            ("fetch.wait.max.ms", "100"),
            // The usual pause of a second after a full queue is too long: the workers have emptied it before, and idle.
            ("fetch.queue.backoff.ms", "10"),
            ("fetch.error.backoff.ms", "100"),
            ("reconnect.backoff.max.ms", "10000"),
            // The statistics hold the ends of the logs, which the lag needs.
            ("statistics.interval.ms", "2000"),
        ] {
            set_unless_given(&mut config, name, value);
        }
        if let Some(instance) = instance {
            // A named member that was killed gets its partitions back at once. Without a name, the group first waits
            // until it takes the old member for dead.
            set_unless_given(&mut config, "group.instance.id", instance);
        }
        let consumer = create(&config, GroupContext::default())?;
        Ok(Self { consumer, topic: topic.to_owned(), header })
    }

    fn list(&self, partitions: &[PartitionId]) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for &partition in partitions {
            list.add_partition(&self.topic, partition as i32);
        }
        list
    }

    fn message<'a>(&self, message: &'a BorrowedMessage<'_>) -> Message<'a> {
        let header = message.headers().and_then(|headers| {
            headers.iter().find(|header| header.key == self.header).and_then(|header| header.value)
        });
        Message {
            partition: message.partition() as PartitionId,
            offset: message.offset(),
            timestamp_ms: message.timestamp().to_millis(),
            value: message.payload(),
            header,
        }
    }
}

impl Consumer for GroupConsumer {
    fn subscribe(&self) -> Result<(), LogError> {
        Ok(self.consumer.subscribe(&[&self.topic])?)
    }

    fn poll(&self, wait: Duration, take: impl FnOnce(&Message<'_>)) -> Polled {
        match self.consumer.poll(wait) {
            None => Polled::Nothing,
            Some(Ok(message)) => {
                take(&self.message(&message));
                Polled::Message
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => Polled::End(partition as PartitionId),
            Some(Err(KafkaError::MessageConsumptionFatal(error))) => {
                let is_replaced = error == RDKafkaErrorCode::FencedInstanceId;
                Polled::ShutOut { error: KafkaError::MessageConsumptionFatal(error).into(), is_replaced }
            }
            // The context gets all other errors as well, and logs them.
            Some(Err(_)) => Polled::Trouble,
        }
    }

    fn has_changed(&self) -> bool {
        self.consumer.context().changed.swap(false, Ordering::AcqRel)
    }

    fn will_have_changed(&self) -> bool {
        self.consumer.context().changed.load(Ordering::Acquire)
    }

    fn next_change(&self) -> Option<Change> {
        self.consumer.context().changes.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn assign(&self, starts: &[(PartitionId, i64)]) -> Result<(), LogError> {
        let mut list = TopicPartitionList::new();
        for &(partition, offset) in starts {
            list.add_partition_offset(&self.topic, partition as i32, Offset::Offset(offset))?;
        }
        match self.consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => self.consumer.incremental_assign(&list)?,
            _ => self.consumer.assign(&list)?,
        }
        Ok(())
    }

    fn give_back(&self, partitions: &[PartitionId]) -> Result<(), LogError> {
        Ok(unassign(&self.consumer, &self.list(partitions))?)
    }

    /// Answers decisions that are still open. librdkafka waits for these answers when it closes, and without them it
    /// would wait for ever.
    fn leave(&self) {
        self.consumer.context().closing.store(true, Ordering::Relaxed);
        // An error here means that the partitions have been given back already.
        match self.consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => {
                drop(self.consumer.assignment().and_then(|all| self.consumer.incremental_unassign(&all)));
            }
            _ => drop(self.consumer.unassign()),
        }
    }

    fn pause(&self, partitions: &[PartitionId]) -> Result<(), LogError> {
        Ok(self.consumer.pause(&self.list(partitions))?)
    }

    fn resume(&self, partitions: &[PartitionId]) -> Result<(), LogError> {
        Ok(self.consumer.resume(&self.list(partitions))?)
    }

    fn partitions(&self) -> Result<Vec<PartitionId>, LogError> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), ANSWER)?;
        let partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions);
        Ok(partitions.map(|partition| partition.id() as PartitionId).collect())
    }

    /// Tries for a while, because not every broker knows a new topic at once.
    fn watermarks(&self, partition: PartitionId) -> Result<(i64, i64), LogError> {
        let mut tries = TRIES;
        loop {
            let found = self.consumer.fetch_watermarks(&self.topic, partition as i32, ANSWER);
            let code = found.as_ref().err().and_then(KafkaError::rdkafka_error_code);
            tries -= 1;
            match code {
                Some(
                    RDKafkaErrorCode::NotLeaderForPartition
                    | RDKafkaErrorCode::LeaderNotAvailable
                    | RDKafkaErrorCode::UnknownTopicOrPartition,
                ) if tries > 0 => thread::sleep(BETWEEN_TRIES),
                _ => return Ok(found?),
            }
        }
    }

    fn known_end(&self, partition: PartitionId) -> Option<i64> {
        let ends = &self.consumer.context().ends;
        ends.lock().unwrap_or_else(PoisonError::into_inner).get(&partition).copied()
    }

    fn committed(&self, partitions: &[PartitionId]) -> Result<BTreeMap<PartitionId, Committed>, LogError> {
        let found = self.consumer.committed_offsets(self.list(partitions), ANSWER)?;
        let committed = found.elements().into_iter().filter_map(|one| match one.offset() {
            Offset::Offset(offset) => {
                let metadata = one.metadata().to_owned();
                Some((one.partition() as PartitionId, Committed { offset, metadata }))
            }
            _ => None,
        });
        Ok(committed.collect())
    }

    fn commit(&self, commits: &[Commit], wait: bool) -> Result<(), LogError> {
        let Positions(positions) = Positions::in_topic(&self.topic, commits);
        let mode = if wait { CommitMode::Sync } else { CommitMode::Async };
        Ok(self.consumer.commit(&positions, mode)?)
    }

    fn membership(&self) -> Option<Membership> {
        self.consumer.group_metadata().map(Membership)
    }
}
