//! Suspicions, the cases that they open, and the messages about these.

use super::{Stage, Tick, TownGauge};
use crate::parts::{PartKind, PartReader, Restoring, Storing};
use crate::reports::Reports;
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan, TownError};
use cases::Cases;
use detect::{
    Comparing, DailyScores, DailyScoresStateV1, Detector, DetectorRules, DetectorState, Detectors, Findings,
};
use grid::{Fronts, Join, Joined, Topology};
use notify::{Channel, Notifier};
use reading::{Calendar, EventCode, Fingerprint, MeterId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The state of each detector is a part of its own, so that a changed detector loses only its own state.
fn part_of(detector: Detector) -> PartKind {
    PartKind {
        name: detector.name(),
        version: detector.state_version(),
        reads: detector.state_reads(),
        holds: detector.remembers(),
        settings: detector.state_settings(),
    }
}

/// The state of each channel is a part of its own, too.
fn part_of_channel(channel: Channel) -> PartKind {
    PartKind {
        name: channel.about().part,
        version: Notifier::STATE_VERSION,
        reads: &[],
        holds: "messages that were sent recently, and messages that wait",
        settings: "no setting",
    }
}

const SCORES: PartKind = PartKind {
    name: "suspicions",
    version: DailyScores::STATE_VERSION,
    reads: &[1],
    holds: "the suspicions of days that are under way",
    settings: "`time_zone`",
};
const FRONTS: PartKind = PartKind {
    name: "heard",
    version: Fronts::STATE_VERSION,
    reads: &[],
    holds: "when each consumer was heard of last, so that late neighbours are waited for",
    settings: "`length` of `[intervals]`",
};
const FOUND: PartKind = PartKind {
    name: "found",
    version: Findings::STATE_VERSION,
    reads: &[],
    holds: "what detectors found in parts of long backlogs since the last tick",
    settings: "no setting",
};
const CASES: PartKind = PartKind {
    name: "cases",
    version: Cases::STATE_VERSION,
    reads: &[],
    holds: "open cases, and cases that closed recently",
    settings: "no setting",
};
const NOT_LOOKED_AT: PartKind = PartKind {
    name: "not-looked-at",
    version: 1,
    reads: &[],
    holds: "counts of intervals and alerts that could not be judged or sent",
    settings: "no setting",
};

/// These states depend on no setting: cool-downs and throttles affect only what happens from now on.
const ANY_SETTINGS: u64 = 0;

/// The stage: detectors, cases and channels.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    calendar: Calendar,
    rules: DetectorRules,
    case_rules: cases::CaseRules,
    /// The length of an interval, ms.
    length: i64,
    fronts: Fronts,
    detectors: Detectors,
    /// What they found in parts of backlogs since the last tick.
    found: Findings,
    daily: DailyScores,
    cases: Cases,
    /// One for each channel of the plan, in the order of the list of channels.
    notifiers: Vec<Notifier>,
    not_looked_at: NotLookedAt,
}

/// What could not be judged or sent, because the topology lacks a transformer or an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotLookedAt {
    /// Alerts without a recipient: the topology has no meter reader, or no other address, for the area.
    pub unrouted: u64,
    /// Intervals with a difference of phase and neutral that raised no suspicion: without a transformer, no neighbour
    /// can be compared.
    pub held_back: u64,
    /// Consumers that sent readings, and are connected to no known transformer.
    pub strangers: BTreeSet<MeterId>,
}

impl Watch {
    pub(crate) fn tick(&mut self, tick: &Tick<'_>, out: &mut Outputs) {
        self.fronts.tick(tick.end, tick.joined.iter());
        self.examine(tick.joined, Some(tick.reports), out);
        self.note_strangers(tick.joined);
    }

    /// Takes rows of ticks that are over, between two ticks. What is found in them is weighed in the next one.
    pub(crate) fn join(&mut self, joined: &Join<'_>) {
        self.fronts.join(joined.iter());
        let (topology, fronts, at_the_end) = (joined.topology(), &self.fronts, false);
        let comparing = Comparing { topology, fronts, at_the_end, events: &[], wires: &[] };
        self.detectors.examine(&comparing, joined.iter(), &mut self.found);
        self.note_strangers(joined);
    }

