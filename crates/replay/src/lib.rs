//! `gridwarden replay`: the engine over files.

mod engine;
mod files;
mod hold;
mod letters;
mod only;
mod out_dir;
mod places;

pub use files::{Inputs, Source};
pub use hold::{Hold, remove_files};
pub use only::Only;

use engine::Progress;
use grid::Topology;
use out_dir::{OutDir, Pictures};
use pipeline::Compression;
use reading::Issue;
use shell::{Failure, cores, print, progress_bar, read_plan, read_topology, telemetry};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What to replay, and where the outputs go.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The plan.
    pub plan: PathBuf,
    /// Files of readings, JSON lines or Parquet, or of dead letters; `-` is standard input.
    pub readings: Vec<PathBuf>,
    /// The topology, as CSV: which meter is connected to which transformer.
    pub topology: Option<PathBuf>,
    /// The folder for the outputs.
    pub out: PathBuf,
    /// How many threads share the meters. Without a number: one for each core of the machine.
    pub shards: Option<u32>,
    /// Whether to draw the load of all consumers together.
    pub plots: bool,
    /// The outputs to compute and write. If none is named: all outputs of the plan.
    pub only: Vec<Only>,
    /// How Parquet files are compressed, if not as the plan says.
    pub compression: Option<Compression>,
    /// Whether to write each Parquet file as CSV, too.
    pub csv: bool,
}

/// Runs the command. With `quiet` it prints no summary.
#[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
pub fn run(args: &Replay, quiet: bool) -> Result<(), Failure> {
    let began = Instant::now();
    let mut plan = read_plan(&args.plan)?;
    let planned = only::planned(&mut plan, &args.only)?;
    let topology = match &args.topology {
        Some(path) => read_topology(path)?,
        None => Topology::new(Vec::new()).expect("no rows cannot contradict each other"),
    };
    let inputs = Inputs::open(&args.readings, &plan)?;
    let shards = args.shards.unwrap_or_else(cores);
    let named: Vec<&Path> =
        args.readings.iter().chain(&args.topology).chain([&args.plan]).map(PathBuf::as_path).collect();
    let pictures = args.plots.then(|| Pictures::new(&plan, &topology));
    let compression = args.compression.unwrap_or(plan.compression);
    let mut out = OutDir::create(&args.out, planned, compression, inputs.names.clone(), &named, pictures)?;
    telemetry::begun(&plan.name, args.readings.len(), shards);
    let bar = progress_bar(quiet);
    let counted = engine::run(&plan, topology, inputs, shards, &mut out, |Progress { readings, front }| {
        bar.set_position(readings);
        if let Some(front) = front {
            bar.set_message(front.to_string());
        }
    });
    bar.finish_and_clear();
    let counted = counted?;
    let (dead, first) = out.dead();
    if counted.readings == 0 {
        let failure = nothing_read(dead, first);
        out.leave_dead_letters()?;
        return Err(failure);
    }
    if dead > 0 {
        telemetry::dead_letters(dead, &out.dead_in_words());
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
    let mostly_dead = out.mostly_dead(counted.readings);
    let summary = out.finish(&plan, &counted, args.csv, began.elapsed().as_secs_f64())?;
    if !quiet {
        print(&format!("{summary}\n"))?;
    }
    mostly_dead.map_or(Ok(()), Err)
}

fn nothing_read(dead: u64, first: Option<&str>) -> Failure {
    let help = "the README shows a reading; `gridwarden simulate` writes files that work";
    let Some(first) = first else {
        return Failure::failed_with_help("no reading could be used: the input holds none", help);
    };
    // A dead letter may be as long as the longest line. Its beginning is enough to recognize it.
    let shown: String = first.chars().take(200).collect();
    let more = if shown.len() < first.len() { " ..." } else { "" };
    let became = if dead == 1 {
        "1 message became a dead letter".to_owned()
    } else {
        format!("{dead} messages became dead letters")
    };
    Failure::failed_with_help(format!("no reading could be used, {became}; the first: {shown}{more}"), help)
}
