//! `report.html`: what a person looks at first. One file with its pictures in it.

use super::forecasts::Forecasts;
use super::series::Loads;
use crate::cli::{Backtest, Load};
use crate::file::Stamp;
use forecast::ahead::DAY;
use plots::{BLUE, Lines, ORANGE};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How many of the worst days are listed.
const WORST: usize = 10;

/// The whole page.
pub fn report(args: &Backtest, loads: &Loads, forecasts: &Forecasts, scores: &Value) -> String {
    let median = args.load.quantiles.iter().position(|level| (level.value - 0.5).abs() < 1e-9);
    let page =
        Page { args, loads, forecasts, point: median.map_or(&forecasts.mean, |at| &forecasts.quantiles[at]) };
    let mut body = page.heading(scores);
    let worst = page.worst_days();
    if let Some(first) = page.typical_day(&worst) {
        body += &page.fan("A usual forecast", first);
    }
    if let Some((_, day)) = worst.first() {
        body += &page.fan("The worst day", day.first);
    }
    body += &page.calibration();
    body += &page.by_hour();
    body += &page.by_lead(scores);
    body += &page.worst_table(&worst);
    body += &page.series_table(scores);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Backtest of {}</title>\n\
         <style>{STYLE}</style></head><body>\n{body}</body></html>\n",
        escaped(&args.load.target)
    )
}

struct Page<'a> {
    args: &'a Backtest,
    loads: &'a Loads,
    forecasts: &'a Forecasts,
    /// What counts as the forecast.
    point: &'a [f64],
}

/// A day of 24 hours of a forecast.
#[derive(Debug, Clone, Copy)]
struct Day {
    /// Its first row.
    first: usize,
    error: f64,
    actual: f64,
    rows: f64,
}

