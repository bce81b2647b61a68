//! The stored form of all open cases. A [`Case`] is not stored as it is: its evidence has a stored form of its own, in
//! which detectors and facts stand under their names.

use crate::cases::{Open, RunSoFar};
use crate::{Case, CaseId, CaseRules, Cases};
use detect::{Detector, Evidence, EvidenceState};
use reading::{AreaId, EventTime, MeterId, TransformerId};
use serde::{Deserialize, Serialize};
use units::WattHours;

/// The stored state of [`Cases`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CasesState {
    /// By meter and detector.
    pub(crate) open: Vec<OpenCase>,
    /// By meter and detector: those that closed not long ago.
    closed: Vec<ClosedCase>,
}

/// An open case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenCase {
    id: CaseId,
    follows: Option<CaseId>,
    detector: Detector,
    detectors: Vec<Detector>,
    meter: MeterId,
    transformer: Option<TransformerId>,
    area: Option<AreaId>,
    opened: EventTime,
    last_evidence: EventTime,
    score_max: f64,
    blocks: u32,
    opening: Vec<EvidenceState>,
    pub(crate) evidence: Vec<EvidenceState>,
    excess: Option<WattHours>,
    reported: u32,
    run: RunSoFar,
}

/// A case that closed not long ago.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ClosedCase {
    id: CaseId,
    detector: Detector,
    meter: MeterId,
    closed: EventTime,
}

/// Why something stored cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Evidence that cannot be read.
    #[error("evidence of case {case} cannot be read")]
    Evidence {
        /// Of which case.
        case: CaseId,
        /// Why.
        #[source]
        source: detect::RestoreError,
    },
    /// A case that rests on nothing.
    #[error("case {case} has no evidence")]
    NoEvidence {
        /// Which.
        case: CaseId,
    },
}

impl Cases {
    /// Goes up when the form of [`CasesState`] changes.
    pub const STATE_VERSION: u16 = 1;

    /// What must be stored to go on later.
    pub fn snapshot(&self) -> CasesState {
        let closed = |(key, value): (&(MeterId, Detector), &(CaseId, EventTime))| ClosedCase {
            id: value.0.clone(),
            detector: key.1,
            meter: key.0,
            closed: value.1,
        };
        CasesState {
            open: self.open.values().map(OpenCase::from).collect(),
            closed: self.closed.iter().map(closed).collect(),
        }
    }

    /// Goes on from what was stored, under these rules.
    pub fn restore(rules: CaseRules, stored: CasesState) -> Result<Self, RestoreError> {
        let mut restored = Self::new(rules);
        for case in stored.open {
            let open = Open::try_from(case)?;
            restored.open.insert((open.case.meter, open.case.detector), open);
        }
        for closed in stored.closed {
            restored.closed.insert((closed.meter, closed.detector), (closed.id, closed.closed));
        }
        Ok(restored)
    }
}

impl From<&Open> for OpenCase {
    fn from(open: &Open) -> Self {
        let Open { case, reported, run } = open;
        Self {
            id: case.id.clone(),
            follows: case.follows.clone(),
            detector: case.detector,
            detectors: case.detectors.clone(),
            meter: case.meter,
            transformer: case.transformer,
            area: case.area,
            opened: case.opened,
            last_evidence: case.last_evidence,
            score_max: case.score_max,
            blocks: case.blocks,
            opening: case.opening.iter().map(EvidenceState::from).collect(),
            evidence: case.evidence.iter().map(EvidenceState::from).collect(),
            excess: case.excess,
            reported: *reported,
            run: *run,
        }
    }
}

impl TryFrom<OpenCase> for Open {
    type Error = RestoreError;

    fn try_from(stored: OpenCase) -> Result<Self, RestoreError> {
        let case = Case {
            opening: evidence_of(&stored.id, stored.opening)?,
            evidence: evidence_of(&stored.id, stored.evidence)?,
            id: stored.id,
            follows: stored.follows,
            detector: stored.detector,
            detectors: stored.detectors,
            meter: stored.meter,
            transformer: stored.transformer,
            area: stored.area,
            opened: stored.opened,
            last_evidence: stored.last_evidence,
            closed: None,
            score_max: stored.score_max,
            blocks: stored.blocks,
            excess: stored.excess,
        };
        Ok(Self { case, reported: stored.reported, run: stored.run })
    }
}

fn evidence_of(case: &CaseId, stored: Vec<EvidenceState>) -> Result<Vec<Evidence>, RestoreError> {
    let all: Result<Vec<_>, _> = stored.into_iter().map(Evidence::try_from).collect();
    match all {
        Ok(all) if all.is_empty() => Err(RestoreError::NoEvidence { case: case.clone() }),
        Ok(all) => Ok(all),
        Err(source) => Err(RestoreError::Evidence { case: case.clone(), source }),
    }
}
