//! The second stage of some transformers: a town of its own, fed through a log.
//!
//! Its state is a function of that log up to a place: every instance that goes on from there finds the same.

use crate::inflow::{INFLOW, Inflow};
use crate::parts::{LostPart, Restoring, Storing};
use crate::passed::Passed;
use crate::snapshot::SnapshotError;
use crate::town::{Town, TownError};
use crate::{Outputs, Plan};
use fleet::PartitionId;
use grid::Topology;
use reading::EventTime;
use std::sync::Arc;

/// A part of a town that no other part has to know.
#[derive(Debug)]
pub struct District {
    town: Town,
    inflow: Inflow,
}

impl District {
    /// A district at its beginning, fed by lanes with the numbers up to `lanes`. Each of them is waited for.
    pub fn new(plan: &Plan, topology: Arc<Topology>, lanes: PartitionId) -> Result<Self, TownError> {
        let mut inflow = Inflow::default();
        (0..lanes).for_each(|lane| inflow.open(lane));
        Ok(Self { town: Town::new(plan, topology)?, inflow })
    }

    /// Takes a word of a lane.
    pub fn take(&mut self, passed: Passed, out: &mut Outputs) {
        let ended = self.inflow.take(passed);
        while let Some((end, tick)) = self.inflow.next_tick() {
            self.town.tick(end, &tick.rows, &tick.reports.into_iter().collect(), out);
        }
        if ended {
            // Published, and not remembered: a lane that goes on passes these ticks on again.
            let (mut town, mut confluence) = (self.town.clone(), self.inflow.to_the_end());
            while let Some((end, tick)) = confluence.next_tick() {
                town.tick(end, &tick.rows, &tick.reports.into_iter().collect(), out);
            }
            town.finish(out);
        }
    }

    /// It is `now` by the clock of the shell. If every lane is idle, silence is noticed all the same.
    pub fn notice(&mut self, now: EventTime, out: &mut Outputs) {
        if self.inflow.rests() && !self.inflow.ended() {
            self.town.notice(now, out);
        }
    }

    /// Whether all lanes have ended, and the end was published.
    pub fn ended(&self) -> bool {
        self.inflow.ended()
    }

    /// The last tick that was looked at.
    pub fn last_tick(&self) -> Option<EventTime> {
        self.inflow.last_tick()
    }

    /// The lanes of which more than so many rows wait for others: they have to wait too. Never the one that is waited for.
    pub fn too_far_ahead(&self, most: usize) -> impl Iterator<Item = PartitionId> {
        self.inflow.too_far_ahead(most)
    }

    /// How many rows wait for slower lanes.
    pub fn waiting(&self) -> usize {
        self.inflow.waiting()
    }

    /// The town.
    pub fn town(&self) -> &Town {
        &self.town
    }

    /// Takes another topology; one that makes no town changes nothing.
    pub fn place(&mut self, topology: Arc<Topology>) -> Result<(), TownError> {
        self.town.place(topology)
    }

    /// The state, to be stored.
    pub fn store(&self) -> Vec<u8> {
        let mut parts = Storing::new();
        parts.part(&INFLOW, self.town.inflow_fingerprint(), &self.inflow.snapshot());
        self.town.store(&mut parts);
        parts.end()
    }

    /// A district that goes on from what was stored. Lanes may have been added since. Parts that the plan cannot go on
    /// with begin afresh, and are named.
    pub fn restore(
        plan: &Plan,
        topology: Arc<Topology>,
        lanes: PartitionId,
        bytes: &[u8],
    ) -> Result<(Self, Vec<LostPart>), SnapshotError> {
        let chain = [bytes];
        let mut parts = Restoring::read(&chain)?;
        let mut town = Town::new(plan, topology)?;
        let mut inflow = match parts.take(&INFLOW, town.inflow_fingerprint())? {
            Some(found) => Inflow::restore(&found.whole()?)?,
            None => Inflow::default(),
        };
        (0..lanes).for_each(|lane| inflow.open(lane));
        town.restore(&mut parts)?;
        Ok((Self { town, inflow }, parts.finish()))
    }
}

#[cfg(test)]
mod tests;
