//! What is stored of the rule at work. Meters stand under their names: numbers of rows and transformers belong to one
//! table only.

use super::Runs;
use super::block::{Block, Run};
use super::shared::{FITTED, Pair};
use super::street::{self, Noted};
use crate::detectors::Stored;
use features::LoopCurrents;
use grid::{Role, Topology};
use reading::{EventTime, MeterId};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use units::{Amperes, Volts};

/// The stored state: the run of every meter that has one, and the blocks that wait.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct State {
    runs: BTreeMap<MeterId, Run>,
    waiting: Vec<Waiting>,
    pairs: Vec<((MeterId, MeterId), Pair)>,
    noted: Vec<(MeterId, Noted)>,
}

#[derive(Deserialize)]
struct StateV3 {
    runs: BTreeMap<MeterId, Run>,
    waiting: Vec<Waiting>,
    pairs: Vec<((MeterId, MeterId), Pair)>,
}

#[derive(Deserialize)]
struct StateV2 {
    runs: BTreeMap<MeterId, Run>,
    waiting: Vec<WaitingV2>,
}

/// A block that waits for neighbours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Waiting {
    block: WaitingV2,
    power: Option<(f64, f64)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct WaitingV2 {
    meter: MeterId,
    start: EventTime,
    end: EventTime,
    readings: u32,
    phase: f64,
    neutral: f64,
    volts: Option<f64>,
}

impl Stored for State {
    const VERSION: u16 = 4;
    /// Version 1 had runs only; version 2 had no pairs, and no power beside the currents; version 3 did not remember
    /// which meters could be one of a pair.
    const READS: &'static [u16] = &[1, 2, 3];

    fn read<'de, D: Deserializer<'de>>(version: u16, stored: D) -> Result<Self, D::Error> {
        match version {
            1 => Ok(Self { runs: BTreeMap::deserialize(stored)?, ..Self::default() }),
            2 => {
                let StateV2 { runs, waiting } = StateV2::deserialize(stored)?;
                let waiting = waiting.into_iter().map(|block| Waiting { block, power: None });
                Ok(Self { runs, waiting: waiting.collect(), ..Self::default() })
            }
            3 => {
                let StateV3 { runs, waiting, pairs } = StateV3::deserialize(stored)?;
                let noted = |&((one, other), pair): &((MeterId, MeterId), Pair)| {
                    [one, other].map(|meter| (meter, Noted { blocks: FITTED, last: pair.until() }))
                };
                let noted = pairs.iter().flat_map(noted).collect();
                Ok(Self { runs, waiting, pairs, noted })
            }
            _ => Self::deserialize(stored),
        }
    }
}

impl State {
    /// What must be stored of the rule at work. `topology` is the one in use.
    pub(super) fn of(runs: &Runs, topology: &Topology) -> Self {
        let mut state = Self::default();
        for street in runs.streets.values() {
            state.runs.extend(&street.runs);
            state.pairs.extend(street.sharing.0.iter().map(|(&meters, &pair)| (meters, pair)));
            state.noted.extend(street.noted.iter().map(|(&meter, &noted)| (meter, noted)));
            for street::Kept { row, block } in street.waiting.values().flatten() {
                let Block { start, end, readings, currents, volts, power } = *block;
                let block = WaitingV2 {
                    meter: topology.rows()[*row as usize].meter,
                    start,
                    end,
                    readings,
                    phase: currents.phase.0,
                    neutral: currents.neutral.0,
                    volts: volts.map(|volts| volts.0),
                };
                state.waiting.push(Waiting { block, power });
            }
        }
        state
    }

    /// Goes on from what was stored. What belongs to a meter without a transformer is forgotten.
    pub(super) fn give_to(self, runs: &mut Runs, topology: &Topology) {
        for (meter, run) in self.runs {
            if let Some((transformer, _)) = place(topology, &meter, run.until) {
                runs.streets.entry(transformer).or_default().runs.insert(meter, run);
            }
        }
        for (meters, pair) in self.pairs {
            if let Some((transformer, _)) = place(topology, &meters.0, pair.until()) {
                runs.streets.entry(transformer).or_default().sharing.0.insert(meters, pair);
            }
        }
        for (meter, noted) in self.noted {
            if let Some((transformer, _)) = place(topology, &meter, noted.last) {
                runs.streets.entry(transformer).or_default().noted.insert(meter, noted);
            }
        }
        for waiting in self.waiting {
            if let Some((transformer, row)) = place(topology, &waiting.block.meter, waiting.block.end) {
                let street = runs.streets.entry(transformer).or_default();
                street.keep(row, waiting.block(), usize::MAX, &runs.rule);
            }
        }
    }
}

impl Waiting {
    fn block(&self) -> Block {
        let WaitingV2 { start, end, readings, phase, neutral, volts, .. } = self.block;
        let (phase, neutral) = (Amperes(phase), Amperes(neutral));
        let currents = LoopCurrents { phase, neutral, apart: (phase - neutral).abs() };
        Block { start, end, readings, currents, volts: volts.map(Volts), power: self.power }
    }
}

/// The number of the transformer of a consumer, and that of its row.
fn place(topology: &Topology, meter: &MeterId, time: EventTime) -> Option<(u32, u32)> {
    let (number, row) = topology.number_at(meter, time)?;
    let transformer = topology.number_of(row.transformer()?)?;
    (row.role == Role::Consumer).then_some((transformer, number))
}
