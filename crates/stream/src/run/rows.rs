//! Results as messages: each under a key that is the same in every run, so that topics can be compacted.

use super::exchange::{HEADER, Passing};
use super::halt::Ended;
use super::publish::Record;
use crate::kafka::{IntervalsFormat, KafkaPlan};
use columns::{demand_name, ipc};
use grid::{Joined, Topology};
use metering::ProfileRow;
use pipeline::{Dead, Outputs, PartitionId, Passed, Plan};
use reading::{EventTime, Interval, TransformerId};
use serde::Serialize;
use shell::texts::{self, asked};
use std::collections::BTreeMap;
use supply::Change;

/// The most bytes of a dead letter: brokers take a megabyte by default, and a message that none takes would come again
/// after every start.
const LONGEST_LETTER: usize = 900_000;

/// The most rows of an Arrow batch, for the same reason: a row takes some 130 bytes.
const BATCH_ROWS: usize = 4096;

/// Writes results in the words of a plan; with buffers of its own, for one thread.
pub struct Rows<'a> {
    plan: &'a Plan,
    kafka: &'a KafkaPlan,
    key: String,
    value: Vec<u8>,
    /// The last start and end: most rows of a tick have the same.
    start: Told,
    end: Told,
}

/// A time and its text.
struct Told(EventTime, String);

impl Told {
    fn text(&mut self, time: EventTime) -> &str {
        if self.0 != time {
            *self = Self(time, time.to_string());
        }
        &self.1
    }
}

/// A message of `intervals`: the columns of `intervals.parquet`.
#[derive(Serialize)]
struct IntervalJson<'a> {
    meter: &'a str,
    start: &'a str,
    end: &'a str,
    imp_wh: Option<i64>,
    exp_wh: Option<i64>,
    avg_w: Option<f64>,
    max_w: Option<f64>,
    pf: Option<f64>,
    v_min: Option<f64>,
    v_max: Option<f64>,
    i_avg: Option<f64>,
    imbalance_avg: Option<f64>,
    imbalance_max: Option<f64>,
    readings: u16,
    quality: String,
    /// Beside nothing asked for, not even a null.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_wh: Option<Option<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pf_true: Option<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unbalance: Option<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate: Option<bool>,
}

impl<'a> Rows<'a> {
    /// For one thread.
    pub fn new(plan: &'a Plan, kafka: &'a KafkaPlan) -> Self {
        let told = || Told(EventTime::MIN, EventTime::MIN.to_string());
        Self { plan, kafka, key: String::new(), value: Vec::new(), start: told(), end: told() }
    }

