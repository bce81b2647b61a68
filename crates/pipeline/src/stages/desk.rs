//! Messages by the routes of the plan, about everything that a tick found.

use super::Stage;
use crate::parts::{PartKind, Restoring, Storing};
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan, TownError};
use grid::Topology;
use metering::AboveSanctioned;
use notify::desk::{Counts, Kind, Notice, Phase, Place, Scope, Waiting, Word};
use notify::{DeskRules, DeskState};
use reading::{Calendar, EventTime, MeterId, TransformerId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use supply::{Change, Outage, Target};

const DESK: PartKind = PartKind {
    name: "desk",
    version: notify::Desk::STATE_VERSION,
    reads: &[],
    holds: "messages that wait, limits of receivers, silences and acknowledgements",
    settings: "no setting",
};

/// The routes and receivers that a plan names decide what becomes of stored errands, so no setting loses them all.
const ANY_SETTINGS: u64 = 0;

/// The stage: the desk, and what it has not heard of yet.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    desk: notify::Desk,
    calendar: Calendar,
    /// The time of the last call. The shell's clock may be ahead of a tick that comes later.
    now: EventTime,
    /// What was found between two ticks.
    queued: Vec<Notice>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StageState {
    desk: DeskState,
    now: EventTime,
    queued: Vec<Notice>,
}

/// How much each list of the outputs held before something was added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    alerts: usize,
    above: usize,
    outages: usize,
}

impl Mark {
    pub(crate) fn of(out: &Outputs) -> Self {
        Self { alerts: out.alerts.len(), above: out.above.len(), outages: out.supply.outages.len() }
    }
}

impl Desk {
    /// Takes what was added since the mark, and sends what is due at this time.
    pub(crate) fn route(&mut self, time: EventTime, since: &Mark, topology: &Topology, out: &mut Outputs) {
        self.queue(since, topology, out);
        self.now = self.now.max(time);
        let notices = std::mem::take(&mut self.queued);
        self.desk.route(self.now, &notices, &self.calendar, &mut out.messages);
        out.notices.extend(notices);
    }

    /// Takes what was added since the mark, and lets it wait for the next tick.
    pub(crate) fn queue(&mut self, since: &Mark, topology: &Topology, out: &Outputs) {
        let alerts = out.alerts[since.alerts..].iter().map(|alert| {
            let row = topology.at(&alert.meter, alert.time);
            let feeder = row.and_then(grid::TopologyRow::feeder);
            Notice::of_alert(alert, feeder, row.and_then(|row| row.class.as_deref()))
        });
        self.queued.extend(alerts);
        self.queued.extend(out.above[since.above..].iter().map(|above| above_sanctioned(above, topology)));
        // Of several changes of an outage within a tick, the last one holds.
        let changes = out.supply.outages[since.outages..].iter().map(|change| (change.key(), change));
        let last: BTreeMap<String, &Change> = changes.collect();
        self.queued.extend(last.into_iter().map(|(key, change)| outage(&key, change, topology)));
    }

    /// No further tick will come: what was found since the last one goes out, if it is due by then.
    pub(crate) fn end(&mut self, since: &Mark, topology: &Topology, out: &mut Outputs) {
        self.route(self.now, since, topology, out);
    }

    /// What became of all notices.
    pub(crate) fn counts(&self) -> (Counts, Waiting) {
        (self.desk.counts(), self.desk.waiting())
    }
}

impl Stage for Desk {
    type Settings<'p> = &'p DeskRules;

    fn asked(plan: &Plan) -> Option<&DeskRules> {
        plan.desk.as_ref()
    }

    fn new(rules: &DeskRules, plan: &Plan, topology: &Arc<Topology>) -> Result<Self, TownError> {
        let desk = notify::Desk::new(rules.clone(), topology)?;
        Ok(Self { desk, calendar: plan.calendar.clone(), now: EventTime::MIN, queued: Vec::new() })
    }

    fn fits(&self, topology: &Topology) -> Result<(), TownError> {
        notify::Desk::readers(self.desk.rules(), topology)?;
        Ok(())
    }

    fn place(&mut self, _before: &Topology, topology: &Arc<Topology>) {
        if let Ok(readers) = notify::Desk::readers(self.desk.rules(), topology) {
            self.desk.set_readers(readers);
        }
    }

    fn store(&self, _topology: &Topology, parts: &mut Storing) {
        let state = StageState { desk: self.desk.snapshot(), now: self.now, queued: self.queued.clone() };
        parts.part(&DESK, ANY_SETTINGS, &state);
    }

