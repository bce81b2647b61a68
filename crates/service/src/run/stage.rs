//! The two stages that partitions of a topic go through.

use super::checkpointer::subject;
use crate::checkpoints::Subject;
use crate::kafka::KafkaPlan;
use pipeline::{PartitionId, Plan};

/// What becomes of the partitions of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Readings become intervals.
    Readings,
    /// Intervals become what is found in them; as many partitions of readings are waited for as `lanes`.
    Grid { lanes: PartitionId },
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

    /// What its workers are called.
    pub fn workers(self) -> &'static str {
        match self {
            Self::Readings => "worker",
            Self::Grid { .. } => "district",
        }
    }

    /// A number that changes with the settings that its state depends on.
    pub fn fingerprint(self, plan: &Plan) -> u64 {
        match self {
            Self::Readings => plan.lane_fingerprint(),
            Self::Grid { .. } => plan.town_fingerprint(),
        }
    }

    /// The state of a partition, in the store.
    pub fn subject(self, kafka: &KafkaPlan, partition: PartitionId) -> Subject {
        subject(self.topic(kafka), partition)
    }
}
