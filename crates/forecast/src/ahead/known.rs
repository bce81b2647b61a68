//! What is known at a moment. Models read a target through this alone, so that none can see what comes later.

use super::moments::Moment;
use super::table::{Grid, Sight, Table};

/// A target as it was known when a forecast was issued.
///
/// A row of the load is known when its interval has ended. A method that is asked for a later row panics: that is a
/// mistake in a model, and a number would hide it.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    table: &'a Table<'a>,
    /// The row that begins at the moment of issue. It and all later ones are unknown.
    issued: i64,
    /// Columns that are forecast are known before this row.
    until: i64,
}

impl<'a> Known<'a> {
    /// What is known at the start of row `issued`, with columns that are forecast for `horizon` rows.
    pub fn at(table: &'a Table<'a>, issued: i64, horizon: usize) -> Self {
        Self { table, issued, until: issued + horizon as i64 }
    }

    /// The row that begins at the moment of issue.
    pub fn issued(&self) -> i64 {
        self.issued
    }

    /// The times of the rows.
    pub fn grid(&self) -> &'a Grid {
        self.table.grid
    }

    /// The local time of any row: the calendar is always known.
    pub fn moment(&self, row: i64) -> Moment {
        self.table.grid.moment(row)
    }

    /// The measured load, if there is one.
    pub fn load(&self, row: i64) -> Option<f64> {
        assert!(row < self.issued, "row {row} is not known at row {}", self.issued);
        let value = *self.table.load.get(usize::try_from(row).ok()?)?;
        (!value.is_nan()).then_some(value)
    }

    /// The load, with gaps filled from what is known. Before the first value it is the first value.
    pub fn filled(&self, row: i64) -> f64 {
        assert!(row < self.issued, "row {row} is not known at row {}", self.issued);
        let rows = self.table.load.len() as i64;
        let earliest = self.table.first_seen.min(self.issued - 1).max(0);
        let index = row.clamp(earliest, rows - 1) as usize;
        let last = self.table.last_seen[self.issued.clamp(0, rows) as usize];
        // A gap that lasts until now has no value at its end yet, which `closed` would use.
        if index as i64 > last { self.table.causal[index] } else { self.table.closed[index] }
    }

    /// The number of columns beside the load, without the holidays.
    pub fn columns(&self) -> usize {
        self.table.columns.len()
    }

    /// Whether a column is known up to the end of the horizon.
    pub fn is_forecast(&self, column: usize) -> bool {
        self.table.columns[column].sight == Sight::Forecast
    }

    /// The value of a column. Gaps are filled from earlier rows.
    pub fn column(&self, column: usize, row: i64) -> f64 {
        let Self { table, issued, until } = *self;
        let column = &table.columns[column];
        let end = if column.sight == Sight::Forecast { until } else { issued };
        assert!(row < end, "row {row} of a column is not known at row {issued}");
        column.values[row.clamp(0, column.values.len() as i64 - 1) as usize]
    }

    /// Whether a row belongs to a holiday: 1 or 0.
    pub fn holiday(&self, row: i64) -> f64 {
        let Some(holiday) = &self.table.holiday else { return 0.0 };
        usize::try_from(row).ok().and_then(|row| holiday.get(row)).copied().unwrap_or(0.0)
    }

    /// The measured load of a block of rows that began earlier, if the whole block has ended.
    pub fn ended(&self, start: i64, length: usize) -> Option<Vec<f64>> {
        if start + length as i64 > self.issued {
            return None;
        }
        Some((start..start + length as i64).map(|row| self.load(row).unwrap_or(f64::NAN)).collect())
    }
}
