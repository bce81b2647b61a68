//! Evidence of one meter, weighed together.

use crate::{Detector, Evidence};
use grid::TopologyRow;
use reading::{AreaId, EventTime, MeterId, TransformerId};

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
    /// The leading detector: the one whose evidence weighs most.
    pub detector: Detector,
    /// From 0, nothing, to 1; see [`weigh`].
    pub score: f64,
    /// Its reasons, the weightiest first; at most one a detector.
    pub evidence: Vec<Evidence>,
}

/// Evidence of a detector, and where its meter stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Which meter.
    pub meter: MeterId,
    /// The transformer that it hangs on.
    pub transformer: Option<TransformerId>,
    /// The area that it stands in.
    pub area: Option<AreaId>,
    /// What was seen of it.
    pub evidence: Evidence,
}

impl Found {
    pub(crate) fn new(meter: MeterId, place: Option<&TopologyRow>, evidence: Evidence) -> Self {
        let (transformer, area) = place.map_or((None, None), |row| (row.transformer, row.area));
        Self { meter, transformer, area, evidence }
    }
}

/// Joins what the detectors found in the tick that ends at `time` into one suspicion a meter, by meter.
///
/// The score of a suspicion is the **highest** score of its evidence, not yet a probability: scores of different
/// detectors are not calibrated to each other, and adding them up would count correlated evidence twice. The weight of
/// a piece of evidence is its share of the sum of all scores.
pub fn weigh(time: EventTime, mut found: Vec<Found>, out: &mut Vec<Suspicion>) {
    let order = |one: &Found, other: &Found| {
        let heavier = other.evidence.score.total_cmp(&one.evidence.score);
        let detectors = one.evidence.detector.cmp(&other.evidence.detector);
        one.meter.cmp(&other.meter).then(heavier).then(detectors)
    };
    found.sort_by(order);
    for group in found.chunk_by(|one, other| one.meter == other.meter) {
        let sum: f64 = group.iter().map(|found| found.evidence.score).sum();
        let (first, count) = (&group[0], group.len() as f64);
        let Found { meter, transformer, area, .. } = *first;
        let (detector, score) = (first.evidence.detector, first.evidence.score);
        let evidence = group.iter().map(|found| {
            let score = found.evidence.score;
            let weight = if sum > 0.0 { score / sum } else { 1.0 / count };
            Evidence { weight, ..found.evidence.clone() }
        });
        let evidence = evidence.collect();
        out.push(Suspicion { meter, transformer, area, time, detector, score, evidence });
    }
}
