//! The thread of the second stage: it brings the ticks of all partitions together, runs the town, and aligns
//! checkpoints.
//!
//! A checkpoint is one cut through all threads. Each worker stores its partitions and sends a barrier here, behind its
//! earlier rows and before its later ones. Messages from a worker that is past the barrier wait until every worker is.
//! Then the town has exactly the rows that the stored partitions have passed on, and is stored. If it took later rows
//! before, a restart would give it those rows twice.

use super::halt::Ended;
use super::messages::{Cut, Stored, ToSecond};
use super::noticing::{Next, Noticing};
use super::publish::Publisher;
use super::rows::Rows;
use super::tally::Found;
use super::too_far::TooFar;
use crate::metrics::Metrics;
use crate::trace::Trace;
use grid::Topology;
use pipeline::{Confluence, Outputs, PartitionId, Town, TownGauge, store_second};
use reading::EventTime;
use shell::telemetry;
use std::collections::{BTreeSet, VecDeque};
use std::sync::mpsc::{Receiver, SyncSender};

pub struct Second<'a> {
    pub workers: usize,
    pub town: Option<Town>,
    pub confluence: Confluence,
    pub rows: Rows<'a>,
    pub publisher: &'a Publisher,
    pub cuts: SyncSender<Cut>,
    pub too_far: &'a TooFar,
    /// How many rows of one partition may wait for slower partitions.
    pub most_rows: usize,
    /// The number of waiting rows that the metrics show.
    pub waiting: i64,
    /// Partitions that have ended.
    pub ended: BTreeSet<PartitionId>,
    /// All partitions have ended and the town is finished. It is not stored any more: a later run continues from
    /// before.
    pub over: bool,
    pub metrics: &'a Metrics,
}

impl Second<'_> {
    /// Works until all workers have closed their channels.
    pub fn work(mut self, messages: &Receiver<(usize, ToSecond)>) -> Result<Found, Ended> {
        let mut found = Found::default();
        let mut epoch = 0;
        let mut past: Vec<Option<Vec<Stored>>> = (0..self.workers).map(|_| None).collect();
        let mut waiting = VecDeque::new();
        let mut again = VecDeque::new();
        let mut noticing = Noticing::new();
        // Restored cases and outages are open even if no tick comes for a while.
        self.set_gauges();
        loop {
            let (worker, message) = match again.pop_front() {
                Some(message) => message,
                None => match noticing.next(messages, self.looks_for_silence()) {
                    Next::Message(message) => message,
                    Next::Over => break,
                    Next::Look(now) => {
                        self.notice(epoch, now, &mut found)?;
                        continue;
                    }
                },
            };
            if past[worker].is_some() {
                waiting.push_back((worker, message));
                continue;
            }
            if let ToSecond::Barrier { stored } = message {
                past[worker] = Some(stored);
                if past.iter().all(Option::is_some) {
                    let stored = past.iter_mut().flat_map(Option::take).flatten().collect();
                    self.cut(epoch, stored)?;
                    epoch += 1;
                    // Waiting messages come next, in their order, before anything that is new in the channel.
                    waiting.append(&mut again);
                    std::mem::swap(&mut waiting, &mut again);
                }
                continue;
            }
            self.take(epoch, message, &mut found)?;
        }
        if let Some(town) = &self.town {
            town.complete_health(&mut found.health);
        }
        Ok(found)
    }

    fn looks_for_silence(&self) -> bool {
        self.town.as_ref().is_some_and(|town| town.supply().is_some())
    }

    /// Looks for silent meters by the clock, if every partition is idle and event time stands still.
    fn notice(&mut self, epoch: u64, now: EventTime, found: &mut Found) -> Result<(), Ended> {
        let Some(town) = self.town.as_mut().filter(|_| !self.over && self.confluence.rests()) else {
            return Ok(());
        };
        let mut out = Outputs::default();
        town.notice(now, &mut out);
        self.publish(epoch, &out, None, found)?;
        self.set_gauges();
        Ok(())
    }

    fn set_gauges(&self) {
        let Some(town) = &self.town else { return };
        for (gauge, value) in TownGauge::ALL.iter().zip(town.gauges()) {
            self.metrics.town(*gauge).set(value as i64);
        }
    }

    fn take(&mut self, epoch: u64, message: ToSecond, found: &mut Found) -> Result<(), Ended> {
        let settled = match message {
            ToSecond::Rows { partition, closed, rows, newest_ms, trace } => {
                self.confluence.take(partition, closed, &rows.closings, &rows.rows, &rows.reports);
                trace.map(|trace| (newest_ms, trace))
            }
            ToSecond::Idle { partition, idle } => {
                self.confluence.idle(partition, idle);
                None
            }
            ToSecond::End { partition } => {
                self.confluence.end(partition);
                self.ended.insert(partition);
                None
            }
            ToSecond::Topology(topology) => {
                // Every worker sends the new topology; the town takes it once.
                if let Some(town) = self.town.as_mut().filter(|town| *town.topology() != *topology)
                    && let Err(error) = town.place(Topology::clone(&topology))
                {
                    telemetry::topology_unfit(&error);
                }
                return Ok(());
            }
            ToSecond::Barrier { .. } => unreachable!("`work` keeps barriers for itself"),
        };
        let mut out = Outputs::default();
        while let Some(flow) = self.confluence.next_flow() {
            if let Some(town) = &mut self.town {
                town.take(flow, &mut out);
                self.publish(epoch, &out, settled, found)?;
                self.set_gauges();
                out.clear();
            }
        }
        // Flush the unfinished day only when all lanes have ended, never on an interrupted run: its next start
        // continues the day, and must not find it closed.
        let is_over = !self.over && self.confluence.lanes().all(|lane| self.ended.contains(&lane));
        if let Some(town) = self.town.as_mut().filter(|_| is_over) {
            town.finish(&mut out);
            self.publish(epoch, &out, settled, found)?;
            self.over = true;
        }
        if self.town.is_some() {
            self.too_far.set(None, self.confluence.too_far_ahead(self.most_rows));
            let waiting = self.confluence.waiting() as i64;
            self.metrics.merge(waiting - self.waiting);
            self.waiting = waiting;
        }
        Ok(())
    }

    /// Publishes all outputs. `settled` is when the broker took the message that closed the tick, and its trace: none where
    /// an idle partition, an end or the clock did.
    fn publish(
        &mut self,
        epoch: u64,
        out: &Outputs,
        settled: Option<(i64, Trace)>,
        found: &mut Found,
    ) -> Result<(), Ended> {
        found.count(out);
        self.metrics.findings(&out.findings);
        let trace = settled.map(|(_, trace)| trace);
        self.rows.outputs(out, trace, |record| self.publisher.send(epoch, record))?;
        if let Some((newest, _)) = settled.filter(|(newest, _)| *newest > 0) {
            out.alerts.iter().for_each(|_| self.metrics.alerted(newest));
        }
        Ok(())
    }

    /// Every worker is at the barrier: stores the town and sends the cut to the checkpointer.
    fn cut(&mut self, epoch: u64, stored: Vec<Stored>) -> Result<(), Ended> {
        let positions: Vec<(PartitionId, i64)> =
            stored.iter().map(|stored| (stored.partition, stored.position)).collect();
        let town = self.town.as_ref().filter(|_| !self.over);
        let second = town.map(|town| store_second(town, &self.confluence, &positions));
        self.cuts.send(Cut { epoch, stored, second }).map_err(|_| Ended)
    }
}
