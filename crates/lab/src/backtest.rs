//! The backtest: read, forecast each origin with what was known then, write, score.

mod forecasts;
mod groups;
mod origins;
mod overloads;
mod report;
mod scores;
mod series;
mod written;

use crate::cli::Backtest;
use forecast::ahead::Table;
use forecasts::{Forecasts, Job};
use jiff::tz::TimeZone;
use origins::{Origin, origins};
use series::Loads;
use shell::{Failure, usage};
use std::fs;
use std::io::Write;

/// Runs a backtest.
pub fn run(args: &Backtest, quiet: bool) -> Result<(), Failure> {
    let zone = TimeZone::get(&args.zone).map_err(|_| {
        Failure::wrong(
            format!("`--zone {}` is no time zone", args.zone),
            "write a name of the IANA database, such as Europe/London",
        )
    })?;
    let origins = origins(args)?;
    let (mut loads, notes) = Loads::read(args, &origins, &zone)?;
    if !quiet {
        // A reader of notes that has gone away ends no backtest.
        notes.iter().for_each(|note| drop(writeln!(std::io::stderr(), "note: {note}")));
    }
    fs::create_dir_all(&args.out)
        .map_err(|cause| Failure::failed(format!("cannot create {}", args.out.display()), &cause))?;
    let asked = origins.iter().map(|origin| origin.issued).collect();
    let origins = if args.group.is_some() { groups::warmed(&origins) } else { origins };
    let mut forecasts = Forecasts::new(args.quantiles.len());
    for index in 0..loads.series.len() {
        let table = loads.table(index);
        Job { args, loads: &loads, origins: &origins, table: &table, is_total: false }
            .forecast(index, &mut forecasts);
    }
    if args.group.is_some() {
        groups::reconcile(args, &mut loads, &origins, &mut forecasts)?;
        forecasts.keep(&asked);
    }
    written::backtest(args, &loads, &forecasts)?;
    if args.rating.is_some() {
        forecasts.overloads.write(args, &loads)?;
    }
    let scores = scores::scores(args, &loads, &forecasts, usage::cpu_seconds());
    written::text(&args.out.join("scores.json"), &format!("{scores:#}\n"))?;
    written::text(&args.out.join("report.html"), &report::report(args, &loads, &forecasts, &scores))?;
    if !quiet {
        shell::print(&scores::summary(&scores, &args.out))?;
    }
    missed(&forecasts)
}

/// The failure of a backtest in which an origin had no forecast.
fn missed(forecasts: &Forecasts) -> Result<(), Failure> {
    let Some((series, reason)) = forecasts.missed.first() else { return Ok(()) };
    let more = match forecasts.missed.len() - 1 {
        0 => String::new(),
        others => format!("; {others} more series are in scores.json"),
    };
    Err(Failure::failed_with_help(
        format!("not every origin was forecast: series `{series}`: {reason}{more}"),
        "all other origins are in backtest.parquet; begin with a later --from, or leave the series out",
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
