//! What supports a suspicion, and what was looked at that might have explained it.

use crate::{Detector, FactDefinition, InnocentDefinition, Unit};
use reading::{EventTime, MeterId};
use units::WattHours;

/// What a detector saw, with its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Who saw it.
    pub detector: Detector,
    /// When what it rests on began.
    pub since: EventTime,
    /// When what it rests on ended.
    pub until: EventTime,
    /// How many intervals it rests on.
    pub blocks: u32,
    /// The detector's own score, from 0 (nothing) to 1.
    pub score: f64,
    /// Its share of the weight of all evidence that it was weighed with, see [`Findings::weighed`](crate::Findings::weighed).
    pub weight: f64,
    /// Its numbers, in the order in which files have them.
    pub facts: Vec<Fact>,
    /// The energy that it stands for, where that is known.
    pub excess: Option<WattHours>,
    /// The innocent causes that were looked at and did not explain it.
    pub looked_at: Vec<Innocent>,
}

/// One number of the evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fact {
    /// What it is.
    pub definition: &'static FactDefinition,
    /// The number, in the unit of its definition.
    pub value: f64,
    /// What it was allowed to be, or had to be, in the same unit.
    pub limit: Option<f64>,
    /// The other meter that it is about, if it is about one.
    pub about: Option<MeterId>,
}

/// An innocent cause, with the numbers that speak for or against it.
#[derive(Debug, Clone, PartialEq)]
pub struct Innocent {
    /// What it is.
    pub definition: &'static InnocentDefinition,
    /// Its numbers.
    pub facts: Vec<Fact>,
}

/// The energy of any evidence, where files have it as a fact.
pub static EXCESS: FactDefinition = FactDefinition::new(
    "excess",
    Unit::WattHours,
    "the energy that it stands for: at most what was not counted; there is no row where it is not known",
);

impl Evidence {
    /// Every number that it has: its own facts, its energy if that is known, and the facts of the innocent causes, each
    /// with its cause.
    pub fn all_facts(&self) -> impl Iterator<Item = (Option<&Innocent>, Fact)> + Clone {
        let excess = self.excess.map(|energy| EXCESS.of(energy.0 as f64));
        let own = self.facts.iter().copied().chain(excess).map(|fact| (None, fact));
        let of_cause = |cause| move |fact: &Fact| (Some(cause), *fact);
        own.chain(self.looked_at.iter().flat_map(move |cause| cause.facts.iter().map(of_cause(cause))))
    }

    /// The fact of this name.
    pub fn fact(&self, name: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.definition.name == name)
    }

    /// The number that shows how much it is, see [`About::main`](crate::About).
    pub fn main(&self) -> Option<&Fact> {
        self.fact(self.detector.about().main.name)
    }
}

impl Fact {
    /// The same fact beside what it was allowed to be.
    pub fn limited(self, limit: f64) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// The same fact, about another meter.
    pub fn about(self, meter: MeterId) -> Self {
        Self { about: Some(meter), ..self }
    }
}

impl Innocent {
    pub(crate) fn new(definition: &'static InnocentDefinition, facts: impl Into<Vec<Fact>>) -> Self {
        Self { definition, facts: facts.into() }
    }

    /// The name that files and messages use.
    pub fn name(&self) -> &'static str {
        self.definition.name
    }
}
