//! Overloads and peaks: what the scenarios of each origin say about the rating, by block and by local day.

use super::series::{Loads, Series};
use super::written::{numbers, stamps, table};
use crate::cli::{Backtest, Rating};
use arrow::array::{ArrayRef, Date32Array, StringArray};
use forecast::ahead::{Grid, Scenarios};
use shell::Failure;
use std::ops::Range;
use std::sync::Arc;

/// Everything about ratings, as columns.
#[derive(Debug, Default)]
pub struct Overloads {
    blocks: Blocks,
    days: Days,
}

#[derive(Debug, Default)]
struct Blocks {
    series: Vec<usize>,
    issued: Vec<i64>,
    start: Vec<i64>,
    probability: Vec<f64>,
}

#[derive(Debug, Default)]
struct Days {
    series: Vec<usize>,
    issued: Vec<i64>,
    day: Vec<i32>,
    /// Without a rating these are NaN.
    probability: Vec<f64>,
    hours: Vec<f64>,
    shed: Vec<f64>,
    /// The quantiles of the peak, a column a level.
    peaks: Vec<Vec<f64>>,
    /// The probability of each hour to hold the peak.
    by_hour: Vec<Vec<f64>>,
}

/// The rating that is known at a row: the last one before it.
pub fn rating(args: &Backtest, series: &Series, row: usize) -> Option<f64> {
    match args.load.rating.as_ref()? {
        Rating::Number(rating) => Some(*rating),
        Rating::Column(_) => {
            let before = &series.rating[..row.min(series.rating.len())];
            before.iter().rev().copied().find(|rating| !rating.is_nan())
        }
    }
}

impl Overloads {
    /// Adds what the scenarios of an origin say about a series.
    pub fn add(
        &mut self,
        args: &Backtest,
        loads: &Loads,
        (series, first): (usize, usize),
        scenarios: &Scenarios,
    ) {
        let grid = &loads.grid;
        let issued = grid.time(first as i64);
        let steps = scenarios.steps();
        let rating = rating(args, &loads.series[series], first);
        if let Some(rating) = rating {
            for step in 0..steps {
                self.blocks.series.push(series);
                self.blocks.issued.push(issued);
                self.blocks.start.push(grid.time((first + step) as i64));
                self.blocks.probability.push(scenarios.above(step, rating));
            }
        }
        for (day, steps) in days(grid, first, steps) {
            self.days.series.push(series);
            self.days.issued.push(issued);
            self.days.day.push(day);
            let risk = rating.map(|rating| scenarios.day_risk(steps.clone(), rating));
            let hours = grid.step as f64 / 3_600_000.0;
            self.days.probability.push(risk.as_ref().map_or(f64::NAN, |risk| risk.probability));
            self.days.hours.push(risk.as_ref().map_or(f64::NAN, |risk| risk.blocks * hours));
            self.days.shed.push(risk.as_ref().map_or(f64::NAN, |risk| risk.shed));
            let peak = scenarios.peak(steps);
            self.days.peaks.resize(args.load.quantiles.len(), Vec::new());
            for (column, level) in self.days.peaks.iter_mut().zip(&args.load.quantiles) {
                column.push(peak.quantile(level.value));
            }
            self.days.by_hour.resize(24, Vec::new());
            for (hour, column) in self.days.by_hour.iter_mut().enumerate() {
                let is_in = |step: usize| usize::from(grid.moment((first + step) as i64).minute) / 60 == hour;
                column.push(peak.in_steps(is_in));
            }
        }
    }

    /// Writes the three files.
    pub fn write(&self, args: &Backtest, loads: &Loads) -> Result<(), Failure> {
        let Blocks { series, issued, start, probability } = &self.blocks;
        let end = start.iter().map(|start| start + loads.grid.step);
        let columns = vec![
            ("series".to_owned(), names(loads, series)),
            ("issued".to_owned(), stamps(issued.iter().copied())),
            ("start".to_owned(), stamps(start.iter().copied())),
            ("end".to_owned(), stamps(end)),
            ("p_block".to_owned(), numbers(probability)),
        ];
        table(&args.load.out.join("overloads.parquet"), columns)?;
        let Days { series, issued, day, probability, hours, shed, peaks, by_hour } = &self.days;
        let keys = || -> Vec<(String, ArrayRef)> {
            vec![
                ("series".to_owned(), names(loads, series)),
                ("issued".to_owned(), stamps(issued.iter().copied())),
                ("day".to_owned(), Arc::new(Date32Array::from(day.clone()))),
            ]
        };
        let mut columns = keys();
        columns.push(("p_day".to_owned(), numbers(probability)));
        columns.push(("hours".to_owned(), numbers(hours)));
        columns.push(("shed_p95".to_owned(), numbers(shed)));
        table(&args.load.out.join("overload_days.parquet"), columns)?;
        let mut columns = keys();
        for (level, values) in args.load.quantiles.iter().zip(peaks) {
            columns.push((format!("q{}", level.text), numbers(values)));
        }
        for (hour, values) in by_hour.iter().enumerate() {
            columns.push((format!("p_hour_{hour:02}"), numbers(values)));
        }
        table(&args.load.out.join("peaks.parquet"), columns)
    }
}

fn names(loads: &Loads, series: &[usize]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(series.iter().map(|series| loads.series[*series].name.as_str())))
}

/// The local days of a horizon, each with its steps.
fn days(grid: &Grid, first: usize, steps: usize) -> Vec<(i32, Range<usize>)> {
    let mut days: Vec<(i32, Range<usize>)> = Vec::new();
    for step in 0..steps {
        let day = grid.moment((first + step) as i64).date;
        match days.last_mut() {
            Some((last, steps)) if *last == day => steps.end = step + 1,
            _ => days.push((day, step..step + 1)),
        }
    }
    days
}
