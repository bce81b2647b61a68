//! Topics: whether those are there that a command needs, and making those that are not.

use super::broker::{Broker, create};
use super::client_log::ClientLog;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use shell::{Failure, telemetry};
use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

/// As many partitions as the topic of readings is given, unless somebody says so.
pub const PARTITIONS: u32 = 12;
/// A topic that is read in the order of its writing is not compacted before, ms: 7 days, as long as a broker keeps
/// readings unless somebody says so. Compacting keeps the later of two rows of one key, behind the word that closes it.
const READ_BACK_MS: &str = "604800000";
/// How long a broker may take to make topics.
const MAKING: Duration = Duration::from_secs(30);
/// A new topic is known everywhere after a moment.
const LOOKS: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// How many partitions each topic has, by name.
pub type Partitions = BTreeMap<String, u32>;

/// Looks for the topic of readings and for others, all of them compacted because their messages have keys. Those that
/// are missing are made, `read_back` so that it can be read in order, if `make` says how many partitions readings are given, or else an error.
pub fn find(
    broker: &Broker,
    readings: &str,
    compacted: &[&str],
    read_back: Option<&str>,
    make: Option<u32>,
) -> Result<Partitions, Failure> {
    let wanted = || [readings].into_iter().chain(compacted.iter().copied());
    let mut there = look(broker, wanted())?;
    let missing: Vec<&str> = wanted().filter(|name| !there.contains_key(*name)).collect();
    if missing.is_empty() {
        return Ok(there);
    }
    let Some(partitions) = make else {
        return Err(none_such(broker, &missing));
    };
    // Results lie as readings do, so that who reads a partition of one can read the same of the other.
    let partitions = there.get(readings).copied().unwrap_or(partitions);
    make_all(broker, &missing, readings, read_back, partitions)?;
    for _ in 0..LOOKS {
        there = look(broker, wanted())?;
        if wanted().all(|name| there.contains_key(name)) {
            return Ok(there);
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    Err(Failure::failed_with_help(
        format!("{} has made topics and does not know them: {}", broker.name(), missing.join(", ")),
        "try again in a moment, and look at the broker's log",
    ))
}

/// Those that are there and whose partitions all have a leader.
fn look<'a>(broker: &Broker, wanted: impl Iterator<Item = &'a str>) -> Result<Partitions, Failure> {
    let metadata = broker.metadata()?;
    let mut there = Partitions::new();
    for name in wanted {
        let Some(topic) = metadata.topics().iter().find(|topic| topic.name() == name) else { continue };
        let count = u32::try_from(topic.partitions().len()).unwrap_or_default();
        if count > 0 && topic.partitions().iter().all(|partition| partition.leader() >= 0) {
            there.insert(name.to_owned(), count);
        }
    }
    Ok(there)
}

fn none_such(broker: &Broker, missing: &[&str]) -> Failure {
    let named: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    let (topics, them) = if missing.len() == 1 { ("topic", "it") } else { ("topics", "them") };
    Failure::failed_with_help(
        format!("{} has no {topics} {}, or does not let us see {them}", broker.name(), named.join(", ")),
        format!("`--create-topics` makes {them}"),
    )
}

fn make_all(
    broker: &Broker,
    names: &[&str],
    readings: &str,
    read_back: Option<&str>,
    partitions: u32,
) -> Result<(), Failure> {
    let admin: AdminClient<ClientLog> = create(broker.config(), ClientLog::default())?;
    let count = i32::try_from(partitions).unwrap_or(i32::MAX);
    let topics: Vec<NewTopic<'_>> = names
        .iter()
        .map(|&name| {
            // As many copies as the broker makes of any topic.
            let topic = NewTopic::new(name, count, TopicReplication::Fixed(-1));
            if name == readings {
                return topic;
            }
            let topic = topic.set("cleanup.policy", "compact");
            if read_back == Some(name) { topic.set("min.compaction.lag.ms", READ_BACK_MS) } else { topic }
        })
        .collect();
    let options = AdminOptions::new().request_timeout(Some(MAKING)).operation_timeout(Some(MAKING));
    // The client answers by a future; there is nothing else to do meanwhile.
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|cause| Failure::failed("cannot wait for new topics", &cause))?;
    let made = runtime.block_on(admin.create_topics(&topics, &options));
    for made in made.map_err(|error| not_made(broker, names[0], &error))? {
        match made {
            Ok(name) => telemetry::topic_made(&name, partitions),
            // Another instance was faster.
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(not_made(broker, &name, &KafkaError::AdminOp(code))),
        }
    }
    Ok(())
}

fn not_made(broker: &Broker, name: &str, error: &KafkaError) -> Failure {
    let help = match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed) => {
            "the user of this connection may not make topics: have them made, with as many partitions as the readings"
        }
        _ => "make it by hand, or look at the broker's log",
    };
    Failure::failed(format!("{} cannot make the topic `{name}`", broker.name()), error)
        .help(Some(help.to_owned()))
}

/// What is wrong with the name of a topic, if anything: Kafka takes 1 to 249 of `A-Z a-z 0-9 . _ -`.
pub fn check_name(name: &str) -> Result<(), String> {
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    match name {
        "" => Err("it is empty".to_owned()),
        "." | ".." => Err(format!("Kafka keeps \"{name}\" for itself")),
        _ if name.len() > 249 => Err(format!("it has {} letters, and Kafka takes 249", name.len())),
        _ if !name.bytes().all(is_name_byte) => {
            Err(format!("Kafka takes only A-Z a-z 0-9 . _ -, found \"{name}\""))
        }
        _ => Ok(()),
    }
}
