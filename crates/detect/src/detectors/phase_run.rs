//! One wire of a meter that looks wrong, sighting after sighting.
//!
//! A wire without load shows nothing, so such intervals neither prolong a run nor end it. What ends a run is the same
//! wire with load and in order, another wire, or a long time without a sighting.

use super::contract::persistence;
use super::{Stored, Work};
use crate::weigh::{Comparing, Findings, Found};
use crate::{Evidence, Fact, FactDefinition, Unit};
use grid::Topology;
use reading::time::{DAY, HOUR};
use reading::{EventTime, MeterId, Wires};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The phase that a run is about.
pub(super) static PHASE: FactDefinition =
    FactDefinition::new("phase", Unit::Count, "which phase: 1, 2 or 3 for a, b or c");

/// How the wires of a meter looked in an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Look {
    /// A wire looks wrong, with the numbers that show it and the energy that was not counted, Wh.
    Wrong { phase: usize, numbers: [f64; 4], wh: f64 },
    /// These wires have load, and are in order.
    InOrder([bool; 3]),
}

/// Sightings of one wire. 80 bytes a meter that has any.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub(super) since: EventTime,
    pub(super) until: EventTime,
    pub(super) phase: u8,
    /// In how many intervals.
    pub(super) blocks: u32,
    numbers: [f64; 4],
    /// The energy that was not counted, Wh.
    pub(super) wh: f64,
}

impl Run {
    /// The mean of a number over all sightings.
    pub(super) fn mean(&self, number: usize) -> f64 {
        self.numbers[number] / f64::from(self.blocks)
    }

    /// How sure its length makes: see [`persistence`].
    pub(super) fn persistence(&self, needed: u32) -> f64 {
        persistence(needed, self.blocks)
    }

    /// Which phase it is, as people count.
    pub(super) fn phase(&self) -> Fact {
        PHASE.of(f64::from(self.phase) + 1.0)
    }
}

/// The runs of all meters.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PhaseRuns(BTreeMap<MeterId, Run>);

/// A run ends after so long without a sighting.
const REST: i64 = 3 * DAY;

impl PhaseRuns {
    /// Takes an interval of a meter, `(start, end]`. Returns its run if this was another sighting.
    pub(super) fn take(
        &mut self,
        meter: MeterId,
        start: EventTime,
        end: EventTime,
        look: Look,
    ) -> Option<Run> {
        match look {
            Look::InOrder(fine) => {
                if self.0.get(&meter).is_some_and(|run| fine[usize::from(run.phase)] && run.until < end) {
                    self.0.remove(&meter);
                }
                None
            }
            Look::Wrong { phase, numbers, wh } => {
                let phase = phase as u8;
                let new = Run { since: start, until: start, phase, blocks: 0, numbers: [0.0; 4], wh: 0.0 };
                let run = self.0.entry(meter).or_insert(new);
                if end <= run.until {
                    // It comes late, and the run has passed it.
                    return None;
                }
                if run.phase != phase || start.since(run.until) > REST {
                    *run = new;
                }
                (run.until, run.blocks) = (end, run.blocks + 1);
                for (sum, number) in run.numbers.iter_mut().zip(numbers) {
                    *sum += number;
                }
                run.wh += wh;
                Some(*run)
            }
        }
    }

    /// Forgets the runs that have ended by `now`.
    pub(super) fn forget(&mut self, now: EventTime) {
        self.0.retain(|_, run| now.since(run.until) <= REST);
    }

    /// Forgets meters that left the topology.
    pub(super) fn known_to(mut self, topology: &Topology) -> Self {
        self.0.retain(|meter, run| topology.number_at(meter, run.until).is_some());
        self
    }
}

/// A detector that looks at one phase of a three-phase meter at a time.
pub trait PhaseRule {
    /// How many sightings make a suspicion.
    fn blocks(&self) -> u32;
    /// How the wires look in an interval of so many hours.
    fn look(&self, wires: &Wires, hours: f64) -> Look;
    /// What a run of at least [`Self::blocks`] sightings shows.
    fn evidence(&self, run: &Run) -> Evidence;
}

/// Such a detector at work.
#[derive(Debug, Clone, PartialEq)]
pub struct OnePhase<R> {
    rule: R,
    runs: PhaseRuns,
}

/// The stored state: the run of every meter that has one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct State(PhaseRuns);

impl Stored for State {}

impl<R> OnePhase<R> {
    /// No run yet.
    pub fn new(rule: R) -> Self {
        Self { rule, runs: PhaseRuns::default() }
    }
}

impl<R: PhaseRule> Work for OnePhase<R> {
    type State = State;

    fn state(&self, _topology: &Topology) -> State {
        State(self.runs.clone())
    }

    fn restore(&mut self, State(runs): State, topology: &Topology) {
        self.runs = runs.known_to(topology);
    }

    fn end(&mut self, comparing: &Comparing<'_>, out: &mut Findings) {
        let length = comparing.fronts.length();
        for wires in comparing.wires.iter().filter(|wires| wires.is_three_phase()) {
            let look = self.rule.look(wires, length as f64 / HOUR as f64);
            let run = self.runs.take(wires.meter, wires.end.minus(length), wires.end, look);
            let Some(run) = run.filter(|run| run.blocks >= self.rule.blocks()) else { continue };
            if let Some(place) = comparing.consumer(&wires.meter, wires.end) {
                out.push(Found::new(wires.end, wires.meter, Some(place), self.rule.evidence(&run)));
            }
        }
        self.runs.forget(comparing.fronts.last_tick());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METER: &str = "M1";

    fn hour(number: i64) -> EventTime {
        EventTime(400_000 * HOUR + number * HOUR)
    }

    /// `a` a sighting of the first phase, `b` of the second, `A` the first in order, `.` no load.
    fn blocks(picture: &str) -> u32 {
        let (mut runs, mut last) = (PhaseRuns::default(), 0);
        let meter = MeterId::new(METER).unwrap();
        for (at, look) in picture.chars().enumerate() {
            let look = match look {
                'a' => Look::Wrong { phase: 0, numbers: [1.0; 4], wh: 1.0 },
                'b' => Look::Wrong { phase: 1, numbers: [1.0; 4], wh: 1.0 },
                'A' => Look::InOrder([true, false, false]),
                _ => Look::InOrder([false; 3]),
            };
            let run = runs.take(meter, hour(at as i64), hour(at as i64 + 1), look);
            last = run.map_or(last, |run| run.blocks);
        }
        last
    }

    #[test]
    fn a_wire_without_load_neither_prolongs_a_run_nor_ends_it() {
        assert_eq!((blocks("aa..a"), blocks("aaA.a"), blocks("aab"), blocks("aabbb")), (3, 1, 1, 3));
    }

    #[test]
    fn a_long_rest_ends_a_run() {
        assert_eq!(blocks(&format!("aa{}a", ".".repeat(72))), 3);
        assert_eq!(blocks(&format!("aa{}a", ".".repeat(73))), 1);
    }

    #[test]
    fn what_comes_late_counts_once() {
        let (mut runs, meter) = (PhaseRuns::default(), MeterId::new(METER).unwrap());
        let wrong = Look::Wrong { phase: 0, numbers: [1.0; 4], wh: 1.0 };
        assert_eq!(runs.take(meter, hour(1), hour(2), wrong).map(|run| run.blocks), Some(1));
        assert_eq!(runs.take(meter, hour(1), hour(2), wrong), None);
        assert_eq!(runs.take(meter, hour(2), hour(3), wrong).map(|run| run.blocks), Some(2));
    }
}
