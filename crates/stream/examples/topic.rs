//! What the measurements on a broker need beside `gridwarden`: readings of a file into a topic, and the plainest consumer.
//!
//! `topic fill BROKERS TOPIC BATCH FORMAT < LINES` sends JSON lines, BATCH of them a message, as `json` or `arrow`; all
//! readings of a meter to one partition, as `gridwarden simulate` does. `topic count BROKERS TOPIC` reads all that is
//! there with the settings of `gridwarden run` and does nothing but count: what is below it, no engine can save.

use rdkafka::ClientConfig;
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::metadata::MetadataTopic;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use reading::{EventTime, MeterId, RawReading};
use std::io::{BufRead, stdin};
use std::process::ExitCode;
use std::time::{Duration, Instant};

type Failed = Box<dyn std::error::Error>;

/// How long the broker is asked.
const ANSWER: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *words {
        ["fill", brokers, topic, batch, format] => fill(brokers, topic, batch, format),
        ["count", brokers, topic] => count(brokers, topic),
        _ => {
            eprintln!(
                "usage: topic fill BROKERS TOPIC BATCH json|arrow < LINES\n       topic count BROKERS TOPIC"
            );
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is to become a message.
#[derive(Default)]
struct Pile {
    bytes: Vec<u8>,
    rows: Vec<RawReading>,
    readings: usize,
}

fn fill(brokers: &str, topic: &str, batch: &str, format: &str) -> Result<(), Failed> {
    let batch: usize = batch.parse()?;
    let arrow = match format {
        "json" => false,
        "arrow" => true,
        _ => return Err("a message is json or arrow".into()),
    };
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .set("compression.type", "lz4")
        .set("linger.ms", "20")
        .set("batch.num.messages", "10000")
        .set("queue.buffering.max.kbytes", "131072")
        .create()?;
    let headers = OwnedHeaders::new().insert(Header { key: "format", value: Some(format) });
    let metadata = producer.client().fetch_metadata(Some(topic), ANSWER)?;
    let partitions = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
    if partitions == 0 {
        return Err(format!("there is no topic {topic}").into());
    }
    let mut messages = 0_u64;
    let mut send = |partition: usize, key: Option<&MeterId>, pile: &mut Pile| -> Result<(), Failed> {
        if arrow {
            pile.bytes = columns::ipc::encode(&pile.rows);
        }
        let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic)
            .partition(i32::try_from(partition)?)
            .payload(pile.bytes.as_slice())
            .headers(headers.clone());
        record.key = key.map(MeterId::as_bytes);
        loop {
            match producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                    record = again;
                    producer.poll(Duration::from_millis(10));
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
        messages += 1;
        if messages.is_multiple_of(256) {
            producer.poll(Duration::ZERO);
        }
        pile.bytes.clear();
        pile.rows.clear();
        pile.readings = 0;
        Ok(())
    };
    let mut piles: Vec<Pile> = (0..partitions).map(|_| Pile::default()).collect();
    let mut raw = RawReading::new(MeterId::new("-").ok_or("a dash is a name")?, EventTime(0));
    let mut line = Vec::new();
    let mut lines = stdin().lock();
    let mut readings = 0_u64;
    while lines.read_until(b'\n', &mut line)? > 0 {
        let text = line.trim_ascii_end();
        wire::json::decode(text, &mut raw).map_err(|reason| format!("a line is no reading: {reason:?}"))?;
        let partition = (raw.meter.hash() % partitions as u64) as usize;
        let pile = &mut piles[partition];
        if arrow {
            pile.rows.push(raw.clone());
        } else {
            if pile.readings > 0 {
                pile.bytes.push(b'\n');
            }
            pile.bytes.extend_from_slice(text);
        }
        pile.readings += 1;
        readings += 1;
        if pile.readings == batch {
            send(partition, Some(&raw.meter).filter(|_| batch == 1), pile)?;
        }
        line.clear();
    }
    for (partition, pile) in piles.iter_mut().enumerate().filter(|(_, pile)| pile.readings > 0) {
        send(partition, None, pile)?;
    }
    producer.flush(Duration::from_secs(120))?;
    println!("{readings} readings in {messages} messages");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a measurement owns its clock")]
fn count(brokers: &str, topic: &str) -> Result<(), Failed> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "count")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("queued.max.messages.kbytes", "65536")
        .set("fetch.wait.max.ms", "100")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER)?;
    let mut starts = TopicPartitionList::new();
    let mut left = 0;
    for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
        let (low, high) = consumer.fetch_watermarks(topic, partition.id(), ANSWER)?;
        left += high - low;
        starts.add_partition_offset(topic, partition.id(), Offset::Offset(low))?;
    }
    consumer.assign(&starts)?;
    let began = Instant::now();
    let (mut messages, mut bytes) = (0_u64, 0_u64);
    while left > 0 {
        let Some(message) = consumer.poll(ANSWER) else { return Err("the broker sends no more".into()) };
        let message = message?;
        messages += 1;
        bytes += message.payload().map_or(0, <[u8]>::len) as u64;
        left -= 1;
    }
    println!("{messages} messages, {bytes} bytes, {:.2} s", began.elapsed().as_secs_f64());
    Ok(())
}
