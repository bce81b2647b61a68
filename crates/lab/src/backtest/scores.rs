//! How good the forecasts were.

use super::forecasts::Forecasts;
use super::series::{Loads, Series};
use crate::cli::Backtest;
use crate::file::Stamp;
use forecast::ahead::{DAY, pinball};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Sums over some rows, of which every score is made.
#[derive(Debug, Clone, Default)]
struct Sums {
    rows: f64,
    actual: f64,
    absolute: f64,
    /// Relative errors, of rows that are not zero.
    relative: f64,
    nonzero: f64,
    square: f64,
    crps: f64,
    pinball: Vec<f64>,
    inside: [f64; 2],
}

/// The columns that the scores need, by their places.
struct Columns<'a> {
    forecasts: &'a Forecasts,
    levels: Vec<f64>,
    median: Option<usize>,
    /// The pairs of quantiles of the intervals of 80 and 90 %.
    intervals: [Option<(usize, usize)>; 2],
}

impl<'a> Columns<'a> {
    fn new(args: &Backtest, forecasts: &'a Forecasts) -> Self {
        let levels: Vec<f64> = args.load.quantiles.iter().map(|level| level.value).collect();
        let place = |wanted: f64| levels.iter().position(|level| (level - wanted).abs() < 1e-9);
        let intervals = [(0.1, 0.9), (0.05, 0.95)].map(|(low, high)| place(low).zip(place(high)));
        Self { forecasts, median: place(0.5), intervals, levels }
    }

    /// What counts as the forecast of a row: the median if it was asked for, else the mean.
    fn point(&self, row: usize) -> f64 {
        self.median.map_or(self.forecasts.mean[row], |median| self.forecasts.quantiles[median][row])
    }

    fn add(&self, row: usize, to: &mut Sums) {
        let Forecasts { actual, mean, quantiles, crps, .. } = self.forecasts;
        let actual = actual[row];
        if actual.is_nan() {
            return;
        }
        let error = (self.point(row) - actual).abs();
        to.rows += 1.0;
        to.actual += actual.abs();
        to.absolute += error;
        if actual != 0.0 {
            to.relative += error / actual.abs();
            to.nonzero += 1.0;
        }
        to.square += (mean[row] - actual).powi(2);
        to.crps += crps[row];
        to.pinball.resize(self.levels.len(), 0.0);
        for ((sum, level), column) in to.pinball.iter_mut().zip(&self.levels).zip(quantiles) {
            *sum += pinball(actual - column[row], *level);
        }
        for (inside, interval) in to.inside.iter_mut().zip(self.intervals) {
            if let Some((low, high)) = interval {
                *inside += f64::from(quantiles[low][row] <= actual && actual <= quantiles[high][row]);
            }
        }
    }

    fn scores(&self, args: &Backtest, sums: &Sums) -> Map<String, Value> {
        let per_row = |sum: f64| number(sum / sums.rows);
        let pinball = args.load.quantiles.iter().zip(&sums.pinball);
        let pinball: Map<String, Value> =
            pinball.map(|(level, sum)| (format!("q{}", level.text), per_row(*sum))).collect();
        let quantile_loss = 2.0 * sums.pinball.iter().sum::<f64>() / (self.levels.len() as f64 * sums.actual);
        let coverage = |at: usize| self.intervals[at].map_or(Value::Null, |_| per_row(sums.inside[at]));
        let scores = json!({
            "rows": sums.rows as u64,
            "mae": per_row(sums.absolute),
            "mape": number(100.0 * sums.relative / sums.nonzero),
            "wape": number(100.0 * sums.absolute / sums.actual),
            "mse": per_row(sums.square),
            "wql": number(quantile_loss),
            "crps": per_row(sums.crps),
            "pinball": pinball,
            "coverage_80": coverage(0),
            "coverage_90": coverage(1),
        });
        match scores {
            Value::Object(scores) => scores,
            _ => Map::new(),
        }
    }
}

/// A number, or null where there is none.
fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}

