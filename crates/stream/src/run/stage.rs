//! The two stages that partitions of a topic go through.

use super::exchange::HEADER;
use super::too_far::TooFar;
use crate::kafka::KafkaPlan;
use crate::metrics::Loop;
use checkpoints::Subject;
use pipeline::PartitionId;
use std::sync::atomic::AtomicBool;

/// What becomes of the partitions of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Readings become intervals.
    Readings,
    /// Intervals become what is found in them; as many partitions of readings are waited for as `lanes`.
    Grid { lanes: PartitionId },
}

/// What the stages of one instance tell each other past the broker.
#[derive(Debug, Default)]
pub struct Between {
    /// Partitions of readings that districts are to be spared more of.
    pub lanes_too_far: TooFar,
    /// Others have partitions of readings and do not go to an end: districts never will.
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

    /// The header of its messages that matters: their format, or what was passed on.
    pub fn header(self) -> &'static str {
        match self {
            Self::Readings => "format",
            Self::Grid { .. } => HEADER,
        }
    }

    /// The loop that its poller is.
    pub fn heard_as(self) -> Loop {
        match self {
            Self::Readings => Loop::Main,
            Self::Grid { .. } => Loop::Grid,
        }
    }

    /// What its workers are called.
    pub fn workers(self) -> &'static str {
        match self {
            Self::Readings => "worker",
            Self::Grid { .. } => "district",
        }
    }

    /// The state of a partition, in the store.
    pub fn subject(self, kafka: &KafkaPlan, partition: PartitionId) -> Subject {
        Subject::Partition { topic: self.topic(kafka).to_owned(), partition: partition as i32 }
    }
}
