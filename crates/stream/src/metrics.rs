//! The metrics of a running engine, for `/metrics`. All names are here and in `metrics/partition.rs`.
//!
//! Threads count into atomics. A scrape computes ages and delays from the clock, so that they grow even if nothing
//! happens. A label is a partition, a topic, a reason, a rule, a kind or a part of the memory. It is never a meter,
//! because a series for each of a million meters would overload the monitoring.

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
use shell::{log_lost, usage};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use vet::{Finding, Rule};

/// Counters by the value of one label.
type Counters = Family<[(&'static str, String); 1], Counter>;
/// Gauges by the value of one label.
type Gauges = Family<[(&'static str, String); 1], Gauge>;

/// The kinds of pieces of state.
const KINDS: [&str; 2] = ["full", "changes"];

/// The buckets for latencies of alerts. 0.1 s and 0.5 s are limits that the engine should keep.
const ALERT_SECONDS: [f64; 14] =
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 300.0];

/// The metrics of a process.
pub struct Metrics {
    /// Messages taken from the broker.
    pub received_messages: Counter,
    /// Bytes of these messages.
    pub received_bytes: Counter,
    /// Readings found in messages.
    pub readings_decoded: Counter,
    /// Readings that were admitted.
    pub readings_admitted: Counter,
    /// Readings of a meter and time that already had one.
    pub readings_repeated: Counter,
    /// Readings that came after their interval was closed.
    pub readings_late: Counter,
    /// Intervals that were closed.
    pub intervals: Counter,
    /// Alerts that were handed to the producer.
    pub alerts: Counter,
    /// Seconds from the broker's timestamp of the message that closed an interval to the hand-over of an alert.
    pub alert_latency: Histogram,
    /// The gauges of the second stage, by `TownGauge`.
    town: [Gauge; TownGauge::ALL.len()],
    /// Messages that the producer has not delivered yet.
    pub queued_messages: Gauge,
    /// Messages that the broker refused.
    pub delivery_failures: Counter,
    /// Failed tries to write a checkpoint.
    pub checkpoint_failures: Counter,
    /// How often the group assigned or revoked partitions.
    pub rebalances: Counter,
    /// Partitions that this process has.
    pub assigned_partitions: Gauge,
    /// Whether the process is alive and ready.
    pub health: Health,
    dead_letters: Counters,
    quality: Counters,
    sent_messages: Counters,
    checkpoints: Counters,
    checkpoint_bytes: Gauges,
    checkpoint_seconds: Histogram,
    merge_rows: Gauge,
    resident_bytes: Gauge,
    log_lost: Gauge,
    computed: Arc<Computed>,
    registry: Registry,
}

impl Metrics {
    /// All metrics, at zero.
    pub fn new() -> Self {
        let mut names = Names(Registry::with_prefix("gridwarden"));
        let messages = || Some(Unit::Other("messages".to_owned()));
        let rows = Some(Unit::Other("rows".to_owned()));
        let computed = Arc::new(Computed::new());
        let metrics = Self {
            received_messages: names.plain("received", messages(), "Messages taken from the input topics"),
            received_bytes: names.plain("received", Some(Unit::Bytes), "Bytes of the messages taken from the input topics"),
            readings_decoded: names.plain("readings_decoded", None, "Readings found in messages"),
            readings_admitted: names.plain("readings_admitted", None, "Readings that were admitted"),
            readings_repeated: names.plain("readings_repeated", None, "Readings of a meter and time that already had one"),
            readings_late: names.plain("readings_late", None, "Readings that came after their interval was closed"),
            dead_letters: names.plain("dead_letters", None, "Messages that became part of no interval, by reason"),
            quality: names.plain("quality", None, "Readings and intervals that a rule of quality has flagged, by rule"),
            sent_messages: names.plain("sent", messages(), "Messages handed to the producer, by topic"),
            queued_messages: names.plain("queued", messages(), "Messages that wait in the producer for delivery"),
            delivery_failures: names.plain("delivery_failures", None, "Messages that the broker refused"),
            intervals: names.plain("intervals", None, "Intervals of meters that were closed"),
            alerts: names.plain("alerts", None, "Alerts handed to the producer"),
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
            checkpoint_failures: names.plain("checkpoint_failures", None, "Failed tries to write a piece of state"),
            rebalances: names.plain("rebalances", None, "How often the group assigned partitions to this process or revoked them"),
            assigned_partitions: names.plain("assigned_partitions", None, "Partitions that this process has"),
            log_lost: names.plain("log_lost_lines", None, "Log lines that could not be written"),
            resident_bytes: names.plain("resident_memory", Some(Unit::Bytes), "Memory of the whole process"),
            health: Health::new(),
            registry: names.finish(&computed),
            computed,
        };
        // Register every label at zero: an alert rule on a missing series never fires.
        for kind in KINDS {
            metrics.checkpoints.get_or_create(&[("kind", kind.to_owned())]).inc_by(0);
        }
        metrics
    }

    /// The metrics of a partition that this process has. Once they are dropped, the next scrape leaves them out.
    pub fn partition(&self, topic: &str, number: i32) -> Arc<Partition> {
        self.computed.partition(topic, number)
    }

    /// Records that a loop is alive.
    pub fn beat(&self, which: Loop) {
        self.health.beat(which);
    }

    /// Records that a loop has ended, so that its silence is no fault.
    pub fn rest(&self, which: Loop) {
        self.health.rest(which);
    }

    /// Counts dead letters. A count of zero registers the reason, so that a scrape shows it.
    pub fn dead_letters(&self, reason: &str, count: u64) {
        self.dead_letters.get_or_create(&[("reason", reason.to_owned())]).inc_by(count);
    }

    /// Counts readings or intervals that a rule has flagged. A count of zero registers the rule.
    pub fn quality(&self, rule: Rule, count: u64) {
        self.quality.get_or_create(&[("rule", rule.name().to_owned())]).inc_by(count);
    }

    /// Counts what the second stage has flagged.
    pub fn findings(&self, found: &[Finding]) {
        found.iter().for_each(|finding| self.quality(finding.rule, 1));
    }

    /// The counter of messages that were handed to the producer for a topic.
    pub fn sent(&self, topic: &str) -> Counter {
        self.sent_messages.get_or_create(&[("topic", topic.to_owned())]).clone()
    }

    /// Counts an alert and its latency since this time of the broker, in milliseconds since 1970.
    pub fn alerted(&self, message_ms: i64) {
        self.alerts.inc();
        // Not below zero: the clocks of two machines may differ by more than the latency.
        let ms = wall_ms().saturating_sub(message_ms).max(0);
        self.alert_latency.observe(ms as f64 / 1000.0);
    }

    /// Counts a piece of state that was written.
    pub fn checkpointed(&self, is_full: bool, bytes: u64, took: Duration) {
        let kind = [("kind", KINDS[usize::from(!is_full)].to_owned())];
        self.checkpoints.get_or_create(&kind).inc();
        self.checkpoint_bytes.get_or_create(&kind).set(gauge(bytes));
        self.checkpoint_seconds.observe(took.as_secs_f64());
        self.computed.checkpointed();
    }

    /// Adds to the number of rows that wait in memory for slower partitions.
    pub fn merge(&self, more: i64) {
        self.merge_rows.inc_by(more);
        self.computed.merge_bytes.inc_by(more * size_of::<Interval>() as i64);
    }

    /// A gauge of the second stage.
    pub fn town(&self, gauge: TownGauge) -> &Gauge {
        &self.town[gauge as usize]
    }

    /// Sets the gauges back at the beginning of a run.
    pub fn begin(&self) {
        for gauge in &self.town {
            gauge.set(0);
        }
        self.merge_rows.set(0);
        self.computed.merge_bytes.set(0);
    }

    /// All metrics as OpenMetrics text.
    pub fn open_metrics(&self) -> Result<String, fmt::Error> {
        self.encoded(text::encode)
    }

    /// All metrics in the older Prometheus format, for scrapers that do not ask for OpenMetrics.
    pub fn prometheus_text(&self) -> Result<String, fmt::Error> {
        self.encoded(prometheus_text::encode)
    }

    fn encoded(
        &self,
        encode: impl Fn(&mut String, &Registry) -> Result<(), fmt::Error>,
    ) -> Result<String, fmt::Error> {
        self.resident_bytes.set(gauge(usage::rss().unwrap_or(0)));
        self.log_lost.set(gauge(log_lost()));
        let mut page = String::new();
        encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

/// Registers metrics under their names.
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
