//! Finds the topics that a command needs, and creates missing ones.

use super::broker::{Broker, create};
use super::client_log::ClientLog;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use shell::{Failure, telemetry};
use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

/// The number of partitions of a new topic of readings, unless `--partitions` gives another.
pub const PARTITIONS: u32 = 12;
/// The time in ms before the topic of intervals may be compacted, if the second stage reads it: 7 days, as long as a
/// broker keeps readings by default. Compaction keeps only the later of two rows of a key. A row that was published
/// again after a restart would then come after the message that closes its tick, and the second stage would miss it.
const READ_BACK_MS: &str = "604800000";
/// How long a broker may take to create topics.
const MAKING: Duration = Duration::from_secs(30);
/// How often to look for a new topic: brokers need a moment until all of them know it.
const LOOKS: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// The number of partitions of each topic, by name.
type Partitions = BTreeMap<String, u32>;

/// The number of partitions of the topic of readings. If it is missing, it is created with as many as `make` gives;
/// otherwise it is an error.
pub fn find_readings(broker: &Broker, name: &str, make: Option<u32>) -> Result<u32, Failure> {
    if let Some(partitions) = look(broker, &[name])?.remove(name) {
        return Ok(partitions);
    }
    let Some(partitions) = make else {
        return Err(none_such(broker, &[name]));
    };
    create_all(broker, &[topic(name, partitions)], partitions)?;
    await_all(broker, &[name])?;
    Ok(partitions)
}

/// The number of partitions of the topic of readings, which must be there, as well as the topic of dead letters.
pub fn find_existing(broker: &Broker, readings: &str, dead_letters: Option<&str>) -> Result<u32, Failure> {
    let wanted: Vec<&str> = dead_letters.into_iter().chain([readings]).collect();
    let there = look(broker, &wanted)?;
    if let Some(missing) = dead_letters.filter(|name| !there.contains_key(*name)) {
        return Err(Failure::failed_with_help(
            format!("{} has no topic `{missing}` of dead letters, or does not let us see it", broker.name()),
            "check `dead_letters` in the plan; `gridwarden run --create-topics` makes this topic",
        ));
    }
    there.get(readings).copied().ok_or_else(|| no_readings(broker, readings))
}

/// Finds the topics of results, whose messages have keys, beside the topic of readings. With `make`, missing ones are
/// created; otherwise they are an error. `read_back` is the topic that the second stage reads, if any.
///
/// The topic of readings must be there: an empty one would hide a misspelt name behind a run that reads nothing.
pub fn find_results(
    broker: &Broker,
    readings: &str,
    results: &[&str],
    read_back: Option<&str>,
    make: bool,
) -> Result<(), Failure> {
    let there = look(broker, results)?;
    let partitions =
        look(broker, &[readings])?.remove(readings).ok_or_else(|| no_readings(broker, readings))?;
    let missing: Vec<&str> = results.iter().copied().filter(|name| !there.contains_key(*name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !make {
        return Err(none_such(broker, &missing));
    }
    let topics: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|&name| {
            // As many partitions as readings have: a consumer of results can then be shared out as the readings are.
            let topic = topic(name, partitions).set("cleanup.policy", "compact");
            if read_back == Some(name) { topic.set("min.compaction.lag.ms", READ_BACK_MS) } else { topic }
        })
        .collect();
    create_all(broker, &topics, partitions)?;
    await_all(broker, &missing)
}

/// Waits until the broker lists topics that were just created.
fn await_all(broker: &Broker, names: &[&str]) -> Result<(), Failure> {
    for _ in 0..LOOKS {
        if look(broker, names)?.len() == names.len() {
            return Ok(());
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    Err(Failure::failed_with_help(
        format!("{} has created topics but does not list them: {}", broker.name(), names.join(", ")),
        "try again in a moment, and check the broker's log",
    ))
}

/// The topics that exist and whose partitions all have a leader.
fn look(broker: &Broker, wanted: &[&str]) -> Result<Partitions, Failure> {
    let metadata = broker.metadata()?;
    let mut there = Partitions::new();
    for name in wanted {
        let Some(topic) = metadata.topics().iter().find(|topic| topic.name() == *name) else { continue };
        let count = u32::try_from(topic.partitions().len()).unwrap_or_default();
        if count > 0 && topic.partitions().iter().all(|partition| partition.leader() >= 0) {
            there.insert((*name).to_owned(), count);
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

fn no_readings(broker: &Broker, name: &str) -> Failure {
    Failure::failed_with_help(
        format!("{} has no topic `{name}` of readings, or does not let us see it", broker.name()),
        "check the name in the plan; what sends readings creates this topic, as `gridwarden simulate --create-topics` does",
    )
}

/// A topic with as many copies as the broker's default.
fn topic(name: &str, partitions: u32) -> NewTopic<'_> {
    NewTopic::new(name, i32::try_from(partitions).unwrap_or(i32::MAX), TopicReplication::Fixed(-1))
}

fn create_all(broker: &Broker, topics: &[NewTopic<'_>], partitions: u32) -> Result<(), Failure> {
    let admin: AdminClient<ClientLog> = create(broker.config(), ClientLog::default())?;
    let options = AdminOptions::new().request_timeout(Some(MAKING)).operation_timeout(Some(MAKING));
    // The client returns a future. There is nothing else to do, so this thread waits for it.
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|cause| Failure::failed("cannot wait for new topics", &cause))?;
    let made = runtime.block_on(admin.create_topics(topics, &options));
    for made in made.map_err(|error| not_made(broker, topics[0].name, &error))? {
        match made {
            Ok(name) => telemetry::topic_made(&name, partitions),
            // Another instance was faster: that is fine.
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(not_made(broker, &name, &KafkaError::AdminOp(code))),
        }
    }
    Ok(())
}

fn not_made(broker: &Broker, name: &str, error: &KafkaError) -> Failure {
    let help = match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed) => {
            "the user of this connection may not create topics: ask an administrator to create them, with as many partitions as the readings"
        }
        _ => "create it by hand, or check the broker's log",
    };
    Failure::failed(format!("{} cannot create the topic `{name}`", broker.name()), error)
        .help(Some(help.to_owned()))
}

/// Checks the name of a topic: Kafka allows 1 to 249 characters of `A-Z a-z 0-9 . _ -`.
pub fn check_name(name: &str) -> Result<(), String> {
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    match name {
        "" => Err("it is empty".to_owned()),
        "." | ".." => Err(format!("Kafka reserves \"{name}\"")),
        _ if name.len() > 249 => Err(format!("it has {} characters, and Kafka allows 249", name.len())),
        _ if !name.bytes().all(is_name_byte) => {
            Err(format!("Kafka allows only A-Z a-z 0-9 . _ -, found \"{name}\""))
        }
        _ => Ok(()),
    }
}
