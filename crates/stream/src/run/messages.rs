//! The messages between the threads of a run. They go round: poller, workers, second stage, checkpointer, poller.

use super::parcel::Parcel;
use crate::metrics::Partition;
use crate::trace::Trace;
use grid::Topology;
use pipeline::{Closing, District, Lane, PartitionId, Report};
use reading::{EventTime, Interval};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// From the poller to a worker.
pub enum ToWorker {
    /// The worker holds this partition from now on, starting at this offset.
    Open {
        partition: PartitionId,
        state: State,
        position: i64,
        /// The checkpoint that it was restored from.
        stored: Option<LastStored>,
        gauges: Arc<Partition>,
    },
    /// Messages.
    Parcel { partition: PartitionId, parcel: Parcel },
    /// A partition has been at the end of its log for a while, or is no longer.
    Idle { partition: PartitionId, idle: bool },
    /// The topology has changed.
    Topology(Arc<Topology>),
    /// Store the state of every partition, as it is at this place of the channel.
    Barrier,
    /// The partition belongs to another instance from now on.
    Close { partition: PartitionId },
    /// The run has come to its end: close all open intervals.
    End { partition: PartitionId },
}

/// The state of a partition, which depends on its stage.
#[derive(Debug)]
pub enum State {
    /// Of a partition of readings.
    Lane(Box<Lane>),
    /// Of a partition of intervals, passed on by the first stage.
    District(Box<District>),
}

/// The rows of some ticks.
#[derive(Debug, Default)]
pub struct Ticks {
    /// What closed the rows, each with their number up to it.
    pub closings: Vec<(Closing, usize)>,
    pub rows: Vec<Interval>,
    /// Reports beside the rows, such as events of meters, each with the end of its tick.
    pub reports: Vec<(EventTime, Report)>,
}

/// From a worker to the second stage.
pub enum ToSecond {
    Rows {
        partition: PartitionId,
        closed: EventTime,
        /// Shared, because the worker publishes them at the same time.
        rows: Arc<Ticks>,
        /// When the broker took the newest message that closed these rows.
        newest_ms: i64,
        /// The last of those messages.
        trace: Option<Trace>,
    },
    Idle {
        partition: PartitionId,
        idle: bool,
    },
    /// The partition has ended, and all its intervals are closed. A partition that is given back sends no such message:
    /// its next rows come from its new owner, and the second stage must wait for them.
    End {
        partition: PartitionId,
    },
    /// Messages before this one belong to the checkpoint, messages after it do not.
    Barrier {
        stored: Vec<Stored>,
    },
    Topology(Arc<Topology>),
}

/// The last checkpoint of a partition: changes may build on it.
#[derive(Debug, Clone, Copy)]
pub struct LastStored {
    /// The offset at which a restart continues.
    pub position: i64,
    /// How many pieces of changes there are since the last full piece.
    pub behind: u32,
    /// The fingerprint of its parts. Changes can build only on a state with the same parts and settings.
    pub fingerprint: u64,
}

/// The state of a partition, which the checkpointer writes.
#[derive(Debug)]
pub struct Stored {
    pub partition: PartitionId,
    /// The offset at which a restart continues.
    pub position: i64,
    /// The whole state, or changes to the state at an earlier offset. Nothing if it is the same as the stored one.
    pub state: Option<(Option<i64>, Vec<u8>)>,
    /// All intervals were closed and published at the end of the run.
    pub ended: bool,
}

/// A checkpoint through all threads, which the checkpointer writes.
pub struct Cut {
    pub epoch: u64,
    pub stored: Vec<Stored>,
    /// The second stage, if the plan has one.
    pub second: Option<Vec<u8>>,
}

/// A checkpoint that is in the store.
#[derive(Debug)]
pub struct Written {
    pub epoch: u64,
    /// The number of the second stage's checkpoint.
    pub number: u64,
    pub positions: BTreeMap<PartitionId, i64>,
    /// Those of them that have ended, with all intervals closed and published.
    pub ended: BTreeSet<PartitionId>,
    pub bytes: u64,
    pub seconds: f64,
}
