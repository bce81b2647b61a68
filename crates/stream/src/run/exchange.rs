//! The topic through which the first stage feeds the second, where several instances share the work.
//!
//! It is that of the intervals: whoever reads values by their keys sees nothing of the exchange, which stands in a
//! header. The rows of a transformer lie in one partition; what closes their ticks is said in all of them.

use super::halt::Ended;
use super::publish::Record;
use grid::{Topology, TopologyRow};
use pipeline::{PartitionId, Passed, Report};
use reading::{EventTime, MeterId, id};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The header: the hash of the group, so that another group's rows in the topic are none of ours, and a [`Passed`]. One
/// header and not one a fact, so that a row is there whole or not at all.
pub const HEADER: &str = "exchange";

/// Where what is passed on goes.
#[derive(Debug, Clone)]
pub struct Passing {
    pub topic: String,
    pub partitions: u32,
    group: [u8; 8],
}

impl Passing {
    /// To so many partitions of the topic.
    pub fn new(topic: &str, partitions: u32, group: &str) -> Self {
        Self { topic: topic.to_owned(), partitions, group: hash_of(group) }
    }

    /// The partition that hears of all meters of the transformer.
    pub fn district(&self, meter: &MeterId, place: Option<&TopologyRow>) -> i32 {
        let transformer = place.and_then(|place| place.transformer);
        let hash = match transformer {
            Some(transformer) => id::hash(transformer.to_string().as_bytes()),
            None => meter.hash(),
        };
        (hash % u64::from(self.partitions)) as i32
    }

    /// Replaces bytes by those of a header.
    pub fn write(&self, passed: &Passed, header: &mut Vec<u8>) {
        header.clear();
        header.extend(self.group);
        passed.encode(header);
    }

    /// What came beside the rows: each report goes where the rows of its meter go, under a key without a value.
    pub fn reports(
        &self,
        topology: &Topology,
        reports: &[(EventTime, Report)],
        pass: impl Fn(EventTime, Report) -> Passed,
        mut send: impl FnMut(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let mut header = Vec::new();
        for &(tick, report) in reports {
            self.write(&pass(tick, report), &mut header);
            let (key, meter) = (report.key(), report.meter());
            let (key, header) = (key.as_bytes(), Some((HEADER, header.as_slice())));
            let partition = Some(self.district(&meter, topology.at(&meter, report.time())));
            send(&Record { topic: &self.topic, key, value: None, header, partition })?;
        }
        Ok(())
    }

    /// Says something in every partition, under a key without a value.
    pub fn to_all(
        &self,
        lane: PartitionId,
        passed: &Passed,
        mut send: impl FnMut(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let mut header = Vec::new();
        self.write(passed, &mut header);
        let key = format!("closed/{lane}");
        (0..self.partitions).try_for_each(|partition| {
            let (key, header) = (key.as_bytes(), Some((HEADER, header.as_slice())));
            let partition = Some(partition as i32);
            send(&Record { topic: &self.topic, key, value: None, header, partition })
        })
    }
}

/// The bytes of a [`Passed`] in the header of a message, if there are some of this group.
pub fn passed_in<'a>(header: Option<&'a [u8]>, group: &str) -> Option<&'a [u8]> {
    header?.strip_prefix(&hash_of(group))
}

fn hash_of(group: &str) -> [u8; 8] {
    id::hash(group.as_bytes()).to_le_bytes()
}

/// The places in the log at which everything was told, as all lanes had ended; the poller looks here.
#[derive(Debug, Default)]
pub struct Endings(Mutex<BTreeMap<PartitionId, i64>>);

impl Endings {
    /// Whether there is nothing to come behind this place.
    pub fn is_at(&self, partition: PartitionId, position: i64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&partition) == Some(&position)
    }

    /// A partition has ended here, or not.
    pub fn set(&self, partition: PartitionId, position: i64, ended: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&partition);
        if ended {
            known.insert(partition, position);
        }
    }
}
