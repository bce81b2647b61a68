//! The backtest: read, forecast each origin with what was known then, write, score. A forecast is one origin of it.

mod forecasts;
mod groups;
mod origins;
mod overloads;
mod report;
mod scores;
mod series;
mod written;

use crate::cli::{Backtest, Forecast};
use crate::file::Stamp;
use forecast::ahead::Table;
use forecasts::{Forecasts, Job};
use jiff::tz::TimeZone;
use origins::{Origin, origins};
use series::Loads;
use shell::{Failure, count, usage};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;

/// Runs a backtest.
pub fn run(args: &Backtest, quiet: bool) -> Result<(), Failure> {
    let Made { loads, forecasts } = Made::new(args, quiet)?;
    written::backtest(args, &loads, &forecasts)?;
    let scores = scores::scores(args, &loads, &forecasts, usage::cpu_seconds());
    written::text(&args.load.out.join("scores.json"), &format!("{scores:#}\n"))?;
    written::text(&args.load.out.join("report.html"), &report::report(args, &loads, &forecasts, &scores))?;
    if !quiet {
        shell::print(&scores::summary(&scores, &args.load.out))?;
    }
    missed(&forecasts, "begin with a later --from, or leave the series out")
}

/// Forecasts the loads of a file from one moment on: the one origin of a backtest, without what came.
pub fn forecast(args: &Forecast, quiet: bool) -> Result<(), Failure> {
    let Forecast { load, issued } = args;
    let args = Backtest { load: load.clone(), every: load.step, from: *issued, to: Stamp(issued.0 + 1) };
    let Made { loads, forecasts } = Made::new(&args, quiet)?;
    written::forecasts(&args, &loads, &forecasts)?;
    if !quiet {
        note(&loads.stale(issued.0));
        let series: BTreeSet<usize> = forecasts.series.iter().copied().collect();
        let rows = count(forecasts.start.len() as u64, "row");
        shell::print(&format!(
            "{} series, {rows}; forecasts.parquet is in {}\n",
            series.len(),
            load.out.display()
        ))?;
    }
    missed(&forecasts, "issue the forecast later, or leave the series out")
}

/// The loads of a file, and the forecasts of them.
struct Made {
    loads: Loads,
    forecasts: Forecasts,
}

impl Made {
    /// Reads, forecasts, and writes what the scenarios say about ratings.
    fn new(args: &Backtest, quiet: bool) -> Result<Self, Failure> {
        let zone = TimeZone::get(&args.load.zone).map_err(|_| {
            Failure::wrong(
                format!("`--zone {}` is no time zone", args.load.zone),
                "write a name of the IANA database, such as Europe/London",
            )
        })?;
        let origins = origins(args)?;
        let (mut loads, notes) = Loads::read(args, &origins, &zone)?;
        if !quiet {
            note(&notes);
        }
        fs::create_dir_all(&args.load.out)
            .map_err(|cause| Failure::failed(format!("cannot create {}", args.load.out.display()), &cause))?;
        let asked = origins.iter().map(|origin| origin.issued).collect();
        let origins = if args.load.group.is_some() { groups::warmed(&origins) } else { origins };
        let mut forecasts = Forecasts::new(args.load.quantiles.len());
        for index in 0..loads.series.len() {
            let table = loads.table(index);
            Job { args, loads: &loads, origins: &origins, table: &table, is_total: false }
                .forecast(index, &mut forecasts);
        }
        if args.load.group.is_some() {
            groups::reconcile(args, &mut loads, &origins, &mut forecasts)?;
            forecasts.keep(&asked);
        }
        if args.load.rating.is_some() {
            forecasts.overloads.write(args, &loads)?;
        }
        Ok(Self { loads, forecasts })
    }
}

/// Prints what a user should know. A reader of notes that has gone away ends no work.
fn note(notes: &[String]) {
    notes.iter().for_each(|note| drop(writeln!(std::io::stderr(), "note: {note}")));
}

/// The failure of a backtest in which an origin had no forecast.
fn missed(forecasts: &Forecasts, way_out: &str) -> Result<(), Failure> {
    let Some((series, reason)) = forecasts.missed.first() else { return Ok(()) };
    let more = match forecasts.missed.len() - 1 {
        0 => String::new(),
        others => format!("; {others} more series"),
    };
    Err(Failure::failed_with_help(
        format!("not every origin was forecast: series `{series}`: {reason}{more}"),
        format!("all others are written; {way_out}"),
    ))
}

/// What a series looks like to the models.
impl Loads {
    fn table(&self, index: usize) -> Table<'_> {
        let series = &self.series[index];
        Table::new(&self.grid, series.load.clone(), series.columns.clone())
    }
}

/// The rows of the horizon of an origin.
fn steps(origin: Origin, step: i64) -> usize {
    ((origin.end - origin.issued) / step) as usize
}
