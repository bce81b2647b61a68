//! Messages of one partition on their way from the broker to the thread that decodes them.

use crate::kafka::MessageFormat;
use pipeline::{Dead, PartitionId};
use reading::{Batch, EventTime, Limits, Message, Origin, Reason};
use std::sync::{Mutex, PoisonError};

/// Decoded parcels, kept to be filled again: fresh memory costs a page fault for every 4 KiB of messages.
#[derive(Debug, Default)]
pub struct Empties(Mutex<Vec<Parcel>>);

/// How many are kept, and how large each may be. A rare huge message must not keep its memory for ever.
const MOST_EMPTIES: usize = 32;
const MOST_BYTES: usize = 1024 * 1024;

impl Empties {
    /// An empty parcel.
    pub fn take(&self, format: MessageFormat) -> Parcel {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        found.map_or_else(|| Parcel::new(format), |parcel| Parcel { format, ..parcel })
    }

    /// Takes back a parcel that is no longer needed.
    pub fn give(&self, mut parcel: Parcel) {
        parcel.bytes.clear();
        parcel.messages.clear();
        parcel.empty.clear();
        (parcel.next, parcel.newest_ms) = (0, i64::MIN);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MOST_EMPTIES && parcel.bytes.capacity() <= MOST_BYTES {
            kept.push(parcel);
        }
    }
}

/// Where the value of a message stands in its parcel.
#[derive(Debug, Clone, Copy)]
struct Packed {
    offset: i64,
    sent: Option<EventTime>,
    at: u32,
    len: u32,
}

/// Some messages of a partition in their order, all of one format.
#[derive(Debug)]
pub struct Parcel {
    format: MessageFormat,
    bytes: Vec<u8>,
    messages: Vec<Packed>,
    /// Messages without a value.
    empty: Vec<i64>,
    next: i64,
    newest_ms: i64,
}

impl Parcel {
    /// An empty parcel.
    fn new(format: MessageFormat) -> Self {
        let (messages, empty) = (Vec::new(), Vec::new());
        Self { format, bytes: Vec::new(), messages, empty, next: 0, newest_ms: i64::MIN }
    }

    /// The format of its messages.
    pub fn format(&self) -> MessageFormat {
        self.format
    }

    /// How many bytes there are to decode.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The offset behind its last message.
    pub fn next(&self) -> i64 {
        self.next
    }

    /// When the broker took the newest of its messages, ms since 1970.
    pub fn newest_ms(&self) -> i64 {
        self.newest_ms
    }

    /// How many messages there are.
    pub fn messages(&self) -> usize {
        self.messages.len() + self.empty.len()
    }

    /// Appends a message.
    pub fn push(&mut self, offset: i64, timestamp: Option<i64>, value: Option<&[u8]>) {
        self.next = offset + 1;
        self.newest_ms = self.newest_ms.max(timestamp.unwrap_or(i64::MIN));
        // Kept apart: a message without a value has nothing to decode, but it must become a dead letter.
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return self.empty.push(offset);
        };
        let (at, len) = (self.bytes.len() as u32, value.len() as u32);
        self.messages.push(Packed { offset, sent: timestamp.map(EventTime), at, len });
        self.bytes.extend_from_slice(value);
        if self.format == MessageFormat::Json {
            // A line break after each message: a torn last line must not run into the next message.
            self.bytes.push(b'\n');
        }
    }

    /// The values of its messages.
    pub fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.messages.iter().map(|&Packed { at, len, .. }| &self.bytes[at as usize..(at + len) as usize])
    }

    /// Decodes all messages into an empty batch. A message without a value becomes a dead letter at once.
    pub fn decode(
        &mut self,
        partition: PartitionId,
        limits: &Limits,
        batch: &mut Batch,
        dead: &mut Vec<Dead>,
    ) {
        let first = |offset| Origin { offset, item: 0 };
        dead.extend(self.empty.drain(..).map(|offset| Dead {
            partition,
            reason: Reason::NothingMeasured,
            bytes: Vec::new(),
            reading: None,
            extra: None,
            origin: Some(first(offset)),
        }));
        if self.format == MessageFormat::Json {
            // Swap and do not copy: the batch takes these bytes, and this parcel the memory of the batch.
            std::mem::swap(&mut batch.bytes, &mut self.bytes);
            let place = |Packed { offset, sent, at: byte, .. }| {
                let first = first(offset);
                Message { first, byte, reading: 0, dead: 0, sent }
            };
            batch.messages.extend(self.messages.drain(..).map(place));
            return wire::json::decode_lines(limits, batch);
        }
        for Packed { offset, sent, at, len } in self.messages.drain(..) {
            batch.messages.push(Message {
                first: first(offset),
                byte: batch.bytes.len() as u32,
                reading: batch.len() as u32,
                dead: batch.dead.len() as u32,
                sent,
            });
            let message = &self.bytes[at as usize..(at + len) as usize];
            match self.format {
                MessageFormat::Arrow => columns::ipc::decode(message, limits, batch),
                MessageFormat::Frame | MessageFormat::Json => {
                    wire::frame::decode_message(message, limits, batch);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
