//! The outputs `balances` and `losses`: the energy that each transformer supplied, and the energy that its consumers
//! used. Losses also hold the feeders that have a meter of their own.

use super::{Stage, Tick};
use crate::parts::{PartKind, Restoring, Storing};
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan, TownError};
use grid::{Balance, BalancesStateV1, BalancesStateV2, Join, Losses, LossesStateV1, Topology};
use reading::{EventTime, Fingerprint};
use std::sync::Arc;

const BALANCES: PartKind = PartKind {
    name: "balances",
    version: grid::Balances::STATE_VERSION,
    reads: &[1, 2],
    holds: "balances that are not final, and what each consumer usually uses",
    settings: "`length` of `[intervals]`",
};
const LOSSES: PartKind = PartKind {
    name: "losses",
    version: Losses::STATE_VERSION,
    reads: &[1],
    holds: "the losses of the current day and month",
    settings: "`length` of `[intervals]`, or `time_zone`",
};

/// Computes the balances, for the outputs and for stages that need them.
#[derive(Debug, Clone)]
pub(crate) struct Balances {
    balances: grid::Balances,
    /// None if the plan does not ask for the outputs, and only another stage needs balances.
    losses: Option<Losses>,
    /// While the run ends: the interval whose balances were published last, and the losses up to there.
    ending: Option<(EventTime, Losses)>,
    length: i64,
    /// Whether all consumers of every feeder are here.
    whole_town: bool,
}

impl Balances {
    /// Takes the rows of a tick. Returns the balances that are new or have changed.
    pub(crate) fn compute(&mut self, end: EventTime, joined: &Join<'_>) -> Vec<Balance> {
        self.balances.tick(end, joined)
    }

    /// Takes rows of ticks that are over, between two ticks.
    pub(crate) fn join(&mut self, joined: &Join<'_>) {
        self.balances.join(joined.iter(), joined.topology());
    }

    pub(crate) fn tick(&mut self, tick: &Tick<'_>, out: &mut Outputs) {
        if let Some(losses) = &mut self.losses {
            let feeders = if self.whole_town { self.balances.final_feeders() } else { &[] };
            out.losses.extend(losses.take(tick.balances, feeders));
            out.balances.extend_from_slice(tick.balances);
        }
    }

    /// The run ends: publishes the balances of one more interval that are not final, and at last the losses of periods
    /// that are not over. Returns whether there is more. The state itself stays as it is.
    pub(crate) fn end(&mut self, topology: &Topology, out: &mut Outputs) -> bool {
        let Some(losses) = &self.losses else { return false };
        let (after, mut ending) = self.ending.take().unwrap_or_else(|| (EventTime::MIN, losses.clone()));
        let Some(mut ended) = self.balances.ended_after(after, topology) else {
            out.losses.extend(ending.finish());
            return false;
        };
        if !self.whole_town {
            ended.feeders.clear();
        }
        out.losses.extend(ending.take_ended(&ended));
        out.balances.extend(ended.balances);
        self.ending = Some((ended.end, ending));
        true
    }

    /// How many rows came when the balance of their interval was final, if its outputs are asked for.
    pub(crate) fn after_final(&self) -> u64 {
        self.losses.as_ref().map_or(0, |_| self.balances.after_final())
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::new("balances").whole(self.length).end()
    }
}

impl Stage for Balances {
    /// Whether the outputs are asked for.
    type Settings<'p> = bool;

    fn asked(plan: &Plan) -> Option<bool> {
        (plan.balance || plan.town_rules.is_some()).then_some(plan.balance)
    }

    fn new(for_outputs: bool, plan: &Plan, topology: &Arc<Topology>) -> Result<Self, TownError> {
        let grid = plan.grid();
        let final_after = if for_outputs { plan.final_after } else { 0 };
        Ok(Self {
            balances: grid::Balances::new(grid, final_after, topology),
            losses: for_outputs.then(|| Losses::new(plan.calendar.clone(), grid, plan.whole_town)),
            ending: None,
            length: grid.length(),
            whole_town: plan.whole_town,
        })
    }

    fn place(&mut self, before: &Topology, topology: &Arc<Topology>) {
        self.balances.place(before, topology);
    }

    fn store(&self, topology: &Topology, parts: &mut Storing) {
        parts.part(&BALANCES, self.fingerprint(), &self.balances.snapshot(topology));
        if let Some(losses) = &self.losses {
            parts.part(&LOSSES, losses.fingerprint(), losses.snapshot());
        }
    }

    fn restore(&mut self, topology: &Topology, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        if let Some(found) = parts.take(&BALANCES, self.fingerprint())? {
            let stored = match found.version {
                1 => found.whole::<BalancesStateV1>()?.into(),
                2 => found.whole::<BalancesStateV2>()?.into(),
                _ => found.whole()?,
            };
            self.balances.restore(topology, stored);
        }
        let Some(losses) = &mut self.losses else { return Ok(()) };
        if let Some(found) = parts.take(&LOSSES, losses.fingerprint())? {
            losses.restore(match found.version {
                1 => found.whole::<LossesStateV1>()?.into(),
                _ => found.whole()?,
            });
        }
        Ok(())
    }
}
