//! The whole engine on one thread.

use crate::outputs::Closing;
use crate::reports::{Report, Reports};
use crate::town::{Town, TownError};
use crate::{Lane, Outputs, Plan};
use fleet::{Fleet, PartitionId, Sequencer};
use grid::Topology;
use reading::{Batch, EventTime};
use std::convert::Infallible;
use vet::Tally;

/// What the shell gives to the core.
#[derive(Debug)]
pub enum Input<'a> {
    /// A partition begins. Its first reading is not before `first`, if that is known.
    Open {
        /// The partition.
        partition: PartitionId,
        /// The time of its first reading, from a look ahead. The sequencer uses it to choose where to read first.
        first: Option<EventTime>,
    },
    /// The readings of a batch, from the index `from` on. [`Pipeline::step`] returns the index up to which it took
    /// them.
    Readings {
        /// The partition that the batch comes from.
        partition: PartitionId,
        /// The batch.
        batch: &'a Batch,
        /// The index of the first reading to take.
        from: usize,
    },
    /// A partition has no more readings.
    End {
        /// The partition.
        partition: PartitionId,
    },
}

/// A whole engine on one thread.
#[derive(Debug)]
pub struct Pipeline {
    pub(crate) lane: Lane,
    pub(crate) town: Option<Town>,
}

/// How many outputs of each kind there were before a step, so that the town gets only the new ones.
struct Known {
    closings: usize,
    rows: usize,
    reports: usize,
    demand: usize,
}

impl Pipeline {
    /// An engine without any state.
    pub fn new(plan: &Plan, topology: Topology) -> Result<Self, TownError> {
        let lane = Lane::new(plan, &topology);
        let town = if plan.has_second_stage() { Some(Town::new(plan, topology)?) } else { None };
        Ok(Self { lane, town })
    }

    /// The partition whose readings have to come next.
    pub fn wants(&self) -> Option<PartitionId> {
        self.lane.sequencer.wants()
    }

    /// The meters.
    pub fn fleet(&self) -> &Fleet {
        &self.lane.fleet
    }

    /// Bytes that the meters take.
    pub fn memory(&self) -> usize {
        self.lane.fleet.memory().total() + self.lane.books_memory()
    }

    /// How often each quality rule of the first stage fired.
    pub fn tally(&self) -> Tally {
        self.lane.tally()
    }

    /// The order of arrival.
    pub fn sequencer(&self) -> &Sequencer {
        &self.lane.sequencer
    }

    /// The second stage, if the plan has one.
    pub fn town(&self) -> Option<&Town> {
        self.town.as_ref()
    }

    /// Takes an input. For readings, returns the index up to which it took the batch.
    ///
    /// It stops before the end of a batch when another partition has earlier readings: then that one has to come
    /// first.
    pub fn step(&mut self, input: &Input<'_>, out: &mut Outputs) -> usize {
        let known = Known {
            closings: out.closings.len(),
            rows: out.intervals.len(),
            reports: out.reports.len(),
            demand: out.metering.demand.len(),
        };
        let came = match *input {
            Input::Open { partition, first } => {
                self.lane.open(partition, first);
                0
            }
            Input::Readings { partition, batch, from } => self.lane.take(partition, batch, from, out),
            Input::End { partition } => {
                self.lane.end(partition, out);
                0
            }
        };
        self.tick(&known, out);
        came
    }

    /// All partitions have ended. Intervals that still wait for a register reading are closed with what is known.
    pub fn finish(&mut self, out: &mut Outputs) {
        let (known, rows) = (out.metering.demand.len(), out.intervals.len());
        self.lane.finish(out);
        let Ok(()) = self.lane.finish_metering(|rows| {
            out.metering.demand.extend(rows.demand);
            out.metering.profiles.extend(rows.profiles);
            Ok::<_, Infallible>(())
        });
        if let Some(town) = &mut self.town {
            let intervals = std::mem::take(&mut out.intervals);
            town.join_open(&intervals[rows..], out);
            out.intervals = intervals;
            let last = out.reports.iter().filter(|(end, _)| *end == EventTime::MAX);
            let last = last.map(|(_, report)| *report).collect();
            town.take_last(&last, out);
            let groups = out.metering.demand.len();
            town.settle(out);
            town.complete(&mut out.metering.demand[known..groups]);
            while town.end_balances(out) {}
            town.finish(out);
        }
    }

    /// Gives the new ticks to the town.
    fn tick(&mut self, known: &Known, out: &mut Outputs) {
        let Some(town) = &mut self.town else { return };
        let rows = std::mem::take(&mut out.intervals);
        let reports = std::mem::take(&mut out.reports);
        let mut rest = &reports[known.reports..];
        let mut of_meters = out.metering.demand.split_off(known.demand).into_iter();
        let (mut first, mut taken) = (known.rows, known.demand);
        for index in known.closings..out.closings.len() {
            let (closing, upto) = out.closings[index];
            let own = out.metering.demand.len();
            out.metering.demand.extend(of_meters.by_ref().take(out.demand_upto[index] - taken));
            taken = out.demand_upto[index];
            let groups = out.metering.demand.len();
            let of_closing = &rows[first..upto];
            match closing {
                Closing::Tick(end) => {
                    let own_reports: Reports = reports_of(end, &mut rest).into_iter().collect();
                    town.tick(end, of_closing, &own_reports, out);
                }
                Closing::Part(_) => town.join(of_closing, out),
                Closing::End => town.join_open(of_closing, out),
            }
            town.complete(&mut out.metering.demand[own..groups]);
            first = upto;
        }
        out.metering.demand.extend(of_meters);
        out.intervals = rows;
        out.reports = reports;
    }
}

/// Takes the reports of one tick from the front of `rest`, which holds those of several ticks in order of time.
pub(crate) fn reports_of(end: EventTime, rest: &mut &[(EventTime, Report)]) -> Vec<Report> {
    let own;
    (own, *rest) = rest.split_at(rest.iter().take_while(|(tick, _)| *tick == end).count());
    own.iter().map(|(_, report)| *report).collect()
}
