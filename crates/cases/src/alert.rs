//! What people hear of a case: one line with its numbers.

use crate::{AlertId, Case, CaseId, Change};
use detect::{Evidence, PhaseNeutralEvidence};
use reading::{AreaId, Calendar, EventTime, MeterId, TransformerId};
use units::WattHours;

/// What happened to the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It opened.
    Opened,
    /// It closed.
    Closed,
}

impl Kind {
    /// The name that ids and files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
        }
    }
}

/// How soon somebody should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For the record: a case closed.
    Info,
    /// On the next round.
    Low,
    /// This week.
    Medium,
    /// Soon: so much current beside the meter can also be a fault that somebody may touch.
    High,
}

impl Severity {
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
    pub kind: Kind,
    /// When.
    pub time: EventTime,
    /// The meter.
    pub meter: MeterId,
    /// Its transformer.
    pub transformer: Option<TransformerId>,
    /// Its area.
    pub area: Option<AreaId>,
    /// How soon somebody should look.
    pub severity: Severity,
    /// One line with its numbers, in local time.
    pub text: String,
    /// What it rests on; never empty.
    pub evidence: Vec<Evidence>,
}

/// The alert of a change, if people should hear of it: growth is for the record only. Its text says local time.
pub fn alert(change: &Change, calendar: &Calendar) -> Option<Alert> {
    let (case, kind, time) = match change {
        Change::Opened(case) => (case, Kind::Opened, case.opened),
        Change::Closed(case) => (case, Kind::Closed, case.closed?),
        Change::Grew(_) => return None,
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
        severity: if kind == Kind::Closed { Severity::Info } else { severity(strongest) },
        text: text(case, kind, strongest, calendar),
        evidence: case.evidence.clone(),
    })
}

/// Twice and four times what is allowed are ours, until field visits teach us better.
fn severity(evidence: &Evidence) -> Severity {
    let Evidence::PhaseNeutral(PhaseNeutralEvidence { apart, allowed, .. }) = evidence;
    if *apart >= *allowed * 4.0 {
        Severity::High
    } else if *apart >= *allowed * 2.0 {
        Severity::Medium
    } else {
        Severity::Low
    }
}

/// Short enough to be read out: what is left to the fields beside it is how many blocks, and the share.
fn text(case: &Case, kind: Kind, evidence: &Evidence, calendar: &Calendar) -> String {
    let Evidence::PhaseNeutral(numbers) = evidence;
    let PhaseNeutralEvidence { phase, neutral, apart, allowed, .. } = numbers;
    let since = |time| format!("since {} {}", calendar.day_and_time(time), calendar.zone_name());
    let seen = format!(
        "phase {:.2} A, neutral {:.2} A, {:.2} A apart ({:.2} A allowed)",
        phase.0, neutral.0, apart.0, allowed.0
    );
    let beside = |wh: WattHours| format!(", at most {} Wh beside the meter", wh.0);
    let beside = numbers.excess.map(beside).unwrap_or_default();
    let meter = case.meter;
    match kind {
        Kind::Opened => format!("please check meter {meter}: {seen} {}{beside}", since(numbers.since)),
        Kind::Closed => {
            format!("nothing more from meter {meter} {}: it was {seen}{beside}", since(case.last_evidence))
        }
    }
}
