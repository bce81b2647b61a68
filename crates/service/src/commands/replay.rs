//! `gridwarden replay`: the engine over files.

mod only;

use super::read_plan;
use crate::cli;
use crate::engine::{self, Progress};
use crate::failure::Failure;
use crate::files::Source;
use crate::out_dir::{OutDir, Pictures};
use crate::say::say;
use crate::telemetry;
use crate::town_files::read_topology;
use grid::Topology;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use reading::Issue;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Runs the command.
#[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
pub fn run(args: &cli::Replay, quiet: bool) -> Result<(), Failure> {
    let began = Instant::now();
    let mut plan = read_plan(&args.plan)?;
    let written = only::leave(&mut plan, &args.only)?;
    let topology = match &args.topology {
        Some(path) => read_topology(path)?,
        None => Topology::new(Vec::new()).expect("no rows cannot contradict each other"),
    };
    let sources = Source::open_all(&args.readings)?;
    let shards = args.shards.unwrap_or_else(cores);
    let inputs: Vec<&Path> =
        args.readings.iter().chain(&args.topology).chain([&args.plan]).map(PathBuf::as_path).collect();
    let pictures = args.plots.then(|| Pictures::new(&plan, &topology));
    let mut out = OutDir::create(&args.out, &plan, written, args.readings.clone(), &inputs, pictures)?;
    telemetry::begun(&plan.name, sources.len(), shards);
    let bar = bar(quiet);
    let counted = engine::run(&plan, topology, sources, shards, &mut out, |Progress { readings, front }| {
        bar.set_position(readings);
        if let Some(front) = front {
            bar.set_message(front.to_string());
        }
    });
    bar.finish_and_clear();
    let counted = counted?;
    let (dead, first) = out.dead();
    if counted.readings == 0 {
        return Err(nothing_read(dead, first));
    }
    if dead > 0 {
        telemetry::dead_letters(dead, &out.dead_told());
    }
    let late = counted.counts.of_issue(Issue::Late);
    if late > counted.readings / 10 {
        telemetry::mostly_late(late, counted.readings);
    }
    let missing = &counted.missing;
    if missing.unrouted > 0 {
        telemetry::unrouted(missing.unrouted);
    }
    if !missing.strangers.is_empty() {
        telemetry::strangers(missing.strangers.len() as u64, counted.meters, missing.held_back);
    }
    if counted.unplaced_wh > 0 {
        telemetry::unplaced(counted.unplaced_wh);
    }
    let summary = out.finish(&plan, &counted, began.elapsed().as_secs_f64())?;
    if !quiet {
        say(&format!("{summary}\n"))?;
    }
    Ok(())
}

fn nothing_read(dead: u64, first: Option<&str>) -> Failure {
    let help = "the README shows a reading; `gridwarden simulate` writes files that work";
    let Some(first) = first else {
        return Failure::failed_with_help("no reading could be used: the input holds none", help);
    };
    // A letter may be as long as a line; its beginning tells enough.
    let shown: String = first.chars().take(200).collect();
    let more = if shown.len() < first.len() { " ..." } else { "" };
    let became = if dead == 1 {
        "1 message became a dead letter".to_owned()
    } else {
        format!("{dead} messages became dead letters")
    };
    Failure::failed_with_help(format!("no reading could be used, {became}; the first: {shown}{more}"), help)
}

/// As many threads as there are cores.
pub fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(256).min(256))
}

/// A bar on a terminal; elsewhere nothing, the summary says it all.
pub(super) fn bar(quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if quiet {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} readings  {per_sec}  {msg}  {elapsed}");
    let style = style.expect("the template is fixed");
    // Its own has four decimals.
    bar.set_style(style.with_key("per_sec", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let written = write!(out, "{}/s", HumanCount(state.per_sec() as u64));
        written.expect("writing to a string cannot fail");
    }));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
