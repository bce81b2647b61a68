//! Evidence, weighed.

use crate::{Evidence, PhaseNeutralEvidence};
use core::fmt;
use grid::TopologyRow;
use reading::{AreaId, EventTime, MeterId, TransformerId};

/// The detectors that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detector {
    /// Phase and neutral current apart.
    PhaseNeutral,
}

impl Detector {
    /// All of them.
    pub const ALL: &[Self] = &[Self::PhaseNeutral];

    /// The name that plans, files and case ids use.
    pub fn name(self) -> &'static str {
        match self {
            Self::PhaseNeutral => "phase-neutral",
        }
    }

    /// The detector with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|detector| detector.name() == name)
    }
}

impl fmt::Display for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something about a meter that a person should look at, with its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspicion {
    /// Which meter.
    pub meter: MeterId,
    /// The transformer that it hangs on then.
    pub transformer: Option<TransformerId>,
    /// The area that it stands in then.
    pub area: Option<AreaId>,
    /// The end of the tick in which it was raised.
    pub time: EventTime,
    /// Which detector raised it.
    pub detector: Detector,
    /// From 0, nothing, to 1; see [`weigh`].
    pub score: f64,
    /// Its reasons.
    pub evidence: Vec<Evidence>,
}

/// Weighs a piece of evidence.
///
/// The score is size times persistence. Size is `1 - allowed / apart`: 0 at the threshold, 0.5 at twice, 0.75 at four
/// times the threshold. Persistence is `1 - needed / (2 blocks)`: 0.5 when the run is just long enough, near 1 after
/// days. Both lie between 0 and 1, and so does their product; it grows with either.
pub fn weigh(meter: MeterId, place: Option<&TopologyRow>, time: EventTime, evidence: Evidence) -> Suspicion {
    let (detector, score) = match &evidence {
        Evidence::PhaseNeutral(evidence) => (Detector::PhaseNeutral, phase_neutral_score(evidence)),
    };
    Suspicion {
        meter,
        transformer: place.and_then(|row| row.transformer),
        area: place.and_then(|row| row.area),
        time,
        detector,
        score,
        evidence: vec![evidence],
    }
}

fn phase_neutral_score(evidence: &PhaseNeutralEvidence) -> f64 {
    let size = 1.0 - (evidence.allowed / evidence.apart).0;
    let persistence = 1.0 - f64::from(evidence.needed) / (2.0 * f64::from(evidence.blocks));
    size.clamp(0.0, 1.0) * persistence.clamp(0.0, 1.0)
}
