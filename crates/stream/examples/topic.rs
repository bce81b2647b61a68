//! Two tools for measurements on a broker: one fills a topic from a file, the other is the simplest possible consumer.
//!
//! `topic fill BROKERS TOPIC BATCH FORMAT < LINES` sends JSON lines as `json` or `arrow`, BATCH readings in a
//! message. All readings of a meter go to one partition, as `gridwarden simulate` sends them.
//!
//! `topic count BROKERS TOPIC` reads a whole topic with the settings of `gridwarden run` and only counts messages.
//! Its time is the share of librdkafka, which no engine can save.

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

/// How long to wait for an answer of the broker.
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

/// The readings of the next message of a partition.
#[derive(Default)]
struct Pile {
    bytes: Vec<u8>,
    rows: Vec<RawReading>,
    readings: usize,
}

impl Pile {
    fn add(&mut self, text: &[u8], raw: &RawReading, is_arrow: bool) {
        if is_arrow {
            self.rows.push(raw.clone());
        } else {
            if self.readings > 0 {
                self.bytes.push(b'\n');
            }
            self.bytes.extend_from_slice(text);
        }
        self.readings += 1;
    }
}

/// Sends piles as messages to a topic.
struct Filler<'a> {
    producer: BaseProducer,
    topic: &'a str,
    headers: OwnedHeaders,
    is_arrow: bool,
    messages: u64,
}

impl<'a> Filler<'a> {
    fn connect(brokers: &str, topic: &'a str, format: &str) -> Result<Self, Failed> {
        let is_arrow = match format {
            "json" => false,
            "arrow" => true,
            _ => return Err("a message is json or arrow".into()),
        };
        let producer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("enable.idempotence", "true")
            .set("compression.type", "lz4")
            .set("linger.ms", "20")
            .set("batch.num.messages", "10000")
            .set("queue.buffering.max.kbytes", "131072")
            .create()?;
        let headers = OwnedHeaders::new().insert(Header { key: "format", value: Some(format) });
        Ok(Self { producer, topic, headers, is_arrow, messages: 0 })
    }

    fn partitions(&self) -> Result<usize, Failed> {
        let metadata = self.producer.client().fetch_metadata(Some(self.topic), ANSWER)?;
        match metadata.topics().first().map_or(0, |topic| topic.partitions().len()) {
            0 => Err(format!("there is no topic {}", self.topic).into()),
            partitions => Ok(partitions),
        }
    }

    /// Sends a pile as one message, and empties it.
    fn send(&mut self, partition: usize, key: Option<&MeterId>, pile: &mut Pile) -> Result<(), Failed> {
        if self.is_arrow {
            pile.bytes = columns::ipc::encode(&pile.rows);
        }
        let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(self.topic)
            .partition(i32::try_from(partition)?)
            .payload(pile.bytes.as_slice())
            .headers(self.headers.clone());
        record.key = key.map(MeterId::as_bytes);
        loop {
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                    record = again;
                    self.producer.poll(Duration::from_millis(10));
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
        self.messages += 1;
        if self.messages.is_multiple_of(256) {
            self.producer.poll(Duration::ZERO);
        }
        pile.bytes.clear();
        pile.rows.clear();
        pile.readings = 0;
        Ok(())
    }
}

fn fill(brokers: &str, topic: &str, batch: &str, format: &str) -> Result<(), Failed> {
    let batch: usize = batch.parse()?;
    let mut filler = Filler::connect(brokers, topic, format)?;
    let mut piles: Vec<Pile> = (0..filler.partitions()?).map(|_| Pile::default()).collect();
    let mut raw = RawReading::new(MeterId::new("-").ok_or("a dash is a name")?, EventTime(0));
    let mut line = Vec::new();
    let mut lines = stdin().lock();
    let mut readings = 0_u64;
    while lines.read_until(b'\n', &mut line)? > 0 {
        let text = line.trim_ascii_end();
        wire::json::decode(text, &mut raw).map_err(|reason| format!("a line is no reading: {reason:?}"))?;
        let partition = (raw.meter.hash() % piles.len() as u64) as usize;
        let pile = &mut piles[partition];
        pile.add(text, &raw, filler.is_arrow);
        readings += 1;
        if pile.readings == batch {
            filler.send(partition, Some(&raw.meter).filter(|_| batch == 1), pile)?;
        }
        line.clear();
    }
    for (partition, pile) in piles.iter_mut().enumerate().filter(|(_, pile)| pile.readings > 0) {
        filler.send(partition, None, pile)?;
    }
    filler.producer.flush(Duration::from_secs(120))?;
    println!("{readings} readings in {} messages", filler.messages);
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
