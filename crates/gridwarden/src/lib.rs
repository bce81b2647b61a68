//! The program: a command line, and the commands that no other crate does.
//!
//! Replays, the demo and the engine on Kafka are in [`replay`], [`demo`] and [`stream`]; `check`, `explain`, `catalogue`
//! and `simulate` are here. It knows how each is asked for, and prints what ended it.
//!
//! Read `cli` (what a user can ask), then `commands`.

mod cli;
mod commands;

use clap::{CommandFactory, Parser};
use cli::{Cli, Command, LogFormat};
use shell::{print, telemetry};
use std::io::Write;
use std::process::ExitCode;

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    telemetry::begin(cli.quiet, cli.log_format == LogFormat::Json);
    keep_caught_panics_to_ourselves();
    let ended = match &cli.command {
        Command::Demo(args) => demo::run(&args.into(), cli.quiet),
        Command::Replay(args) => replay::run(&args.into(), cli.quiet),
        Command::Run(args) => stream::run(&args.into(), cli.quiet),
        Command::Simulate(simulate) => commands::simulate::run(simulate, cli.quiet),
        Command::Check(check) => commands::check::run(check),
        Command::Explain(explain) => commands::explain::run(explain),
        Command::Catalogue(args) => commands::catalogue::run(args),
        Command::Completions(completions) => {
            let mut script = Vec::new();
            clap_complete::generate(completions.shell, &mut Cli::command(), "gridwarden", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            match cli.log_format {
                // A closed standard error leaves nobody to tell.
                LogFormat::Text => drop(write!(std::io::stderr(), "{failure}")),
                LogFormat::Json => telemetry::failed(failure.code, &failure),
            }
            ExitCode::from(failure.code)
        }
    }
}

/// A decoder that gives up on a damaged file is told once, as the error that it becomes.
fn keep_caught_panics_to_ourselves() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !columns::is_guarded() {
            tell(panic);
        }
    }));
}
