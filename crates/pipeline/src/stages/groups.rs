//! The demand of transformers, feeders and the whole town, and consumers above their sanctioned load.

use super::{Stage, Tick};
use crate::parts::{PartKind, Restoring, Storing};
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan, TownError};
use grid::{Joined, Role, Topology};
use metering::{DemandRow, MeteringSettings, Place, Placed, Whose};
use reading::Target;
use std::collections::BTreeMap;
use std::sync::Arc;
use units::Watts;

const GROUPS: PartKind = PartKind {
    name: "groups",
    version: metering::Groups::STATE_VERSION,
    reads: &[],
    holds: "the demand of transformers and feeders, and of consumers among others, in the billing period under way",
    settings: "whether there is `[groups]`, `[demand]`, `length` of `[intervals]`, `time_zone`, or `exchange` of `[grid]`",
};

/// The demand of groups of consumers.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    groups: metering::Groups,
    /// The rated power of transformers and feeders.
    ratings: BTreeMap<Target, Watts>,
}

impl Groups {
    pub(crate) fn tick(&mut self, tick: &Tick<'_>, out: &mut Outputs) {
        let topology = tick.joined.topology();
        let of_consumers = tick.joined.iter().filter(Joined::is_consumer);
        let placed = of_consumers.map(|joined| Placed { row: joined.interval, place: joined.number() });
        let place_of = |number: u32| {
            let row = &topology.rows()[number as usize];
            let (transformer, feeder, area) = (row.transformer(), row.feeder(), row.area());
            Place { transformer, feeder, area, sanctioned: row.sanctioned, class: row.class.as_deref() }
        };
        // Without a topology, the whole town is all consumers that have sent a reading.
        let heard = self.groups.meters() as u32;
        let is_empty = topology.rows().is_empty();
        let size = |target| if is_empty { heard } else { topology.consumers_at(target, tick.end) };
        let known = out.metering.demand.len();
        out.above.extend(self.groups.tick(tick.end, placed, place_of, size, &mut out.metering.demand));
        rate(&mut out.metering.demand[known..], &self.ratings);
    }

    /// Adds to the demand of meters what only the topology and other meters know. Call it after the tick that closed
    /// it.
    pub(crate) fn complete(&mut self, demand: &mut [DemandRow], topology: &Topology) {
        for row in demand {
            self.groups.complete(row);
            let (Some(whole), Whose::Meter(meter)) = (&mut row.whole, &row.whose) else { continue };
            whole.among.sanctioned = topology.at(meter, row.end).and_then(|place| place.sanctioned);
        }
    }
}

impl Stage for Groups {
    type Settings<'p> = &'p MeteringSettings;

    fn asked(plan: &Plan) -> Option<&MeteringSettings> {
        let any = plan.groups.is_some() || plan.above_sanctioned.is_some();
        plan.metering.as_ref().filter(|rules| any && rules.demand.is_some())
    }

    fn new(rules: &MeteringSettings, plan: &Plan, topology: &Arc<Topology>) -> Result<Self, TownError> {
        let groups = metering::Groups::new(rules, plan.groups, plan.above_sanctioned, &plan.calendar);
        Ok(Self { groups, ratings: ratings(topology) })
    }

    fn place(&mut self, _before: &Topology, topology: &Arc<Topology>) {
        self.ratings = ratings(topology);
        self.groups.forget_places();
    }

    fn finish(&mut self, _topology: &Topology, out: &mut Outputs) {
        let known = out.metering.demand.len();
        self.groups.finish(&mut out.metering.demand);
        rate(&mut out.metering.demand[known..], &self.ratings);
    }

    fn store(&self, _topology: &Topology, parts: &mut Storing) {
        parts.part(&GROUPS, self.groups.fingerprint(), &self.groups.snapshot());
    }

    fn restore(&mut self, _topology: &Topology, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        let Some(found) = parts.take(&GROUPS, self.groups.fingerprint())? else { return Ok(()) };
        self.groups.restore(found.whole()?).then_some(()).ok_or_else(|| found.wrong())
    }
}

/// The rated power of transformers and feeders, from the rows of their own meters that have no end.
fn ratings(topology: &Topology) -> BTreeMap<Target, Watts> {
    let own = topology.rows().iter().filter(|row| row.to.is_none());
    let rating = own.filter_map(|row| {
        let target = match row.role {
            Role::Consumer => return None,
            Role::Transformer => Target::Transformer(row.transformer()?),
            Role::Feeder => Target::Feeder(row.feeder()?),
        };
        Some((target, row.sanctioned?))
    });
    rating.collect()
}

/// Adds the rated power to the demand of groups.
fn rate(demand: &mut [DemandRow], ratings: &BTreeMap<Target, Watts>) {
    for row in demand {
        let rating = ratings.get(&row.target()).copied();
        if let Some(whole) = &mut row.whole {
            whole.among.sanctioned = rating;
        }
    }
}
