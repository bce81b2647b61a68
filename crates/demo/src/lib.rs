//! `gridwarden demo`: a simulated town through the whole engine.
//!
//! Read `feed` (town to engine), then `picture` (what is known of it), then `screen` and `lines` (two ways to
//! show it), then `show` (the clock), then `verdict` (how well it did).

mod feed;
mod heard;
mod lines;
mod local;
mod options;
mod picture;
mod screen;
mod show;
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

/// Runs the command; with `quiet`, nothing is shown but its last words.
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
        // The screen first, then words: on another screen they would be lost.
        drop(screen);
        shown
    } else {
        show::run(&pace, &mut feed, &mut picture, &mut Lines::new(io::stdout(), stop, quiet))
    };
    let told = shown.and_then(|ended| {
        let page = verdict::page(args, &town, &picture, ended == Ended::TownsEnd);
        io::stdout().write_all(page.as_bytes())?;
        io::stdout().flush()
    });
    gone_is_fine(told)
}

/// The reader of a pipe may leave when it has seen enough.
fn gone_is_fine(told: io::Result<()>) -> Result<(), Failure> {
    match told {
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
    // Before a screen it is what one sees while the town is built; it is no part of the result.
    let said = if on_screen {
        io::stderr().write_all(line.as_bytes())
    } else {
        let mut out = io::stdout();
        out.write_all(line.as_bytes()).and_then(|()| out.flush())
    };
    gone_is_fine(said)
}

fn has_screen() -> bool {
    io::stdout().is_terminal() && io::stdin().is_terminal() && asked("TERM").is_none_or(|term| term != "dumb")
}

/// See no-color.org.
fn has_color() -> bool {
    asked("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "what the terminal can do is told by the environment")]
fn asked(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests;
