//! `gridwarden simulate`: writes the readings, the topology and the truth of a town.

mod source;

use crate::cli::{self, Format};
use columns::{Aside, ColumnsError, ReadingsWriter};
use reading::time::{HOUR, MINUTE, SECOND};
use reading::{EventTime, RawReading};
use replay::{Hold, remove_files};
use shell::{Failure, count, print, telemetry};
use simulate::lv::{Kind, LvSettingsError};
use simulate::{Faults, LvSettings, LvTown, Settings, SettingsError, Town};
use source::{AnyTown, Source};
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use stream::Feed;

/// The names of all files that a town may write.
const NAMES: [&str; 5] = [READINGS[0], READINGS[1], "topology.csv", "truth.csv", "outages.csv"];
/// The names of files with readings.
const READINGS: [&str; 2] = ["readings.ndjson", "readings.parquet"];

/// Why the size of the town is known.
const GIVEN: &str = "the command line asks for it";

/// Runs the command.
pub fn run(args: &cli::Simulate, quiet: bool) -> Result<(), Failure> {
    if args.list_kinds {
        return print(&kinds());
    }
    let settings = settings(args)?;
    let town = town(args, settings)?;
    let mut source = town.source();
    let mut done = Vec::new();
    let readings = match &args.brokers {
        Some(brokers) => {
            // The topology first, so that a reader of the topic knows the meters when their readings come.
            if let Some(dir) = &args.out {
                write_tables(&source, dir)?;
                done.push(format!("written to {}", dir.display()));
            }
            let topic = args.topic.as_deref().expect("the command line asks for a topic beside the brokers");
            let feed = Feed {
                brokers,
                topic,
                speed: args.speed,
                batch: args.batch,
                messages: args.messages.into(),
                make: args.create_topics.then_some(args.partitions),
            };
            let sent = stream::feed(&mut source, &feed, settings.interval_ms, quiet)?;
            if let Some(dir) = &args.out {
                // Only now is it known how much energy was lost.
                write_tables(&source, dir)?;
            }
            let (messages, partitions) =
                (count(sent.messages, "message"), count(u64::from(sent.partitions), "partition"));
            done.insert(0, format!("sent to {topic} of {brokers}: {messages}, {partitions}"));
            sent.readings
        }
        None => {
            let dir = args.out.as_deref().expect("the command line asks for a folder or for brokers");
            done.push(format!("written to {}", dir.display()));
            write_all(&mut source, args.format, dir)?
        }
    };
    if !quiet {
        print(&format!(
            "{} of {} over {}, {} tampered with\n{}\n",
            count(readings, "reading"),
            count(settings.meters as u64, "consumer"),
            count(u64::from(settings.days), "day"),
            source.guilty(),
            done.join("\n"),
        ))?;
    }
    Ok(())
}

/// The list of `--list-kinds`.
fn kinds() -> String {
    let line = |kind: &Kind| format!("{:<24}{}\n", kind.name(), kind.says());
    let of = |guilty: bool| Kind::ALL.iter().filter(move |kind| kind.guilty() == guilty).map(line);
    let (thefts, innocents): (String, String) = (of(true).collect(), of(false).collect());
    format!(
        "thefts, a share of `--thieves` together:\n{thefts}\ninnocent causes, `--innocents` together:\n{innocents}"
    )
}

fn town(args: &cli::Simulate, settings: Settings) -> Result<AnyTown, Failure> {
    if !args.network {
        return Ok(AnyTown::Plain(Box::new(Town::new(settings).map_err(|error| wrong_town(&error))?)));
    }
    let settings = LvSettings {
        innocents: share("innocents", &args.innocents)?,
        kinds: if args.kinds.is_empty() { Kind::ALL.to_vec() } else { args.kinds.clone() },
        ..LvSettings::usual(settings)
    };
    let town = LvTown::new(settings).map_err(|error| match error {
        LvSettingsError::Town(error) => wrong_town(&error),
        LvSettingsError::OneTransformer => Failure::wrong(
            "these options do not make a town: `wrong-transformer` needs a second transformer",
            "try `--transformers 2`, or more consumers",
        ),
    })?;
    Ok(AnyTown::Lv(Box::new(town)))
}

/// Writes readings and tables to a folder; returns the number of readings.
fn write_all(source: &mut Source<'_>, format: Format, dir: &Path) -> Result<u64, Failure> {
    let hold = Hold::take(dir, &NAMES)?;
    hold.clear()?;
    let (sent, other) = match format {
        Format::Ndjson => {
            (lines(source, &dir.join(READINGS[0])).map_err(|cause| broken(dir, &cause))?, READINGS[1])
        }
        Format::Parquet => {
            let (sent, torn) =
                columns(source, &dir.join(READINGS[1])).map_err(|cause| broken(dir, &cause))?;
            if torn > 0 {
                telemetry::torn_left_out(torn);
            }
            (sent, READINGS[0])
        }
    };
    let _moving = hold.moving();
    if !is_this_town(source, dir) {
        take_away_readings(dir, other)?;
    }
    tables(source, dir).map_err(|cause| broken(dir, &cause))?;
    Ok(sent)
}

/// Writes only the tables.
fn write_tables(source: &Source<'_>, dir: &Path) -> Result<(), Failure> {
    let hold = Hold::take_without_signals(dir, &NAMES)?;
    hold.clear()?;
    // A replay may still use these readings, and with the topology of another town its results would be wrong.
    if READINGS.iter().any(|name| dir.join(name).exists()) && !is_this_town(source, dir) {
        return Err(Failure::failed_with_help(
            format!("{} holds the readings of another town", dir.display()),
            "give this one a folder of its own with `--out`",
        ));
    }
    tables(source, dir).map_err(|cause| broken(dir, &cause))
}

