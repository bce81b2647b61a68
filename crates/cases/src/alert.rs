//! The alert about a case: one line with its numbers.

use crate::{AlertId, Case, CaseId, Change};
use detect::Evidence;
use reading::{AreaId, Calendar, EventTime, MeterId, TransformerId};
use serde::{Deserialize, Serialize};

/// What happened to the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertKind {
    /// It opened.
    Opened,
    /// It closed.
    Closed,
}

impl AlertKind {
    /// The name that ids and files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
        }
    }
}

/// How soon a person should look. Variants are stored by their number, so new ones must be added at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    /// For the record: a case closed.
    Info,
    /// On the next round.
    Low,
    /// This week.
    Medium,
    /// A person should look soon: so much current beside the meter can also be a fault that is dangerous to touch.
    High,
}

impl Severity {
    /// All of them, the least severe first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Low, Self::Medium, Self::High];

    /// By how far the main number of the evidence is beyond what is allowed. Twice and four times are chosen here,
    /// until field visits show what is better.
    pub(crate) fn of(evidence: &Evidence) -> Self {
        let main = evidence.main().and_then(|main| Some((main.value, main.limit?)));
        match main {
            Some((value, allowed)) if value >= allowed * 4.0 => Self::High,
            Some((value, allowed)) if value >= allowed * 2.0 => Self::Medium,
            _ => Self::Low,
        }
    }

    /// The name that files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A case that opened or closed.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Its name.
    pub id: AlertId,
    /// The case.
    pub case: CaseId,
    /// What happened to it.
    pub kind: AlertKind,
    /// When.
    pub time: EventTime,
    /// The meter.
    pub meter: MeterId,
    /// Its transformer.
    pub transformer: Option<TransformerId>,
    /// Its area.
    pub area: Option<AreaId>,
    /// How soon a person should look.
    pub severity: Severity,
    /// One line with its numbers, in local time.
    pub text: String,
    /// What it rests on; never empty.
    pub evidence: Vec<Evidence>,
}

/// The alert about a change, if people should get one: growth is for the record only. Its text has local time.
pub fn alert(change: &Change, calendar: &Calendar) -> Option<Alert> {
    let (case, kind, time) = match change {
        Change::Opened(case) => (case, AlertKind::Opened, case.opened),
        Change::Closed(case) => (case, AlertKind::Closed, case.closed?),
        Change::Grew(_) | Change::Stands(_) => return None,
    };
    let strongest = case.evidence.first()?;
    Some(Alert {
        id: AlertId::new(&case.id, kind.name()),
        case: case.id.clone(),
        kind,
        time,
        meter: case.meter,
        transformer: case.transformer,
        area: case.area,
        severity: if kind == AlertKind::Closed { Severity::Info } else { case.severity() },
        text: text(case, kind, strongest, calendar),
        evidence: case.evidence.clone(),
    })
}

/// Short enough to be read out. The fields beside it have the rest of the numbers.
fn text(case: &Case, kind: AlertKind, evidence: &Evidence, calendar: &Calendar) -> String {
    let since = |time| format!("since {} {}", calendar.day_and_time(time), calendar.zone_name());
    let seen = evidence.in_words();
    let energy = evidence.excess_in_words().map(|energy| format!(", {energy}")).unwrap_or_default();
    let meter = case.meter;
    match kind {
        AlertKind::Opened => format!("please check meter {meter}: {seen} {}{energy}", since(evidence.since)),
        AlertKind::Closed => {
            format!("nothing more from meter {meter} {}: it was {seen}{energy}", since(case.last_evidence))
        }
    }
}