impl Page<'_> {
    fn heading(&self, scores: &Value) -> String {
        let Backtest { load, every, from, to } = self.args;
        let Load { series, target, step, horizon, .. } = load;
        let mut text = format!(
            "<h1>Backtest of {}</h1>\n<p>{}: forecasts of {horizon} every {every} in steps of {step}, issued from {} \
             to {}.</p>\n<table><tr><th>score</th><th>all series</th></tr>\n",
            escaped(target),
            escaped(&series.display().to_string()),
            from.text(),
            to.text(),
        );
        for (name, value) in scores["overall"].as_object().into_iter().flatten() {
            if let Some(value) = value.as_f64() {
                writeln!(text, "<tr><td>{name}</td><td>{}</td></tr>", short(value))
                    .expect("text takes all text");
            }
        }
        text + "</table>\n"
    }

    /// The days of all forecasts with their errors, by series and origin; the worst first, relative to its series.
    fn worst_days(&self) -> Vec<(f64, Day)> {
        let Forecasts { series, issued, start, actual, .. } = self.forecasts;
        let mut days: BTreeMap<(usize, i64, i64), Day> = BTreeMap::new();
        let mut level: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for row in 0..start.len() {
            let key = (series[row], issued[row], (start[row] - issued[row]).div_euclid(DAY));
            let day = days.entry(key).or_insert(Day { first: row, error: 0.0, actual: 0.0, rows: 0.0 });
            if !actual[row].is_nan() {
                day.error += (self.point[row] - actual[row]).abs();
                day.actual += actual[row].abs();
                day.rows += 1.0;
                let level = level.entry(series[row]).or_default();
                *level = (level.0 + actual[row].abs(), level.1 + 1.0);
            }
        }
        let relative = |day: Day| {
            let (sum, rows) = level[&series[day.first]];
            (day.error / day.rows / (sum / rows), day)
        };
        let measured = days.into_values().filter(|day| day.rows > 0.0);
        let mut days: Vec<(f64, Day)> =
            measured.map(relative).filter(|(error, _)| error.is_finite()).collect();
        days.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.first.cmp(&right.1.first)));
        days
    }

    /// The first row of the day with the median error.
    fn typical_day(&self, worst: &[(f64, Day)]) -> Option<usize> {
        worst.get(worst.len() / 2).map(|(_, day)| day.first)
    }

    /// The forecast of an origin with its quantiles, and what came.
    fn fan(&self, title: &str, first: usize) -> String {
        let Forecasts { series, issued, start, actual, quantiles, .. } = self.forecasts;
        let same = |row: &usize| series[*row] == series[first] && issued[*row] == issued[first];
        let mut rows: Vec<usize> = (0..=first).rev().take_while(same).collect();
        rows.reverse();
        rows.extend((first + 1..start.len()).take_while(same));
        let about =
            format!("{}, issued {}", self.loads.series[series[first]].name, Stamp(issued[first]).text());
        let hour = |row: usize| (start[row] - issued[row]) as f64 / 3_600_000.0;
        let line = |values: &[f64]| -> Vec<(f64, f64)> {
            let points = rows.iter().map(|row| (hour(*row), values[*row]));
            points.filter(|(_, value)| !value.is_nan()).collect()
        };
        let mut picture = Lines::new(title, &about, "hours after the issue");
        let mut order: Vec<usize> = (0..quantiles.len()).collect();
        order.sort_by(|a, b| {
            self.args.load.quantiles[*a].value.total_cmp(&self.args.load.quantiles[*b].value)
        });
        for (low, high) in order.iter().zip(order.iter().rev()).take(order.len() / 2) {
            picture.band(line(&quantiles[*low]), line(&quantiles[*high]));
        }
        picture.line("forecast", BLUE, line(self.point));
        picture.line("actual", ORANGE, line(actual));
        picture.draw()
    }

    /// How often the load was below each quantile.
    fn calibration(&self) -> String {
        let actual = &self.forecasts.actual;
        let rows = actual.iter().filter(|actual| !actual.is_nan()).count().max(1) as f64;
        let mut points: Vec<(f64, f64)> = Vec::new();
        for (level, column) in self.args.load.quantiles.iter().zip(&self.forecasts.quantiles) {
            let below = actual.iter().zip(column).filter(|(actual, quantile)| actual <= quantile).count();
            points.push((level.value, below as f64 / rows));
        }
        points.sort_by(|left, right| left.0.total_cmp(&right.0));
        let mut picture = Lines::new(
            "Calibration",
            "share of loads below each quantile: as asked for, and as it came",
            "quantile",
        );
        picture.line("as asked for", "#9aa5b1", vec![(0.0, 0.0), (1.0, 1.0)]);
        picture.line("as it came", BLUE, points);
        picture.draw()
    }

    fn by_hour(&self) -> String {
        let Forecasts { start, actual, .. } = self.forecasts;
        let mut hours = vec![(0.0, 0.0); 24];
        for row in (0..start.len()).filter(|row| !actual[*row].is_nan()) {
            let at = (start[row] - self.loads.grid.first) / self.loads.grid.step;
            let hour = &mut hours[usize::from(self.loads.grid.moment(at).minute) / 60];
            *hour = (hour.0 + (self.point[row] - actual[row]).abs(), hour.1 + actual[row].abs());
        }
        let shares = hours.iter().enumerate().filter(|(_, (_, actual))| *actual > 0.0);
        let points = shares.map(|(hour, (error, actual))| (hour as f64, 100.0 * error / actual)).collect();
        let mut picture = Lines::new("Error by hour", "WAPE in %, by local hour", "hour");
        picture.line("WAPE", BLUE, points);
        picture.draw()
    }

    fn by_lead(&self, scores: &Value) -> String {
        let leads = scores["by_lead"].as_object().into_iter().flatten();
        let mut points: Vec<(f64, f64)> = leads
            .filter_map(|(lead, scores)| Some((lead.parse::<f64>().ok()? / 3600.0, scores["wape"].as_f64()?)))
            .collect();
        points.sort_by(|left, right| left.0.total_cmp(&right.0));
        let mut picture = Lines::new("Error by lead", "WAPE in %, by the distance to the issue", "hours");
        picture.line("WAPE", BLUE, points);
        picture.draw()
    }

    fn worst_table(&self, worst: &[(f64, Day)]) -> String {
        let mut text = "<h2>Worst days</h2>\n<table><tr><th>series</th><th>begins</th><th>mean error</th>\
                        <th>mean load</th><th>error, % of the usual load</th></tr>\n"
            .to_owned();
        for (relative, day) in worst.iter().take(WORST) {
            let name = escaped(&self.loads.series[self.forecasts.series[day.first]].name);
            let begins = Stamp(self.forecasts.start[day.first]).text();
            let (error, load) = (short(day.error / day.rows), short(day.actual / day.rows));
            let relative = short(100.0 * relative);
            writeln!(
                text,
                "<tr><td>{name}</td><td>{begins}</td><td>{error}</td><td>{load}</td><td>{relative}</td></tr>"
            )
            .expect("text takes all text");
        }
        text + "</table>\n"
    }

    fn series_table(&self, scores: &Value) -> String {
        let mut text = "<h2>Series</h2>\n<table><tr><th>series</th><th>WAPE %</th><th>MASE</th><th>WQL</th>\
                        <th>80 % covers</th><th>models (origins)</th></tr>\n"
            .to_owned();
        for (name, scores) in scores["series"].as_object().into_iter().flatten() {
            let of = |score: &str| scores[score].as_f64().map_or("-".to_owned(), short);
            let models = scores["models"].as_object().into_iter().flatten();
            let models: Vec<String> = models.map(|(model, origins)| format!("{model} {origins}")).collect();
            let name = escaped(name);
            let cells = ["wape", "mase", "wql", "coverage_80"]
                .map(|score| format!("<td>{}</td>", of(score)))
                .concat();
            writeln!(text, "<tr><td>{name}</td>{cells}<td>{}</td></tr>", models.join(", "))
                .expect("text takes all text");
        }
        text + "</table>\n"
    }
}

/// Four digits, as a person reads them.
fn short(value: f64) -> String {
    let digits = (3 - value.abs().max(1e-6).log10().floor() as i32).clamp(0, 6) as usize;
    format!("{value:.digits$}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const STYLE: &str = "body{font-family:Inter,Helvetica,Arial,sans-serif;max-width:960px;margin:2em auto;color:#1d2733}\
td,th{text-align:left;padding:2px 14px 2px 0;font-variant-numeric:tabular-nums}th{color:#5b6774;font-weight:500}";
