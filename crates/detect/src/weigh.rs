//! Evidence of one meter, weighed together.

use crate::{Detector, Evidence};
use grid::{Fronts, Role, Topology, TopologyRow};
use reading::{AreaId, Event, EventTime, MeterId, TransformerId, Wires};

/// Something about a meter that a person should look at, with its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspicion {
    /// Which meter.
    pub meter: MeterId,
    /// The transformer that it hangs on then.
    pub transformer: Option<TransformerId>,
    /// The area that it stands in then.
    pub area: Option<AreaId>,
    /// The end of the interval that raised it. Its tick may be over for long: see [`Comparing`].
    pub time: EventTime,
    /// The leading detector: the one whose evidence weighs most.
    pub detector: Detector,
    /// From 0, nothing, to 1: the highest of its evidence.
    pub score: f64,
    /// Its reasons, the weightiest first; at most one a detector.
    pub evidence: Vec<Evidence>,
}

/// Which intervals detectors may compare among neighbours: those in which all consumers of a transformer have been
/// heard, or were waited for long enough.
#[derive(Debug, Clone, Copy)]
pub struct Comparing<'a> {
    /// The topology.
    pub topology: &'a Topology,
    /// How far the consumers of each transformer have been heard.
    pub fronts: &'a Fronts,
    /// Whether the readings have ended: a consumer that was never heard is not waited for any more.
    pub at_the_end: bool,
    /// The events of the tick that detectors need, with others, by meter and time.
    pub events: &'a [Event],
    /// What meters saw of their wires, if a detector needs it, by meter and end.
    pub wires: &'a [Wires],
}

impl<'a> Comparing<'a> {
    /// The place of a consumer's meter. `None` of a meter that measures something else, or that has no place.
    pub(crate) fn consumer(&self, meter: &MeterId, time: EventTime) -> Option<&'a TopologyRow> {
        let (_, row) = self.topology.number_at(meter, time)?;
        (row.role == Role::Consumer).then_some(row)
    }

    /// Neighbours on the transformer with a number are compared up to here.
    pub fn front_of(&self, transformer: u32) -> EventTime {
        match self.at_the_end {
            false => self.fronts.of(transformer, self.topology),
            true => self.fronts.at_the_end(transformer, self.topology),
        }
    }

    /// The same by name: of a transformer that the topology no longer knows, nothing is waited for.
    pub fn front_of_named(&self, transformer: Option<TransformerId>) -> EventTime {
        let number = transformer.and_then(|name| self.topology.number_of(name));
        number.map_or(self.fronts.last_tick(), |number| self.front_of(number))
    }

    pub(crate) fn consumers_of(&self, transformer: u32) -> u32 {
        self.topology.meters_of(transformer, self.fronts.last_tick()).0
    }
}

/// Evidence of a detector in an interval, and where its meter stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The end of the interval.
    pub time: EventTime,
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
    pub(crate) fn new(
        time: EventTime,
        meter: MeterId,
        place: Option<&TopologyRow>,
        evidence: Evidence,
    ) -> Self {
        let (transformer, area) = place.map_or((None, None), |row| (row.transformer(), row.area()));
        Self { time, meter, transformer, area, evidence }
    }
}

/// What detectors found in a tick, and in the parts of backlogs before it.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    pub(crate) found: Vec<Found>,
    /// How many intervals would have been evidence and could not be looked at.
    pub(crate) held_back: u64,
}

impl Findings {
    pub(crate) fn push(&mut self, found: Found) {
        self.found.push(found);
    }

    /// Weighs them: at most one suspicion a meter and interval, by time and meter. Also returns how many intervals would
    /// have been evidence and could not be looked at.
    pub fn weighed(self) -> (Vec<Suspicion>, u64) {
        (weigh(self.found), self.held_back)
    }
}

/// Joins what the detectors found into one suspicion a meter and interval, by time and meter.
///
/// The score of a suspicion is the **highest** score of its evidence, not yet a probability: scores of different
/// detectors are not calibrated to each other, and adding them up would count correlated evidence twice. The weight of
/// a piece of evidence is its share of the sum of all scores.
fn weigh(mut found: Vec<Found>) -> Vec<Suspicion> {
    let mut out = Vec::new();
    let order = |one: &Found, other: &Found| {
        let heavier = other.evidence.score.total_cmp(&one.evidence.score);
        let detectors = one.evidence.detector.cmp(&other.evidence.detector);
        let key = |found: &Found| (found.time, found.meter);
        key(one).cmp(&key(other)).then(heavier).then(detectors)
    };
    found.sort_by(order);
    for group in found.chunk_by(|one, other| (one.time, one.meter) == (other.time, other.meter)) {
        let sum: f64 = group.iter().map(|found| found.evidence.score).sum();
        let (first, count) = (&group[0], group.len() as f64);
        let Found { time, meter, transformer, area, .. } = *first;
        let (detector, score) = (first.evidence.detector, first.evidence.score);
        let evidence = group.iter().map(|found| {
            let score = found.evidence.score;
            let weight = if sum > 0.0 { score / sum } else { 1.0 / count };
            Evidence { weight, ..found.evidence.clone() }
        });
        let evidence = evidence.collect();
        out.push(Suspicion { meter, transformer, area, time, detector, score, evidence });
    }
    out
}
