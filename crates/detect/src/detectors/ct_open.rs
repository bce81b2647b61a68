//! One phase of a three-phase meter shows no current while its neutral says that some flows: its current transformer is
//! disconnected or bypassed.
//!
//! The neutral carries the phasor sum of the phases. If a phase really has no load, the neutral fits the other two; if
//! only its transformer is open, the neutral is too large, or too small, by the current that is not seen.

use super::phase_run::{Look, PHASE, PhaseRuns, Run};
use super::{DetectorRule, Needs, Stored, Work};
use crate::weigh::{Comparing, Findings, Found};
use crate::{About, Detector, Evidence, FactDefinition, Innocent, InnocentDefinition, Unit, Words};
use grid::Topology;
use reading::{Fingerprint, MeterId, WireMeans, Wires};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use units::{Amperes, Ratio};

keys! {
    /// When a phase without current is one whose current is not seen.
    ///
    /// Below 0.05 A firmware in the field takes a current circuit for open. The neutral's limits are those of phase
    /// against neutral, wider because three elements and their angles enter.
    Rule {
        none: Amperes > 0 = "0.05 A", "a phase with less current than this has none";
        load: Amperes > 0 = "1 A", "another phase must carry at least this";
        floor: Amperes > 0 = "0.5 A", "the neutral must differ by more than this from the sum of the phases";
        share: Ratio > 0 = "15 %", "and by more than this share of the larger of the two";
        history: u32 > 0 = 48, "so many intervals with load must have been seen before";
        carried: Ratio > 0 = "80 %", "and in this share of them the phase must have carried a current";
        blocks: u32 > 0 = 6, "so many intervals are needed for a suspicion; those without load in between do not count";
    }
}

static MISSING: FactDefinition = FactDefinition::new(
    "missing",
    Unit::Amperes,
    "how far the neutral current is from the phasor sum of the phases; `allowed` is the floor",
)
.with_limit("allowed");
static NEUTRAL: FactDefinition = FactDefinition::new("neutral", Unit::Amperes, "mean neutral current");
static LOAD: FactDefinition = FactDefinition::new("load", Unit::Amperes, "mean of the largest phase current");
static CARRIED: FactDefinition = FactDefinition::new(
    "carried",
    Unit::Share,
    "in which share of its intervals with load the phase carried a current before",
)
.with_limit("needed");
static BLOCKS: FactDefinition =
    FactDefinition::new("blocks", Unit::Count, "intervals in which it shows none").with_limit("needed");

static NO_LOAD: InnocentDefinition = InnocentDefinition {
    name: "no-load",
    facts: &[&MISSING, &CARRIED],
    words: &[
        "no load on the phase: the neutral would fit the others, and is {missing} away; before, the phase carried a current in {carried} of the intervals",
    ],
};
static BRIEF: InnocentDefinition = InnocentDefinition {
    name: "brief",
    facts: &[&BLOCKS],
    words: &["a brief fault: {blocks} intervals, {blocks.needed} are needed"],
};

pub(super) static ABOUT: About = About {
    main: &MISSING,
    facts: &[&MISSING, &NEUTRAL, &LOAD, &CARRIED, &PHASE, &BLOCKS],
    innocent: &[&NO_LOAD, &BRIEF],
    words: Words {
        main: "{missing:1} unseen",
        short: "phase {phase}: no current, neutral {missing:1} off",
        seen: "no current on phase {phase}, and the neutral is {missing} ({missing.allowed} allowed) off the others",
        excess: "about {excess} not counted",
        parts: &[
            "phase {phase} without current",
            "neutral {missing} off",
            "{blocks} intervals since {since}",
        ],
        page: &[
            "phase {phase} shows no current; another carries {load}, and the neutral's {neutral} is {missing} away from their sum, allowed {missing.allowed}",
            "in {blocks} intervals, {blocks.needed} needed, from {since} to {until}",
        ],
    },
};

pub(super) const NEEDS: Needs = Needs::WIRES;

impl DetectorRule for Rule {
    /// `blocks` is not among the settings that the state depends on: it is used only for a new suspicion.
    fn fingerprint(&self) -> u64 {
        let Self { none, load, floor, share, history, carried, blocks: _ } = self;
        let currents = Fingerprint::new("ct-open").number(none.0).number(load.0).number(floor.0);
        currents.number(share.0).whole(i64::from(*history)).number(carried.0).end()
    }
}

impl Rule {
    /// How the phases look beside what they carried before. `None` if the meter has no load, or no neutral.
    fn look(&self, wires: &Wires, past: &Past) -> Option<Look> {
        let phases = wires.means();
        let neutral = wires.mean_neutral()?;
        let load = phases.iter().fold(0.0, |load: f64, phase| load.max(phase.amperes));
        if load < self.load.0 {
            return None;
        }
        let none = phases.map(|phase| phase.amperes < self.none.0);
        let sum = phasor_sum(&phases);
        let missing = (neutral - sum).abs();
        let is_missing = missing > self.floor.0 && missing > self.share.0 * neutral.max(sum);
        let carried = |at: usize| past.seen >= self.history && past.carried[at] >= self.carried.0 as f32;
        let open = (0..3).find(|&at| none[at] && is_missing && carried(at));
        Some(match open {
            Some(phase) => Look::Wrong { phase, numbers: [missing, neutral, load, 0.0], wh: 0.0 },
            None => Look::InOrder(none.map(|none| !none)),
        })
    }

