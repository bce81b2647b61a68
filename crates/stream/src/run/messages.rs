//! What the threads of a run send each other: the poller to the workers, these to the second stage, this to the
//! checkpointer, and that back to the poller.

use super::parcel::Parcel;
use crate::metrics::Partition;
use grid::Topology;
use pipeline::{District, Lane, PartitionId, Report};
use reading::{EventTime, Interval};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// From the poller to a worker.
pub enum ToWorker {
    /// A partition is its own from now on, from this offset on.
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
    /// A partition is at the end of its log, and has been for a while; or is not any more.
    Idle { partition: PartitionId, idle: bool },
    /// Who hangs where has changed.
    Topology(Arc<Topology>),
    /// Store the state of every partition, as of here.
    Barrier,
    /// Somebody else's from now on.
    Close { partition: PartitionId },
    /// There is nothing more: close what is open.
    End { partition: PartitionId },
}

/// The state of a partition, as far as its stage has come.
#[derive(Debug)]
pub enum State {
    /// Of one of readings.
    Lane(Box<Lane>),
    /// Of one of intervals that others have passed on.
    District(Box<District>),
}

/// What some ticks brought.
#[derive(Debug, Default)]
pub struct Ticks {
    /// Their ends, each with how many of the rows there are up to it.
    pub ends: Vec<(EventTime, usize)>,
    pub rows: Vec<Interval>,
    /// What came beside the rows, each with the end of its tick.
    pub reports: Vec<(EventTime, Report)>,
}

/// From a worker to the second stage.
pub enum ToSecond {
    Rows {
        partition: PartitionId,
        closed: EventTime,
        /// The worker goes on to publish them.
        rows: Arc<Ticks>,
        /// When the broker took the newest message that had to do with it.
        newest_ms: i64,
    },
    Idle {
        partition: PartitionId,
        idle: bool,
    },
    /// There is nothing more, and all was closed. A partition that is given back has no such end: what it would have
    /// told is still to come, and nothing may be found without it.
    End {
        partition: PartitionId,
    },
    /// Everything before belongs to the checkpoint, everything after does not.
    Barrier {
        stored: Vec<Stored>,
    },
    Topology(Arc<Topology>),
}

/// The last checkpoint of a partition: changes may build on it.
#[derive(Debug, Clone, Copy)]
pub struct LastStored {
    /// The offset that it goes on from.
    pub position: i64,
    /// How many pieces of changes stand behind the last whole one.
    pub behind: u32,
    /// That of its parts: changes build only on a state of the same parts and settings.
    pub fingerprint: u64,
}

/// The state of a partition, to be written.
#[derive(Debug)]
pub struct Stored {
    pub partition: PartitionId,
    /// The offset that it goes on from.
    pub position: i64,
    /// The state, or changes to the one that was stored at an earlier offset; nothing if it is the same.
    pub state: Option<(Option<i64>, Vec<u8>)>,
    /// Everything was closed and told, as there was nothing more.
    pub ended: bool,
}

/// A cut through all threads, to be written.
pub struct Cut {
    pub epoch: u64,
    pub stored: Vec<Stored>,
    /// The second stage, if the plan has one.
    pub second: Option<Vec<u8>>,
}

/// A checkpoint that is there.
#[derive(Debug)]
pub struct Written {
    pub epoch: u64,
    /// The number of the second stage's piece.
    pub number: u64,
    pub positions: BTreeMap<PartitionId, i64>,
    /// Those of them that were closed and told to their ends.
    pub ended: BTreeSet<PartitionId>,
    pub bytes: u64,
    pub seconds: f64,
}