/// Whether the folder holds this town: the same topology and truth as would be written now.
fn is_this_town(source: &Source<'_>, dir: &Path) -> bool {
    let is_same = |name: &str, is_own: &dyn Fn(&[u8]) -> bool| {
        fs::read(dir.join(name)).is_ok_and(|before| is_own(&before))
    };
    is_same("topology.csv", &|before| before == source.topology())
        && is_same("truth.csv", &|before| source.is_own_truth(before))
}

/// Deletes readings of an earlier town: they would not fit the topology of this one.
fn take_away_readings(dir: &Path, name: &str) -> Result<(), Failure> {
    let readings = dir.join(name);
    if readings.exists() {
        fs::remove_file(&readings).map_err(|cause| broken(dir, &cause))?;
        telemetry::taken_away(&readings);
    }
    Ok(())
}

fn broken(dir: &Path, cause: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::failed(format!("cannot write to {}", dir.display()), cause)
}

fn tables(source: &Source<'_>, dir: &Path) -> io::Result<()> {
    let write = |name: &str, text: &[u8]| {
        let mut file = Aside::create(dir.join(name))?;
        file.write_all(text)?;
        file.finish()
    };
    write("topology.csv", &source.topology())?;
    write("truth.csv", &source.truth())?;
    match source.outages() {
        Some(text) => write("outages.csv", &text),
        None => remove_files([dir.join("outages.csv")].into_iter()),
    }
}

fn lines(source: &mut Source<'_>, path: &Path) -> io::Result<u64> {
    let mut file = Aside::create(path)?;
    let mut sent = 0;
    let mut line = Vec::new();
    for message in source {
        line.clear();
        message.write_line(&mut line);
        line.push(b'\n');
        file.write_all(&line)?;
        sent += 1;
    }
    file.finish()?;
    Ok(sent)
}

/// Writes readings as Parquet. Returns how many it wrote, and how many torn messages it left out, which columns
/// cannot hold.
fn columns(source: &mut Source<'_>, path: &Path) -> Result<(u64, u64), ColumnsError> {
    let mut file = ReadingsWriter::create(path)?;
    let mut some: Vec<RawReading> = Vec::with_capacity(8192);
    let mut torn = 0;
    for message in source {
        if message.torn.is_some() {
            torn += 1;
            continue;
        }
        some.push(message.raw);
        if some.len() == some.capacity() {
            file.write(&some)?;
            some.clear();
        }
    }
    file.write(&some)?;
    Ok((file.finish()?, torn))
}

/// A mistake in the settings, with the names and units of the command line.
fn wrong_town(error: &SettingsError) -> Failure {
    let minutes = |ms: i64| format!("{} min", ms as f64 / MINUTE as f64);
    let (what, help) = match error {
        SettingsError::Interval { got_ms } => (
            format!("`--interval` must divide an hour, found {}", minutes(*got_ms)),
            "try `--interval 15m`, or 1m, 5m, 10m, 30m, 1h",
        ),
        SettingsError::StartBetween { start, interval_ms } => (
            format!(
                "`--start` must be a whole number of intervals of {} after midnight, found {start}",
                minutes(*interval_ms)
            ),
            "write it like 2024-01-01T00:00:00Z",
        ),
        SettingsError::UtcOffset { got_ms } => (
            format!("`--utc-offset` must be -14 to 14 hours, found {}", *got_ms as f64 / HOUR as f64),
            "for example, India has `--utc-offset 5.5`",
        ),
        SettingsError::Transformers { got, meters } => (
            format!("`--transformers` must be 1 to {meters}, the number of meters, found {got}"),
            "without the option there is one for 25 consumers",
        ),
        SettingsError::TooManyOutages { got, most } => (
            format!("`--outages` must be at most 2 a day, {most}, found {got}"),
            "let the town run for more days",
        ),
        SettingsError::TooManyFaults { sum } => (
            format!(
                "`--late`, `--lost`, `--twice`, `--out-of-order` and `--torn` are {:.1} % together, but a message can have only one of these faults",
                100.0 * sum
            ),
            "choose shares of at most 100 % together",
        ),
        other => (other.to_string(), "see `gridwarden simulate --help`"),
    };
    Failure::wrong(format!("these options do not make a town: {what}"), help)
}

fn settings(args: &cli::Simulate) -> Result<Settings, Failure> {
    let start = EventTime::parse_rfc3339(args.start.as_bytes()).ok_or_else(|| {
        Failure::wrong(
            format!("`--start` is not a time: \"{}\"", args.start),
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
        feeder_meters: args.feeder_meters,
        onset_days: args.onset_days,
        outages: args.outages,
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
            spike: fault("spike", &args.spike, base.spike)?,
            stuck: fault("stuck", &args.stuck, base.stuck)?,
            dead: fault("dead", &args.dead, base.dead)?,
            unit: fault("unit", &args.unit, base.unit)?,
            ct_tenth: fault("ct-tenth", &args.ct_tenth, base.ct_tenth)?,
            daily: fault("daily", &args.daily, base.daily)?,
            fast_concentrators: fault(
                "fast-concentrators",
                &args.fast_concentrators,
                base.fast_concentrators,
            )?,
        },
        ..Settings::usual(args.meters.expect(GIVEN), args.days.expect(GIVEN), args.seed, start)
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
            format!("`--{name}` is not a share: \"{text}\""),
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
        Failure::wrong(format!("`--interval` is not a length of time: \"{text}\""), "try `--interval 15m`")
    })
}
