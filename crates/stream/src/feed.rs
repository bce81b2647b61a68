//! `gridwarden simulate --brokers`: the town's readings to a topic, as fast as it goes or as meters send them.

mod pack;

use crate::kafka::MessageFormat;
use crate::log::{Broker, ClientSettings, Environment, NotSent, Packed, Sender, topics};
use pack::Packer;
use reading::EventTime;
use shell::{Failure, ProgressBar, Stop, count, progress_bar, telemetry};
use simulate::Town;
use std::time::{Duration, Instant};

/// Messages between two looks at what has become of the earlier ones.
const BETWEEN_POLLS: u64 = 256;
/// How soon Ctrl-C and errors are heard while there is nothing to send.
const SLICE: Duration = Duration::from_millis(50);
/// How long the last messages may take when the process is told to end.
const LAST: Duration = Duration::from_secs(10);

/// At so low a speed that the next message is due in a century, nobody waits for it.
const LONGEST_WAIT_S: f64 = 100.0 * 365.25 * 86_400.0;

/// To which topic, and how fast.
#[derive(Debug, Clone)]
pub struct Feed<'a> {
    /// `HOST:PORT`, several with commas.
    pub brokers: &'a str,
    /// The topic; all readings of a meter go to one partition.
    pub topic: &'a str,
    /// So many times as fast as the town's meters send; 0 is as fast as it goes.
    pub speed: f64,
    /// Readings of a message.
    pub batch: u32,
    /// What messages hold.
    pub messages: MessageFormat,
    /// Partitions of the topic if it is to be made.
    pub make: Option<u32>,
}

/// What was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Readings, as far as the broker has confirmed or queued them.
    pub readings: u64,
    /// The messages that they went in.
    pub messages: u64,
    /// The partitions of the topic.
    pub partitions: u32,
}

/// Sends every reading of a town, whose meters send every `interval_ms`.
pub fn feed(town: &Town, to: &Feed<'_>, interval_ms: i64, quiet: bool) -> Result<Sent, Failure> {
    let topic = to.topic;
    let settings = ClientSettings::of(&Environment::of_process())?;
    settings.check_at_hand()?;
    let connection = settings.connection(to.brokers);
    let stop = Stop::on_signals()?;
    let Some(broker) = Broker::await_any(&connection, &stop)? else {
        return Err(Failure::stopped(stop.signal().unwrap_or_default(), "nothing was sent"));
    };
    let found = topics::find(&broker, topic, &[], None, to.make)?;
    let mut feeding = Feeding {
        sender: Sender::connect(connection, topic, to.messages.name())?,
        topic,
        stop,
        bar: progress_bar(quiet),
        sent: Sent { readings: 0, messages: 0, partitions: found[topic] },
    };
    let ended = feeding.send_all(town, to, interval_ms).and_then(|()| feeding.finish());
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
    fn send_all(&mut self, town: &Town, to: &Feed<'_>, interval_ms: i64) -> Result<(), Failure> {
        let mut packer = Packer::new(to.messages, to.batch, self.sent.partitions);
        let mut pace = None;
        let mut last_step = i64::MIN;
        for message in town.messages() {
            if to.speed > 0.0 {
                let pace = pace.get_or_insert_with(|| Pace::new(message.arrival, to.speed));
                // Whoever listens as meters send does not wait for a batch that is full only tomorrow.
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

    /// Hands a message over; waits while the queue is full, because nothing may be left out.
    fn send(&mut self, packed: &Packed<'_>) -> Result<(), Failure> {
        loop {
            match self.sender.send(packed) {
                Ok(()) => break,
                Err(NotSent::QueueFull) => {
                    self.look(SLICE)?;
                    // Told to end: what is in the queue is flushed, this one was not sent.
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

    /// Hears what has become of the messages.
    fn look(&self, wait: Duration) -> Result<(), Failure> {
        self.sender.poll(wait);
        self.bar.set_position(self.sender.confirmed());
        match self.sender.failed() {
            Some(reason) => Err(self.broken(&reason)),
            None => Ok(()),
        }
    }

    /// Waits until the broker has everything.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn finish(&self) -> Result<(), Failure> {
        let mut told_to_end = None;
        while self.sender.under_way() > 0 {
            // Sends what lingers; the error is that there is still more, which the next round asks anyway.
            drop(self.sender.flush(SLICE));
            self.look(Duration::ZERO)?;
            if self.stop.signal().is_some() && told_to_end.get_or_insert_with(Instant::now).elapsed() > LAST {
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
            "look at the broker's log; a larger `message.timeout.ms` (GRIDWARDEN_KAFKA_MESSAGE_TIMEOUT_MS) waits longer for a broker that is away",
        )
    }
}

/// When messages are due.
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