    /// What closed in one partition, tick by tick.
    pub fn intervals(
        &mut self,
        partition: PartitionId,
        topology: &Topology,
        ticks: &[(EventTime, usize)],
        rows: &[Interval],
        mut send: impl FnMut(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let Some(topic) = self.kafka.outputs.intervals.as_deref() else { return Ok(()) };
        if self.kafka.intervals_format == IntervalsFormat::Json {
            return rows.iter().try_for_each(|row| self.interval(topic, row, None, None, &mut send));
        }
        let asked = asked(self.plan);
        let mut first = 0;
        for &(end, upto) in ticks {
            // What a silent meter brings along of earlier intervals goes with the tick that it came in: a batch under
            // the key of an earlier one would overwrite that.
            let mut batches = BTreeMap::<Option<TransformerId>, Vec<Interval>>::new();
            for Joined { interval, row, .. } in topology.join(&rows[first..upto]) {
                batches.entry(row.and_then(|row| row.transformer)).or_default().push(*interval);
            }
            first = upto;
            for (transformer, rows) in batches {
                let transformer = transformer.map_or("-".to_owned(), |id| id.to_string());
                for (part, rows) in rows.chunks(BATCH_ROWS).enumerate() {
                    // Only where nobody knows the transformers are there so many on one.
                    let part = if part == 0 { String::new() } else { format!("/{part}") };
                    let key = format!("{transformer}/{}/{partition}{part}", end_of(end));
                    let value = ipc::encode_intervals(rows, asked);
                    send(&Record {
                        topic,
                        key: key.as_bytes(),
                        value: Some(&value),
                        header: Some(("format", b"arrow")),
                        partition: None,
                    })?;
                }
            }
        }
        Ok(())
    }

    /// What closed in one partition, each row to where the second stage of its transformer hears it.
    pub fn passed(
        &mut self,
        passing: &Passing,
        topology: &Topology,
        ticks: &[(EventTime, usize)],
        rows: &[Interval],
        pass: impl Fn(EventTime, Interval) -> Passed,
        mut send: impl FnMut(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let mut header = Vec::new();
        let mut first = 0;
        for &(end, upto) in ticks {
            for Joined { interval, row, .. } in topology.join(&rows[first..upto]) {
                passing.write(&pass(end, *interval), &mut header);
                // What waits for a register at the end of all is part of no tick.
                let header = Some((HEADER, header.as_slice())).filter(|_| end != EventTime::MAX);
                let partition = Some(passing.district(&interval.meter, row));
                self.interval(&passing.topic, interval, header, partition, &mut send)?;
            }
            first = upto;
        }
        Ok(())
    }

    fn interval(
        &mut self,
        topic: &str,
        row: &Interval,
        header: Option<(&'static str, &[u8])>,
        partition: Option<i32>,
        send: &mut impl FnMut(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let candidate = self.plan.candidate.map(|rule| features::candidate(row, rule.share, rule.floor));
        let end = self.end.text(row.end);
        self.key.clear();
        self.key.extend([row.meter.as_str(), "/", end]);
        self.value.clear();
        let json = IntervalJson {
            meter: row.meter.as_str(),
            start: self.start.text(row.start),
            end,
            imp_wh: row.imp.map(|wh| wh.0),
            exp_wh: row.exp.map(|wh| wh.0),
            avg_w: features::mean_power(row).map(|p| p.0),
            max_w: features::max_power(row).map(|p| p.0),
            pf: features::power_factor(row).map(|pf| pf.0),
            v_min: features::v_min(row).map(|v| v.0),
            v_max: features::v_max(row).map(|v| v.0),
            i_avg: features::mean_current(row).map(|i| i.0),
            imbalance_avg: features::mean_imbalance(row).map(|i| i.0),
            imbalance_max: features::max_imbalance(row).map(|i| i.0),
            readings: row.sums.readings,
            quality: row.quality.to_string(),
            valid_wh: self.plan.quality.map(|_| row.valid().map(|wh| wh.0)),
            pf_true: self.plan.pf_true.then(|| features::true_power_factor(row).map(|pf| pf.0)),
            unbalance: self.plan.unbalance.then(|| features::voltage_unbalance(row).map(|one| one.0)),
            candidate,
        };
        serde_json::to_writer(&mut self.value, &json).expect("a vector takes all bytes");
        send(&Record { topic, key: self.key.as_bytes(), value: Some(&self.value), header, partition })
    }

    /// Bytes that became part of no interval, as they came, with the reason beside them.
    pub fn dead(
        &mut self,
        dead: &Dead,
        send: impl FnOnce(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let Some(topic) = self.kafka.outputs.dead_letters.as_deref() else { return Ok(()) };
        let (offset, item) = dead.origin.map_or((-1, 0), |origin| (origin.offset, origin.item));
        let key = format!("{}/{}/{offset}/{item}", self.kafka.readings, dead.partition);
        let value = texts::dead_bytes(dead);
        send(&Record {
            topic,
            key: key.as_bytes(),
            value: Some(&value[..value.len().min(LONGEST_LETTER)]),
            header: Some(("reason", dead.reason.name().as_bytes())),
            partition: None,
        })
    }

    /// Billing periods that are over, and profiles.
    pub fn kept(
        &self,
        told: &metering::MeteringRows,
        mut send: impl FnMut(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let topics = &self.kafka.outputs;
        if let Some(rule) = self.plan.metering.as_ref().and_then(|rules| rules.demand.as_ref()) {
            for row in &told.demand {
                let (name, zone) = (demand_name(row.target), rule.zone_name(row.zone));
                let key = format!("{name}/{}/{zone}", row.start);
                one_of(&topics.demand, key, || texts::demand(row, rule), &mut send)?;
            }
        }
        // All slots of a day of one type together: a message a slot would be many.
        let is_one_day = |a: &ProfileRow, b: &ProfileRow| {
            a.meter == b.meter && a.day_type == b.day_type && a.minute < b.minute
        };
        let days = told.profiles.chunk_by(is_one_day);
        for slots in days {
            let key = format!("{}/{}", slots[0].meter, slots[0].day_type.name());
            one_of(&topics.profiles, key, || texts::profile(slots), &mut send)?;
        }
        Ok(())
    }

    /// What the second stage tells people.
    pub fn alerts(
        &self,
        out: &Outputs,
        mut send: impl FnMut(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let topics = &self.kafka.outputs;
        for one in &out.alerts {
            one_of(&topics.alerts, one.id.to_string(), || texts::alert(one), &mut send)?;
        }
        for one in &out.above {
            let value = || texts::above(one, &self.plan.calendar);
            one_of(&topics.alerts, texts::above_id(one), value, &mut send)?;
        }
        for one in &out.sms {
            one_of(&topics.sms, one.id.to_string(), || texts::sms(one), &mut send)?;
        }
        Ok(())
    }

    /// What else the second stage found.
    pub fn found(
        &self,
        out: &Outputs,
        mut send: impl FnMut(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let topics = &self.kafka.outputs;
        for change in &out.supply.outages {
            let key = change.key();
            match change {
                Change::Updated(one) => one_of(&topics.outages, key, || texts::outage(one), &mut send)?,
                Change::Withdrawn(..) => none_of(&topics.outages, key, &mut send)?,
            }
        }
        let mut each =
            |topic, key, value: &dyn Fn() -> serde_json::Value| one_of(topic, key, value, &mut send);
        for one in &out.balances {
            each(&topics.balances, format!("{}/{}", one.transformer, one.end), &|| texts::balance(one))?;
        }
        if let Some(forecast) = &self.plan.forecast {
            for one in &out.forecasts {
                let key = format!("{}/{}", one.target, one.end);
                each(&topics.forecasts, key, &|| texts::forecast(one, &forecast.quantiles))?;
            }
        }
        for one in &out.supply.indices {
            let key = format!("{}/{}", one.area_name(), one.month);
            each(&topics.supply, key, &|| texts::indices(one))?;
        }
        for one in &out.suspicions {
            each(&topics.suspicions, format!("{}/{}", one.meter, one.day), &|| texts::suspicion(one))?;
        }
        for one in &out.findings {
            let key = format!("{}/{}/{}", one.rule.name(), one.whose, one.start);
            each(&topics.findings, key, &|| texts::finding(one))?;
        }
        for one in &out.changes {
            each(&topics.cases, one.case().id.to_string(), &|| texts::case(one.case()))?;
        }
        Ok(())
    }
}

/// Sends a result if its topic is wanted.
fn one_of(
    topic: &Option<String>,
    key: String,
    value: impl Fn() -> serde_json::Value,
    send: &mut impl FnMut(&Record<'_>) -> Result<(), Ended>,
) -> Result<(), Ended> {
    let Some(topic) = topic else { return Ok(()) };
    let value = value().to_string();
    let (key, value) = (key.as_bytes(), Some(value.as_bytes()));
    send(&Record { topic, key, value, header: None, partition: None })
}

/// Takes back a result if its topic is wanted: a key without a value.
fn none_of(
    topic: &Option<String>,
    key: String,
    send: &mut impl FnMut(&Record<'_>) -> Result<(), Ended>,
) -> Result<(), Ended> {
    let Some(topic) = topic else { return Ok(()) };
    send(&Record { topic, key: key.as_bytes(), value: None, header: None, partition: None })
}

/// Intervals that wait for a register when all ends belong to no tick.
fn end_of(tick: EventTime) -> String {
    if tick == EventTime::MAX { "waiting".to_owned() } else { tick.to_string() }
}

#[cfg(test)]
mod tests;
