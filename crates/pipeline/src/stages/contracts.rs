//! Quality rules that compare consumers with their contracts, and transformers with their consumers.

use super::{Stage, Tick};
use crate::parts::{PartKind, Restoring, Storing};
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan, TownError};
use grid::{Join, Joined, Topology};
use reading::EventCode;
use std::sync::Arc;
use vet::{Findings, FindingsSettings, Tally};

/// The class of a meter that should use nothing.
const INACTIVE: &str = "inactive";

const FINDINGS: PartKind = PartKind {
    name: "findings",
    version: Findings::STATE_VERSION,
    reads: &[],
    holds: "what quality rules found on the current day",
    settings: "`length` of `[intervals]`, or `time_zone`",
};

/// The stage, with its findings of the current local day.
#[derive(Debug, Clone)]
pub(crate) struct Contracts {
    findings: Findings,
    /// For each row of the topology: whether its consumer should use nothing.
    inactive: Vec<bool>,
}

impl Contracts {
    pub(crate) fn tick(&mut self, tick: &Tick<'_>, out: &mut Outputs) {
        let findings = &mut self.findings;
        findings.begin(tick.end, &mut out.findings);
        findings.reported(tick.end, &tick.reports.events);
        self.join(tick.joined);
        // Only those of this tick: a day is judged when it is over, and rows that come later do not change that.
        let findings = &mut self.findings;
        let of_tick = tick.balances.iter().filter(|one| one.end == tick.end);
        for one in of_tick.filter(|one| one.is_complete() && one.meters > 0) {
            let measured = one.quality.is_whole();
            if let Some(supplied) = one.supplied.filter(|_| measured) {
                findings.group(one.transformer, supplied, one.consumed);
            }
        }
    }

    /// Takes rows of a tick, or of ticks that are over, between two ticks. They count on the day under way.
    pub(crate) fn join(&mut self, joined: &Join<'_>) {
        for joined in joined.iter().filter(Joined::is_consumer) {
            let is_active = match joined.number() {
                Some(number) => !self.inactive[number as usize],
                // A meter without any row is unknown. Only a meter that had a row before can have lost its contract.
                None => joined.first().is_none(),
            };
            self.findings.consumer(joined.interval, joined.row.and_then(|row| row.sanctioned), is_active);
        }
    }

    pub(crate) fn tally(&self) -> &Tally {
        self.findings.tally()
    }
}

impl Stage for Contracts {
    type Settings<'p> = FindingsSettings;

    fn events(_settings: &Self::Settings<'_>) -> Vec<EventCode> {
        Findings::EVENTS.to_vec()
    }

    fn asked(plan: &Plan) -> Option<FindingsSettings> {
        plan.town_rules
    }

    fn new(rules: FindingsSettings, plan: &Plan, topology: &Arc<Topology>) -> Result<Self, TownError> {
        let findings = Findings::new(rules, plan.calendar.clone(), plan.grid());
        Ok(Self { findings, inactive: inactive(topology) })
    }

    fn place(&mut self, _before: &Topology, topology: &Arc<Topology>) {
        self.inactive = inactive(topology);
    }

    fn finish(&mut self, _topology: &Topology, out: &mut Outputs) {
        self.findings.close_day(&mut out.findings);
    }

    fn store(&self, _topology: &Topology, parts: &mut Storing) {
        parts.part(&FINDINGS, self.findings.fingerprint(), &self.findings.snapshot());
    }

    fn restore(&mut self, _topology: &Topology, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        let Some(found) = parts.take(&FINDINGS, self.findings.fingerprint())? else { return Ok(()) };
        self.findings.restore(found.whole()?);
        Ok(())
    }
}

fn inactive(topology: &Topology) -> Vec<bool> {
    topology.rows().iter().map(|row| row.class.as_deref() == Some(INACTIVE)).collect()
}
