//! The output `index-proposals`: consumers that seem to hang on another transformer or phase than the topology names.

use super::{Stage, Tick};
use crate::parts::{PartKind, Restoring, Storing};
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan, TownError};
use grid::{IndexSettings, Topology};
use std::sync::Arc;

const INDEX: PartKind = PartKind {
    name: "index",
    version: grid::Index::STATE_VERSION,
    reads: &[],
    holds: "how well each consumer fits the transformers of its feeder, and proposals that are open",
    settings: "`length` of `[intervals]`, or `time_zone`",
};

/// Compares the voltages of consumers.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    index: grid::Index,
    fingerprint: u64,
}

impl Index {
    pub(crate) fn tick(&mut self, tick: &Tick<'_>, out: &mut Outputs) {
        out.index_proposals.extend(self.index.tick(tick.end, tick.joined.iter(), tick.joined.topology()));
    }
}

impl Stage for Index {
    type Settings<'p> = &'p IndexSettings;

    fn asked(plan: &Plan) -> Option<&IndexSettings> {
        plan.index.as_ref()
    }

    fn new(settings: &IndexSettings, _plan: &Plan, topology: &Arc<Topology>) -> Result<Self, TownError> {
        let index = grid::Index::new(settings.clone(), topology);
        Ok(Self { index, fingerprint: settings.fingerprint() })
    }

    fn place(&mut self, before: &Topology, topology: &Arc<Topology>) {
        self.index.place(before, topology);
    }

    fn store(&self, topology: &Topology, parts: &mut Storing) {
        parts.part(&INDEX, self.fingerprint, &self.index.snapshot(topology));
    }

    fn restore(&mut self, topology: &Topology, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        let Some(found) = parts.take(&INDEX, self.fingerprint)? else { return Ok(()) };
        self.index.restore(topology, found.whole()?);
        Ok(())
    }
}
