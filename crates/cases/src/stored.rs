//! What cases store, version 1: plain names and numbers. Change nothing here; add a version beside it.

use crate::cases::{Open, RunSoFar};
use crate::{Case, CaseId, Cases, Rules};
use detect::{Detector, Evidence, EvidenceV1};
use reading::{AreaId, EventTime, MeterId, TransformerId};
use serde::{Deserialize, Serialize};
use units::WattHours;

/// What [`Cases::snapshot`] keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CasesV1 {
    /// By meter and detector.
    pub open: Vec<CaseV1>,
    /// By meter and detector: those that closed not long ago.
    pub closed: Vec<ClosedV1>,
}

/// An open case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseV1 {
    /// Its name.
    pub id: String,
    /// The name of the case before.
    pub follows: Option<String>,
    /// By name.
    pub detector: String,
    /// By name.
    pub meter: String,
    /// By name.
    pub transformer: Option<String>,
    /// By name.
    pub area: Option<String>,
    /// ms.
    pub opened: i64,
    /// ms.
    pub last_evidence: i64,
    /// The highest so far.
    pub score_max: f64,
    /// Over all runs.
    pub blocks: u32,
    /// What opened it.
    pub opening: Vec<EvidenceV1>,
    /// The strongest.
    pub evidence: Vec<EvidenceV1>,
    /// Wh, over all runs.
    pub excess: Option<i64>,
    /// `blocks` when it was last told of.
    pub told: u32,
    /// Start of the last run in ms, its blocks, and its Wh.
    pub run: (i64, u32, Option<i64>),
}

/// A case that closed not long ago.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedV1 {
    /// Its name.
    pub id: String,
    /// By name.
    pub detector: String,
    /// By name.
    pub meter: String,
    /// ms.
    pub closed: i64,
}

/// Why something stored cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A name that is none.
    #[error("stored {what} `{name}` is no name of one")]
    Name {
        /// Of what.
        what: &'static str,
        /// What was stored.
        name: String,
    },
    /// Evidence that cannot be read.
    #[error("evidence of case {case} cannot be read")]
    Evidence {
        /// Whose.
        case: String,
        /// Why.
        #[source]
        source: detect::RestoreError,
    },
    /// A case that rests on nothing.
    #[error("case {case} has no evidence")]
    NoEvidence {
        /// Which.
        case: String,
    },
}

fn named<T>(what: &'static str, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, RestoreError> {
    parse(name).ok_or_else(|| RestoreError::Name { what, name: name.to_owned() })
}

fn maybe<T>(
    what: &'static str,
    name: Option<&String>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, RestoreError> {
    name.map(|name| named(what, name, parse)).transpose()
}

impl Cases {
    /// What must be stored to go on later.
    pub fn snapshot(&self) -> CasesV1 {
        let closed = |(key, value): (&(MeterId, Detector), &(CaseId, EventTime))| ClosedV1 {
            id: value.0.to_string(),
            detector: key.1.to_string(),
            meter: key.0.to_string(),
            closed: value.1.0,
        };
        CasesV1 {
            open: self.open.values().map(CaseV1::from).collect(),
            closed: self.closed.iter().map(closed).collect(),
        }
    }

    /// Goes on from what was stored, under these rules.
    pub fn restore(rules: Rules, stored: CasesV1) -> Result<Self, RestoreError> {
        let mut restored = Self::new(rules);
        for case in stored.open {
            let open = Open::try_from(case)?;
            restored.open.insert((open.case.meter, open.case.detector), open);
        }
        for closed in &stored.closed {
            let meter = named("meter", &closed.meter, |name| MeterId::new(name))?;
            let detector = named("detector", &closed.detector, Detector::parse)?;
            let id = named("case", &closed.id, CaseId::parse)?;
            restored.closed.insert((meter, detector), (id, EventTime(closed.closed)));
        }
        Ok(restored)
    }
}

impl From<&Open> for CaseV1 {
    fn from(open: &Open) -> Self {
        let case = &open.case;
        Self {
            id: case.id.to_string(),
            follows: case.follows.as_ref().map(ToString::to_string),
            detector: case.detector.to_string(),
            meter: case.meter.to_string(),
            transformer: case.transformer.map(|id| id.to_string()),
            area: case.area.map(|id| id.to_string()),
            opened: case.opened.0,
            last_evidence: case.last_evidence.0,
            score_max: case.score_max,
            blocks: case.blocks,
            opening: case.opening.iter().map(EvidenceV1::from).collect(),
            evidence: case.evidence.iter().map(EvidenceV1::from).collect(),
            excess: case.excess.map(|wh| wh.0),
            told: open.told,
            run: (open.run.since.0, open.run.blocks, open.run.excess.map(|wh| wh.0)),
        }
    }
}

impl TryFrom<CaseV1> for Open {
    type Error = RestoreError;

    fn try_from(stored: CaseV1) -> Result<Self, RestoreError> {
        let restored = |stored_evidence: Vec<EvidenceV1>| {
            let all: Result<Vec<_>, _> = stored_evidence.into_iter().map(Evidence::try_from).collect();
            match all {
                Ok(all) if all.is_empty() => Err(RestoreError::NoEvidence { case: stored.id.clone() }),
                Ok(all) => Ok(all),
                Err(source) => Err(RestoreError::Evidence { case: stored.id.clone(), source }),
            }
        };
        let (opening, evidence) = (restored(stored.opening)?, restored(stored.evidence)?);
        let (since, blocks, excess) = stored.run;
        let run = RunSoFar { since: EventTime(since), blocks, excess: excess.map(WattHours) };
        let case = Case {
            id: named("case", &stored.id, CaseId::parse)?,
            follows: maybe("case", stored.follows.as_ref(), CaseId::parse)?,
            detector: named("detector", &stored.detector, Detector::parse)?,
            meter: named("meter", &stored.meter, |name| MeterId::new(name))?,
            transformer: maybe("transformer", stored.transformer.as_ref(), |name| TransformerId::new(name))?,
            area: maybe("area", stored.area.as_ref(), |name| AreaId::new(name))?,
            opened: EventTime(stored.opened),
            last_evidence: EventTime(stored.last_evidence),
            closed: None,
            score_max: stored.score_max,
            blocks: stored.blocks,
            opening,
            evidence,
            excess: stored.excess.map(WattHours),
        };
        Ok(Self { case, told: stored.told, run })
    }
}
