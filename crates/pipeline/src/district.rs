//! A district is the second stage of some transformers. The lanes feed it through a log.
//!
//! Its state depends only on that log up to an offset. So any instance that continues from there gets the same
//! results.

use crate::inflow::{INFLOW, Inflow, InflowV1};
use crate::parts::{LostPart, Restoring, Storing};
use crate::passed::Passed;
use crate::snapshot::SnapshotError;
use crate::town::{Town, TownError};
use crate::{Outputs, Plan};
use fleet::PartitionId;
use grid::Topology;
use reading::EventTime;
use std::sync::Arc;

/// A part of a town that can be judged without the other parts: transformers with all their meters.
#[derive(Debug)]
pub struct District {
    town: Town,
    inflow: Inflow,
}

impl District {
    /// A district without any state. It waits for all lanes with the numbers 0 to `lanes - 1`.
    pub fn new(plan: &Plan, topology: Arc<Topology>, lanes: PartitionId) -> Result<Self, TownError> {
        let mut inflow = Inflow::default();
        (0..lanes).for_each(|lane| inflow.open(lane));
        Ok(Self { town: Town::new(plan, topology)?, inflow })
    }

    /// Takes a message of a lane.
    pub fn take(&mut self, passed: Passed, out: &mut Outputs) {
        let ended = self.inflow.take(passed);
        while let Some(flow) = self.inflow.next_flow() {
            self.town.take(flow, out);
        }
        if ended {
            // All lanes have ended, so the ticks that are still open are published, on a copy of the town. The town
            // itself forgets them: if a lane continues later, it sends them again, whole, and they would count twice.
            let (mut town, mut confluence) = (self.town.clone(), self.inflow.to_the_end());
            while let Some(flow) = confluence.next_flow() {
                town.take(flow, out);
            }
            town.finish(out);
        }
    }

    /// The time of the shell's clock is `now`. If every lane is idle, the town still notices meters that are silent.
    pub fn notice(&mut self, now: EventTime, out: &mut Outputs) {
        if self.inflow.rests() && !self.inflow.ended() {
            self.town.notice(now, out);
        }
    }

    /// Whether all lanes have ended, and the last ticks are published.
    pub fn ended(&self) -> bool {
        self.inflow.ended()
    }

    /// The last tick that the town has worked on.
    pub fn last_tick(&self) -> Option<EventTime> {
        self.inflow.last_tick()
    }

    /// The lanes that have to pause: more than `most` of their rows wait for slower lanes. The slowest is never among
    /// them.
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

    /// Takes another topology. If the topology is wrong, the district stays as it is.
    pub fn place(&mut self, topology: Arc<Topology>) -> Result<(), TownError> {
        self.town.place(topology)
    }

    /// The state, as bytes to store.
    pub fn store(&self) -> Vec<u8> {
        let mut parts = Storing::new();
        parts.part(&INFLOW, self.town.inflow_fingerprint(), &self.inflow.snapshot());
        self.town.store(&mut parts);
        parts.end()
    }

    /// Restores a district. Lanes may have been added since it was stored.
    ///
    /// Parts whose settings have changed in the plan start empty. They are returned as lost.
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
            Some(found) => Inflow::restore(&match found.version {
                1 => found.whole::<InflowV1>()?.into(),
                _ => found.whole()?,
            })?,
            None => Inflow::default(),
        };
        (0..lanes).for_each(|lane| inflow.open(lane));
        town.restore(&mut parts)?;
        Ok((Self { town, inflow }, parts.finish()))
    }
}

#[cfg(test)]
mod tests;
