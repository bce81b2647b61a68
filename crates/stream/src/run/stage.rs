//! The two stages of a run. Each reads the partitions of its own topic in a group of its own.

use super::exchange::HEADER;
use super::too_far::TooFar;
use crate::kafka::KafkaPlan;
use crate::metrics::Loop;
use checkpoints::Subject;
use pipeline::PartitionId;
use std::sync::atomic::AtomicBool;

/// Which of the two stages a member works for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The first stage: from readings to intervals.
    Readings,
    /// The second stage in districts: from intervals to balances, cases and alerts. `lanes` is the number of
    /// partitions of readings; a tick is whole once all of them have closed it.
    Grid { lanes: PartitionId },
}

/// What the two stages of one instance share directly, without the broker.
#[derive(Debug, Default)]
pub struct Between {
    /// Partitions of readings that are too far ahead for the districts, so that the first stage pauses them.
    pub lanes_too_far: TooFar,
    /// Other instances hold partitions of readings and do not end. So the districts never come to an end.
    pub others_go_on: AtomicBool,
}

impl Stage {
    /// The topic that it reads.
    pub fn topic(self, kafka: &KafkaPlan) -> &str {
        match self {
            Self::Readings => &kafka.readings,
            Self::Grid { .. } => kafka.outputs.intervals.as_deref().expect("checked with the plan"),
        }
    }

    /// The group whose members share its partitions.
    pub fn group(self, kafka: &KafkaPlan) -> String {
        match self {
            Self::Readings => kafka.group.clone(),
            Self::Grid { .. } => format!("{}-grid", kafka.group),
        }
    }

    /// The header that it reads from its messages: their format, or the exchange.
    pub fn header(self) -> &'static str {
        match self {
            Self::Readings => "format",
            Self::Grid { .. } => HEADER,
        }
    }

    /// The loop of its poller, for the health check.
    pub fn health_loop(self) -> Loop {
        match self {
            Self::Readings => Loop::Main,
            Self::Grid { .. } => Loop::Grid,
        }
    }

    /// The name of its workers' threads.
    pub fn workers(self) -> &'static str {
        match self {
            Self::Readings => "worker",
            Self::Grid { .. } => "district",
        }
    }

    /// The name of a partition's state in the store.
    pub fn subject(self, kafka: &KafkaPlan, partition: PartitionId) -> Subject {
        Subject::Partition { topic: self.topic(kafka).to_owned(), partition: partition as i32 }
    }
}
