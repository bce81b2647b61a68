//! `[grid] exchange = "kafka"` on a real broker. Three instances share a town; one is killed, another is stopped and
//! started again. Together they must publish the same as a single instance with the whole town in memory.
//!
//! `GRIDWARDEN_KAFKA_BROKERS=$(scripts/kafka up | cut -d= -f2) cargo test --workspace instances -- --ignored`; with
//! `EXCHANGE_CHECKPOINTS=s3://BUCKET/PREFIX` the checkpoints go to a bucket in place of a folder.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

/// The results that must be the same. SMS are left out: the limit of messages to a phone in an hour is counted by
/// partition.
const COMPARED: [&str; 8] =
    ["intervals", "profiles", "demand", "balances", "forecasts", "suspicions", "cases", "alerts"];

struct Town<'a> {
    dir: &'a Path,
    /// A prefix that separates the topics and groups of this test from those of others.
    name: String,
}

impl Town<'_> {
    /// A plan whose results go to topics of their own.
    fn plan(&self, run: &str, exchange: &str, transactional: bool) {
        let name = &self.name;
        let mut section = "";
        let mut text = String::new();
        for line in include_str!("../../../pipelines/ami.toml").lines() {
            section = line.strip_prefix('[').map_or(section, |_| line);
            let key = line.split(' ').next().unwrap_or_default();
            text += &match (section.split(' ').next().unwrap_or_default(), key) {
                ("[kafka]", "readings") => format!("readings = \"{name}-readings\"\n"),
                ("[kafka]", "brokers" | "topology") => String::new(),
                // Long: otherwise the speed of the machine would decide which partition is idle.
                ("[kafka]", "idle_after") => "idle_after = \"1 h\"\n".to_owned(),
                ("[kafka]", "format") => format!("{line}\n"),
                ("[kafka]", key) if line.contains(" = ") => format!("{key} = \"{name}-{run}-{key}\"\n"),
                ("[kafka.client]", "client.id") => {
                    format!("{line}\nsession.timeout.ms = 6000\ntransaction.timeout.ms = 15000\n")
                }
                ("[output]", "transactional") => format!("transactional = {transactional}\n"),
                ("[grid]", "exchange") => format!("exchange = \"{exchange}\"\n"),
                ("[checkpoints]", "every") => "every = \"1 s\"\n".to_owned(),
                _ => format!("{line}\n"),
            };
        }
        fs::write(self.dir.join(format!("{run}.toml")), text).unwrap();
    }

    fn simulate(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gridwarden"));
        command.args(["simulate", "--meters", "110", "--days", "20", "--interval", "30m", "--seed", "5"]);
        command.args(["--thieves", "6%", "--create-topics", "--partitions", "12"]);
        // 20 days in 50 s, so that the runs last long enough to interrupt them.
        command
            .args(["--brokers", &brokers(), "--speed", "34560", "--topic"])
            .arg(format!("{}-readings", self.name));
        command.arg("--out").arg(self.dir.join("town")).spawn().unwrap()
    }

    fn start(&self, run: &str, instance: &str, until_end: bool) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gridwarden"));
        command.arg("run").arg(self.dir.join(format!("{run}.toml")));
        command.args(["--brokers", &brokers(), "--create-topics", "--shards", "2", "--instance", instance]);
        command.arg("--checkpoints").arg(self.checkpoints(run));
        command.arg("--topology").arg(self.dir.join("town/topology.csv"));
        command.args(until_end.then_some("--until-end")).spawn().unwrap()
    }

    fn checkpoints(&self, run: &str) -> PathBuf {
        match variable("EXCHANGE_CHECKPOINTS") {
            Some(place) => PathBuf::from(format!("{place}/{}-{run}", self.name)),
            None => self.dir.join(format!("{run}-state")),
        }
    }

    /// Whether the topic of its readings exists.
    fn has_readings(&self) -> bool {
        let consumer: BaseConsumer =
            ClientConfig::new().set("bootstrap.servers", brokers()).create().unwrap();
        let metadata = consumer.fetch_metadata(None, Duration::from_secs(10)).unwrap();
        metadata.topics().iter().any(|topic| topic.name() == format!("{}-readings", self.name))
    }

    /// Everything in a topic of a run, by key.
    fn contents(&self, run: &str, topic: &str) -> BTreeMap<String, String> {
        let topic = format!("{}-{run}-{topic}", self.name);
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", brokers())
            .set("group.id", "none")
            .set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create().unwrap();
        let metadata = consumer.fetch_metadata(Some(&topic), Duration::from_secs(10)).unwrap();
        let mut all = TopicPartitionList::new();
        for partition in metadata.topics()[0].partitions() {
            all.add_partition_offset(&topic, partition.id(), Offset::Beginning).unwrap();
        }
        consumer.assign(&all).unwrap();
        let (mut found, mut ends) = (BTreeMap::new(), 0);
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        while ends < all.count() {
            match consumer.poll(Duration::from_secs(10)).expect("the broker answers") {
                Ok(message) => drop(found.insert(text(message.key()), text(message.payload()))),
                Err(KafkaError::PartitionEOF(_)) => ends += 1,
                Err(error) => panic!("{topic}: {error}"),
            }
        }
        found.retain(|_, value| !value.is_empty());
        found
    }
}