    fn note_strangers(&mut self, joined: &Join<'_>) {
        // A meter whose last row ended inside the interval is not strange: the topology knows it.
        let strange = |joined: &Joined<'_>| match joined.role {
            None => joined.first().is_none(),
            Some(_) => joined.is_consumer() && joined.transformer().is_none(),
        };
        let strangers = joined.iter().filter(strange).map(|joined| joined.interval.meter);
        self.not_looked_at.strangers.extend(strangers);
    }

    /// Examines the rows of a tick with its reports, and everything before them that can be compared since. At the
    /// end there are no reports.
    fn examine(&mut self, joined: &Join<'_>, reports: Option<&Reports>, out: &mut Outputs) {
        let (topology, fronts, at_the_end) = (joined.topology(), &self.fronts, reports.is_none());
        let (events, wires) = reports.map_or((&[][..], &[][..]), |reports| (&reports.events, &reports.wires));
        let comparing = Comparing { topology, fronts, at_the_end, events, wires };
        let mut found = std::mem::take(&mut self.found);
        self.detectors.examine(&comparing, joined.iter(), &mut found);
        let (suspicions, held_back) = found.weighed();
        self.not_looked_at.held_back += held_back;
        let front_of = |transformer| comparing.front_of_named(transformer);
        self.daily.collect(&self.calendar, &suspicions, front_of, &mut out.suspicions);
        let known = out.changes.len();
        self.cases.consider(&suspicions, front_of, self.fronts.patient_until(), &mut out.changes);
        let first = out.alerts.len();
        let alert = |change| cases::alert(change, &self.calendar);
        out.alerts.extend(out.changes[known..].iter().filter_map(alert));
        let now = self.fronts.last_tick();
        for notifier in &mut self.notifiers {
            let routed = notifier.route(now, &out.alerts[first..], &self.calendar);
            self.not_looked_at.unrouted += routed.unrouted.len() as u64;
            out.messages.extend(routed.messages);
            out.told_already.extend(routed.repeated);
        }
    }

    pub(crate) fn open_cases(&self) -> impl Iterator<Item = &cases::Case> {
        self.cases.open()
    }

    pub(crate) fn not_looked_at(&self) -> &NotLookedAt {
        &self.not_looked_at
    }

    fn fronts_fingerprint(&self) -> u64 {
        Fingerprint::new("heard").whole(self.length).end()
    }

    /// The fingerprint of the settings that the state of a detector depends on, if it runs.
    fn fingerprint(&self, detector: Detector) -> Option<u64> {
        let settings = self.rules.fingerprint(detector)?;
        Some(settings ^ Fingerprint::new("blocks").whole(self.length).end())
    }
}

