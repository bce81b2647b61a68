//! The energy of a load, by interval.

use reading::{Calendar, EventTime, Grid};
use std::collections::BTreeMap;
use units::{WattHours, Watts};

/// Energy by interval, as far as it is known.
#[derive(Debug, Clone)]
pub struct Load {
    grid: Grid,
    energy: BTreeMap<EventTime, i64>,
}

impl Load {
    /// An empty load.
    pub fn new(grid: Grid) -> Self {
        Self { grid, energy: BTreeMap::new() }
    }

    /// Adds the energy of a meter in the interval that ends at `end`. Export is negative.
    pub fn add(&mut self, end: EventTime, energy: WattHours) {
        *self.energy.entry(end).or_default() += energy.0;
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.energy.is_empty()
    }

    /// Milliseconds of an interval.
    pub(crate) fn length(&self) -> i64 {
        self.grid.length()
    }

    /// Mean powers, by the ends of their intervals.
    pub(crate) fn powers(&self) -> impl Iterator<Item = (EventTime, Watts)> {
        self.energy.iter().map(|(&end, &wh)| (end, WattHours(wh).mean_over(self.grid.length())))
    }

    /// All energy.
    pub(crate) fn total(&self) -> WattHours {
        WattHours(self.energy.values().sum())
    }

    /// The first and the last day, as text.
    pub(crate) fn span(&self, calendar: &Calendar) -> String {
        let day = |end: &EventTime| calendar.day_of_interval(*end).to_string();
        match (self.energy.keys().next(), self.energy.keys().next_back()) {
            (Some(first), Some(last)) => format!("{} to {}", day(first), day(last)),
            _ => String::new(),
        }
    }
}
