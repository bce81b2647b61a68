//! The command line of the lab.

use crate::file::Stamp;
use crate::span::Span;
use clap::{Args, Parser, Subcommand};
use forecast::ahead::Model;
use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

/// Works on whole files: forecasts, and backtests of them.
#[derive(Debug, Parser)]
#[command(name = "gridwarden lab", bin_name = "gridwarden lab", version, max_term_width = 110)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 the arguments or an input named by them are wrong.")]
pub struct Cli {
    /// Print only errors.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Forecast the past of a load, origin by origin, with what was known then, and score it.
    Backtest(Box<Backtest>),
    /// Forecast the loads of a file from one moment on, as a backtest would.
    Forecast(Box<Forecast>),
}

/// `gridwarden lab backtest`
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example:\n  gridwarden lab backtest --series load.parquet --target mw --known temp_c,holiday \
    --zone Australia/Melbourne --step 30m --horizon 1d --every 1d --from 2014-01-01 --to 2015-01-01 --out out\n\n\
    The file has a column `time`, the start of each interval; without an offset it is UTC. Empty, NaN and absent rows are \
    missing. A row is known once its interval has ended. Spans are written as 15m, 6h, 1d (24 hours), 1w or 1mo (a \
    calendar month in UTC)."
)]
pub struct Backtest {
    /// What is forecast.
    #[command(flatten)]
    pub load: Load,
    /// The distance between origins.
    #[arg(long, value_name = "SPAN")]
    pub every: Span,
    /// The first origin: a date, which is midnight UTC, or a time in RFC 3339.
    #[arg(long, value_name = "DATE")]
    pub from: Stamp,
    /// Origins are before this.
    #[arg(long, value_name = "DATE")]
    pub to: Stamp,
}

/// `gridwarden lab forecast`
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example:\n  gridwarden lab forecast --series load.parquet --target kwh --id meter --known temp_c --step 1h \
    --horizon 1d --issued 2024-05-01 --out out\n\nFor the form of the file, see `gridwarden lab backtest --help`. Rows of \
    --known columns after the moment of issue are the forecast of the weather; the load needs none there."
)]
pub struct Forecast {
    /// What is forecast.
    #[command(flatten)]
    pub load: Load,
    /// The moment of issue, at which the forecast begins: a date, which is midnight UTC, or a time in RFC 3339.
    #[arg(long, value_name = "DATE")]
    pub issued: Stamp,
}

/// Loads of a file, and how they are forecast.
#[derive(Debug, Clone, Args)]
pub struct Load {
    /// The file of loads: Parquet or CSV.
    #[arg(long, value_name = "FILE")]
    pub series: PathBuf,
    /// The column to forecast.
    #[arg(long, value_name = "COL")]
    pub target: String,
    /// The column that names the series of a row, where a file has many.
    #[arg(long, value_name = "COL")]
    pub id: Option<String>,
    /// Columns that are known once their interval has ended.
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    pub covariates: Vec<String>,
    /// Columns that are known to the end of the horizon; one named `holiday`, of 0 and 1, is known at any time.
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    pub known: Vec<String>,
    /// The zone of local hours, weekdays and holidays. Origins stay in UTC.
    #[arg(long, value_name = "TZ", default_value = "UTC")]
    pub zone: String,
    /// The length of an interval; a day is a whole number of them.
    #[arg(long, value_name = "SPAN")]
    pub step: Span,
    /// How far a forecast reaches.
    #[arg(long, value_name = "SPAN")]
    pub horizon: Span,
    /// The quantiles to write, between 0 and 1.
    #[arg(long, value_name = "Q,...", value_delimiter = ',', value_parser = level,
          default_value = "0.05,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,0.95")]
    pub quantiles: Vec<Level>,
    /// The models to choose from: seasonal, ridge, trees, mix, years. The best of them lately forecasts each series.
    #[arg(long, value_name = "MODEL,...", value_delimiter = ',', value_parser = model, default_value = "ridge,trees,mix,years")]
    pub models: Vec<Model>,
    /// The rating of each series, in units of the target: a number, or a column. Adds overloads and peaks.
    #[arg(long, value_name = "COL|W")]
    pub rating: Option<Rating>,
    /// The column that names the group of a series. Adds the reconciled total of each group.
    #[arg(long, value_name = "COL")]
    pub group: Option<String>,
    /// The folder for the outputs.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// The rating of each series.
#[derive(Debug, Clone, PartialEq)]
pub enum Rating {
    /// The same for all.
    Number(f64),
    /// In a column of the file.
    Column(String),
}

impl FromStr for Rating {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        Ok(number.map_or_else(|| Self::Column(text.to_owned()), Self::Number))
    }
}

/// A quantile level, and how it was written, which names its column.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Between 0 and 1.
    pub value: f64,
    /// As given.
    pub text: String,
}

fn level(text: &str) -> Result<Level, String> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value < 1.0 => Ok(Level { value, text: text.to_owned() }),
        _ => Err("a quantile lies between 0 and 1, such as 0.9".to_owned()),
    }
}

fn model(name: &str) -> Result<Model, String> {
    let names = || Model::ALL.map(Model::name).join(", ");
    Model::named(name.trim()).ok_or_else(|| format!("the models are {}", names()))
}
