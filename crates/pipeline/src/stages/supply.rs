//! Consumers without supply: which, since when, and how often.

use super::{Stage, Tick, TownGauge};
use crate::parts::{PartKind, Restoring, Storing};
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan, TownError};
use grid::{Join, Topology};
use reading::{EventCode, EventTime};
use std::sync::Arc;
use supply::{SupplySettings, SupplyStateV1, SupplyStateV2, SupplyStateV3};

const SUPPLY: PartKind = PartKind {
    name: "supply",
    version: supply::Supply::STATE_VERSION,
    reads: &[1, 2, 3],
    holds: "outages that have not ended, and when each consumer sent something last",
    settings: "`length` of `[intervals]`, or `exchange` of `[grid]`",
};
const INDICES: PartKind = PartKind {
    name: "supply-indices",
    version: supply::Supply::INDICES_VERSION,
    reads: &[],
    holds: "the interruptions and voltages of past days",
    settings: "`time_zone`",
};

/// The supply of all consumers.
#[derive(Debug, Clone)]
pub(crate) struct Supply {
    pub(crate) supply: supply::Supply,
}

impl Supply {
    pub(crate) fn tick(&mut self, tick: &Tick<'_>, out: &mut Outputs) {
        self.supply.tick(tick.end, tick.joined, &tick.reports.events, &mut out.supply);
    }

    /// Takes rows of ticks that are over, between two ticks.
    pub(crate) fn join(&mut self, joined: &Join<'_>) {
        self.supply.take_part(joined);
    }

    /// The time of the shell's clock is `now`, and no tick comes, because all meters are silent.
    pub(crate) fn notice(&mut self, now: EventTime, topology: &Topology, out: &mut Outputs) {
        self.supply.notice(now, topology, &mut out.supply);
    }
}

impl Stage for Supply {
    type Settings<'p> = SupplySettings;

    fn events(_settings: &SupplySettings) -> Vec<EventCode> {
        SupplySettings::EVENTS.to_vec()
    }

    fn asked(plan: &Plan) -> Option<SupplySettings> {
        plan.supply
    }

    fn new(rules: SupplySettings, plan: &Plan, topology: &Arc<Topology>) -> Result<Self, TownError> {
        Ok(Self { supply: supply::Supply::new(rules, plan.calendar.clone(), topology) })
    }

    fn place(&mut self, before: &Topology, topology: &Arc<Topology>) {
        self.supply.place(before, topology);
    }

    fn finish(&mut self, topology: &Topology, out: &mut Outputs) {
        self.supply.finish(topology, &mut out.supply);
    }

    fn store(&self, topology: &Topology, parts: &mut Storing) {
        parts.part(&SUPPLY, self.supply.fingerprint(), &self.supply.snapshot(topology));
        parts.part(&INDICES, self.supply.indices_fingerprint(), &self.supply.indices());
    }

    fn restore(&mut self, topology: &Topology, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        if let Some(found) = parts.take(&SUPPLY, self.supply.fingerprint())? {
            let stored = match found.version {
                1 => found.whole::<SupplyStateV1>()?.into(),
                2 => found.whole::<SupplyStateV2>()?.into(),
                3 => found.whole::<SupplyStateV3>()?.into(),
                _ => found.whole()?,
            };
            self.supply.restore(topology, stored).map_err(|_| found.wrong())?;
        }
        if let Some(found) = parts.take(&INDICES, self.supply.indices_fingerprint())? {
            self.supply.restore_indices(found.whole()?);
        }
        Ok(())
    }

    fn gauges(&self, set: &mut impl FnMut(TownGauge, u64)) {
        set(TownGauge::OutagesOpen, self.supply.open() as u64);
        set(TownGauge::SilentMeters, self.supply.silent() as u64);
    }
}
