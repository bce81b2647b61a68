//! What people hear of a case: one line with its numbers.

use crate::{AlertId, Case, CaseId, Change};
use core::fmt::Write;
use detect::{Evidence, PhaseNeutralEvidence};
use reading::{AreaId, EventTime, MeterId, TransformerId};

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
    /// One line with its numbers.
    pub text: String,
    /// What it rests on; never empty.
    pub evidence: Vec<Evidence>,
}

/// The alert of a change, if people should hear of it: growth is for the record only.
pub fn alert(change: &Change) -> Option<Alert> {
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
        text: text(case, kind, strongest),
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

fn text(case: &Case, kind: Kind, evidence: &Evidence) -> String {
    let Evidence::PhaseNeutral(numbers) = evidence;
    let mut text = match kind {
        Kind::Opened => format!("please check meter {}: ", case.meter),
        Kind::Closed => format!("nothing more from meter {} since {}: ", case.meter, case.last_evidence),
    };
    let written = write!(
        text,
        "phase {:.2} A and neutral {:.2} A are {:.2} A apart ({:.0} %, allowed {:.2} A) in {} blocks since {}",
        numbers.phase.0,
        numbers.neutral.0,
        numbers.apart.0,
        numbers.share.percent(),
        numbers.allowed.0,
        numbers.blocks,
        numbers.since,
    );
    written.expect("writing to a string does not fail");
    if let Some(excess) = numbers.excess {
        write!(text, ", at most about {} Wh beside the meter", excess.0)
            .expect("writing to a string does not fail");
    }
    text
}
