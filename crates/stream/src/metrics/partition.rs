//! The metrics of each partition, and those that a scrape computes.

use crate::clock::wall_ms;
use fleet::FleetMemory;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Unit;
use reading::EventTime;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

/// The metrics of one partition. A scrape shows them as long as the poller or a worker holds them.
#[derive(Debug)]
pub struct Partition {
    /// Messages from the next one to read to the end of the log.
    pub lag: Gauge,
    /// The offset of the next message.
    pub position: Gauge,
    /// 1 if the partition has been silent for so long that the others go on without it.
    pub idle: Gauge,
    /// The time that its meters have reached, in milliseconds since 1970.
    front: AtomicI64,
    /// Memory by part, in the order of `PARTS`.
    memory: [Gauge; 5],
}

/// The parts of a fleet's memory, and the memory of its meters' profiles and bills (`metering`).
const PARTS: [&str; 5] = ["names", "meters", "cells", "rest", "metering"];
/// No reading has come yet.
const NO_FRONT: i64 = i64::MIN;

impl Partition {
    fn new() -> Self {
        let (lag, position, idle) = Default::default();
        Self { lag, position, idle, front: AtomicI64::new(NO_FRONT), memory: Default::default() }
    }

    /// Sets the time that its meters have reached.
    pub fn front(&self, front: EventTime) {
        self.front.store(front.0, Ordering::Relaxed);
    }

    /// Sets the memory that the state of its meters takes.
    pub fn memory(&self, memory: FleetMemory, metering: usize) {
        let parts = [memory.names, memory.meters, memory.cells, memory.rest, metering];
        for (part, bytes) in self.memory.iter().zip(parts) {
            part.set(gauge(bytes as u64));
        }
    }
}

type Key = (String, i32);

/// The metrics that a scrape computes.
pub struct Computed {
    partitions: Mutex<BTreeMap<Key, Weak<Partition>>>,
    /// Memory of the rows that wait in the merge.
    pub merge_bytes: Gauge,
    begun: Instant,
    /// The last checkpoint, in milliseconds since the start.
    checkpointed: AtomicU64,
}

impl fmt::Debug for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Computed").finish_non_exhaustive()
    }
}

impl Computed {
    pub fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
        let begun = Instant::now();
        Self {
            partitions: Mutex::default(),
            merge_bytes: Gauge::default(),
            begun,
            checkpointed: AtomicU64::new(0),
        }
    }

    pub fn partition(&self, topic: &str, number: i32) -> Arc<Partition> {
        let partition = Arc::new(Partition::new());
        let mut partitions = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        partitions.insert((topic.to_owned(), number), Arc::downgrade(&partition));
        partition
    }

    pub fn checkpointed(&self) {
        self.checkpointed.store(self.ms(), Ordering::Relaxed);
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn held(&self) -> Vec<(Key, Arc<Partition>)> {
        let mut partitions = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        partitions.retain(|_, partition| partition.strong_count() > 0);
        partitions.iter().filter_map(|(key, partition)| Some((key.clone(), partition.upgrade()?))).collect()
    }
}

impl Collector for Computed {
    fn encode(&self, mut to: DescriptorEncoder) -> fmt::Result {
        let held = self.held();
        let mut encode_gauge =
            |name: &str, unit: Option<Unit>, help: &str, value: &dyn Fn(&Partition) -> Option<f64>| {
                let mut family = to.encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?;
                for ((topic, number), partition) in &held {
                    let labels = [("topic", topic.clone()), ("partition", number.to_string())];
                    if let Some(value) = value(partition) {
                        ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
                    }
                }
                fmt::Result::Ok(())
            };
        let messages = Some(Unit::Other("messages".to_owned()));
        let now = wall_ms();
        encode_gauge(
            "partition_lag",
            messages,
            "Messages from the position to the end of the log.",
            &|of| Some(of.lag.get() as f64),
        )?;
        encode_gauge("partition_position", None, "Offset of the next message.", &|of| {
            Some(of.position.get() as f64)
        })?;
        encode_gauge(
            "partition_watermark_delay",
            Some(Unit::Seconds),
            "How far the front of the partition, the time that its meters have reached, is behind the clock.",
            &|of| {
                let front = of.front.load(Ordering::Relaxed);
                (front != NO_FRONT).then(|| now.saturating_sub(front) as f64 / 1000.0)
            },
        )?;
        encode_gauge(
            "partition_idle",
            None,
            "1 if the partition has been silent for so long that the others go on without it.",
            &|of| Some(of.idle.get() as f64),
        )?;

        let mut family = to.encode_descriptor(
            "memory",
            "Memory of this process: of all meters by part, and of rows that wait for slower partitions.",
            Some(&Unit::Bytes),
            MetricType::Gauge,
        )?;
        for (index, part) in PARTS.iter().enumerate() {
            let bytes: i64 = held.iter().map(|(_, partition)| partition.memory[index].get()).sum();
            ConstGauge::new(bytes).encode(family.encode_family(&[("part", *part)])?)?;
        }
        self.merge_bytes.encode(family.encode_family(&[("part", "merge")])?)?;
        let age = self.ms().saturating_sub(self.checkpointed.load(Ordering::Relaxed));
        let family = to.encode_descriptor(
            "checkpoint_age",
            "Time since the last piece of state was written, or since the start.",
            Some(&Unit::Seconds),
            MetricType::Gauge,
        )?;
        ConstGauge::new(age as f64 / 1000.0).encode(family)
    }
}

/// A count as the value of a gauge.
pub(super) fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