fn brokers() -> String {
    variable("GRIDWARDEN_KAFKA_BROKERS").expect("GRIDWARDEN_KAFKA_BROKERS names a broker")
}

#[expect(clippy::disallowed_methods, reason = "the address of the broker comes from the script")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Leaves out the results that need the whole town: the system, feeders, and each group's share of the system peak.
fn without_the_whole(mut found: BTreeMap<String, String>) -> BTreeMap<String, String> {
    found.retain(|key, _| !key.starts_with("system/") && !key.starts_with("feeder/"));
    for value in found.values_mut().filter(|value| value.contains("\"coincident_w\"")) {
        let mut row: serde_json::Value = serde_json::from_str(value).unwrap();
        row["coincident_w"] = serde_json::Value::Null;
        *value = row.to_string();
    }
    found
}

/// Sends TERM and waits for the end. With transactions, the instance may be waiting for the transaction that the
/// killed one left open. Then it ends with that failure, code 1.
fn end(child: &mut Child, transactional: bool) {
    let sent = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(sent.success());
    let code = child.wait().unwrap().code();
    assert!(code == Some(143) || transactional && code == Some(1), "{code:?}");
}

fn ended_well(mut child: Child) {
    assert!(child.wait().unwrap().success());
}

/// The tests run one after the other: their timing assumes that the machine does nothing else.
static TURN: Mutex<()> = Mutex::new(());

fn check(name: &str, transactional: bool) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let town = Town { dir: dir.path(), name: format!("{name}-{}", std::process::id()) };
    for (run, exchange) in [("memory", "memory"), ("one", "kafka"), ("three", "kafka")] {
        town.plan(run, exchange, transactional);
    }
    let mut simulation = town.simulate();
    while !dir.path().join("town/topology.csv").exists() || !town.has_readings() {
        sleep(Duration::from_millis(100));
    }
    sleep(Duration::from_secs(2));
    let [mut first, mut second, mut third] = ["1", "2", "3"].map(|name| town.start("three", name, false));
    sleep(Duration::from_secs(15));
    second.kill().unwrap();
    second.wait().unwrap();
    sleep(Duration::from_secs(12));
    end(&mut third, transactional);
    sleep(Duration::from_secs(3));
    let mut third = town.start("three", "3", false);
    assert!(simulation.wait().unwrap().success());
    sleep(Duration::from_secs(5));
    end(&mut first, transactional);
    end(&mut third, transactional);
    // Two instances go to the end together, and each waits until the other has closed its partitions.
    let last = ["1", "2"].map(|name| town.start("three", name, true));
    last.into_iter().for_each(ended_well);
    ended_well(town.start("one", "1", true));
    ended_well(town.start("memory", "1", true));
    for topic in COMPARED {
        let expected = without_the_whole(town.contents("memory", topic));
        println!("{name}: {} keys of {topic}", expected.len());
        assert!(!expected.is_empty(), "the town has no {topic}, so nothing is compared");
        for run in ["one", "three"] {
            let found = without_the_whole(town.contents(run, topic));
            let other = |(key, value): &(&String, &String)| found.get(*key) != Some(*value);
            let differs: Vec<_> = expected.iter().filter(other).take(3).collect();
            let more: Vec<_> = found.keys().filter(|key| !expected.contains_key(*key)).take(3).collect();
            assert!(differs.is_empty() && more.is_empty(), "{run}, {topic}: {differs:?} {more:?}");
        }
    }
}

#[test]
#[ignore = "needs a broker, and two minutes"]
fn three_instances_publish_the_same_as_one() {
    check("plain", false);
}

#[test]
#[ignore = "needs a broker, and two minutes"]
fn instances_with_transactions_publish_the_same_as_one() {
    check("transactional", true);
}
