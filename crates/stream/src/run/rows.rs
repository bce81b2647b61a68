//! Results as messages. The key of a result is the same in every run, so that a repeat overwrites it and topics can be
//! compacted.

use super::exchange::{HEADER, Passing};
use super::halt::Ended;
use super::publish::Record;
use crate::kafka::{IntervalsFormat, KafkaPlan};
use crate::trace::{self, Trace};
use columns::outputs::{DeadLetters, Intervals, Planned, Sent, dead_bytes};
use columns::{Encoder, Message, ipc};
use grid::{Joined, Topology};
use metering::MeteringRows;
use pipeline::{Closing, Dead, Outputs, PartitionId, Passed, Plan};
use reading::{Interval, TransformerId};
use std::collections::BTreeMap;

/// The most bytes of a dead letter. Brokers refuse messages over a megabyte by default, and a refused result ends the
/// run: the same bytes would end it again after every start.
const LONGEST_LETTER: usize = 900_000;

/// The most rows of an Arrow batch, for the same reason. A row takes some 130 bytes.
const BATCH_ROWS: usize = 4096;

/// Writes results as messages of a plan's topics. Each thread has its own, with its own buffers.
pub struct Rows<'a> {
    kafka: &'a KafkaPlan,
    planned: Planned,
    intervals: Intervals,
    dead_letters: DeadLetters,
    encoder: Encoder,
}

impl<'a> Rows<'a> {
    /// The writer for one thread.
    pub fn new(plan: &Plan, kafka: &'a KafkaPlan) -> Self {
        Self {
            kafka,
            planned: Planned::of(plan),
            intervals: Intervals::of_plan(plan),
            dead_letters: DeadLetters::default(),
            encoder: Encoder::default(),
        }
    }

    /// The topics of the plan.
    pub fn kafka(&self) -> &'a KafkaPlan {
        self.kafka
    }

    /// Sends the closed intervals of one partition, tick by tick.
    pub fn intervals(
        &mut self,
        partition: PartitionId,
        topology: &Topology,
        closings: &[(Closing, usize)],
        rows: &[Interval],
        mut send: impl FnMut(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let Some(topic) = self.kafka.outputs.intervals.as_deref() else { return Ok(()) };
        if self.kafka.intervals_format == IntervalsFormat::Json {
            return rows.iter().try_for_each(|row| self.interval(topic, row, None, None, &mut send));
        }
        let mut first = 0;
        for &(closing, upto) in closings {
            // A meter that was silent brings intervals of earlier ticks. They go into the batch of the present tick: a
            // batch under the key of an earlier tick would overwrite that tick's rows.
            let mut batches = BTreeMap::<Option<&TransformerId>, Vec<Interval>>::new();
            for Joined { interval, row, .. } in topology.join(&rows[first..upto]) {
                batches.entry(row.and_then(|row| row.transformer.as_deref())).or_default().push(*interval);
            }
            first = upto;
            // In the order of names: a hash map would give another order of messages in each run.
            for (transformer, rows) in batches {
                let transformer = transformer.map_or("-".to_owned(), ToString::to_string);
                for (part, rows) in rows.chunks(BATCH_ROWS).enumerate() {
                    // More than one part happens only without a topology, when all meters share the key `-`.
                    let (tick, part) = match (closing.tick(), part) {
                        // Rows of no tick come at any time: the first of them names the batch.
                        (None, _) => ("waiting".to_owned(), format!("/{}/{}", rows[0].meter, rows[0].end)),
                        (Some(tick), 0) => (tick.to_string(), String::new()),
                        (Some(tick), _) => (tick.to_string(), format!("/{part}")),
                    };
                    let key = format!("{transformer}/{tick}/{partition}{part}");
                    let value = ipc::encode_intervals(rows, &self.intervals);
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

    /// Sends closed intervals of one partition, each to the district of its transformer. The district takes those that
    /// `pass` makes a message of.
    pub fn passed(
        &mut self,
        passing: &Passing,
        topology: &Topology,
        rows: &[Interval],
        pass: impl Fn(Interval) -> Option<Passed>,
        mut send: impl FnMut(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let mut header = Vec::new();
        for Joined { interval, row, .. } in topology.join(rows) {
            let passed = pass(*interval);
            passed.iter().for_each(|passed| passing.write(passed, &mut header));
            let header = passed.map(|_| (HEADER, header.as_slice()));
            let partition = Some(passing.district(&interval.meter, row));
            self.interval(&passing.topic, interval, header, partition, &mut send)?;
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
        let Message { key, value } = self.encoder.row(&self.intervals, row);
        send(&Record { topic, key, value, header, partition })
    }

    /// Sends a dead letter: the bytes as they came, and the reason in a header.
    pub fn dead(
        &mut self,
        dead: &Dead,
        send: impl FnOnce(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let Some(topic) = self.kafka.outputs.dead_letters.as_deref() else { return Ok(()) };
        let key = [self.kafka.readings.as_bytes(), self.encoder.key(&self.dead_letters, dead)].join(&b'/');
        let value = dead_bytes(dead);
        send(&Record {
            topic,
            key: &key,
            value: Some(&value[..value.len().min(LONGEST_LETTER)]),
            header: Some(("reason", dead.reason.name().as_bytes())),
            partition: None,
        })
    }

    /// Sends closed billing periods and profiles.
    pub fn metering(
        &mut self,
        rows: MeteringRows,
        send: impl FnMut(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        self.outputs(&Outputs { metering: rows, ..Outputs::default() }, None, send)
    }

    /// Sends the rows of all outputs of a tick: first those that a person waits for, which carry the trace of what settled
    /// the tick, then the others.
    pub fn outputs(
        &mut self,
        out: &Outputs,
        trace: Option<Trace>,
        mut send: impl FnMut(&Record<'_>) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let trace = trace.map(|trace| trace.header());
        let trace = trace.as_ref().map(|trace| (trace::HEADER, trace.as_bytes()));
        for (due, header) in [(Sent::First, trace), (Sent::WithTick, None)] {
            self.planned.messages(
                due,
                out,
                &self.kafka.outputs,
                &mut self.encoder,
                |topic, Message { key, value }| send(&Record { topic, key, value, header, partition: None }),
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
