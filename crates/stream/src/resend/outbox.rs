//! The way to the topic of readings.

use crate::kafka::KafkaPlan;
use crate::log::{NotSent, Packed, Sender, partition_of};
use reading::{Batch, MeterId};
use shell::Failure;
use std::time::Duration;

/// How soon errors are noticed while there is nothing to do.
const SLICE: Duration = Duration::from_millis(50);

/// Where in the readings a letter came from: its key is TOPIC/PARTITION/OFFSET/ITEM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CameFrom<'a> {
    pub topic: &'a str,
    pub partition: u32,
    /// The offset of the message, and the number of its item.
    pub place: (i64, u32),
}

impl<'a> CameFrom<'a> {
    /// Reads the key, if it is one.
    pub fn of(key: &'a str) -> Option<Self> {
        let mut parts = key.rsplitn(4, '/');
        let (item, offset) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let partition = parts.next()?.parse().ok()?;
        Some(Self { topic: parts.next()?, partition, place: (offset, item) })
    }
}

/// Sends readings, each as a message of its own.
pub struct Outbox {
    sender: Sender,
    topic: String,
    partitions: u32,
}

impl Outbox {
    /// Connects to the topic of readings.
    pub fn connect(kafka: &KafkaPlan, partitions: u32) -> Result<Self, Failure> {
        let sender = Sender::connect(kafka.connection(), &kafka.readings, "json")?;
        Ok(Self { sender, topic: kafka.readings.clone(), partitions })
    }

    /// Sends the readings of a letter, and lines of it that cannot be read: those become letters of their own.
    ///
    /// All readings of a meter must lie in one partition. It is the one that the letter came from, or that of the hash
    /// of the meter's name.
    pub fn send(&self, letter: &Batch, from: Option<CameFrom<'_>>) -> Result<(), Failure> {
        let own = from.filter(|from| from.topic == self.topic && from.partition < self.partitions);
        let own = own.map(|from| from.partition);
        let of = |meter: &MeterId| own.unwrap_or_else(|| partition_of(meter, self.partitions));
        for (index, &span) in letter.spans.iter().enumerate() {
            let meter = letter.meter(index);
            self.put(&Packed {
                partition: of(&meter),
                key: Some(meter.as_bytes()),
                payload: letter.text(span),
                readings: 1,
            })?;
        }
        let beside = of(&letter.meter(0));
        for dead in &letter.dead {
            self.put(&Packed { partition: beside, key: None, payload: letter.text(dead.span), readings: 0 })?;
        }
        Ok(())
    }

    fn put(&self, packed: &Packed<'_>) -> Result<(), Failure> {
        queue(&self.sender, &self.topic, |sender| sender.send(packed))
    }

    /// Waits until the broker has all.
    pub fn flush(&self) -> Result<(), Failure> {
        flush(&self.sender, &self.topic)
    }
}

/// Queues a message, and waits while the queue is full.
pub fn queue(
    sender: &Sender,
    topic: &str,
    send: impl Fn(&Sender) -> Result<(), NotSent>,
) -> Result<(), Failure> {
    loop {
        match send(sender) {
            Ok(()) => return Ok(()),
            Err(NotSent::QueueFull) => look(sender, topic, SLICE)?,
            Err(NotSent::Refused(error)) => return Err(broken(topic, &error.to_string())),
        }
    }
}

/// Waits until the broker has all messages.
pub fn flush(sender: &Sender, topic: &str) -> Result<(), Failure> {
    while sender.under_way() > 0 {
        // An error means only that some are left, which the next round finds as well.
        drop(sender.flush(SLICE));
        look(sender, topic, Duration::ZERO)?;
    }
    look(sender, topic, Duration::ZERO)
}

fn look(sender: &Sender, topic: &str, wait: Duration) -> Result<(), Failure> {
    sender.poll(wait);
    sender.failed().map_or(Ok(()), |reason| Err(broken(topic, &reason)))
}

fn broken(topic: &str, reason: &str) -> Failure {
    Failure::failed_with_help(
        format!("cannot send to {topic}: {reason}"),
        "check the broker's log and the rights of this user; letters that were not confirmed are sent again by the next start",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_letter_names_where_it_came_from() {
        let from = CameFrom { topic: "ami-readings", partition: 3, place: (17, 2) };
        assert_eq!(CameFrom::of("ami-readings/3/17/2"), Some(from));
        for other in ["17", "readings/x/17/0", "out/readings.ndjson", ""] {
            assert_eq!(CameFrom::of(other), None, "{other}");
        }
    }
}
