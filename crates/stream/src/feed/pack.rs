//! Packs readings into messages. Each partition of a topic has a pile of readings, which becomes a message when it is
//! full.

use crate::kafka::MessageFormat;
use crate::log::{Packed, partition_of};
use reading::{MeterId, RawReading};
use simulate::Message;
use wire::frame::LONGEST;

/// The piles of a topic.
pub struct Packer {
    format: MessageFormat,
    batch: u32,
    piles: Vec<Pile>,
    torn: u64,
    unfit: u64,
}

#[derive(Default)]
struct Pile {
    readings: u32,
    last: Option<MeterId>,
    bytes: Vec<u8>,
    rows: Vec<RawReading>,
}

impl Packer {
    /// Empty piles for a topic with this many partitions, and messages of `batch` readings.
    pub fn new(format: MessageFormat, batch: u32, partitions: u32) -> Self {
        let piles = (0..partitions).map(|_| Pile::default()).collect();
        Self { format, batch, piles, torn: 0, unfit: 0 }
    }

    /// Puts a reading on the pile of its meter's partition. Returns the partition if that pile is now full.
    pub fn add(&mut self, message: &Message) -> Option<u32> {
        let raw = &message.raw;
        let partition = partition_of(&raw.meter, self.piles.len() as u32);
        let pile = &mut self.piles[partition as usize];
        match self.format {
            MessageFormat::Json => {
                if pile.readings > 0 {
                    pile.bytes.push(b'\n');
                }
                message.write_line(&mut pile.bytes);
            }
            // A torn reading fits into JSON, where half a line is a line. The other formats cannot hold half a reading.
            _ if message.torn.is_some() => {
                self.torn += 1;
                return None;
            }
            MessageFormat::Arrow => pile.rows.push(raw.clone()),
            MessageFormat::Frame => {
                let mut frame = [0; LONGEST];
                let Ok(len) = wire::frame::encode(raw, &mut frame) else {
                    self.unfit += 1;
                    return None;
                };
                pile.bytes.push(len as u8);
                pile.bytes.extend_from_slice(&frame[..len]);
            }
        }
        pile.readings += 1;
        pile.last = Some(raw.meter);
        (pile.readings == self.batch).then_some(partition)
    }

    /// Makes a message of a pile, if it is not empty, and hands it to `send`.
    pub fn seal<E>(
        &mut self,
        partition: u32,
        send: impl FnOnce(Packed<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let pile = &mut self.piles[partition as usize];
        if pile.readings == 0 {
            return Ok(());
        }
        if self.format == MessageFormat::Arrow {
            pile.bytes = columns::ipc::encode(&pile.rows);
        }
        let key = pile.last.as_ref().filter(|_| self.batch == 1).map(MeterId::as_bytes);
        let sent = send(Packed { partition, key, payload: &pile.bytes, readings: pile.readings });
        pile.readings = 0;
        pile.bytes.clear();
        pile.rows.clear();
        sent
    }

    /// How many readings were left out: torn ones, and those that are too long for a frame.
    pub fn left_out(&self) -> [u64; 2] {
        [self.torn, self.unfit]
    }
}

#[cfg(test)]
mod tests;
