//! `gridwarden demo`: a simulated town through the whole engine.
//!
//! Read `feed` first (from the town to the engine), then `picture` (the values to show), `screen` and `lines` (two
//! ways to show them), `show` (the clock), and `verdict` (the cases compared with the truth).

mod feed;
mod lines;
mod local;
mod options;
mod picture;
mod screen;
mod show;
mod shown_alert;
mod verdict;

use feed::Feed;
use lines::Lines;
pub use options::Demo;
use options::{pace, settings, wrong_town};
use picture::Picture;
use pipeline::Plan;
use screen::Screen;
use shell::{Failure, Stop, count};
use show::Ended;
use simulate::Town;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

const PLAN: &str = include_str!("../../../pipelines/demo.toml");

/// Runs the command. With `quiet` it prints only the summary at the end.
pub fn run(args: &Demo, quiet: bool) -> Result<(), Failure> {
    let pace = pace(args)?;
    let plan =
        Plan::read(PLAN).map_err(|error| Failure::plan(&error, Path::new("pipelines/demo.toml"), PLAN))?;
    let settings = settings(args, &plan);
    settings.check().map_err(|error| wrong_town(args, &error))?;
    let on_screen = !quiet && !args.plain && has_screen();
    if !quiet {
        announce(args, on_screen)?;
    }
    let town = Town::new(settings).map_err(|error| wrong_town(args, &error))?;
    let mut feed = Feed::new(&plan, &town)
        .map_err(|error| Failure::failed("the demo's town and plan do not fit", error.as_ref()))?;
    let mut picture = Picture::new(plan.calendar.clone(), plan.grid(), settings.start);
    let stop = Stop::noted()?;
    let shown = if on_screen {
        let mut screen = Screen::open(stop, has_color()).map_err(|error| broken(&error))?;
        let shown = show::run(&pace, &mut feed, &mut picture, &mut screen);
        // Give the terminal back before the summary is printed: on the demo's own screen it would vanish.
        drop(screen);
        shown
    } else {
        show::run(&pace, &mut feed, &mut picture, &mut Lines::new(io::stdout(), stop, quiet))
    };
    let printed = shown.and_then(|ended| {
        let page = verdict::page(args, &town, &picture, ended == Ended::TownsEnd);
        io::stdout().write_all(page.as_bytes())?;
        io::stdout().flush()
    });
    ignore_closed_pipe(printed)
}

/// A closed pipe is no failure: in `gridwarden demo | head`, the reader leaves when it has seen enough.
fn ignore_closed_pipe(printed: io::Result<()>) -> Result<(), Failure> {
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(broken(&error)),
        Ok(()) => Ok(()),
    }
}

fn broken(error: &io::Error) -> Failure {
    Failure::failed("cannot show the demo", error).help(Some("try `gridwarden demo --plain`".to_owned()))
}

fn announce(args: &Demo, on_screen: bool) -> Result<(), Failure> {
    let line = format!(
        "gridwarden demo: {} of {}, {} of history, then live at {} times real time (seed {})\n",
        "a simulated town",
        count(args.meters as u64, "consumer"),
        count(u64::from(args.days), "day"),
        args.speed,
        args.seed
    );
    // With a screen, the line only shows that the town is being built. It is not a part of the result on standard
    // output.
    let printed = if on_screen {
        io::stderr().write_all(line.as_bytes())
    } else {
        let mut out = io::stdout();
        out.write_all(line.as_bytes()).and_then(|()| out.flush())
    };
    ignore_closed_pipe(printed)
}

fn has_screen() -> bool {
    io::stdout().is_terminal()
        && io::stdin().is_terminal()
        && env_var("TERM").is_none_or(|term| term != "dumb")
}

/// Colours are the default. A user turns them off with the variable `NO_COLOR` (see no-color.org).
fn has_color() -> bool {
    env_var("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "the environment describes what the terminal can do")]
fn env_var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests;
