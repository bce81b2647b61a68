//! The origins of a target at one time of day, and the block of rows that each day of the horizon is.

use super::known::Known;
use super::table::Table;

/// Daily origins at one time of day. Models are fitted and judged along it, from the first row on, so that a forecast
/// does not depend on which origins somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lattice {
    /// The row of origin 0.
    pub first: i64,
    /// The rows of a day.
    pub day: usize,
    /// The rows of a horizon.
    pub horizon: usize,
}

/// A part of a horizon: the rows of one day of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// How many days after the issue it begins.
    pub ahead: usize,
    /// Its rows; fewer than a day has at the end of a horizon.
    pub length: usize,
}

impl Lattice {
    /// The origins of a target at the time of day of the row `issued`, the first of them after its first value.
    pub fn new(table: &Table<'_>, issued: i64, horizon: usize) -> Self {
        let day = table.grid().day();
        let earliest = table.first_seen().unwrap_or(issued) + 1;
        let first = earliest + (issued - earliest).rem_euclid(day as i64);
        Self { first, day, horizon }
    }

    /// The row of an origin.
    pub fn origin(&self, index: usize) -> i64 {
        self.first + (index * self.day) as i64
    }

    /// The number of an origin, which may be before the first one.
    pub fn index(&self, issued: i64) -> Option<usize> {
        usize::try_from((issued - self.first).div_euclid(self.day as i64)).ok()
    }

    /// What is known at an origin.
    pub fn known<'a>(&self, table: &'a Table<'a>, index: usize) -> Known<'a> {
        Known::at(table, self.origin(index), self.horizon)
    }

    /// The blocks of the horizon.
    pub fn blocks(&self) -> Vec<Block> {
        let block = |ahead: usize| Block { ahead, length: self.day.min(self.horizon - ahead * self.day) };
        (0..self.horizon.div_ceil(self.day)).map(block).collect()
    }

    /// After how many origins the load of a whole horizon is known.
    pub fn whole_after(&self) -> usize {
        self.horizon.div_ceil(self.day)
    }
}

impl Block {
    /// The first row of the block of a forecast.
    pub fn start(&self, known: Known<'_>) -> i64 {
        known.issued() + (self.ahead * known.grid().day()) as i64
    }

    /// The least number of whole weeks before this block that has ended when the forecast is issued, in days.
    pub fn weeks_back(&self) -> usize {
        7 * (self.ahead + 1).div_ceil(7)
    }
}
