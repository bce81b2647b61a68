//! The group: what it decides about partitions, and the consumer that is its member.

use crate::kafka::{KafkaPlan, Telling, create, set_unless_said};
use pipeline::PartitionId;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::types::RDKafkaRespErr;
use shell::Failure;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long the broker is asked before the run starts again.
const ANSWER: Duration = Duration::from_secs(15);
/// Together 5 s.
const TRIES: u32 = 50;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// Partitions that the group gives, or takes.
#[derive(Debug)]
pub enum Change {
    Assign(Vec<PartitionId>),
    Revoke(Vec<PartitionId>),
}

/// Hears what the group decides; the poller acts on it.
#[derive(Debug, Default)]
pub struct GroupContext {
    changes: Mutex<VecDeque<Change>>,
    changed: AtomicBool,
    closing: AtomicBool,
    /// The ends of the logs, as the client knows them.
    ends: Mutex<BTreeMap<PartitionId, i64>>,
    telling: Telling,
}

impl GroupContext {
    /// Whether the group has decided anything since this was asked last.
    pub fn has_changed(&self) -> bool {
        self.changed.swap(false, Ordering::AcqRel)
    }

    /// The same, to be asked again.
    pub fn will_have_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
    }

    /// The next decision of the group.
    pub fn next_change(&self) -> Option<Change> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// The end of a log, as far as it is known.
    pub fn end(&self, partition: PartitionId) -> Option<i64> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).get(&partition).copied()
    }

    /// Nobody acts on decisions any more.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, message: &str) {
        self.telling.log(level, fac, message);
    }

    fn stats(&self, statistics: Statistics) {
        let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
        let known = partitions.filter(|one| one.hi_offset >= 0 && one.partition >= 0);
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.extend(known.map(|one| (one.partition as PartitionId, one.hi_offset)));
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.telling.error(error, reason);
    }
}

impl ConsumerContext for GroupContext {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let partitions = list.elements().iter().map(|one| one.partition() as PartitionId).collect();
        let assigned = matches!(error, RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS);
        if self.closing.load(Ordering::Relaxed) {
            // Nobody polls any more; the state is in the store.
            if !assigned {
                drop(give_back(consumer, list));
            }
            return;
        }
        let change = if assigned { Change::Assign(partitions) } else { Change::Revoke(partitions) };
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push_back(change);
        self.changed.store(true, Ordering::Release);
    }
}

/// Lets go of partitions, in the way of the group's protocol.
pub fn give_back(consumer: &BaseConsumer<GroupContext>, list: &TopicPartitionList) -> Result<(), KafkaError> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
        _ => consumer.unassign(),
    }
}

/// Nobody acts on decisions any more. What was decided and not acted on is answered here: librdkafka waits for an
/// answer before it closes, and would do so for ever.
pub fn leave(consumer: &BaseConsumer<GroupContext>) {
    consumer.context().close();
    // What fails here has been given back already.
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => {
            drop(consumer.assignment().and_then(|all| consumer.incremental_unassign(&all)));
        }
        _ => drop(consumer.unassign()),
    }
}

/// The first and the last offset of a log. A topic that was just made is not known to every broker at once.
pub fn watermarks(
    consumer: &BaseConsumer<GroupContext>,
    topic: &str,
    partition: PartitionId,
) -> Result<(i64, i64), KafkaError> {
    let mut tries = TRIES;
    loop {
        let found = consumer.fetch_watermarks(topic, partition as i32, ANSWER);
        let code = found.as_ref().err().and_then(KafkaError::rdkafka_error_code);
        tries -= 1;
        match code {
            Some(
                RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::UnknownTopicOrPartition,
            ) if tries > 0 => thread::sleep(BETWEEN_TRIES),
            _ => return found,
        }
    }
}

/// A consumer of the group, under a name of its own if it has one; nothing is read before [`Poller::run`].
pub fn connect(
    kafka: &KafkaPlan,
    group: &str,
    instance: Option<&str>,
) -> Result<BaseConsumer<GroupContext>, Failure> {
    let mut config = kafka.client_config();
    config.set("group.id", group).set("enable.auto.commit", "false");
    config.set("enable.auto.offset.store", "false").set("enable.partition.eof", "true");
    config.set("auto.offset.reset", "earliest");
    // In the new protocol, KIP-848, these are the broker's to say.
    if config.get("group.protocol").is_none_or(|protocol| protocol == "classic") {
        set_unless_said(&mut config, "partition.assignment.strategy", "range");
        set_unless_said(&mut config, "session.timeout.ms", "10000");
    }
    for (name, value) in [
        // What is fetched ahead, of all partitions together.
        ("queued.max.messages.kbytes", "65536"),
        ("fetch.wait.max.ms", "100"),
        // What is fetched ahead is worked off in less than the usual second, and then there would be nothing to do.
        ("fetch.queue.backoff.ms", "10"),
        ("fetch.error.backoff.ms", "100"),
        ("reconnect.backoff.max.ms", "10000"),
        // For the lag.
        ("statistics.interval.ms", "2000"),
    ] {
        set_unless_said(&mut config, name, value);
    }
    if let Some(instance) = instance {
        // Killed and started again, it is the same member, and nobody has to wait until it is taken for dead.
        set_unless_said(&mut config, "group.instance.id", instance);
    }
    create(&config, GroupContext::default())
}