    fn evidence(&self, run: &Run, past: &Past) -> Evidence {
        let missing = MISSING.of(run.mean(0)).limited(self.floor.0);
        let carried = CARRIED.of(past.carried[usize::from(run.phase)].into()).limited(self.carried.0);
        let blocks = BLOCKS.of(run.blocks.into()).limited(self.blocks.into());
        Evidence {
            detector: Detector::CtOpen,
            since: run.since,
            until: run.until,
            blocks: run.blocks,
            score: run.persistence(self.blocks) * (1.0 - self.floor.0 / (2.0 * run.mean(0))),
            weight: 1.0,
            facts: vec![missing, NEUTRAL.of(run.mean(1)), LOAD.of(run.mean(2)), carried, run.phase(), blocks],
            // What the phase draws is not seen, and the neutral shows only its direction and size together.
            excess: None,
            looked_at: vec![Innocent::new(&NO_LOAD, [missing, carried]), Innocent::new(&BRIEF, [blocks])],
        }
    }
}

/// The phasor sum of three currents, each at its own angle against its phase, and the phases a third of a turn apart.
fn phasor_sum(phases: &[WireMeans; 3]) -> f64 {
    // The sine of a third of a turn.
    const THIRD: f64 = 0.866_025_403_784_438_6;
    let (mut re, mut im) = (0.0, 0.0);
    for (phase, (cos, sin)) in phases.iter().zip([(1.0, 0.0), (-0.5, -THIRD), (-0.5, THIRD)]) {
        // A root is exact to the last bit on every machine (IEEE 754), which `hypot` is not.
        let apparent = (phase.watts * phase.watts + phase.vars * phase.vars).sqrt();
        let (own, across) = match apparent > 0.0 {
            true => (phase.amperes * phase.watts / apparent, -phase.amperes * phase.vars / apparent),
            false => (phase.amperes, 0.0),
        };
        re += own * cos - across * sin;
        im += own * sin + across * cos;
    }
    (re * re + im * im).sqrt()
}

/// What the phases of a meter carried before: 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Past {
    /// In how many intervals with load.
    seen: u32,
    /// In which share of these each phase carried a current; recent ones count more.
    carried: [f32; 3],
}

/// Intervals with load that the share looks back on.
const LOOKS_BACK: u32 = 500;

impl Past {
    fn add(&mut self, carries: [bool; 3]) {
        self.seen = self.seen.saturating_add(1);
        let weight = 1.0 / self.seen.min(LOOKS_BACK) as f32;
        for (share, carries) in self.carried.iter_mut().zip(carries) {
            *share += (f32::from(u8::from(carries)) - *share) * weight;
        }
    }
}

/// The stored state: what the phases of each three-phase meter carried, and the runs. Some 50 bytes a meter of three
/// phases, and 100 more with a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct State {
    past: BTreeMap<MeterId, Past>,
    runs: PhaseRuns,
}

impl Stored for State {}

/// The rule at work.
#[derive(Debug, Clone, PartialEq)]
pub struct Runs {
    rule: Rule,
    state: State,
}

impl Runs {
    /// Nothing seen yet.
    pub fn new(rule: Rule) -> Self {
        Self { rule, state: State::default() }
    }
}

impl Work for Runs {
    type State = State;

    fn state(&self, _topology: &Topology) -> State {
        self.state.clone()
    }

    fn restore(&mut self, State { mut past, runs }: State, topology: &Topology) {
        past.retain(|meter, _| topology.first_row(meter, 0).is_some());
        self.state = State { past, runs: runs.known_to(topology) };
    }

    fn end(&mut self, comparing: &Comparing<'_>, out: &mut Findings) {
        let length = comparing.fronts.length();
        for wires in comparing.wires.iter().filter(|wires| wires.is_three_phase()) {
            let Some(place) = comparing.consumer(&wires.meter, wires.end) else { continue };
            let past = self.state.past.entry(wires.meter).or_default();
            let Some(look) = self.rule.look(wires, past) else { continue };
            // While a current is not seen, its phase would seem to have carried none.
            if let Look::InOrder(carries) = look {
                past.add(carries);
            }
            let run = self.state.runs.take(wires.meter, wires.end.minus(length), wires.end, look);
            if let Some(run) = run.filter(|run| run.blocks >= self.rule.blocks) {
                out.push(Found::new(wires.end, wires.meter, Some(place), self.rule.evidence(&run, past)));
            }
        }
        self.state.runs.forget(comparing.fronts.last_tick());
    }
}

#[cfg(test)]
mod tests;