/// All scores, as they stand in `scores.json`.
pub fn scores(args: &Backtest, loads: &Loads, forecasts: &Forecasts, cpu: Option<f64>) -> Value {
    let columns = Columns::new(args, forecasts);
    let mut all = Sums::default();
    let mut by_series: BTreeMap<usize, (Sums, Peaks)> = BTreeMap::new();
    let mut by_lead: BTreeMap<i64, Sums> = BTreeMap::new();
    let mut by_month: BTreeMap<String, Sums> = BTreeMap::new();
    for row in 0..forecasts.start.len() {
        columns.add(row, &mut all);
        let (sums, peaks) = by_series.entry(forecasts.series[row]).or_default();
        columns.add(row, sums);
        peaks.add(&columns, row);
        columns.add(row, by_lead.entry((forecasts.start[row] - forecasts.issued[row]) / 1000).or_default());
        columns.add(row, by_month.entry(Stamp(forecasts.start[row]).text()[..7].to_owned()).or_default());
    }
    let mut series = Map::new();
    let (mut scaled, mut losses, mut peaks) = (Vec::new(), Vec::new(), Peaks::default());
    for (index, (sums, own)) in &by_series {
        let one = &loads.series[*index];
        let mut scores = columns.scores(args, sums);
        let mase = naive_week(args, loads, one).map(|scale| sums.absolute / sums.rows / scale);
        scores.insert("mase".to_owned(), mase.map_or(Value::Null, number));
        scores.extend(own.scores());
        let models = forecasts.chosen.get(index).into_iter().flatten();
        let models: Map<String, Value> =
            models.map(|(model, origins)| (model.to_string(), json!(origins))).collect();
        scores.insert("models".to_owned(), Value::Object(models));
        scaled.extend(mase.filter(|mase| mase.is_finite()));
        losses.extend(scores["wql"].as_f64());
        peaks.merge(own);
        series.insert(one.name.clone(), Value::Object(scores));
    }
    let mut overall = columns.scores(args, &all);
    let mean = |values: &[f64]| number(values.iter().sum::<f64>() / values.len() as f64);
    overall.insert("mase".to_owned(), mean(&scaled));
    overall.insert("wql_mean_of_series".to_owned(), mean(&losses));
    overall.extend(peaks.scores());
    let of = |sums: &Sums| Value::Object(columns.scores(args, sums));
    json!({
        "overall": overall,
        "cpu_seconds": cpu,
        "series": series,
        "by_lead": by_lead.iter().map(|(lead, sums)| (lead.to_string(), of(sums))).collect::<Map<_, _>>(),
        "by_month": by_month.iter().map(|(month, sums)| (month.clone(), of(sums))).collect::<Map<_, _>>(),
        "not_forecast": forecasts.missed.iter().map(|(name, why)| (name.clone(), json!(why))).collect::<Map<_, _>>(),
    })
}

/// The mean absolute error of the naive week on the rows before FROM: the scale of MASE.
fn naive_week(args: &Backtest, loads: &Loads, series: &Series) -> Option<f64> {
    let week = 7 * loads.grid.day();
    let end = usize::try_from((args.from.0 - loads.grid.first).div_euclid(loads.grid.step)).unwrap_or(0);
    let (mut sum, mut rows) = (0.0, 0.0);
    for row in week..end.min(series.load.len()) {
        let error = (series.load[row] - series.load[row - week]).abs();
        if !error.is_nan() {
            sum += error;
            rows += 1.0;
        }
    }
    (rows > 0.0 && sum > 0.0).then(|| sum / rows)
}

/// How well the highest load of each day of 24 hours of a forecast was met.
#[derive(Debug, Default)]
struct Peaks {
    days: f64,
    error: f64,
    actual: f64,
    hits: f64,
    current: Option<Day>,
}

#[derive(Debug)]
struct Day {
    key: (i64, i64),
    actual: (f64, i64),
    forecast: (f64, i64),
    is_whole: bool,
}

impl Peaks {
    fn add(&mut self, columns: &Columns<'_>, row: usize) {
        let Forecasts { issued, start, actual, .. } = columns.forecasts;
        let key = (issued[row], (start[row] - issued[row]).div_euclid(DAY));
        if self.current.as_ref().is_none_or(|day| day.key != key) {
            self.close();
            let none = (f64::NEG_INFINITY, 0);
            self.current = Some(Day { key, actual: none, forecast: none, is_whole: true });
        }
        let Some(day) = &mut self.current else { return };
        let point = columns.point(row);
        day.is_whole &= !actual[row].is_nan();
        if actual[row] > day.actual.0 {
            day.actual = (actual[row], start[row]);
        }
        if point > day.forecast.0 {
            day.forecast = (point, start[row]);
        }
    }

    /// Counts the current day, if nothing of it is missing.
    fn close(&mut self) {
        let Some(day) = self.current.take().filter(|day| day.is_whole) else { return };
        self.days += 1.0;
        self.error += (day.forecast.0 - day.actual.0).abs();
        self.actual += day.actual.0.abs();
        self.hits += f64::from((day.forecast.1 - day.actual.1).abs() <= 3_600_000);
    }

    fn merge(&mut self, other: &Self) {
        self.days += other.days;
        self.error += other.error;
        self.actual += other.actual;
        self.hits += other.hits;
    }

    fn scores(&self) -> Map<String, Value> {
        [
            ("peak_error".to_owned(), number(100.0 * self.error / self.actual)),
            ("peak_hour_hits".to_owned(), number(self.hits / self.days)),
        ]
        .into_iter()
        .collect()
    }
}

/// The scores in a few lines.
pub fn summary(scores: &Value, out: &Path) -> String {
    let overall = &scores["overall"];
    let shown = |name: &str, digits: usize| {
        overall[name].as_f64().map_or("-".to_owned(), |value| format!("{value:.digits$}"))
    };
    let series = scores["series"].as_object().map_or(0, Map::len);
    format!(
        "{series} series, {} rows: MAPE {} %, WAPE {} %, MASE {}, WQL {}, 80 % interval covers {}\n\
         {:.1} CPU seconds; backtest.parquet, scores.json and report.html are in {}\n",
        overall["rows"],
        shown("mape", 3),
        shown("wape", 3),
        shown("mase", 4),
        shown("wql", 5),
        shown("coverage_80", 3),
        scores["cpu_seconds"].as_f64().unwrap_or_default(),
        out.display()
    )
}
