//! The program: the command line, and the commands that have no crate of their own.
//!
//! Replays, the demo and the engine on Kafka are in [`replay`], [`demo`] and [`stream`]. The commands `check`,
//! `explain`, `losses`, `catalogue` and `simulate` are here; `lab` hands over to the program of the crate `lab`. This
//! crate reads the arguments, runs the command, and prints its failure.
//!
//! Read `cli` (commands and options), then `commands`.

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
    silence_caught_panics();
    let ended = match &cli.command {
        Command::Demo(args) => demo::run(&args.into(), cli.quiet),
        Command::Replay(args) => replay::run(&args.into(), cli.quiet),
        Command::Run(args) => stream::run(&args.into(), cli.quiet),
        Command::Resend(args) => stream::resend(&args.into(), cli.quiet),
        Command::Simulate(simulate) => commands::simulate::run(simulate, cli.quiet),
        Command::Check(check) => commands::check::run(check),
        Command::Explain(explain) => commands::explain::run(explain),
        Command::Losses(args) => commands::losses::run(args),
        Command::Send(args) => commands::send::run(args, cli.quiet),
        Command::Outbox(args) => commands::outbox::run(args),
        Command::Serve(args) => commands::serve::run(args, cli.quiet),
        Command::Alerts(args) => commands::alerts::run(args),
        Command::Silence(args) => commands::silence::run(args),
        Command::Ack(args) => commands::silence::acknowledge(args),
        Command::Token(args) => commands::token::run(args),
        Command::Gateway(args) => commands::gateway::run(args),
        Command::Meter(args) => commands::meter::run(args, cli.quiet),
        Command::Lab(args) => commands::lab::run(args, cli.quiet),
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
                // If standard error is closed, there is no place left for the message.
                LogFormat::Text => drop(write!(std::io::stderr(), "{failure}")),
                LogFormat::Json => telemetry::failed(failure.code, &failure),
            }
            ExitCode::from(failure.code)
        }
    }
}

/// Prints no message for a panic that `columns` catches: a decoder that panics on a damaged file becomes an ordinary
/// error, and that is printed once.
fn silence_caught_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !columns::is_guarded() {
            print(panic);
        }
    }));
}
