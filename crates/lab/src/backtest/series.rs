//! The loads of a file, each on the same grid of times.

use super::origins::{Origin, step};
use crate::cli::{Backtest, Rating};
use crate::file::{Rows, Stamp, Wanted, read};
use forecast::ahead::{Column, DAY, Grid, Sight, is_number};
use jiff::tz::TimeZone;
use shell::{Failure, count};
use std::collections::BTreeMap;

/// A load.
#[derive(Debug)]
pub struct Series {
    /// The value of `--id`, or the name of the target.
    pub name: String,
    /// A value for each row of the grid; NaN is missing.
    pub load: Vec<f64>,
    /// The columns beside it.
    pub columns: Vec<Column>,
    /// The rating at each row, if one was asked for; NaN is missing.
    pub rating: Vec<f64>,
    /// The value of `--group`.
    pub group: Option<String>,
}

/// The loads of a file.
#[derive(Debug)]
pub struct Loads {
    /// The times of the rows.
    pub grid: Grid,
    /// In the order of their names.
    pub series: Vec<Series>,
}

/// The most rows of a grid: thirty years of five minutes.
const MOST: i64 = 3_200_000;

impl Loads {
    /// Reads the file of a backtest. Also returns what a user should know about it.
    pub fn read(
        args: &Backtest,
        origins: &[Origin],
        zone: &TimeZone,
    ) -> Result<(Self, Vec<String>), Failure> {
        let rating_column = match &args.load.rating {
            Some(Rating::Column(name)) => Some(name),
            Some(Rating::Number(_)) | None => None,
        };
        let mut wanted = Wanted { numbers: vec![args.load.target.clone()], ..Wanted::default() };
        wanted
            .numbers
            .extend(args.load.covariates.iter().chain(&args.load.known).chain(rating_column).cloned());
        wanted.names.extend(args.load.id.iter().chain(&args.load.group).cloned());
        check_names(args)?;
        let rows = read(&args.load.series, &wanted)?;
        if rows.times.is_empty() {
            let first = rows.unread.first.as_deref().unwrap_or("the file is empty");
            return Err(Failure::wrong(
                format!("{} has no row with a time", args.load.series.display()),
                format!("name the start of each interval `time`, as in 2014-01-31T13:00:00Z ({first})"),
            ));
        }
        let mut notes = Vec::new();
        if let Some(first) = &rows.unread.first {
            let cells = count(rows.unread.count, "cell");
            notes.push(format!("{cells} could not be read and count as missing, the first in {first}"));
        }
        let sorter = Sorter::new(args, &rows, origins)?;
        let grid = Grid::new(sorter.first, sorter.step, sorter.rows, zone);
        let series = sorter.sort(args, &rows, &mut notes)?;
        Ok((Self { grid, series }, notes))
    }
}

impl Loads {
    /// What a user should know about the age of the loads at the moment of issue.
    pub fn stale(&self, issued: i64) -> Vec<String> {
        let ends = |series: &Series| {
            let known =
                (issued - self.grid.first).div_euclid(self.grid.step).clamp(0, self.grid.rows() as i64);
            let last = series.load[..known as usize].iter().rposition(|load| !load.is_nan());
            last.map(|row| self.grid.time(row as i64 + 1))
        };
        let old: Vec<(&Series, i64)> = self
            .series
            .iter()
            .filter_map(|series| Some((series, ends(series)?)))
            .filter(|(_, end)| issued - end >= DAY)
            .collect();
        let Some((series, end)) = old.first() else { return Vec::new() };
        vec![format!(
            "{} series without a value in the last day; that of `{}` ends at {}",
            old.len(),
            series.name,
            Stamp(*end).text()
        )]
    }
}

fn check_names(args: &Backtest) -> Result<(), Failure> {
    let beside = || args.load.covariates.iter().chain(&args.load.known);
    if beside().any(|name| *name == args.load.target) {
        return Err(Failure::wrong(
            format!("`{}` is the target and a column beside it", args.load.target),
            "the models see earlier values of the target anyhow: leave it out of --covariates and --known",
        ));
    }
    if let Some(twice) = args.load.covariates.iter().find(|name| args.load.known.contains(name)) {
        return Err(Failure::wrong(
            format!("`{twice}` is in --covariates and in --known"),
            "leave it in --known if it is known to the end of the horizon, else in --covariates",
        ));
    }
    let levels = &args.load.quantiles;
    let is_known = |at: usize| levels[..at].iter().any(|other| other.value == levels[at].value);
    if let Some(at) = (0..levels.len()).find(|at| is_known(*at)) {
        return Err(Failure::wrong(
            format!("`--quantiles` names {} twice", levels[at].text),
            "write each quantile once",
        ));
    }
    Ok(())
}

/// Where the rows of a file belong.
struct Sorter {
    first: i64,
    step: i64,
    rows: usize,
}

