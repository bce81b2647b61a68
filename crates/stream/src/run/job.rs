//! The task of a run, what it keeps over a failure, and its outcome.

use super::tally::{Found, Tally};
use crate::kafka::KafkaPlan;
use crate::metrics::Metrics;
use checkpoints::Store;
use pipeline::{PartitionId, Plan};
use shell::Stop;
use std::collections::BTreeMap;
use std::path::Path;

/// The task of a run.
pub struct Job<'a> {
    pub plan: Plan,
    pub kafka: KafkaPlan,
    pub topology: Option<&'a Path>,
    pub store: Store,
    pub shards: u32,
    pub until_end: bool,
    /// The name of this instance, if it has one.
    pub instance: Option<&'a str>,
    pub accept_new_plan: bool,
    pub signals: &'a Stop,
    pub metrics: &'a Metrics,
}

/// The outcome of a run.
#[derive(Debug)]
pub struct Outcome {
    pub done: Done,
    pub tally: Tally,
    pub found: Found,
}

/// What a run keeps when it starts again after a failure.
#[derive(Debug, Default)]
pub struct Carried {
    /// The offset at which each partition ends, with `--until-end`. It is found once: if a failure moved it, a busy
    /// topic could keep the run from ever ending.
    pub targets: BTreeMap<PartitionId, i64>,
    /// How often in a row the group has given this process only some of the partitions that it needs.
    pub times_shared: u32,
}

/// Why a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Every partition is at its end, and this run has closed all intervals.
    Ended,
    /// Every partition was at its end already, and an earlier run had closed all intervals.
    NothingNew,
    /// A signal has ended the run; its state is in the store.
    Signal(u8),
}

impl Done {
    /// The signal, if one has ended the run.
    pub fn signal(self) -> Option<u8> {
        match self {
            Self::Signal(signal) => Some(signal),
            _ => None,
        }
    }
}
