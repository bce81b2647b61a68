//! `gridwarden simulate --brokers`: sends the readings of a town to a topic, as fast as possible or at the pace of
//! meters.

mod pack;

use crate::kafka::MessageFormat;
use crate::log::{
    Broker, ClientSettings, Environment, NotSent, Packed, Sender, end_without_a_broker, topics,
};
use pack::Packer;
use reading::EventTime;
use shell::{Failure, ProgressBar, Stop, count, progress_bar, telemetry};
use simulate::Message;
use std::time::{Duration, Instant};

/// How many messages are sent before the next look at confirmations.
const BETWEEN_POLLS: u64 = 256;
/// How soon Ctrl-C and errors are noticed while there is nothing to send.
const SLICE: Duration = Duration::from_millis(50);
/// How long the last messages may take after a signal.
const LAST: Duration = Duration::from_secs(10);

/// A limit for extremely low speeds: a century until the next message. Without it, the time would overflow.
const LONGEST_WAIT_S: f64 = 100.0 * 365.25 * 86_400.0;

/// The topic, the pace and the form of messages.
#[derive(Debug, Clone)]
pub struct Feed<'a> {
    /// `HOST:PORT`, several with commas.
    pub brokers: &'a str,
    /// The topic. All readings of a meter go to one partition.
    pub topic: &'a str,
    /// How many times faster than the town's meters send; 0 is as fast as possible.
    pub speed: f64,
    /// Readings in a message.
    pub batch: u32,
    /// The format of messages.
    pub messages: MessageFormat,
    /// The number of partitions, if a missing topic shall be created.
    pub make: Option<u32>,
}

/// The counts of sent readings and messages.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Readings, as far as the broker has confirmed or queued them.
    pub readings: u64,
    /// The messages with these readings.
    pub messages: u64,
    /// The partitions of the topic.
    pub partitions: u32,
}

/// Sends all messages of a town whose meters send every `interval_ms`.
pub fn feed(
    messages: impl Iterator<Item = Message>,
    to: &Feed<'_>,
    interval_ms: i64,
    quiet: bool,
) -> Result<Sent, Failure> {
    let topic = to.topic;
    let settings = ClientSettings::of(&Environment::of_process())?;
    settings.check_at_hand()?;
    let connection = settings.connection(to.brokers);
    let stop = Stop::on_signals()?;
    end_without_a_broker(&stop, settings.connection(to.brokers), telemetry::sends_no_more)?;
    let Some(broker) = Broker::await_any(&connection, &stop)? else {
        return Err(Failure::stopped(stop.signal().unwrap_or_default(), "nothing was sent"));
    };
    let partitions = topics::find_readings(&broker, topic, to.make)?;
    let mut feeding = Feeding {
        sender: Sender::connect(connection, topic, to.messages.name())?,
        topic,
        stop,
        bar: progress_bar(quiet),
        sent: Sent { readings: 0, messages: 0, partitions },
    };
    let ended = feeding.send_all(messages, to, interval_ms).and_then(|()| feeding.finish());
    feeding.bar.finish_and_clear();
    ended?;
    Ok(feeding.sent)
}

struct Feeding<'a> {
    sender: Sender,
    topic: &'a str,
    stop: Stop,
    bar: ProgressBar,
    sent: Sent,
}

