//! The options of the demo: which town, how fast and for how long.

use crate::show::Pace;
use jiff::civil::date;
use pipeline::Plan;
use reading::EventTime;
use reading::time::DAY;
use shell::Failure;
use simulate::{Faults, Settings, SettingsError};
use std::error::Error;

/// The options of the demo.
#[derive(Debug, Clone)]
pub struct Demo {
    /// Consumers in the town.
    pub meters: usize,
    /// Days of history before the live part.
    pub days: u32,
    /// The same seed gives the same town.
    pub seed: u64,
    /// How many times faster than real time the live part runs.
    pub speed: f64,
    /// Seconds of the live part. Without a number, the demo goes on until the user ends it.
    pub seconds: Option<f64>,
    /// Plain lines, even on a terminal.
    pub plain: bool,
}

/// The share of meters that deliver once a day.
pub const DAILY: f64 = 0.04;
/// The share of concentrators whose clock is an hour ahead.
pub const FAST: f64 = 0.05;

/// The pace that the options ask for, or why it is impossible.
pub fn pace(args: &Demo) -> Result<Pace, Failure> {
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

/// The settings of the town.
pub fn settings(args: &Demo, plan: &Plan) -> Settings {
    // A Monday in the dry season, without a special day except the plan's holiday.
    let start = plan.calendar.start_of(date(2024, 1, 1));
    let utc_midnight = EventTime::parse_rfc3339(b"2024-01-01T00:00:00Z").expect("a fixed time");
    Settings {
        utc_offset_ms: utc_midnight.since(start),
        interval_ms: plan.grid().length(),
        onset_days: Some(onset_days(args.days)),
        // Real meters are not orderly: some deliver once a day, and of 20 concentrators the clock of one is wrong.
        faults: Faults { daily: DAILY, fast_concentrators: FAST, ..Faults::usual() },
        ..Settings::usual(args.meters, days_from(start), args.seed, start)
    }
}

/// The days until 2100, because readings with a later time are refused. At the usual speed the demo runs for two
/// weeks.
fn days_from(start: EventTime) -> u32 {
    let end = EventTime::parse_rfc3339(b"2100-01-01T00:00:00Z").expect("a fixed time");
    (end.since(start) / DAY) as u32
}

/// The simulator lets tampering begin between one fifth and seven tenths of these days.
///
/// With twice the days of the history, half of the tampering has begun before the live part. The user sees the rest
/// begin.
fn onset_days(history: u32) -> u32 {
    history.saturating_add(history.max(30))
}

/// The failure for a town that cannot exist.
pub fn wrong_town(args: &Demo, error: &SettingsError) -> Failure {
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
