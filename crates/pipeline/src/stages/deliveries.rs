//! The output `health`: what meters, transformers and concentrators delivered.

use super::{Stage, Tick};
use crate::parts::{PartKind, Restoring, Storing};
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan, TownError};
use grid::Topology;
use health::{HealthSettings, MeterDay, Place, Roll, Summary, Totals, Whose};
use reading::EventTime;
use std::sync::Arc;

const DELIVERIES: PartKind = PartKind {
    name: "deliveries",
    version: Totals::STATE_VERSION,
    reads: &[],
    holds: "what transformers and concentrators delivered of the days that are not final",
    settings: "`length` of `[intervals]`, or `time_zone`",
};

/// Adds up the days of meters that the first stage reports.
#[derive(Debug, Clone)]
pub(crate) struct Deliveries {
    totals: Totals,
    /// How many meters had sent nothing when the run ended.
    absent: u32,
    fingerprint: u64,
}

impl Deliveries {
    pub(crate) fn tick(&mut self, tick: &Tick<'_>, out: &mut Outputs) {
        let topology = tick.joined.topology();
        let placed = placed(&tick.reports.deliveries, topology);
        self.totals.tick(tick.end, placed, |time| roll(topology, time), &mut out.health);
    }

    /// Takes the last days of meters, when no further tick will come.
    pub(crate) fn take_last(&mut self, days: &[MeterDay], topology: &Topology, out: &mut Outputs) {
        self.totals.take(placed(days, topology), &mut out.health);
    }

    /// Adds what only the town knows.
    pub(crate) fn complete(&self, summary: &mut Summary) {
        summary.set_of_town(self.totals.wrong_clocks().clone(), self.absent);
    }
}

/// Each day with the place that the meter had at its end.
fn placed<'a>(days: &'a [MeterDay], topology: &'a Topology) -> impl Iterator<Item = (MeterDay, Place)> + 'a {
    let place_at = |one: &MeterDay, time: EventTime| topology.at(&one.meter, time);
    days.iter().map(move |one| {
        // A meter that was exchanged in the day has no row at its end.
        let row = place_at(one, one.end).or_else(|| place_at(one, one.last_heard));
        let place = row.map(|row| Place {
            transformer: row.transformer(),
            concentrator: row.concentrator.as_deref().copied(),
        });
        (*one, place.unwrap_or_default())
    })
}

/// How many meters each transformer and concentrator has at a time.
fn roll(topology: &Topology, time: EventTime) -> Roll {
    let mut roll = Roll::new();
    for row in topology.rows().iter().filter(|row| row.holds_at(time)) {
        let transformer = row.transformer().map(Whose::Transformer);
        let concentrator = row.concentrator.as_deref().map(|&id| Whose::Concentrator(id));
        for whose in transformer.into_iter().chain(concentrator) {
            *roll.entry(whose).or_default() += 1;
        }
    }
    roll
}

impl Stage for Deliveries {
    type Settings<'p> = &'p HealthSettings;

    fn asked(plan: &Plan) -> Option<&HealthSettings> {
        plan.health.as_ref()
    }

    fn new(settings: &HealthSettings, _plan: &Plan, _topology: &Arc<Topology>) -> Result<Self, TownError> {
        Ok(Self { totals: Totals::new(settings.clone()), absent: 0, fingerprint: settings.fingerprint() })
    }

    fn finish(&mut self, topology: &Topology, out: &mut Outputs) {
        self.absent = self.totals.finish(|time| roll(topology, time), &mut out.health);
    }

    fn store(&self, _topology: &Topology, parts: &mut Storing) {
        parts.part(&DELIVERIES, self.fingerprint, &self.totals.snapshot());
    }

    fn restore(&mut self, _topology: &Topology, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        let Some(found) = parts.take(&DELIVERIES, self.fingerprint)? else { return Ok(()) };
        self.totals.restore(found.whole()?);
        Ok(())
    }
}
