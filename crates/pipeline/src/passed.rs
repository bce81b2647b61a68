//! What the first stage passes on through a log, as bytes beside what it says to everybody.

use crate::reports::Report;
use fleet::{IntervalV1, PartitionId};
use reading::{EventTime, Interval};
use serde::{Deserialize, Serialize};

/// A word of a lane to a district. Its order in the log is that in which the lane said it.
#[derive(Debug, Clone, PartialEq)]
pub enum Passed {
    /// A row of a tick that is about to be closed; `last` if only because the lane was to end.
    Row {
        /// Whose.
        lane: PartitionId,
        /// The end of the tick.
        tick: EventTime,
        /// Whether it comes again, as part of the whole tick, if the lane goes on.
        last: bool,
        /// The row.
        row: Interval,
    },
    /// What came beside the rows of a tick that is about to be closed.
    Report {
        /// Whose.
        lane: PartitionId,
        /// The end of the tick.
        tick: EventTime,
        /// Whether it comes again, as part of the whole tick, if the lane goes on.
        last: bool,
        /// The report.
        report: Report,
    },
    /// All rows and events of these ticks stand before, those of every district.
    Closed {
        /// Whose.
        lane: PartitionId,
        /// Every interval is closed that ends here or before.
        closed: EventTime,
        /// The ends of the ticks since the last such word.
        ticks: Vec<EventTime>,
        /// When the broker took the message that closed them, ms since 1970.
        newest_ms: i64,
    },
    /// The lane has nothing to say for now, or may have again.
    Idle {
        /// Whose.
        lane: PartitionId,
        /// Whether ticks go on without it.
        idle: bool,
    },
    /// The lane has come to its end: its last rows stand before.
    Ended {
        /// Whose.
        lane: PartitionId,
        /// The ends of their ticks.
        ticks: Vec<EventTime>,
    },
}

#[derive(Serialize, Deserialize)]
enum PassedV3 {
    Row { lane: PartitionId, tick: i64, last: bool, row: IntervalV1 },
    Report { lane: PartitionId, tick: i64, last: bool, report: Report },
    Closed { lane: PartitionId, closed: i64, ticks: Vec<i64>, newest_ms: i64 },
    Idle { lane: PartitionId, idle: bool },
    Ended { lane: PartitionId, ticks: Vec<i64> },
}

/// The first byte.
const VERSION: u8 = 4;

impl Passed {
    /// Appends it to bytes.
    pub fn encode(&self, to: &mut Vec<u8>) {
        let all = |ticks: &[EventTime]| ticks.iter().map(|tick| tick.0).collect();
        let stored = match self {
            Self::Row { lane, tick, last, row } => {
                PassedV3::Row { lane: *lane, tick: tick.0, last: *last, row: row.into() }
            }
            Self::Report { lane, tick, last, report } => {
                PassedV3::Report { lane: *lane, tick: tick.0, last: *last, report: *report }
            }
            Self::Closed { lane, closed, ticks, newest_ms } => {
                PassedV3::Closed { lane: *lane, closed: closed.0, ticks: all(ticks), newest_ms: *newest_ms }
            }
            Self::Idle { lane, idle } => PassedV3::Idle { lane: *lane, idle: *idle },
            Self::Ended { lane, ticks } => PassedV3::Ended { lane: *lane, ticks: all(ticks) },
        };
        to.push(VERSION);
        to.extend(postcard::to_stdvec(&stored).expect("plain data in memory can be written"));
    }

    /// Reads it; nothing if it is of another version, or none at all.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let all = |ticks: Vec<i64>| ticks.into_iter().map(EventTime).collect();
        let stored = bytes.strip_prefix(&[VERSION])?;
        Some(match postcard::from_bytes(stored).ok()? {
            PassedV3::Row { lane, tick, last, row } => {
                Self::Row { lane, tick: EventTime(tick), last, row: row.restore().ok()? }
            }
            PassedV3::Report { lane, tick, last, report } => {
                Self::Report { lane, tick: EventTime(tick), last, report }
            }
            PassedV3::Closed { lane, closed, ticks, newest_ms } => {
                Self::Closed { lane, closed: EventTime(closed), ticks: all(ticks), newest_ms }
            }
            PassedV3::Idle { lane, idle } => Self::Idle { lane, idle },
            PassedV3::Ended { lane, ticks } => Self::Ended { lane, ticks: all(ticks) },
        })
    }
}
