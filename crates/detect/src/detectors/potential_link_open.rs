//! Current flows on a phase of a three-phase meter that shows no voltage: its voltage link is open or was opened, and
//! the meter counts nothing there.

use super::phase_run::{Look, OnePhase, PHASE, PhaseRule, Run};
use super::{DetectorRule, Needs};
use crate::{
    About, Detector, Evidence, FactDefinition, Innocent, InnocentDefinition, SettingsError, Unit, Words,
};
use reading::{Fingerprint, Wires};
use units::{Amperes, Volts, WattHours};

keys! {
    /// When a phase counts as dead, and which current on it is none that a dead phase can have.
    ///
    /// Firmware in the field reports more than 2 A on a dead phase at once, and takes 70 % of the supply for the least
    /// voltage of one that is alive. Several intervals are asked for here, so half of that current is enough.
    Rule {
        dead: Volts > 0 = "50 V", "a phase with less voltage than this is dead";
        alive: Volts > 0 = "161 V", "another phase must have at least this voltage";
        current: Amperes > 0 = "1 A", "the dead phase must carry more than this";
        blocks: u32 > 0 = 3, "so many intervals are needed for a suspicion; those without load in between do not count";
    }
}

static CURRENT: FactDefinition = FactDefinition::new(
    "current",
    Unit::Amperes,
    "mean current of the dead phase; above `allowed` it counts",
)
.with_limit("allowed");
static VOLTAGE: FactDefinition =
    FactDefinition::new("voltage", Unit::Volts, "mean voltage that the meter shows on that phase")
        .with_limit("dead");
static OTHERS: FactDefinition =
    FactDefinition::new("others", Unit::Volts, "mean of the highest voltage of its phases");
static BLOCKS: FactDefinition =
    FactDefinition::new("blocks", Unit::Count, "intervals with such a current").with_limit("needed");

static DEAD_SUPPLY: InnocentDefinition = InnocentDefinition {
    name: "dead-supply",
    facts: &[&CURRENT, &VOLTAGE],
    words: &[
        "a fuse or wire of the supply is gone: such a phase carries no current, and this one {current} at {voltage}",
    ],
};
static BRIEF: InnocentDefinition = InnocentDefinition {
    name: "brief",
    facts: &[&BLOCKS],
    words: &["a brief fault: {blocks} intervals, {blocks.needed} are needed"],
};

pub(super) static ABOUT: About = About {
    main: &CURRENT,
    facts: &[&CURRENT, &VOLTAGE, &OTHERS, &PHASE, &BLOCKS],
    innocent: &[&DEAD_SUPPLY, &BRIEF],
    words: Words {
        main: "{current:1} on a dead phase",
        short: "phase {phase}: {current:1} at {voltage}",
        seen: "{current} ({current.allowed} allowed) on phase {phase}, which shows {voltage}",
        excess: "about {excess} not counted",
        parts: &[
            "{current} on dead phase {phase}",
            "{voltage}, others {others}",
            "{blocks} intervals since {since}",
        ],
        page: &[
            "phase {phase} carries {current}, allowed {current.allowed}, at {voltage}; another phase has {others}",
            "in {blocks} intervals, {blocks.needed} needed, from {since} to {until}",
            "at the voltage of the other phases that is {excess}",
        ],
    },
};

pub(super) const NEEDS: Needs = Needs::WIRES;

impl DetectorRule for Rule {
    fn check(&self) -> Result<(), SettingsError> {
        if self.alive > self.dead {
            return Ok(());
        }
        Err(SettingsError::Contradiction {
            key: "alive",
            problem: format!("`alive` ({}) must be above `dead` ({})", self.alive.0, self.dead.0),
            help: "leave both out for the usual limits".to_owned(),
        })
    }

    /// `blocks` is not among the settings that the runs depend on: it is used only for a new suspicion.
    fn fingerprint(&self) -> u64 {
        let Self { dead, alive, current, blocks: _ } = self;
        Fingerprint::new("potential-link-open").number(dead.0).number(alive.0).number(current.0).end()
    }
}

impl PhaseRule for Rule {
    fn blocks(&self) -> u32 {
        self.blocks
    }

    fn look(&self, wires: &Wires, hours: f64) -> Look {
        let phases = wires.means();
        let highest = phases.iter().fold(0.0, |highest: f64, phase| highest.max(phase.volts));
        let is_dead = |volts: f64| volts < self.dead.0;
        let mut carrying = phases.iter().enumerate().filter(|(_, phase)| {
            is_dead(phase.volts) && phase.amperes > self.current.0 && highest >= self.alive.0
        });
        match carrying.next() {
            Some((at, phase)) => Look::Wrong {
                phase: at,
                numbers: [phase.amperes, phase.volts, highest, 0.0],
                wh: phase.amperes * highest * hours,
            },
            None => Look::InOrder(phases.map(|phase| !is_dead(phase.volts))),
        }
    }

    fn evidence(&self, run: &Run) -> Evidence {
        let current = CURRENT.of(run.mean(0)).limited(self.current.0);
        let voltage = VOLTAGE.of(run.mean(1)).limited(self.dead.0);
        let blocks = BLOCKS.of(run.blocks.into()).limited(self.blocks.into());
        Evidence {
            detector: Detector::PotentialLinkOpen,
            since: run.since,
            until: run.until,
            blocks: run.blocks,
            // No innocent cause lets a current flow on a dead phase: only its length is in doubt.
            score: run.persistence(self.blocks),
            weight: 1.0,
            facts: vec![current, voltage, OTHERS.of(run.mean(2)), run.phase(), blocks],
            excess: Some(WattHours(run.wh.round() as i64)),
            looked_at: vec![Innocent::new(&DEAD_SUPPLY, [current, voltage]), Innocent::new(&BRIEF, [blocks])],
        }
    }
}

/// The rule at work, and what is stored of it.
pub type Runs = OnePhase<Rule>;
pub use super::phase_run::State;

#[cfg(test)]
mod tests;