impl Feeding<'_> {
    fn send_all(
        &mut self,
        messages: impl Iterator<Item = Message>,
        to: &Feed<'_>,
        interval_ms: i64,
    ) -> Result<(), Failure> {
        let mut packer = Packer::new(to.messages, to.batch, self.sent.partitions);
        let mut pace = None;
        let mut last_step = i64::MIN;
        for message in messages {
            if to.speed > 0.0 {
                let pace = pace.get_or_insert_with(|| Pace::new(message.arrival, to.speed));
                // At the pace of meters, a batch may be full only tomorrow. So send what there is at every interval.
                let step = message.arrival.0.div_euclid(interval_ms);
                if step > last_step {
                    self.seal_all(&mut packer)?;
                    last_step = step;
                }
                self.wait_until(pace.due(message.arrival))?;
            }
            if let Some(partition) = packer.add(&message) {
                packer.seal(partition, |packed| self.send(&packed))?;
                if self.sent.messages.is_multiple_of(BETWEEN_POLLS) {
                    self.bar.set_message(message.arrival.to_string());
                    self.look(Duration::ZERO)?;
                }
            }
            if self.stop.signal().is_some() {
                return Ok(());
            }
        }
        self.seal_all(&mut packer)?;
        let [torn, unfit] = packer.left_out();
        if torn > 0 {
            telemetry::torn_not_sent(torn);
        }
        if unfit > 0 {
            telemetry::unfit_not_sent(unfit);
        }
        Ok(())
    }

    fn seal_all(&mut self, packer: &mut Packer) -> Result<(), Failure> {
        (0..self.sent.partitions)
            .try_for_each(|partition| packer.seal(partition, |packed| self.send(&packed)))
    }

    /// Queues a message. It waits while the queue is full, because no message may be left out.
    fn send(&mut self, packed: &Packed<'_>) -> Result<(), Failure> {
        loop {
            match self.sender.send(packed) {
                Ok(()) => break,
                Err(NotSent::QueueFull) => {
                    self.look(SLICE)?;
                    // After a signal `finish` flushes the queue. This message is not sent.
                    if self.stop.signal().is_some() {
                        return Ok(());
                    }
                }
                Err(NotSent::Refused(error)) => return Err(self.broken(&error.to_string())),
            }
        }
        self.sent.readings += u64::from(packed.readings);
        self.sent.messages += 1;
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn wait_until(&self, due: Instant) -> Result<(), Failure> {
        while self.stop.signal().is_none() {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.look(left.min(SLICE))?;
        }
        Ok(())
    }

    /// Takes the broker's confirmations and refusals.
    fn look(&self, wait: Duration) -> Result<(), Failure> {
        self.sender.poll(wait);
        self.bar.set_position(self.sender.confirmed());
        match self.sender.failed() {
            Some(reason) => Err(self.broken(&reason)),
            None => Ok(()),
        }
    }

    /// Waits until the broker has all messages.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn finish(&self) -> Result<(), Failure> {
        let mut stopping_since = None;
        while self.sender.under_way() > 0 {
            // Sends queued messages. An error means only that some are left, which the next round finds as well.
            drop(self.sender.flush(SLICE));
            self.look(Duration::ZERO)?;
            if self.stop.signal().is_some()
                && stopping_since.get_or_insert_with(Instant::now).elapsed() > LAST
            {
                break;
            }
        }
        self.look(Duration::ZERO)?;
        let Some(signal) = self.stop.signal() else { return Ok(()) };
        let there = self.sender.confirmed();
        Err(Failure::stopped(signal, format!("{} were sent to {}", count(there, "reading"), self.topic)))
    }

    fn broken(&self, reason: &str) -> Failure {
        let there = self.sender.confirmed();
        Failure::failed_with_help(
            format!("cannot send to {}: {reason}; {} were sent", self.topic, count(there, "reading")),
            "check the broker's log; with a larger `message.timeout.ms` (GRIDWARDEN_KAFKA_MESSAGE_TIMEOUT_MS) it waits longer for a broker that is away",
        )
    }
}

/// The times at which messages are due.
struct Pace {
    began: Instant,
    first: EventTime,
    speed: f64,
}

impl Pace {
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn new(first: EventTime, speed: f64) -> Self {
        Self { began: Instant::now(), first, speed }
    }

    fn due(&self, arrival: EventTime) -> Instant {
        let seconds = arrival.since(self.first) as f64 / 1000.0 / self.speed;
        self.began + Duration::from_secs_f64(seconds.clamp(0.0, LONGEST_WAIT_S))
    }
}
