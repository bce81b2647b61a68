//! The power of one phase is negative while the others draw: its current transformer is reversed, and what the phase
//! uses is taken off what the others use.

use super::phase_run::{Look, OnePhase, PHASE, PhaseRule, Run};
use super::{DetectorRule, Needs};
use crate::{About, Detector, Evidence, FactDefinition, Innocent, InnocentDefinition, Unit, Words};
use reading::{Fingerprint, Wires};
use units::{Amperes, WattHours, Watts};

keys! {
    /// When the power of a phase counts as backward.
    ///
    /// Firmware in the field reports backward power after 10 s. Single intervals are no proof, so several are needed.
    Rule {
        power: Watts > 0 = "50 W", "a phase must return more than this";
        current: Amperes > 0 = "0.5 A", "and carry at least this";
        blocks: u32 > 0 = 4, "so many intervals are needed for a suspicion; those without load in between do not count";
    }
}

static BACKWARD: FactDefinition = FactDefinition::new(
    "backward",
    Unit::Watts,
    "mean power that the phase seems to return; above `allowed` it counts",
)
.with_limit("allowed");
static CURRENT: FactDefinition = FactDefinition::new("current", Unit::Amperes, "mean current of that phase");
static FORWARD: FactDefinition =
    FactDefinition::new("forward", Unit::Watts, "mean power that the other phases draw together");
static BLOCKS: FactDefinition =
    FactDefinition::new("blocks", Unit::Count, "intervals with backward power").with_limit("needed");

static GENERATION: InnocentDefinition = InnocentDefinition {
    name: "generation",
    facts: &[&BACKWARD, &FORWARD],
    words: &[
        "a roof or generator on one phase: such a meter has an export register, or still draws reactive power; this phase returns both, {backward}, while the others draw {forward}",
    ],
};
static SWAPPED: InnocentDefinition = InnocentDefinition {
    name: "swapped-wires",
    facts: &[&FORWARD],
    words: &["line and load exchanged: then no phase would draw, and the others draw {forward}"],
};
static BRIEF: InnocentDefinition = InnocentDefinition {
    name: "brief",
    facts: &[&BLOCKS],
    words: &["a brief fault: {blocks} intervals, {blocks.needed} are needed"],
};

pub(super) static ABOUT: About = About {
    main: &BACKWARD,
    facts: &[&BACKWARD, &CURRENT, &FORWARD, &PHASE, &BLOCKS],
    innocent: &[&GENERATION, &SWAPPED, &BRIEF],
    words: Words {
        main: "{backward} backward",
        short: "phase {phase}: {backward} backward",
        seen: "{backward} backward ({backward.allowed} allowed) on phase {phase}, others {forward}",
        excess: "about {excess} not counted",
        parts: &[
            "{backward} backward on phase {phase}",
            "others draw {forward}",
            "{blocks} intervals since {since}",
        ],
        page: &[
            "phase {phase} seems to return {backward}, allowed {backward.allowed}, at {current}; the others draw {forward}",
            "in {blocks} intervals, {blocks.needed} needed, from {since} to {until}",
            "twice the power of the phase is missing in the sum: {excess}",
        ],
    },
};

pub(super) const NEEDS: Needs = Needs::WIRES;

impl DetectorRule for Rule {
    /// `blocks` is not among the settings that the runs depend on: it is used only for a new suspicion.
    fn fingerprint(&self) -> u64 {
        let Self { power, current, blocks: _ } = self;
        Fingerprint::new("reversed-ct").number(power.0).number(current.0).end()
    }
}

impl PhaseRule for Rule {
    fn blocks(&self) -> u32 {
        self.blocks
    }

    fn look(&self, wires: &Wires, hours: f64) -> Look {
        let phases = wires.means();
        let in_order = || Look::InOrder(phases.map(|phase| phase.watts > self.power.0));
        // A meter with an export register may return power on any phase.
        if wires.exports() {
            return in_order();
        }
        // An inverter returns active power while the load beside it still draws reactive power. A reversed transformer
        // turns the sign of both.
        let is_backward = |phase: &reading::WireMeans| {
            phase.watts < -self.power.0
                && phase.amperes >= self.current.0
                && phase.vars <= GENERATES * phase.watts.abs()
        };
        let forward: f64 = phases.iter().map(|phase| phase.watts.max(0.0)).sum();
        match phases.iter().enumerate().find(|(_, phase)| is_backward(phase)) {
            Some((at, phase)) if forward > self.power.0 => Look::Wrong {
                phase: at,
                numbers: [-phase.watts, phase.amperes, forward, 0.0],
                wh: -2.0 * phase.watts * hours,
            },
            _ => in_order(),
        }
    }

    fn evidence(&self, run: &Run) -> Evidence {
        let backward = BACKWARD.of(run.mean(0)).limited(self.power.0);
        let forward = FORWARD.of(run.mean(2));
        let blocks = BLOCKS.of(run.blocks.into()).limited(self.blocks.into());
        Evidence {
            detector: Detector::ReversedCt,
            since: run.since,
            until: run.until,
            blocks: run.blocks,
            score: run.persistence(self.blocks) * (1.0 - self.power.0 / (2.0 * run.mean(0))),
            weight: 1.0,
            facts: vec![backward, CURRENT.of(run.mean(1)), forward, run.phase(), blocks],
            excess: Some(WattHours(run.wh.round() as i64)),
            looked_at: vec![
                Innocent::new(&GENERATION, [backward, forward]),
                Innocent::new(&SWAPPED, [forward]),
                Innocent::new(&BRIEF, [blocks]),
            ],
        }
    }
}

/// From this share of the active power on, reactive power that a phase draws shows generation beside a load.
const GENERATES: f64 = 0.05;

/// The rule at work, and what is stored of it.
pub type Runs = OnePhase<Rule>;
pub use super::phase_run::State;

#[cfg(test)]
mod tests;
