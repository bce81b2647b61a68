//! What to run, what outlives a failure of it, and what came of it.

use super::tally::{Found, Tally};
use crate::kafka::KafkaPlan;
use crate::metrics::Metrics;
use checkpoints::Store;
use pipeline::{PartitionId, Plan};
use shell::Stop;
use std::collections::BTreeMap;
use std::path::Path;

/// What to run.
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

/// What a run has done.
#[derive(Debug)]
pub struct Outcome {
    pub done: Done,
    pub tally: Tally,
    pub found: Found,
}

/// What a run carries over from one life of its member to the next.
#[derive(Debug, Default)]
pub struct Carried {
    /// Where each partition is to end, if the run goes to the end: found once, so that a failure does not move it.
    pub targets: BTreeMap<PartitionId, i64>,
    /// How often running the group has given this process a part of what it needs.
    pub times_shared: u32,
}

/// Why a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Every partition is at its end, and all is closed.
    Ended,
    /// Every partition was at its end before, and all was closed then.
    NothingNew,
    /// A signal; the state is in the store.
    Signal(u8),
}

impl Done {
    /// The signal, if it was one.
    pub fn signal(self) -> Option<u8> {
        match self {
            Self::Signal(signal) => Some(signal),
            _ => None,
        }
    }
}
