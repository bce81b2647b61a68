//! The output `balances`: the energy that each transformer supplied, and the energy that its consumers used.

use super::{Stage, Tick};
use crate::parts::{Restoring, Storing};
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan, TownError};
use grid::Topology;
use std::sync::Arc;

/// Publishes the balances that [`Town::tick`](crate::Town::tick) computes. It has no state.
#[derive(Debug, Clone)]
pub(crate) struct Balances;

impl Balances {
    pub(crate) fn tick(&self, tick: &Tick<'_>, out: &mut Outputs) {
        out.balances.extend_from_slice(tick.balances);
    }
}

impl Stage for Balances {
    type Settings<'p> = ();

    fn asked(plan: &Plan) -> Option<()> {
        plan.balance.then_some(())
    }

    fn new((): (), _plan: &Plan, _topology: &Arc<Topology>) -> Result<Self, TownError> {
        Ok(Self)
    }

    fn store(&self, _topology: &Topology, _parts: &mut Storing) {}

    fn restore(&mut self, _topology: &Topology, _parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        Ok(())
    }
}
