//! The topic through which the first stage feeds the second, with `[grid] exchange = "kafka"`.
//!
//! It is the topic of intervals. The exchange is in a header of its messages, so other readers of the topic do not
//! see it. All rows of a transformer go to one partition, its district. The message that closes a tick goes to every
//! partition, because a district cannot know otherwise that a lane has no more rows for it.

use super::halt::Ended;
use super::publish::Record;
use grid::{Topology, TopologyRow};
use pipeline::{PartitionId, Passed, Report};
use reading::{EventTime, MeterId, id};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The header of the exchange: a hash of the group, then a [`Passed`]. The hash keeps rows of another group in the same
/// topic apart. There is one header and not one for each field, so that a row is complete or missing, never half.
pub const HEADER: &str = "exchange";

/// The topic of the exchange, and which partition of it each meter belongs to.
#[derive(Debug, Clone)]
pub struct Passing {
    pub topic: String,
    pub partitions: u32,
    group: [u8; 8],
}

impl Passing {
    /// An exchange over a topic with this many partitions.
    pub fn new(topic: &str, partitions: u32, group: &str) -> Self {
        Self { topic: topic.to_owned(), partitions, group: hash_of(group) }
    }

    /// The partition that gets all meters of the transformer. Every lane must find the same one, so it depends only
    /// on the transformer's name, or on the meter's own if its transformer is unknown.
    pub fn district(&self, meter: &MeterId, place: Option<&TopologyRow>) -> i32 {
        // A meter without a transformer has no neighbours to be compared with, so its own name decides.
        let transformer = place.and_then(|place| place.transformer.as_deref());
        let hash = match transformer {
            Some(transformer) => transformer.hash(),
            None => meter.hash(),
        };
        (hash % u64::from(self.partitions)) as i32
    }

    /// Writes a header into a buffer, in place of its old contents.
    pub fn write(&self, passed: &Passed, header: &mut Vec<u8>) {
        header.clear();
        header.extend(self.group);
        passed.encode(header);
    }

    /// Sends reports to the districts of their meters. They have a key and no value, so other readers ignore them.
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

    /// Sends a message of the exchange to every partition, with a key and no value, so that other readers ignore it.
    pub fn to_all(
        &self,
        lane: PartitionId,
        passed: &Passed,
        mut send: impl FnMut(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let mut header = Vec::new();
        self.write(passed, &mut header);
        // One key for each lane, so that compaction keeps only its last word. A district that does not find the word behind
        // a part of a backlog takes its rows with the next part.
        let kind = if matches!(passed, Passed::Part { .. }) { "part" } else { "closed" };
        let key = format!("{kind}/{lane}");
        (0..self.partitions).try_for_each(|partition| {
            let (key, header) = (key.as_bytes(), Some((HEADER, header.as_slice())));
            let partition = Some(partition as i32);
            send(&Record { topic: &self.topic, key, value: None, header, partition })
        })
    }
}

/// The bytes of a [`Passed`] in the header of a message, if they are from this group.
pub fn passed_in<'a>(header: Option<&'a [u8]>, group: &str) -> Option<&'a [u8]> {
    header?.strip_prefix(&hash_of(group))
}

fn hash_of(group: &str) -> [u8; 8] {
    id::hash(group.as_bytes()).to_le_bytes()
}

/// The offset at which each district has ended, because all lanes had. The workers write it, and the poller reads it.
#[derive(Debug, Default)]
pub struct Endings(Mutex<BTreeMap<PartitionId, i64>>);

impl Endings {
    /// Whether the district has ended at this offset.
    pub fn is_at(&self, partition: PartitionId, position: i64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&partition) == Some(&position)
    }

    /// Records that a district has ended at this offset, or that it goes on.
    pub fn set(&self, partition: PartitionId, position: i64, ended: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Remove first: if the district goes on, the poller must not take the old offset for its end.
        known.remove(&partition);
        if ended {
            known.insert(partition, position);
        }
    }
}