impl Stage for Watch {
    type Settings<'p> = (&'p DetectorRules, cases::CaseRules);

    fn events((rules, _): &Self::Settings<'_>) -> Vec<EventCode> {
        rules.events()
    }

    fn asked(plan: &Plan) -> Option<Self::Settings<'_>> {
        Some((&plan.detectors, plan.cases?)).filter(|(detectors, _)| !detectors.is_empty())
    }

    fn new(
        (rules, case_rules): Self::Settings<'_>,
        plan: &Plan,
        topology: &Arc<Topology>,
    ) -> Result<Self, TownError> {
        let mut notifiers = Vec::new();
        for rule in &plan.channels {
            notifiers.push(Notifier::new(rule.clone(), rule.routes(topology)?));
        }
        Ok(Self {
            calendar: plan.calendar.clone(),
            detectors: Detectors::new(rules),
            found: Findings::default(),
            rules: rules.clone(),
            case_rules,
            length: plan.grid().length(),
            fronts: Fronts::new(plan.grid(), plan.settle, topology),
            daily: DailyScores::new(),
            cases: Cases::new(case_rules),
            notifiers,
            not_looked_at: NotLookedAt::default(),
        })
    }

    fn fits(&self, topology: &Topology) -> Result<(), TownError> {
        for notifier in &self.notifiers {
            notifier.rule().routes(topology)?;
        }
        Ok(())
    }

    fn place(&mut self, before: &Topology, topology: &Arc<Topology>) {
        self.fronts.place(before, topology);
        let states = Detector::ALL.iter().filter_map(|&detector| self.detectors.state(detector, before));
        let states: Vec<DetectorState> = states.collect();
        self.detectors = Detectors::new(&self.rules);
        for state in states {
            self.detectors.restore(state, topology);
        }
        for notifier in &mut self.notifiers {
            if let Ok(routes) = notifier.rule().routes(topology) {
                notifier.set_routes(routes);
            }
        }
    }

    fn finish(&mut self, topology: &Topology, out: &mut Outputs) {
        self.examine(&Join::new(topology, &[]), None, out);
        self.cases.finish(&mut out.changes);
        self.daily.finish(&mut out.suspicions);
    }

    fn store(&self, topology: &Topology, parts: &mut Storing) {
        parts.part(&FRONTS, self.fronts_fingerprint(), &self.fronts.snapshot(topology));
        for &detector in Detector::ALL {
            let state = self.detectors.state(detector, topology);
            if let Some((fingerprint, state)) = self.fingerprint(detector).zip(state) {
                parts.part(&part_of(detector), fingerprint, &state);
            }
        }
        parts.part(&FOUND, ANY_SETTINGS, &self.found.snapshot());
        parts.part(&SCORES, DailyScores::fingerprint(&self.calendar), &self.daily.snapshot());
        parts.part(&CASES, ANY_SETTINGS, &self.cases.snapshot());
        for notifier in &self.notifiers {
            parts.part(&part_of_channel(notifier.rule().channel()), ANY_SETTINGS, &notifier.snapshot());
        }
        parts.part(&NOT_LOOKED_AT, ANY_SETTINGS, &self.not_looked_at);
    }

    fn restore(&mut self, topology: &Topology, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        if let Some(found) = parts.take(&FRONTS, self.fronts_fingerprint())? {
            self.fronts.restore(topology, &found.whole()?);
        }
        for &detector in Detector::ALL {
            if let Some(fingerprint) = self.fingerprint(detector)
                && let Some(found) = parts.take(&part_of(detector), fingerprint)?
            {
                let read = |stored: &mut PartReader<'_>| DetectorState::read(detector, found.version, stored);
                self.detectors.restore(found.whole_by(read)?, topology);
            }
        }
        if let Some(found) = parts.take(&FOUND, ANY_SETTINGS)? {
            self.found = Findings::restore(found.whole()?).map_err(|_| found.wrong())?;
        }
        if let Some(found) = parts.take(&SCORES, DailyScores::fingerprint(&self.calendar))? {
            let stored = match found.version {
                1 => found.whole::<DailyScoresStateV1>()?.into(),
                _ => found.whole()?,
            };
            self.daily = DailyScores::restore(stored).map_err(|_| found.wrong())?;
        }
        if let Some(found) = parts.take(&CASES, ANY_SETTINGS)? {
            self.cases = Cases::restore(self.case_rules, found.whole()?).map_err(|_| found.wrong())?;
        }
        for notifier in &mut self.notifiers {
            if let Some(found) = parts.take(&part_of_channel(notifier.rule().channel()), ANY_SETTINGS)? {
                notifier.restore(found.whole()?);
            }
        }
        if let Some(found) = parts.take(&NOT_LOOKED_AT, ANY_SETTINGS)? {
            self.not_looked_at = found.whole()?;
        }
        Ok(())
    }

    fn gauges(&self, set: &mut impl FnMut(TownGauge, u64)) {
        set(TownGauge::CasesOpen, self.cases.open().count() as u64);
    }
}
