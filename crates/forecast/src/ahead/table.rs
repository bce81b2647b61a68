//! One target: its load and the columns beside it, at equal distances in time.

use super::moments::{Moment, moment};
use jiff::tz::TimeZone;

/// The length of a day. Origins and lags are days of 24 hours, also where clocks change.
pub use reading::time::DAY;

/// When a forecast may see a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Once the interval has ended.
    Observed,
    /// Up to the end of the horizon, such as a weather forecast.
    Forecast,
    /// At any time: a holiday.
    Always,
}

/// A column beside the load.
#[derive(Debug, Clone)]
pub struct Column {
    /// When it may be seen.
    pub sight: Sight,
    /// A value for each row; NaN is missing.
    pub values: Vec<f64>,
}

/// The times of the rows, which all targets of a file have in common.
#[derive(Debug, Clone)]
pub struct Grid {
    /// The start of row 0, in milliseconds since 1970.
    pub first: i64,
    /// The length of a row in milliseconds.
    pub step: i64,
    moments: Vec<Moment>,
}

impl Grid {
    /// A grid of so many rows.
    pub fn new(first: i64, step: i64, rows: usize, zone: &TimeZone) -> Self {
        assert!(step > 0 && DAY % step == 0, "a day is a whole number of steps");
        let moments = (0..rows).map(|row| moment(first + row as i64 * step, step, zone)).collect();
        Self { first, step, moments }
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.moments.len()
    }

    /// The start of a row.
    pub fn time(&self, row: i64) -> i64 {
        self.first + row * self.step
    }

    /// How many rows a day of 24 hours has.
    pub fn day(&self) -> usize {
        (DAY / self.step) as usize
    }

    /// The local time of a row. Rows outside repeat the nearest day.
    pub fn moment(&self, row: i64) -> Moment {
        let last = self.moments.len() as i64 - 1;
        self.moments[row.clamp(0, last) as usize]
    }
}

/// The load of a target and the columns beside it.
///
/// Nothing reads it but [`Known`](super::known::Known), which stands at a moment and sees nothing later.
#[derive(Debug)]
pub struct Table<'a> {
    pub(super) grid: &'a Grid,
    /// NaN is missing.
    pub(super) load: Vec<f64>,
    /// Without gaps. A gap that has closed and is short is a line between its neighbours.
    pub(super) closed: Vec<f64>,
    /// Without gaps, and each value follows from rows before it.
    pub(super) causal: Vec<f64>,
    /// The last row with a value before each row, or -1.
    pub(super) last_seen: Vec<i64>,
    /// The first row with a value, or the number of rows.
    pub(super) first_seen: i64,
    pub(super) columns: Vec<Column>,
    pub(super) holiday: Option<Vec<f64>>,
}

impl<'a> Table<'a> {
    /// A target with as many values as the grid has rows. A value that is no [number](is_number) is missing.
    pub fn new(grid: &'a Grid, mut load: Vec<f64>, columns: Vec<Column>) -> Self {
        assert_eq!(load.len(), grid.rows(), "a value for each row");
        for value in &mut load {
            *value = if is_number(*value) { *value } else { f64::NAN };
        }
        let (causal, last_seen) = fill(&load, grid.day());
        let closed = close(&load, &causal, (grid.day() / 8).max(1));
        let mut kept = Vec::new();
        let mut holiday = None;
        for Column { sight, values } in columns {
            assert_eq!(values.len(), grid.rows(), "a value for each row");
            if sight == Sight::Always {
                holiday = Some(values.iter().map(|value| f64::from(*value > 0.5)).collect());
            } else {
                let number = |value: &f64| if is_number(*value) { *value } else { f64::NAN };
                let values: Vec<f64> = values.iter().map(number).collect();
                kept.push(Column { sight, values: fill(&values, grid.day()).0 });
            }
        }
        let first_seen = load.iter().position(|value| !value.is_nan()).unwrap_or(load.len()) as i64;
        Self { grid, load, closed, causal, last_seen, first_seen, columns: kept, holiday }
    }

    /// The times of its rows.
    pub fn grid(&self) -> &'a Grid {
        self.grid
    }

    /// The first row with a value.
    pub fn first_seen(&self) -> Option<i64> {
        (self.first_seen < self.load.len() as i64).then_some(self.first_seen)
    }

    /// What was measured, for judging a forecast once it has been made. NaN where nothing was.
    pub fn actual(&self, row: i64) -> f64 {
        usize::try_from(row).ok().and_then(|row| self.load.get(row)).copied().unwrap_or(f64::NAN)
    }
}

/// Fills each gap from the week before, else the day before, else the last value; before the first value it is 0.
fn fill(values: &[f64], day: usize) -> (Vec<f64>, Vec<i64>) {
    let mut filled: Vec<f64> = Vec::with_capacity(values.len());
    let mut last_seen = Vec::with_capacity(values.len() + 1);
    let (mut first, mut last) = (usize::MAX, -1);
    for (row, value) in values.iter().enumerate() {
        last_seen.push(last);
        if !value.is_nan() {
            first = first.min(row);
            last = row as i64;
            filled.push(*value);
            continue;
        }
        let back = [7 * day, day, 1].into_iter().find(|back| row >= *back && row - back >= first);
        filled.push(back.map_or(0.0, |back| filled[row - back]));
    }
    last_seen.push(last);
    (filled, last_seen)
}

/// Draws a line across each gap of at most `most` rows.
fn close(values: &[f64], causal: &[f64], most: usize) -> Vec<f64> {
    let mut closed = causal.to_vec();
    let mut last: Option<usize> = None;
    for (row, value) in values.iter().enumerate() {
        if value.is_nan() {
            continue;
        }
        if let Some(last) = last.filter(|last| row - last > 1 && row - last <= most + 1) {
            let slope = (value - values[last]) / (row - last) as f64;
            for (distance, between) in closed[last + 1..row].iter_mut().enumerate() {
                *between = values[last] + slope * (distance + 1) as f64;
            }
        }
        last = Some(row);
    }
    closed
}

/// Whether a value counts. Some systems write the largest number there is for a missing one, and sums of such would
/// be infinite.
pub fn is_number(value: f64) -> bool {
    value.abs() < 1e100
}
