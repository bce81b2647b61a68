//! The shell around the core: the command line, files, threads, the clock and the terminal.
//!
//! The core computes; this crate moves bytes and waits. It never does arithmetic about load: whatever number it
//! shows, the core has said. Everything that asks the system (time, memory, terminal) asks here.
//!
//! Read `cli` (what a user can ask), then `engine` (the threads of a replay) and `run` (those on Kafka), then the commands: `replay`, `simulate`, `demo`,
//! `explain`, `check`.

mod cli;
mod commands;
mod engine;
mod failure;
mod files;
mod hold;
mod kafka;
mod metrics;
mod out_dir;
mod places;
mod run;
mod say;
mod stop;
mod telemetry;
mod texts;
mod threads;
mod town_files;
mod usage;

use clap::{CommandFactory, Parser};
use cli::{Cli, Command, LogFormat};
use std::io::Write;
use std::process::ExitCode;

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    telemetry::begin(cli.quiet, cli.log_format);
    keep_caught_panics_to_ourselves();
    let ended = match &cli.command {
        Command::Demo(demo) => commands::demo::run(demo, cli.quiet),
        Command::Replay(replay) => commands::replay::run(replay, cli.quiet),
        Command::Run(run) => commands::run::run(run, cli.quiet),
        Command::Simulate(simulate) => commands::simulate::run(simulate, cli.quiet),
        Command::Check(check) => commands::check::run(check),
        Command::Explain(explain) => commands::explain::run(explain),
        Command::Catalogue(args) => commands::catalogue::run(args),
        Command::Completions(completions) => {
            let mut script = Vec::new();
            clap_complete::generate(completions.shell, &mut Cli::command(), "gridwarden", &mut script);
            say::say(&String::from_utf8_lossy(&script))
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
