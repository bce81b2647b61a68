//! The messages that the first stage sends to districts through a log, and their form as bytes.

use crate::outputs::Part;
use crate::reports::Report;
use fleet::{IntervalV1, PartitionId};
use reading::{EventTime, Interval};
use serde::{Deserialize, Serialize};

/// A message of a lane to a district. The log keeps the messages of a lane in the order in which it sent them.
#[derive(Debug, Clone, PartialEq)]
pub enum Passed {
    /// A row of a tick that the lane is about to close.
    Row {
        /// The lane that sends it.
        lane: PartitionId,
        /// The end of the tick.
        tick: EventTime,
        /// Whether the tick closes only because the lane ends. If the lane continues later, it sends the tick again,
        /// whole.
        last: bool,
        /// The row.
        row: Interval,
    },
    /// A report of a tick that the lane is about to close.
    Report {
        /// The lane that sends it.
        lane: PartitionId,
        /// The end of the tick.
        tick: EventTime,
        /// Whether the tick closes only because the lane ends. If the lane continues later, it sends the tick again,
        /// whole.
        last: bool,
        /// The report.
        report: Report,
    },
    /// A row of a long backlog, of ticks that are over.
    PartRow {
        /// The lane that sends it.
        lane: PartitionId,
        /// Which part it belongs to.
        part: Part,
        /// The row.
        row: Interval,
    },
    /// The rows of a part of a long backlog, for every district, came before this message.
    Part {
        /// The lane that sends it.
        lane: PartitionId,
        /// Which part it is.
        part: Part,
    },
    /// The lane has closed some ticks. Their rows and reports, for every district, came before this message.
    Closed {
        /// The lane that sends it.
        lane: PartitionId,
        /// Every interval is closed that ends here or before.
        closed: EventTime,
        /// The ends of the ticks since the last such message.
        ticks: Vec<EventTime>,
        /// When the broker received the reading that closed them, in ms since 1970.
        newest_ms: i64,
    },
    /// The lane becomes idle, or has messages again.
    Idle {
        /// The lane that sends it.
        lane: PartitionId,
        /// Whether it is idle, so that ticks go on without it.
        idle: bool,
    },
    /// The lane has ended. Its last rows came before this message.
    Ended {
        /// The lane that sends it.
        lane: PartitionId,
        /// The ends of the ticks of those last rows.
        ticks: Vec<EventTime>,
    },
}

/// The stored form of [`VERSION`].
#[derive(Serialize, Deserialize)]
enum PassedV5 {
    Row { lane: PartitionId, tick: i64, last: bool, row: IntervalV1 },
    Report { lane: PartitionId, tick: i64, last: bool, report: Report },
    Closed { lane: PartitionId, closed: i64, ticks: Vec<i64>, newest_ms: i64 },
    Idle { lane: PartitionId, idle: bool },
    Ended { lane: PartitionId, ticks: Vec<i64> },
    PartRow { lane: PartitionId, part: Part, row: IntervalV1 },
    Part { lane: PartitionId, part: Part },
}

/// The first byte of every message.
const VERSION: u8 = 5;

impl Passed {
    /// Appends the message to `to`.
    pub fn encode(&self, to: &mut Vec<u8>) {
        let all = |ticks: &[EventTime]| ticks.iter().map(|tick| tick.0).collect();
        let stored = match self {
            Self::Row { lane, tick, last, row } => {
                PassedV5::Row { lane: *lane, tick: tick.0, last: *last, row: row.into() }
            }
            Self::Report { lane, tick, last, report } => {
                PassedV5::Report { lane: *lane, tick: tick.0, last: *last, report: *report }
            }
            Self::Closed { lane, closed, ticks, newest_ms } => {
                PassedV5::Closed { lane: *lane, closed: closed.0, ticks: all(ticks), newest_ms: *newest_ms }
            }
            Self::Idle { lane, idle } => PassedV5::Idle { lane: *lane, idle: *idle },
            Self::Ended { lane, ticks } => PassedV5::Ended { lane: *lane, ticks: all(ticks) },
            Self::PartRow { lane, part, row } => {
                PassedV5::PartRow { lane: *lane, part: *part, row: row.into() }
            }
            Self::Part { lane, part } => PassedV5::Part { lane: *lane, part: *part },
        };
        to.push(VERSION);
        to.extend(postcard::to_stdvec(&stored).expect("plain data in memory can be written"));
    }

    /// Decodes a message. Returns none if the bytes have another version or are no message.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let all = |ticks: Vec<i64>| ticks.into_iter().map(EventTime).collect();
        let stored = bytes.strip_prefix(&[VERSION])?;
        Some(match postcard::from_bytes(stored).ok()? {
            PassedV5::Row { lane, tick, last, row } => {
                Self::Row { lane, tick: EventTime(tick), last, row: row.restore().ok()? }
            }
            PassedV5::Report { lane, tick, last, report } => {
                Self::Report { lane, tick: EventTime(tick), last, report }
            }
            PassedV5::Closed { lane, closed, ticks, newest_ms } => {
                Self::Closed { lane, closed: EventTime(closed), ticks: all(ticks), newest_ms }
            }
            PassedV5::Idle { lane, idle } => Self::Idle { lane, idle },
            PassedV5::Ended { lane, ticks } => Self::Ended { lane, ticks: all(ticks) },
            PassedV5::PartRow { lane, part, row } => Self::PartRow { lane, part, row: row.restore().ok()? },
            PassedV5::Part { lane, part } => Self::Part { lane, part },
        })
    }
}
