//! The demand of transformers, feeders and the whole town, and consumers above their sanctioned load.

use super::{Stage, Tick};
use crate::parts::{PartKind, Restoring, Storing};
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan, TownError};
use grid::{Join, Joined, Role, Topology};
use metering::{DemandRow, GroupsStateV1, MeteringSettings, Network, Place, Placed, Whose};
use reading::{EventTime, Target};
use std::collections::BTreeMap;
use std::sync::Arc;
use units::Watts;

const GROUPS: PartKind = PartKind {
    name: "groups",
    version: metering::Groups::STATE_VERSION,
    reads: &[1],
    holds: "the demand of transformers and feeders, and of consumers among others, in the billing period under way, and \
            sums that wait for late rows",
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
        let network = self.network(tick.joined.topology());
        let known = out.metering.demand.len();
        let above = self.groups.tick(tick.end, placed(tick.joined), &network, &mut out.metering.demand);
        out.above.extend(above);
        rate(&mut out.metering.demand[known..], &self.ratings);
    }

    /// Takes rows of ticks that are over, between two ticks.
    pub(crate) fn join(&mut self, joined: &Join<'_>, out: &mut Outputs) {
        let network = self.network(joined.topology());
        out.above.extend(self.groups.join(placed(joined), &network));
    }

    /// No further row will come: what waits for late rows enters the demand as it is.
    pub(crate) fn settle(&mut self, topology: &Topology, out: &mut Outputs) {
        let (size, known) = (self.size(topology), out.metering.demand.len());
        self.groups.settle(size, &mut out.metering.demand);
        rate(&mut out.metering.demand[known..], &self.ratings);
    }

    fn network<'a>(
        &self,
        topology: &'a Topology,
    ) -> Network<impl Fn(u32) -> Place<'a> + use<'a>, impl Fn(Target, EventTime) -> u32 + use<'a>> {
        let place_of = |number| place_of(topology, number);
        Network { place_of, size: self.size(topology), is_known: !topology.rows().is_empty() }
    }

    /// How many consumers a group has. Without a topology, the whole town is all consumers that have sent a reading.
    fn size<'a>(&self, topology: &'a Topology) -> impl Fn(Target, EventTime) -> u32 + use<'a> {
        let (heard, is_empty) = (self.groups.meters() as u32, topology.rows().is_empty());
        move |target, end| if is_empty { heard } else { topology.consumers_at(target, end) }
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
        let (groups, above) = (plan.groups, plan.above_sanctioned);
        let groups = metering::Groups::new(rules, groups, above, plan.final_after, &plan.calendar);
        Ok(Self { groups, ratings: ratings(topology) })
    }

    fn place(&mut self, _before: &Topology, topology: &Arc<Topology>) {
        self.ratings = ratings(topology);
        self.groups.forget_places();
    }

    fn finish(&mut self, topology: &Topology, out: &mut Outputs) {
        let (size, known) = (self.size(topology), out.metering.demand.len());
        self.groups.finish(size, &mut out.metering.demand);
        rate(&mut out.metering.demand[known..], &self.ratings);
    }

    fn store(&self, _topology: &Topology, parts: &mut Storing) {
        parts.part(&GROUPS, self.groups.fingerprint(), &self.groups.snapshot());
    }

    fn restore(&mut self, _topology: &Topology, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        let Some(found) = parts.take(&GROUPS, self.groups.fingerprint())? else { return Ok(()) };
        let stored = match found.version {
            1 => found.whole::<GroupsStateV1>()?.into(),
            _ => found.whole()?,
        };
        self.groups.restore(stored).then_some(()).ok_or_else(|| found.wrong())
    }
}

/// The rows of consumers, each with its place.
fn placed<'a>(joined: &'a Join<'_>) -> impl Iterator<Item = Placed<'a>> + Clone {
    let of_consumers = joined.iter().filter(Joined::is_consumer);
    of_consumers.map(|joined| Placed { row: joined.interval, place: joined.number() })
}

/// The place in a row of the topology.
fn place_of(topology: &Topology, number: u32) -> Place<'_> {
    let row = &topology.rows()[number as usize];
    let (transformer, feeder, area) = (row.transformer(), row.feeder(), row.area());
    Place { transformer, feeder, area, sanctioned: row.sanctioned, class: row.class.as_deref() }
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