    fn restore(&mut self, _topology: &Topology, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        if let Some(found) = parts.take(&DESK, ANY_SETTINGS)? {
            let StageState { desk, now, queued } = found.whole()?;
            self.desk.restore(desk);
            (self.now, self.queued) = (now, queued);
        }
        Ok(())
    }
}

/// Where a consumer is.
fn place_of(meter: MeterId, time: EventTime, topology: &Topology) -> Place {
    let Some(row) = topology.at(&meter, time) else {
        return Place { meter: Some(meter), ..Place::default() };
    };
    Place {
        meter: Some(meter),
        transformer: row.transformer(),
        feeder: row.feeder(),
        area: row.area(),
        class: row.class.clone(),
        phone: row.phone.clone(),
    }
}

fn above_sanctioned(above: &AboveSanctioned, topology: &Topology) -> Notice {
    let id = format!("above-sanctioned.{}.{}", above.meter, compact(above.start));
    let kilowatts = |watts: f64| Word::Text(format!("{:.2} kW", watts / 1000.0));
    Notice {
        episode: id.clone(),
        id,
        kind: Kind::AboveSanctioned,
        phase: Phase::Once,
        severity: cases::Severity::Low,
        time: above.start,
        scope: Scope::Meter(above.meter),
        place: place_of(above.meter, above.end, topology),
        case: None,
        seen: None,
        brief: format!("{:.2} kW", above.demand.0 / 1000.0),
        words: vec![
            ("demand".to_owned(), kilowatts(above.demand.0)),
            ("sanctioned".to_owned(), kilowatts(above.sanctioned.0)),
        ],
    }
}

/// An outage that goes on, has ended, or is none: silence that is no interruption is no outage to people.
fn outage(key: &str, change: &Change, topology: &Topology) -> Notice {
    let (target, start) = match change {
        Change::Updated(outage) => (outage.target, outage.start),
        Change::Withdrawn(target, start) => (*target, *start),
    };
    let state = match change {
        Change::Updated(outage) if outage.cause.interrupts() => Some(outage),
        _ => None,
    };
    let phase = match state {
        None => Phase::Withdrawn,
        Some(Outage { end: None, .. }) => Phase::Began,
        Some(_) => Phase::Ended,
    };
    let (scope, severity, place) = match target {
        Target::Consumer(meter) => {
            (Scope::Meter(meter), cases::Severity::Low, place_of(meter, start, topology))
        }
        Target::Transformer(transformer) => {
            let area = state.and_then(|outage| outage.area);
            let feeder = feeder_of(transformer, start, topology);
            let place = Place { transformer: Some(transformer), feeder, area, ..Place::default() };
            (Scope::Transformer(transformer), cases::Severity::Medium, place)
        }
        Target::Feeder(feeder) => {
            let area = state.and_then(|outage| outage.area);
            let place = Place { feeder: Some(feeder), area, ..Place::default() };
            (Scope::Feeder(feeder), cases::Severity::High, place)
        }
    };
    let consumers = state.map_or(0, |outage| outage.consumers);
    let is_one = matches!(target, Target::Consumer(_));
    let what = match phase {
        Phase::Began | Phase::Once => "began",
        Phase::Ended => "ended",
        Phase::Withdrawn => "withdrawn",
    };
    Notice {
        id: format!("outage.{}.{}.{}.{what}", target.role(), target.name(), compact(start)),
        episode: format!("outage.{key}"),
        kind: Kind::Outage,
        phase,
        severity,
        time: state.and_then(|outage| outage.end).unwrap_or(start),
        scope,
        place,
        case: None,
        seen: None,
        brief: if is_one { String::new() } else { format!("{consumers} consumers") },
        words: vec![
            ("role".to_owned(), Word::Text(target.role().to_owned())),
            ("consumers".to_owned(), Word::Text(consumers.to_string())),
            ("since".to_owned(), Word::Time(start)),
        ],
    }
}

/// The feeder above a transformer, by the first of its consumers.
fn feeder_of(transformer: TransformerId, time: EventTime, topology: &Topology) -> Option<reading::FeederId> {
    let number = topology.number_of(transformer)?;
    let (row, _) = topology.consumers_of(number, time).next()?;
    topology.rows()[row as usize].feeder()
}

/// ISO 8601 in its basic form, which may stand in a name.
fn compact(time: EventTime) -> String {
    time.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect()
}
