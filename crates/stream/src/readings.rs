//! A topic of readings that a gateway writes: lines in, confirmed by the brokers before the next are taken.

use crate::log::{
    Broker, ClientSettings, Environment, NotSent, Packed, Sender, end_without_a_broker, partition_of, topics,
};
use reading::{EventTime, MeterId, RawReading};
use shell::{Failure, Stop, telemetry};
use std::time::{Duration, Instant};

/// How soon a signal is noticed.
const SLICE: Duration = Duration::from_millis(50);

/// How long the brokers may take for what is under way once a signal has come.
const LAST: Duration = Duration::from_secs(5);

/// A topic of readings. It connects when there is something to put, and anew after a failure.
pub struct Readings {
    settings: ClientSettings,
    brokers: String,
    topic: String,
    make: Option<u32>,
    stop: Stop,
    open: Option<(Sender, u32)>,
}

impl Readings {
    /// Of these brokers. With `make`, a missing topic is made of so many partitions.
    pub fn new(brokers: &str, topic: &str, make: Option<u32>, stop: &Stop) -> Result<Self, Failure> {
        let settings = ClientSettings::of(&Environment::of_process())?;
        settings.check_at_hand()?;
        end_without_a_broker(stop, settings.connection(brokers), telemetry::sends_no_more)?;
        let (brokers, topic) = (brokers.to_owned(), topic.to_owned());
        Ok(Self { settings, brokers, topic, make, stop: stop.clone(), open: None })
    }

    /// Puts lines of JSON, each a message under the name of its meter. The brokers have all of them when this returns;
    /// after a failure they have some.
    pub fn put(&mut self, lines: &[u8]) -> Result<(), String> {
        let put = self.try_put(lines);
        if put.is_err() {
            // A client that failed once reports that failure for ever.
            self.open = None;
        }
        put
    }

    fn try_put(&mut self, lines: &[u8]) -> Result<(), String> {
        let stop = self.stop.clone();
        let (sender, partitions) = self.connected()?;
        let mut raw = RawReading::new(MeterId::new("-").expect("a dash is a name"), EventTime(0));
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let is_ours = wire::json::decode(line, &mut raw);
            is_ours
                .map_err(|reason| format!("the spool holds a line that is no reading: {}", reason.name()))?;
            let packed = Packed {
                partition: partition_of(&raw.meter, partitions),
                key: Some(raw.meter.as_bytes()),
                payload: line,
                readings: 1,
            };
            loop {
                match sender.send(&packed) {
                    Ok(()) => break,
                    Err(NotSent::QueueFull) => sender.poll(SLICE),
                    Err(NotSent::Refused(error)) => return Err(error.to_string()),
                }
            }
        }
        confirmed(sender, &stop)
    }

    fn connected(&mut self) -> Result<(&Sender, u32), String> {
        if self.open.is_none() {
            let connection = self.settings.connection(&self.brokers);
            let short = |failure: Failure| failure.to_string().trim_end().replace("\n  ", "; ");
            let broker = Broker::await_any(&connection, &self.stop).map_err(short)?;
            let broker = broker.ok_or("no broker has answered")?;
            let partitions = topics::find_readings(&broker, &self.topic, self.make).map_err(short)?;
            let sender = Sender::connect(connection, &self.topic, "json").map_err(short)?;
            self.open = Some((sender, partitions));
        }
        let (sender, partitions) = self.open.as_ref().expect("it was just opened");
        Ok((sender, *partitions))
    }
}

/// Waits until the brokers have all that is under way.
#[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
fn confirmed(sender: &Sender, stop: &Stop) -> Result<(), String> {
    let mut stopped = None;
    while sender.under_way() > 0 {
        sender.poll(SLICE);
        if let Some(reason) = sender.failed() {
            return Err(reason);
        }
        if stop.is_asked() && stopped.get_or_insert_with(Instant::now).elapsed() > LAST {
            return Err("no broker has confirmed them".to_owned());
        }
    }
    sender.failed().map_or(Ok(()), Err)
}
