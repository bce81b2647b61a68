//! `gridwarden-lab`: work on whole files that needs no engine, reached as `gridwarden lab`.
//!
//! `backtest` replays the past of a load: at each origin it forecasts with what was known then, and it scores the
//! forecasts with what came. `forecast` is one such origin without a score. The models are those of the crate `forecast`; this crate reads the file, asks for the
//! forecasts, and writes tables, scores and a report. It knows no Kafka, no plan and no live state.
//!
//! Read `cli` (the options), then `backtest`, then `file`.

mod backtest;
mod cli;
mod file;
mod span;

use clap::Parser;
use cli::{Cli, Command};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = match &cli.command {
        Command::Backtest(args) => backtest::run(args, cli.quiet),
        Command::Forecast(args) => backtest::forecast(args, cli.quiet),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If standard error is closed, there is no place left for the message.
            drop(write!(std::io::stderr(), "{failure}"));
            ExitCode::from(failure.code)
        }
    }
}
