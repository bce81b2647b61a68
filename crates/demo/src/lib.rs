//! `gridwarden demo`: a simulated town through the whole engine.
//!
//! Read [`feed`] (town to engine), then [`picture`] (what is known of it), then [`screen`] and [`lines`] (two ways to
//! show it), then [`show`] (the clock), then [`verdict`] (how well it did).

mod feed;
mod heard;
mod lines;
mod local;
mod picture;
mod screen;
mod show;
mod verdict;

use feed::Feed;
use jiff::civil::date;
use lines::Lines;
use picture::Picture;
use pipeline::Plan;
use reading::EventTime;
use reading::time::DAY;
use screen::Screen;
use shell::{Failure, Stop, count};
use show::{Ended, Pace};
use simulate::{Settings, SettingsError, Town};
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

const PLAN: &str = include_str!("../../../pipelines/demo.toml");

/// What to show.
#[derive(Debug, Clone)]
pub struct Demo {
    /// Consumers in the town.
    pub meters: usize,
    /// Days of history before the live part.
    pub days: u32,
    /// The same seed gives the same town.
    pub seed: u64,
    /// How much faster than real the live part runs.
    pub speed: f64,
    /// Seconds of the live part; without it, the demo goes on until the user ends it.
    pub seconds: Option<f64>,
    /// Plain lines, even on a terminal.
    pub plain: bool,
}

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
    let stop = Stop::flag()?;
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

fn pace(args: &Demo) -> Result<Pace, Failure> {
    if args.meters == 0 {
        return Err(Failure::wrong("`--meters` must be at least 1", "try `--meters 500`"));
    }
    if !(args.speed > 0.0 && args.speed.is_finite()) {
        return Err(Failure::wrong(
            format!("`--speed` must be a number above 0, found {}", args.speed),
            "`--speed 1800` shows half an hour in a second, `--speed 1` real time",
        ));
    }
    if let Some(seconds) = args.seconds.filter(|seconds| !(*seconds >= 0.0 && seconds.is_finite())) {
        return Err(Failure::wrong(
            format!("`--seconds` must be a number from 0 on, found {seconds}"),
            "leave out `--seconds` and the demo goes on until you end it",
        ));
    }
    Ok(Pace { days: args.days, speed: args.speed, seconds: args.seconds })
}

fn settings(args: &Demo, plan: &Plan) -> Settings {
    // A Monday, and late in the dry season: no special day but the plan's holiday.
    let start = plan.calendar.start_of(date(2024, 1, 1));
    let utc_midnight = EventTime::parse_rfc3339(b"2024-01-01T00:00:00Z").expect("a fixed time");
    Settings {
        utc_offset_ms: utc_midnight.since(start),
        interval_ms: plan.grid().length(),
        onset_days: Some(onset_days(args.days)),
        ..Settings::usual(args.meters, days_from(start), args.seed, start)
    }
}

/// As many days as times are let in at the door: until 2100. At the usual speed that takes two weeks.
fn days_from(start: EventTime) -> u32 {
    let end = EventTime::parse_rfc3339(b"2100-01-01T00:00:00Z").expect("a fixed time");
    (end.since(start) / DAY) as u32
}

/// Tampering begins between the first fifth and seven tenths of these days. With as many days again as the history,
/// half of it has begun when the live part begins, and the rest begins before one's eyes.
fn onset_days(history: u32) -> u32 {
    history.saturating_add(history.max(30))
}

fn wrong_town(args: &Demo, error: &SettingsError) -> Failure {
    let mut cause = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        cause += &format!(": {source}");
        next = source.source();
    }
    let (meters, days) = (args.meters, args.days);
    Failure::wrong(
        format!("no town can be made of {meters} meters and {days} days of history: {cause}"),
        "see `gridwarden demo --help`",
    )
}

#[cfg(test)]
mod tests;
