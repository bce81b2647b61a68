//! The one way through: the parts put together on one thread.

use crate::outputs::{bury, bury_held};
use crate::town::{Town, TownError};
use crate::{Outputs, Plan};
use fleet::{Fleet, PartitionId, Sequencer, Shard, Step};
use grid::Topology;
use reading::{Batch, EventTime};

/// What the shell tells the core.
#[derive(Debug)]
pub enum Input<'a> {
    /// A partition is there; its first reading is not before `first`, as far as is known.
    Open {
        /// Which.
        partition: PartitionId,
        /// A peek into it.
        first: Option<EventTime>,
    },
    /// Readings of a partition, from a place in a batch on. [`Pipeline::step`] tells how far it came.
    Readings {
        /// Whose.
        partition: PartitionId,
        /// Which.
        batch: &'a Batch,
        /// From where on.
        from: usize,
    },
    /// A partition has no more readings.
    End {
        /// Which.
        partition: PartitionId,
    },
}

/// A whole engine on one thread.
#[derive(Debug)]
pub struct Pipeline {
    pub(crate) sequencer: Sequencer,
    pub(crate) fleet: Fleet,
    pub(crate) town: Option<Town>,
    steps: Vec<Step>,
}

impl Pipeline {
    /// An engine at its beginning.
    pub fn new(plan: &Plan, topology: Topology) -> Result<Self, TownError> {
        let mut fleet = Fleet::new(plan.intervals.clone(), Shard::WHOLE);
        topology.swaps().for_each(|(meter, at)| fleet.swap(meter, at));
        let town = if plan.has_second_stage() { Some(Town::new(plan, topology)?) } else { None };
        Ok(Self { sequencer: Sequencer::new(plan.order), fleet, town, steps: Vec::new() })
    }

    /// Whose readings are to come next, when there are several partitions.
    pub fn wants(&self) -> Option<PartitionId> {
        self.sequencer.wants()
    }

    /// The meters.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The order of arrival.
    pub fn sequencer(&self) -> &Sequencer {
        &self.sequencer
    }

    /// The second stage, if the plan has one.
    pub fn town(&self) -> Option<&Town> {
        self.town.as_ref()
    }

    /// Takes an input. Returns how far it came in a batch: it stops early when it is another partition's turn.
    pub fn step(&mut self, input: &Input<'_>, out: &mut Outputs) -> usize {
        match *input {
            Input::Open { partition, first } => {
                self.sequencer.open(partition, first);
                0
            }
            Input::Readings { partition, batch, from } => {
                let (mut late, mut waited) = (Vec::new(), Vec::new());
                let steps = &mut self.steps;
                let came = self.sequencer.sequence(partition, batch, from, steps, &mut late, &mut waited);
                bury(partition, batch, &late, &[], &mut out.dead);
                for (held, reason) in waited {
                    bury_held(partition, held, reason, &mut out.dead);
                }
                self.take_steps(partition, batch, out);
                came
            }
            Input::End { partition } => {
                self.sequencer.end(partition, &mut self.steps);
                self.take_steps(partition, &Batch::default(), out);
                0
            }
        }
    }

    /// All partitions have ended: what waits for a register is told with what is known.
    pub fn finish(&mut self, out: &mut Outputs) {
        self.fleet.finish(&mut out.intervals);
        out.ticks.push((EventTime::MAX, out.intervals.len()));
        if let Some(town) = &mut self.town {
            town.finish(out);
        }
    }

    fn take_steps(&mut self, partition: PartitionId, batch: &Batch, out: &mut Outputs) {
        let mut refused = Vec::new();
        for step in self.steps.drain(..) {
            match step {
                Step::Admit(range) => self.fleet.admit(batch, range, &mut refused),
                Step::Released(released) => {
                    let mut refused = Vec::new();
                    self.fleet.admit(&released, 0..released.len(), &mut refused);
                    bury(partition, &released, &[], &refused, &mut out.dead);
                }
                Step::Advance(watermark) => loop {
                    let first = out.intervals.len();
                    let Some(end) = self.fleet.close_next(watermark, &mut out.intervals) else { break };
                    out.ticks.push((end, out.intervals.len()));
                    if let Some(town) = &mut self.town {
                        let rows = std::mem::take(&mut out.intervals);
                        town.tick(end, &rows[first..], out);
                        out.intervals = rows;
                    }
                },
            }
        }
        bury(partition, batch, &[], &refused, &mut out.dead);
    }
}
