//! The relay is off, and the supply goes on: energy or current is measured, or the voltage behind the relay follows the
//! voltage before it.
//!
//! A generator or an inverter of the house also puts a voltage behind an open relay. It has a voltage of its own, which
//! does not follow that of the line, and no current passes the meter.

use super::phase_run::{Look, PhaseRuns, Run};
use super::{DetectorRule, Needs, Stored, Work};
use crate::weigh::{Comparing, Findings, Found};
use crate::{About, Detector, Evidence, FactDefinition, Innocent, InnocentDefinition, Unit, Words};
use grid::Topology;
use reading::{Fingerprint, Wires};
use serde::{Deserialize, Serialize};
use units::{Amperes, Volts, Watts};

keys! {
    /// What counts as use behind an open relay.
    ///
    /// The current and the power are several times what a meter of class 1 starts at. Two voltage elements of class 1
    /// agree within a volt or two on one wire. In a day the voltage of a line moves by more than that, and a generator's
    /// does not move with it.
    Rule {
        current: Amperes > 0 = "0.1 A", "a mean current above this is use,";
        power: Watts > 0 = "20 W", "and so is a mean power above this;";
        blocks: u32 > 0 = 4, "so many intervals with use are needed for a suspicion";
        apart: Volts > 0 = "2 V", "without use, a voltage behind the relay that is this near to the one before it on average";
        voltage_blocks: u32 > 0 = 48, "is a suspicion after so many intervals in which it never was much further";
    }
}

static CURRENT: FactDefinition =
    FactDefinition::new("current", Unit::Amperes, "mean current while the relay is off")
        .with_limit("allowed");
static POWER: FactDefinition = FactDefinition::new("power", Unit::Watts, "mean power while the relay is off");
static LOAD_SIDE: FactDefinition =
    FactDefinition::new("load_side", Unit::Volts, "mean voltage behind the relay; 0 where there is none");
static APART: FactDefinition =
    FactDefinition::new("apart", Unit::Volts, "mean distance of that voltage from the one before the relay")
        .with_limit("near");
static BLOCKS: FactDefinition = FactDefinition::new(
    "blocks",
    Unit::Count,
    "intervals with the relay off and use, or with voltage if there is no use",
)
.with_limit("needed");

static GENERATOR: InnocentDefinition = InnocentDefinition {
    name: "generator-backfeed",
    facts: &[&CURRENT, &APART],
    words: &[
        "a generator or inverter of the house: it has a voltage of its own, and no current passes the meter; here {current} passes it, and the voltages are {apart} apart",
    ],
};
static BRIEF: InnocentDefinition = InnocentDefinition {
    name: "brief",
    facts: &[&BLOCKS],
    words: &["a relay that was just switched: {blocks} intervals, {blocks.needed} are needed"],
};

pub(super) static ABOUT: About = About {
    main: &CURRENT,
    facts: &[&CURRENT, &POWER, &LOAD_SIDE, &APART, &BLOCKS],
    innocent: &[&GENERATOR, &BRIEF],
    words: Words {
        main: "{current:1} with the relay off",
        short: "relay off: {current:1}, {load_side} behind it",
        seen: "{current} ({current.allowed} allowed) and {load_side} behind the relay, which is off",
        excess: "{excess}",
        parts: &[
            "relay off, {current}, {power}",
            "{load_side} behind the relay",
            "{blocks} intervals since {since}",
        ],
        page: &[
            "the relay is off: {current}, allowed {current.allowed}, and {power}; {load_side} behind the relay, {apart} from the line",
            "in {blocks} intervals, {blocks.needed} needed, from {since} to {until}",
        ],
    },
};

pub(super) const NEEDS: Needs = Needs::WIRES;

/// A voltage that is further from the line's in one interval, in `apart`, does not follow it.
const MUCH: f64 = 1.5;

impl DetectorRule for Rule {
    /// The numbers of intervals are not among the settings that the runs depend on: they are used only for a new
    /// suspicion.
    fn fingerprint(&self) -> u64 {
        let Self { current, power, apart, blocks: _, voltage_blocks: _ } = self;
        Fingerprint::new("use-after-disconnection").number(current.0).number(power.0).number(apart.0).end()
    }
}

impl Rule {
    /// What a meter with an open relay shows: use, or else a voltage behind the relay.
    fn look(&self, wires: &Wires) -> Option<(bool, Look)> {
        let [one, ..] = wires.means();
        let (load_side, apart) = wires.mean_load_side().unwrap_or((0.0, one.volts));
        let numbers = [one.amperes, one.watts, load_side, apart];
        let is_use = one.amperes > self.current.0 || one.watts.abs() > self.power.0;
        let is_off = wires.count > 0 && wires.off_count == wires.count;
        let look = match is_use || apart <= MUCH * self.apart.0 {
            true => Look::Wrong { phase: 0, numbers, wh: 0.0 },
            false => Look::InOrder([true; 3]),
        };
        (is_off && (is_use || load_side > 0.0)).then_some((is_use, look))
    }

    fn evidence(&self, run: &Run, is_use: bool) -> Evidence {
        let needed = if is_use { self.blocks } else { self.voltage_blocks };
        let current = CURRENT.of(run.mean(0)).limited(self.current.0);
        let blocks = BLOCKS.of(run.blocks.into()).limited(needed.into());
        let apart = APART.of(run.mean(3)).limited(self.apart.0);
        Evidence {
            detector: Detector::UseAfterDisconnection,
            since: run.since,
            until: run.until,
            blocks: run.blocks,
            // A voltage alone says less than energy.
            score: run.persistence(needed) * if is_use { 1.0 } else { 0.6 },
            weight: 1.0,
            facts: vec![current, POWER.of(run.mean(1)), LOAD_SIDE.of(run.mean(2)), apart, blocks],
            excess: None,
            looked_at: vec![Innocent::new(&GENERATOR, [current, apart]), Innocent::new(&BRIEF, [blocks])],
        }
    }
}

/// The stored state: the runs of meters whose relay is off, with use and with a voltage only.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct State {
    of_use: PhaseRuns,
    of_voltage: PhaseRuns,
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

    fn restore(&mut self, State { of_use, of_voltage }: State, topology: &Topology) {
        let (of_use, of_voltage) = (of_use.known_to(topology), of_voltage.known_to(topology));
        self.state = State { of_use, of_voltage };
    }

    fn end(&mut self, comparing: &Comparing<'_>, out: &mut Findings) {
        let length = comparing.fronts.length();
        for wires in comparing.wires.iter().filter(|wires| !wires.is_three_phase()) {
            let Some((is_use, look)) = self.rule.look(wires) else { continue };
            let runs = if is_use { &mut self.state.of_use } else { &mut self.state.of_voltage };
            let run = runs.take(wires.meter, wires.end.minus(length), wires.end, look);
            let enough = |run: &Run| match is_use {
                true => run.blocks >= self.rule.blocks,
                false => run.blocks >= self.rule.voltage_blocks && run.mean(3) <= self.rule.apart.0,
            };
            let Some(run) = run.filter(enough) else { continue };
            if let Some(place) = comparing.consumer(&wires.meter, wires.end) {
                let evidence = self.rule.evidence(&run, is_use);
                out.push(Found::new(wires.end, wires.meter, Some(place), evidence));
            }
        }
        let now = comparing.fronts.last_tick();
        self.state.of_use.forget(now);
        self.state.of_voltage.forget(now);
    }
}

#[cfg(test)]
mod tests;