impl Sorter {
    fn new(args: &Backtest, rows: &Rows, origins: &[Origin]) -> Result<Self, Failure> {
        let step = step(args)?;
        let offset = common(rows.times.iter().map(|time| time.rem_euclid(step)));
        let on_grid = rows.times.iter().filter(|time| (**time - offset) % step == 0).count();
        // Half of the rows between the steps are no slip: the file has another step.
        if 10 * on_grid < 6 * rows.times.len() {
            return Err(Failure::wrong(
                format!(
                    "only {on_grid} of {} in {} are whole steps of {} apart",
                    count(rows.times.len() as u64, "row"),
                    args.load.series.display(),
                    args.load.step
                ),
                "give the --step that the file has",
            ));
        }
        if (args.from.0 - offset) % step != 0 {
            let near = args.from.0 - (args.from.0 - offset).rem_euclid(step) + step;
            return Err(Failure::wrong(
                format!("`--from {}` is between two rows of the file", args.from.text()),
                format!("try `--from {}`", Stamp(near).text()),
            ));
        }
        let earliest = rows.times.iter().copied().min().unwrap_or(args.from.0);
        let latest = rows.times.iter().copied().max().unwrap_or(args.from.0);
        let first = earliest - (earliest - offset).rem_euclid(step);
        let end = origins.iter().map(|origin| origin.end).fold(latest + step, i64::max);
        let wide = (end - first).div_euclid(step) + 1;
        if wide > MOST {
            return Err(Failure::wrong(
                format!(
                    "{} reaches from {} to {}",
                    args.load.series.display(),
                    Stamp(earliest).text(),
                    Stamp(end).text()
                ),
                format!("take out rows with a wrong time; a backtest takes up to {MOST} steps"),
            ));
        }
        Ok(Self { first, step, rows: wide as usize })
    }

    fn sort(&self, args: &Backtest, rows: &Rows, notes: &mut Vec<String>) -> Result<Vec<Series>, Failure> {
        let sights = args.load.covariates.iter().map(|_| Sight::Observed).chain(
            args.load
                .known
                .iter()
                .map(|name| if name == "holiday" { Sight::Always } else { Sight::Forecast }),
        );
        let sights: Vec<Sight> = sights.collect();
        let has_rating = rows.numbers.len() > 1 + sights.len();
        let empty = |name: &str| Series {
            name: name.to_owned(),
            load: vec![f64::NAN; self.rows],
            columns: sights
                .iter()
                .map(|sight| Column { sight: *sight, values: vec![f64::NAN; self.rows] })
                .collect(),
            rating: if has_rating { vec![f64::NAN; self.rows] } else { Vec::new() },
            group: None,
        };
        let mut series: BTreeMap<&str, (Series, Vec<bool>)> = BTreeMap::new();
        let (mut repeats, mut between, mut moved) = (0, 0, 0);
        for (at, time) in rows.times.iter().enumerate() {
            if (time - self.first) % self.step != 0 {
                between += 1;
                continue;
            }
            let row = ((time - self.first) / self.step) as usize;
            let name =
                if args.load.id.is_some() { rows.names[0][at].as_str() } else { args.load.target.as_str() };
            let (one, seen) = series.entry(name).or_insert_with(|| (empty(name), vec![false; self.rows]));
            repeats += u64::from(std::mem::replace(&mut seen[row], true));
            let load = rows.numbers[0][at];
            one.load[row] = if is_number(load) { load } else { f64::NAN };
            for (column, values) in one.columns.iter_mut().zip(&rows.numbers[1..]) {
                column.values[row] = values[at];
            }
            if has_rating {
                one.rating[row] = rows.numbers[1 + sights.len()][at];
            }
            // An empty cell says nothing: the series stays in its group.
            let group = rows.names.last().map(|groups| &groups[at]).filter(|group| !group.is_empty());
            if args.load.group.is_some() && group.is_some() {
                moved += u64::from(one.group.is_some() && one.group.as_ref() != group);
                one.group = group.cloned();
            }
        }
        // Two series without `--id` repeat half of the times; a file that was written twice over its end repeats few.
        if args.load.id.is_none() && 4 * repeats > rows.times.len() as u64 {
            return Err(Failure::wrong(
                format!("times in {} occur more than once", args.load.series.display()),
                "name the column of the series with --id",
            ));
        }
        if repeats > 0 {
            notes.push(format!(
                "{} of a time that the series had already: the last one counts",
                count(repeats, "row")
            ));
        }
        if moved > 0 {
            notes.push(format!(
                "{} of a series whose group was another before: it counts in its last group at all times",
                count(moved, "row")
            ));
        }
        if between > 0 {
            notes.push(format!("{} between two steps of {} left out", count(between, "row"), args.load.step));
        }
        Ok(series.into_values().map(|(one, _)| one).collect())
    }
}

/// The value that occurs most often, the least of several.
fn common(values: impl Iterator<Item = i64>) -> i64 {
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    let most = counts.values().copied().max().unwrap_or(0);
    counts.into_iter().find(|(_, count)| *count == most).map_or(0, |(value, _)| value)
}
