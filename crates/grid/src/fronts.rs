//! How far the consumers of each transformer have been heard, so that neighbours are compared once, when all are in.
//!
//! > Example: two meters share a neutral, so each of them looks as if some current took another way. One delivers at
//! > once and the other a day later. Until the second one has delivered, nobody can say whether it explains the first.

use crate::{Joined, Role, Topology};
use reading::{EventTime, Grid, MeterId};
use serde::{Deserialize, Serialize};

/// The end of the last interval of each consumer, in four bytes a row of the topology.
#[derive(Debug, Clone, PartialEq)]
pub struct Fronts {
    grid: Grid,
    /// How long a consumer is waited for that is not heard, ms.
    patience: i64,
    /// The end of the first tick, and of the last one.
    ticks: Option<(EventTime, EventTime)>,
    /// By the first row of each meter: the number of its last interval, see [`Grid::index`].
    heard: Vec<i32>,
}

/// Stands for no interval.
const NEVER: i32 = i32::MIN;

/// What [`Fronts`] store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrontsState {
    ticks: Option<(EventTime, EventTime)>,
    /// By meter: how many intervals before the last tick it was heard of last.
    heard: Vec<(MeterId, u32)>,
}

impl Fronts {
    /// The version of [`FrontsState`].
    pub const STATE_VERSION: u16 = 1;

    /// Nothing heard yet.
    pub fn new(grid: Grid, patience: i64, topology: &Topology) -> Self {
        Self { grid, patience, ticks: None, heard: vec![NEVER; topology.rows().len()] }
    }

    /// Takes the rows of the tick that ends at `end`, in any order.
    pub fn tick<'a>(&mut self, end: EventTime, joined: impl Iterator<Item = Joined<'a>>) {
        let first = self.ticks.map_or(end, |(first, _)| first);
        self.ticks = Some((first, end));
        self.join(joined);
    }

    /// Takes rows of ticks that are over, between two ticks.
    pub fn join<'a>(&mut self, joined: impl Iterator<Item = Joined<'a>>) {
        for joined in joined {
            if let (Some(Role::Consumer), Some(first)) = (joined.role, joined.first()) {
                let index = self.index(joined.interval.end);
                let heard = &mut self.heard[first as usize];
                *heard = index.max(*heard);
            }
        }
    }

    /// All consumers of a transformer have been heard up to here, but for those that are silent for too long: what
    /// ended by then can be compared. Without patience it is the end of the tick.
    ///
    /// A consumer that was never heard counts as heard up to the interval of the first tick.
    pub fn of(&self, transformer: u32, topology: &Topology) -> EventTime {
        let begun = self.ticks.map_or(EventTime::MIN, |(first, _)| first.minus(self.grid.length()));
        self.up_to(transformer, topology, begun)
    }

    /// The same at the end of all readings: a consumer that was never heard will not come.
    pub fn at_the_end(&self, transformer: u32, topology: &Topology) -> EventTime {
        self.up_to(transformer, topology, EventTime::MIN)
    }

    /// The length of an interval, ms.
    pub fn length(&self) -> i64 {
        self.grid.length()
    }

    /// The end of the last tick.
    pub fn last_tick(&self) -> EventTime {
        self.ticks.map_or(EventTime::MIN, |(_, last)| last)
    }

    /// Nothing that ends by here is waited for, whatever is missing.
    pub fn patient_until(&self) -> EventTime {
        self.last_tick().minus(self.patience)
    }

    /// A consumer that was never heard counts as heard at `begun`.
    fn up_to(&self, transformer: u32, topology: &Topology, begun: EventTime) -> EventTime {
        let (last, given_up) = (self.last_tick(), self.patient_until());
        let of_consumers = topology.consumers_of(transformer, last).map(|(number, first)| {
            match self.heard[first as usize] {
                NEVER => begun.max(topology.rows()[number as usize].starts()),
                index => self.grid.end(index.into()),
            }
        });
        let late = of_consumers.filter(|heard| *heard > given_up).min();
        late.unwrap_or(last).min(last)
    }

    fn index(&self, end: EventTime) -> i32 {
        self.grid.index(end).clamp(i64::from(NEVER) + 1, i64::from(i32::MAX)) as i32
    }

    /// Takes another topology.
    pub fn place(&mut self, before: &Topology, topology: &Topology) {
        let state = self.snapshot(before);
        *self = Self::new(self.grid, self.patience, topology);
        self.restore(topology, &state);
    }

    /// What is to be stored. `topology` is the one in use.
    pub fn snapshot(&self, topology: &Topology) -> FrontsState {
        let last = self.ticks.map_or(0, |(_, last)| self.index(last));
        let known = topology.rows().iter().zip(&self.heard).filter(|(_, heard)| **heard != NEVER);
        let heard = known.map(|(row, heard)| (row.meter, last.saturating_sub(*heard).max(0) as u32));
        FrontsState { ticks: self.ticks, heard: heard.collect() }
    }

    /// Takes what was stored, into fronts without any state. A meter that left the topology is forgotten.
    pub fn restore(&mut self, topology: &Topology, state: &FrontsState) {
        self.ticks = state.ticks;
        let last = self.ticks.map_or(0, |(_, last)| self.index(last));
        for (first, ago) in topology.first_rows(state.heard.iter().copied()) {
            self.heard[first] = last.saturating_sub(i32::try_from(ago).unwrap_or(i32::MAX));
        }
    }
}

#[cfg(test)]
mod tests;
