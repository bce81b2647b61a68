//! `gridwarden simulate`: the readings, the topology and the truth of a town.

use crate::cli::{self, Format};
use crate::failure::Failure;
use crate::hold::Hold;
use crate::say::say;
use columns::{Aside, ColumnsError, ReadingsWriter};
use reading::time::{HOUR, MINUTE, SECOND};
use reading::{EventTime, RawReading};
use simulate::{Faults, Message, Settings, Town, write_topology_csv, write_truth_csv};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Names of everything that a town may leave.
const NAMES: [&str; 4] = ["readings.ndjson", "readings.parquet", "topology.csv", "truth.csv"];

/// Runs the command.
pub fn run(args: &cli::Simulate, quiet: bool) -> Result<(), Failure> {
    let settings = settings(args)?;
    let town = Town::new(settings).map_err(|error| {
        let mut failure = Failure::failed("no town can be made of these options", &error);
        failure.code = 2;
        failure.help(Some("see `gridwarden simulate --help`".to_owned()))
    })?;
    let dir = &args.out;
    let hold = Hold::take(dir, &NAMES)?;
    hold.clear()?;
    let (sent, other) = match args.format {
        Format::Ndjson => {
            (lines(&town, &dir.join("readings.ndjson")).map_err(|cause| broken(dir, &cause))?, "parquet")
        }
        Format::Parquet => {
            (columns(&town, &dir.join("readings.parquet")).map_err(|cause| broken(dir, &cause))?, "ndjson")
        }
    };
    let _moving = hold.moving();
    // Readings of an earlier town would not fit the topology of this one.
    if let Err(cause) = fs::remove_file(dir.join(format!("readings.{other}")))
        && cause.kind() != io::ErrorKind::NotFound
    {
        return Err(broken(dir, &cause));
    }
    let truth = town.truth();
    tables(&town, &truth, dir).map_err(|cause| broken(dir, &cause))?;
    if !quiet {
        let guilty: BTreeSet<_> =
            truth.iter().filter(|truth| truth.guilty()).map(|truth| truth.meter).collect();
        let guilty = guilty.len();
        say(&format!(
            "{sent} readings of {} meters over {} days, {guilty} tampered with\nwritten to {}\n",
            args.meters,
            args.days,
            dir.display()
        ))?;
    }
    Ok(())
}

fn broken(dir: &Path, cause: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::failed(format!("cannot write to {}", dir.display()), cause)
}

fn tables(town: &Town, truth: &[simulate::Truth], dir: &Path) -> io::Result<()> {
    let mut topology = Aside::create(dir.join("topology.csv"))?;
    write_topology_csv(&town.topology(), &mut topology)?;
    topology.finish()?;
    let mut file = Aside::create(dir.join("truth.csv"))?;
    write_truth_csv(truth, &mut file)?;
    file.finish()
}

fn lines(town: &Town, path: &Path) -> io::Result<u64> {
    let mut file = Aside::create(path)?;
    let mut sent = 0;
    let mut line = Vec::new();
    for message in town.messages() {
        line.clear();
        encode(&message, &mut line);
        line.push(b'\n');
        file.write_all(&line)?;
        sent += 1;
    }
    file.finish()?;
    Ok(sent)
}

/// The line of a message, as much of it as arrived.
pub fn encode(message: &Message, line: &mut Vec<u8>) {
    let at = line.len();
    wire::json::encode(&message.raw, line);
    if let Some(torn) = message.torn {
        line.truncate(at + torn);
    }
}

fn columns(town: &Town, path: &Path) -> Result<u64, ColumnsError> {
    // A torn line has no counterpart in columns: that message is lost.
    let mut file = ReadingsWriter::create(path)?;
    let mut some: Vec<RawReading> = Vec::with_capacity(8192);
    for message in town.messages().filter(|message| message.torn.is_none()) {
        some.push(message.raw);
        if some.len() == some.capacity() {
            file.write(&some)?;
            some.clear();
        }
    }
    file.write(&some)?;
    file.finish()
}

fn settings(args: &cli::Simulate) -> Result<Settings, Failure> {
    let start = EventTime::parse_rfc3339(args.start.as_bytes()).ok_or_else(|| {
        Failure::wrong(
            format!("`--start` is no time: \"{}\"", args.start),
            "write it like 2024-01-01T00:00:00Z",
        )
    })?;
    let base = if args.no_faults { Faults::NONE } else { Faults::usual() };
    let fault = |name: &str, given: &Option<String>, usual: f64| {
        given.as_ref().map_or(Ok(usual), |given| share(name, given))
    };
    Ok(Settings {
        interval_ms: interval(&args.interval)?,
        utc_offset_ms: (args.utc_offset * HOUR as f64) as i64,
        transformers: args.transformers,
        onset_days: args.onset_days,
        thieves: share("thieves", &args.thieves)?,
        lookalikes: share("lookalikes", &args.lookalikes)?,
        solar: share("solar", &args.solar)?,
        three_phase: share("three-phase", &args.three_phase)?,
        faults: Faults {
            late: fault("late", &args.late, base.late)?,
            lost: fault("lost", &args.lost, base.lost)?,
            twice: fault("twice", &args.twice, base.twice)?,
            out_of_order: fault("out-of-order", &args.out_of_order, base.out_of_order)?,
            torn: fault("torn", &args.torn, base.torn)?,
            clock_ahead: fault("clock-ahead", &args.clock_ahead, base.clock_ahead)?,
            clock_behind: fault("clock-behind", &args.clock_behind, base.clock_behind)?,
            reset: fault("reset", &args.reset, base.reset)?,
            swap: fault("swap", &args.swap, base.swap)?,
        },
        ..Settings::usual(args.meters, args.days, args.seed, start)
    })
}

fn share(name: &str, text: &str) -> Result<f64, Failure> {
    let (number, size) = match text.strip_suffix('%') {
        Some(number) => (number, 0.01),
        None => (text, 1.0),
    };
    let share = number.trim().parse::<f64>().ok().map(|number| number * size);
    share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| {
        Failure::wrong(
            format!("`--{name}` is no share: \"{text}\""),
            format!("try `--{name} 2%` or `--{name} 0.02`"),
        )
    })
}

fn interval(text: &str) -> Result<i64, Failure> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let size = match text[split..].trim() {
        "s" => Some(SECOND),
        "m" | "min" => Some(MINUTE),
        "h" => Some(HOUR),
        _ => None,
    };
    let ms = text[..split].parse::<i64>().ok().zip(size).and_then(|(number, size)| number.checked_mul(size));
    ms.ok_or_else(|| {
        Failure::wrong(format!("`--interval` is no length of time: \"{text}\""), "try `--interval 15m`")
    })
}
