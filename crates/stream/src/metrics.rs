//! What a scrape of `/metrics` tells: every metric of the running engine, named here and in `metrics/partition.rs`.
//!
//! Threads count into atomics; ages and delays are taken from the clock when somebody asks, so that they grow while
//! nothing happens. A label is a partition, a topic, a reason, a rule, a kind or a part of the memory, never a meter.

mod answer;
mod health;
mod partition;
#[cfg(test)]
mod tests;

pub use health::{Health, Loop};
pub use partition::Partition;

use crate::clock::wall_ms;
use partition::{Computed, gauge};
use pipeline::TownGauge;
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry, Unit};
use reading::Interval;
use shell::usage;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use vet::{Finding, Rule};

/// Counters by the value of one label.
type Counters = Family<[(&'static str, String); 1], Counter>;
/// Gauges by the value of one label.
type Gauges = Family<[(&'static str, String); 1], Gauge>;

/// Pieces of state.
const KINDS: [&str; 2] = ["full", "changes"];

/// Where latencies of alerts are told apart; 0.1 and 0.5 are what the engine is to keep.
const ALERT_SECONDS: [f64; 14] =
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 300.0];

/// The metrics of a process.
pub struct Metrics {
    /// Messages taken from the broker.
    pub received_messages: Counter,
    /// Bytes of them.
    pub received_bytes: Counter,
    /// Readings that messages held.
    pub readings_decoded: Counter,
    /// Readings that count.
    pub readings_admitted: Counter,
    /// Readings that were there already.
    pub readings_repeated: Counter,
    /// Readings of closed intervals.
    pub readings_late: Counter,
    /// Intervals that were closed.
    pub intervals: Counter,
    /// Alerts that were handed over.
    pub alerts: Counter,
    /// Seconds from the broker's timestamp of the message that closed an interval to the hand-over of an alert.
    pub alert_latency: Histogram,
    /// What the second stage counts, by `TownGauge`.
    town: [Gauge; TownGauge::ALL.len()],
    /// Messages that the producer has not delivered yet.
    pub queued_messages: Gauge,
    /// Messages that could not be delivered.
    pub delivery_failures: Counter,
    /// Checkpoints that could not be written, each try of them.
    pub checkpoint_failures: Counter,
    /// How often partitions were given or taken.
    pub rebalances: Counter,
    /// Partitions that this process has.
    pub assigned_partitions: Gauge,
    /// Whether the process lives and works.
    pub health: Health,
    dead_letters: Counters,
    quality: Counters,
    sent_messages: Counters,
    checkpoints: Counters,
    checkpoint_bytes: Gauges,
    checkpoint_seconds: Histogram,
    merge_rows: Gauge,
    resident_bytes: Gauge,
    computed: Arc<Computed>,
    registry: Registry,
}

impl Metrics {
    /// All of them, at zero.
    pub fn new() -> Self {
        let mut names = Names(Registry::with_prefix("gridwarden"));
        let messages = || Some(Unit::Other("messages".to_owned()));
        let rows = Some(Unit::Other("rows".to_owned()));
        let computed = Arc::new(Computed::new());
        let metrics = Self {
            received_messages: names.plain("received", messages(), "Messages taken from the input topics"),
            received_bytes: names.plain("received", Some(Unit::Bytes), "Bytes of the messages taken from the input topics"),
            readings_decoded: names.plain("readings_decoded", None, "Readings found in messages"),
            readings_admitted: names.plain("readings_admitted", None, "Readings that count"),
            readings_repeated: names.plain("readings_repeated", None, "Readings of a meter and time that had one"),
            readings_late: names.plain("readings_late", None, "Readings whose interval was closed"),
            dead_letters: names.plain("dead_letters", None, "Messages that became part of no interval, by reason"),
            quality: names.plain("quality", None, "What was odd about readings and intervals, by rule"),
            sent_messages: names.plain("sent", messages(), "Messages handed to the producer, by topic"),
            queued_messages: names.plain("queued", messages(), "Messages that wait in the producer for delivery"),
            delivery_failures: names.plain("delivery_failures", None, "Messages that the broker did not take"),
            intervals: names.plain("intervals", None, "Intervals of meters that were closed"),
            alerts: names.plain("alerts", None, "Alerts that were handed over"),
            alert_latency: names.add(
                "alert_latency",
                Some(Unit::Seconds),
                "From the broker's timestamp of the message that closed an interval to the hand-over of its alert",
                Histogram::new(ALERT_SECONDS),
            ),
            town: std::array::from_fn(|index| {
                let gauge = TownGauge::ALL[index];
                names.plain(gauge.name(), None, gauge.help())
            }),
            merge_rows: names.plain("merge_waiting", rows, "Closed rows that wait for slower partitions"),
            checkpoints: names.plain("checkpoints", None, "Pieces of state written, by kind: full or changes"),
            checkpoint_bytes: names.plain("checkpoint_size", Some(Unit::Bytes), "Size of the last piece of state, by kind"),
            checkpoint_seconds: names.add(
                "checkpoint_duration",
                Some(Unit::Seconds),
                "How long it took to write a piece of state",
                // 10 ms to 5.5 minutes.
                Histogram::new(exponential_buckets(0.01, 2.0, 16)),
            ),
            checkpoint_failures: names.plain("checkpoint_failures", None, "Tries to write a piece of state that failed"),
            rebalances: names.plain("rebalances", None, "How often partitions were given to or taken from this process"),
            assigned_partitions: names.plain("assigned_partitions", None, "Partitions that this process has"),
            resident_bytes: names.plain("resident_memory", Some(Unit::Bytes), "Memory of the whole process"),
            health: Health::new(),
            registry: names.finish(&computed),
            computed,
        };
        // What has not happened yet is told as zero: a rule about what is not there is never true.
        for kind in KINDS {
            metrics.checkpoints.get_or_create(&[("kind", kind.to_owned())]).inc_by(0);
        }
        metrics
    }

    /// The metrics of a partition that this process has; they are gone from the next scrape once it is dropped.
    pub fn partition(&self, topic: &str, number: i32) -> Arc<Partition> {
        self.computed.partition(topic, number)
    }

    /// A loop goes on.
    pub fn beat(&self, which: Loop) {
        self.health.beat(which);
    }

    /// A loop has ended, and nobody waits for it.
    pub fn rest(&self, which: Loop) {
        self.health.rest(which);
    }

    /// Messages that became part of no interval; none of them makes the reason known to a scrape.
    pub fn dead_letters(&self, reason: &str, count: u64) {
        self.dead_letters.get_or_create(&[("reason", reason.to_owned())]).inc_by(count);
    }

    /// Readings or intervals that a rule is about; a rule that was asked and met nothing is told as zero.
    pub fn quality(&self, rule: Rule, count: u64) {
        self.quality.get_or_create(&[("rule", rule.name().to_owned())]).inc_by(count);
    }

    /// What the second stage found odd.
    pub fn findings(&self, found: &[Finding]) {
        found.iter().for_each(|finding| self.quality(finding.rule, 1));
    }

    /// Messages that were handed to the producer for a topic, to be counted by whoever hands them over.
    pub fn sent(&self, topic: &str) -> Counter {
        self.sent_messages.get_or_create(&[("topic", topic.to_owned())]).clone()
    }

    /// An alert was handed over; the time is the broker's, in milliseconds since 1970.
    pub fn alerted(&self, message_ms: i64) {
        self.alerts.inc();
        // Clocks of two machines may differ by more than the way took.
        let ms = wall_ms().saturating_sub(message_ms).max(0);
        self.alert_latency.observe(ms as f64 / 1000.0);
    }

    /// A piece of state was written.
    pub fn checkpointed(&self, is_full: bool, bytes: u64, took: Duration) {
        let kind = [("kind", KINDS[usize::from(!is_full)].to_owned())];
        self.checkpoints.get_or_create(&kind).inc();
        self.checkpoint_bytes.get_or_create(&kind).set(gauge(bytes));
        self.checkpoint_seconds.observe(took.as_secs_f64());
        self.computed.checkpointed();
    }

    /// So many more rows wait in the merge, in memory.
    pub fn merge(&self, more: i64) {
        self.merge_rows.inc_by(more);
        self.computed.merge_bytes.inc_by(more * size_of::<Interval>() as i64);
    }

    /// What the second stage counts at this moment.
    pub fn town(&self, gauge: TownGauge) -> &Gauge {
        &self.town[gauge as usize]
    }

    /// A run begins: nothing is open, nothing waits.
    pub fn begin(&self) {
        for gauge in &self.town {
            gauge.set(0);
        }
        self.merge_rows.set(0);
        self.computed.merge_bytes.set(0);
    }

    /// As OpenMetrics text.
    pub fn open_metrics(&self) -> Result<String, fmt::Error> {
        self.encoded(text::encode)
    }

    /// As the older Prometheus text, for what does not ask for the other.
    pub fn prometheus_text(&self) -> Result<String, fmt::Error> {
        self.encoded(prometheus_text::encode)
    }

    fn encoded(
        &self,
        encode: impl Fn(&mut String, &Registry) -> Result<(), fmt::Error>,
    ) -> Result<String, fmt::Error> {
        self.resident_bytes.set(gauge(usage::rss().unwrap_or(0)));
        let mut told = String::new();
        encode(&mut told, &self.registry)?;
        Ok(told)
    }
}

/// Where metrics get their names.
struct Names(Registry);

impl Names {
    fn plain<M: Metric + Clone + Default>(&mut self, name: &str, unit: Option<Unit>, help: &str) -> M {
        self.add(name, unit, help, M::default())
    }

    fn add<M: Metric + Clone>(&mut self, name: &str, unit: Option<Unit>, help: &str, metric: M) -> M {
        match unit {
            Some(unit) => self.0.register_with_unit(name, help, unit, metric.clone()),
            None => self.0.register(name, help, metric.clone()),
        }
        metric
    }

    fn finish(mut self, computed: &Arc<Computed>) -> Registry {
        self.0.register_collector(Box::new(Arc::clone(computed)));
        self.0
    }
}
