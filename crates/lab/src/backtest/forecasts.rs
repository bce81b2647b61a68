//! The forecasts of every series and origin, as columns.

use super::origins::Origin;
use super::overloads::Overloads;
use super::series::Loads;
use super::steps;
use crate::cli::Backtest;
use crate::file::Stamp;
use forecast::ahead::{Lattice, Model, Scenarios, Table, Target};
use shell::count;
use std::collections::{BTreeMap, BTreeSet};

/// All forecasts, in the order of series, origin and start.
#[derive(Debug)]
pub struct Forecasts {
    /// The number of the series.
    pub series: Vec<usize>,
    /// When each was issued.
    pub issued: Vec<i64>,
    /// The start of the interval that is forecast.
    pub start: Vec<i64>,
    /// What came; NaN is missing.
    pub actual: Vec<f64>,
    /// The mean of the scenarios.
    pub mean: Vec<f64>,
    /// The median of the scenarios.
    pub middle: Vec<f64>,
    /// A column for each level.
    pub quantiles: Vec<Vec<f64>>,
    /// The continuous ranked probability score; NaN where the actual is missing.
    pub crps: Vec<f64>,
    /// How many origins each model forecast, by series.
    pub chosen: BTreeMap<usize, BTreeMap<Model, u64>>,
    /// What the scenarios say about ratings, if there are any.
    pub overloads: Overloads,
    /// Series with an origin that was not forecast, and why.
    pub missed: Vec<(String, String)>,
}

impl Forecasts {
    /// None yet.
    pub fn new(levels: usize) -> Self {
        Self {
            series: vec![],
            issued: vec![],
            start: vec![],
            actual: vec![],
            mean: vec![],
            middle: vec![],
            quantiles: vec![vec![]; levels],
            crps: vec![],
            chosen: BTreeMap::new(),
            overloads: Overloads::default(),
            missed: vec![],
        }
    }

    /// Moves the forecasts of some rows. A load that is never negative stays so.
    pub fn shift(&mut self, (first, end): (usize, usize), by: &[f64]) {
        for (row, by) in (first..end).zip(by) {
            let is_never_negative = self.quantiles.iter().all(|column| column[row] >= 0.0);
            let floor = if is_never_negative { 0.0 } else { f64::NEG_INFINITY };
            for column in &mut self.quantiles {
                column[row] = (column[row] + by).max(floor);
            }
            self.mean[row] += by;
            // The scenarios are gone, and with them what the score was made of.
            self.crps[row] = f64::NAN;
        }
    }

    /// Puts the middle of some rows to other values, with quantiles so many times as far from it as before.
    pub fn place(&mut self, (first, end): (usize, usize), at: &[f64], spread: f64) {
        for (row, at) in (first..end).zip(at) {
            let middle = self.middle[row];
            for column in &mut self.quantiles {
                column[row] = at + spread * (column[row] - middle);
            }
            self.mean[row] = *at;
            self.crps[row] = f64::NAN;
        }
    }

    /// Leaves only the origins that were asked for.
    pub fn keep(&mut self, asked: &BTreeSet<i64>) {
        let kept: Vec<bool> = self.issued.iter().map(|issued| asked.contains(issued)).collect();
        retain(&mut self.series, &kept);
        retain(&mut self.start, &kept);
        retain(&mut self.issued, &kept);
        for column in [&mut self.actual, &mut self.mean, &mut self.middle, &mut self.crps]
            .into_iter()
            .chain(&mut self.quantiles)
        {
            retain(column, &kept);
        }
    }
}

fn retain<T>(column: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    column.retain(|_| *kept.next().expect("a flag for each row"));
}

/// The work on one series.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The options.
    pub args: &'a Backtest,
    /// All series.
    pub loads: &'a Loads,
    /// When to forecast.
    pub origins: &'a [Origin],
    /// The series.
    pub table: &'a Table<'a>,
    /// Whether it is the total of a group, which has no rating.
    pub is_total: bool,
}

impl Job<'_> {
    /// Forecasts all origins of a series.
    pub fn forecast(self, series: usize, to: &mut Forecasts) {
        let grid = self.table.grid();
        let row = |origin: &Origin| (origin.issued - grid.first).div_euclid(grid.step);
        // Origins at the same time of day with the same horizon are forecast by the same models.
        let mut lattices: BTreeMap<(i64, usize), Vec<&Origin>> = BTreeMap::new();
        let mut missed = Vec::new();
        for origin in self.origins {
            if self.table.first_seen().is_none_or(|first| row(origin) <= first) {
                missed.extend(origin.is_asked.then_some(origin.issued));
                continue;
            }
            let phase = row(origin).rem_euclid(grid.day() as i64);
            lattices.entry((phase, steps(*origin, grid.step))).or_default().push(origin);
        }
        let mut found = BTreeMap::new();
        for ((_, horizon), origins) in &lattices {
            let lattice = Lattice::new(self.table, row(origins[0]), *horizon);
            let index =
                |origin: &Origin| lattice.index(row(origin)).expect("the origin is after the first value");
            let wanted = index(origins[0])..index(origins[origins.len() - 1]) + 1;
            let target = Target::new(self.table, lattice, &self.args.load.models, wanted);
            for origin in origins {
                let forecast = target.forecast(index(origin));
                let chosen = to.chosen.entry(series).or_default();
                *chosen.entry(forecast.model).or_default() += u64::from(origin.is_asked);
                found.insert(origin.issued, (**origin, forecast.scenarios));
            }
        }
        for (origin, scenarios) in found.into_values() {
            self.rows(origin, &scenarios).into_iter().for_each(|row| row.push_to(series, to));
            if self.args.load.rating.is_some() && origin.is_asked && !self.is_total {
                to.overloads.add(self.args, self.loads, (series, row(&origin) as usize), &scenarios);
            }
        }
        if let Some(first) = missed.first() {
            let name = self.loads.series[series].name.clone();
            let stamp = Stamp(*first).text();
            to.missed.push((
                name,
                format!("no value is known at {stamp} ({})", count(missed.len() as u64, "origin")),
            ));
        }
    }

    fn rows(self, origin: Origin, scenarios: &Scenarios) -> Vec<Row> {
        let grid = self.table.grid();
        let first = (origin.issued - grid.first) / grid.step;
        let one = |step: usize| {
            let actual = self.table.actual(first + step as i64);
            Row {
                issued: origin.issued,
                start: origin.issued + step as i64 * grid.step,
                actual,
                mean: scenarios.mean(step),
                middle: scenarios.quantile(step, 0.5),
                quantiles: self
                    .args
                    .load
                    .quantiles
                    .iter()
                    .map(|level| scenarios.quantile(step, level.value))
                    .collect(),
                crps: scenarios.crps(step, actual),
            }
        };
        (0..steps(origin, grid.step)).map(one).collect()
    }
}

/// The forecast of an interval.
struct Row {
    issued: i64,
    start: i64,
    actual: f64,
    mean: f64,
    middle: f64,
    quantiles: Vec<f64>,
    crps: f64,
}

impl Row {
    fn push_to(self, series: usize, to: &mut Forecasts) {
        to.series.push(series);
        to.issued.push(self.issued);
        to.start.push(self.start);
        to.actual.push(self.actual);
        to.mean.push(self.mean);
        to.middle.push(self.middle);
        to.crps.push(self.crps);
        for (column, value) in to.quantiles.iter_mut().zip(self.quantiles) {
            column.push(value);
        }
    }
}
