//! `gridwarden gateway`: hears meters, shows them, and signs commands for them.

use crate::cli::{self, GatewayAct, Hours, MeterAct};
use gateway::orders::{Order, UtilityKey, public_path};
use gateway::{FileSink, Serve, Sink, StandardSink, StatusLine, Store, meters, read_status, serve};
use meter_wire::command::{Command, LoadLimit, Rules};
use reading::{EventTime, MeterId};
use shell::{Failure, Stop, count, print, telemetry};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use stream::Readings;

/// Runs the command.
pub fn run(args: &cli::Gateway) -> Result<(), Failure> {
    match &args.act {
        GatewayAct::Run(args) => hear(args),
        GatewayAct::Status { store } => status(store),
        GatewayAct::Command(args) => command(args),
        GatewayAct::NewKey { file } => {
            UtilityKey::create(file)?;
            let (file, public) = (file.display(), public_path(file));
            print(&format!(
                "{file} signs commands: keep it to yourself\n{} is for meters\n",
                public.display()
            ))
        }
    }
}

/// Where readings may go.
enum Way {
    Standard,
    File(FileSink),
    Topic(Readings),
}

impl Sink for Way {
    fn put(&mut self, lines: &[u8]) -> Result<(), String> {
        match self {
            Self::Standard => StandardSink.put(lines),
            Self::File(file) => file.put(lines),
            Self::Topic(topic) => topic.put(lines),
        }
    }
}

fn hear(args: &cli::GatewayRun) -> Result<(), Failure> {
    let rows = meters::read(&args.meters)?;
    let stop = Stop::on_signals()?;
    let mut way = match (&args.out, &args.brokers) {
        (Some(path), _) if path.as_os_str() == "-" => Way::Standard,
        (Some(path), _) => Way::File(FileSink::open(path).map_err(|cause| {
            Failure::failed(format!("cannot write {}", path.display()), &cause).as_wrong()
        })?),
        (None, brokers) => {
            let brokers = brokers.as_deref().expect("the command line asks for a file or for brokers");
            let topic = args.topic.as_deref().expect("the command line asks for a topic beside the brokers");
            Way::Topic(Readings::new(brokers, topic, args.partitions, &stop)?)
        }
    };
    let (known, poll) = (rows.len(), Duration::from_secs_f64(args.poll));
    let work = Serve { listen: args.listen.clone(), meters: rows, store: args.store.clone(), poll };
    serve(&work, &mut way, &stop, |address| telemetry::meters_may_connect(address, known))
}

fn status(store: &Path) -> Result<(), Failure> {
    let lines = read_status(store).map_err(|cause| {
        Failure::failed(format!("cannot read the status of the gateway in {}", store.display()), &cause)
            .as_wrong()
            .help(Some("name the folder that `gridwarden gateway run` got as --store".to_owned()))
    })?;
    let mut page = String::new();
    for line in &lines {
        let StatusLine { name, title, state, readings, repeats, refused, commands, heard } = line;
        let repeats = if *repeats > 0 { format!(", {} again", repeats) } else { String::new() };
        let refused = if refused == "-" { String::new() } else { format!("  refused: {refused}") };
        let commands =
            if *commands > 0 { format!("  {} wait", count(*commands, "command")) } else { String::new() };
        let what = if state == "unknown" { "message" } else { "reading" };
        page += &format!(
            "{name:<16} {title}  {state:<9}  {}{repeats}{refused}{commands}  heard {heard}\n",
            count(*readings, what)
        );
    }
    let of = |state: &str| lines.iter().filter(|line| line.state == state).count() as u64;
    page += &format!(
        "{} connected, {} away, {} unknown\n",
        count(of("connected"), "meter"),
        of("away"),
        of("unknown")
    );
    print(&page)
}

fn command(args: &cli::GatewayCommand) -> Result<(), Failure> {
    let [meters_file, store, key] = [("meters", &args.meters), ("store", &args.store), ("key", &args.key)]
        .map(|(name, path)| {
            path.as_deref().ok_or_else(|| {
                Failure::wrong(format!("--{name} is missing"), "see `gridwarden gateway command --help`")
            })
        });
    let (meters_file, store, key) = (meters_file?, store?, key?);
    let rows = meters::read(meters_file)?;
    let row = MeterId::new(&args.meter).and_then(|name| rows.iter().find(|row| row.name == name));
    let row = row.ok_or_else(|| {
        let what = format!("there is no meter `{}` in {}", args.meter, meters_file.display());
        Failure::wrong(what, "a meter that the gateway does not know gets no commands")
    })?;
    if !store.is_dir() {
        let what = format!("there is no folder {}", store.display());
        return Err(Failure::wrong(what, "name the folder that `gridwarden gateway run` got as --store"));
    }
    let key = UtilityKey::read(key)?;
    let now = now();
    let until = u32::try_from(now.0 / 1_000).unwrap_or(u32::MAX).saturating_add(60 * args.minutes);
    // Milliseconds count up from command to command, also from another machine.
    let number = now.0.unsigned_abs();
    let order = Order::sign((number, until), (row.name, row.title), named(&args.act, now), &key);
    let folder: PathBuf = Store::commands(store);
    order.write(&folder).map_err(|cause| {
        Failure::failed(format!("cannot put the command into {}", folder.display()), &cause)
    })?;
    print(&format!("command {number} for {}: {}\n", row.name, order.name))
}

/// A command, and what the log calls it.
fn named(act: &MeterAct, now: EventTime) -> (String, Command) {
    let seconds = |time: EventTime| u32::try_from(time.0 / 1_000).unwrap_or(0);
    match act {
        MeterAct::Connect => ("connect".to_owned(), Command::Connect),
        MeterAct::Disconnect => ("disconnect".to_owned(), Command::Disconnect),
        MeterAct::LoadLimit { watts, seconds, tries } => {
            let limit = LoadLimit { watts: *watts, seconds: *seconds, reconnects: *tries };
            (format!("load-limit {watts} {seconds} {tries}"), Command::LoadLimit(limit))
        }
        MeterAct::SetTime { time } => {
            let time = time.unwrap_or(now);
            (format!("set-time {time}"), Command::SetTime(seconds(time)))
        }
        MeterAct::ReadNow => ("read-now".to_owned(), Command::ReadNow),
        MeterAct::PaidUntil { wh } => (format!("paid-until {wh}"), Command::PaidUntil(Some(*wh))),
        MeterAct::Billed => ("billed".to_owned(), Command::PaidUntil(None)),
        MeterAct::Rules { friendly, open_on } => {
            let mut openers = [0; 4];
            openers.iter_mut().zip(open_on).for_each(|(place, code)| *place = *code);
            let Hours(friendly) = friendly.unwrap_or(Hours([0, 0]));
            let events: Vec<_> = open_on.iter().map(u16::to_string).collect();
            let [from, to] = friendly.map(|minute| format!("{:02}:{:02}", minute / 60, minute % 60));
            (format!("rules {from}-{to} {}", events.join(" ")), Command::Rules(Rules { friendly, openers }))
        }
        MeterAct::Unlock { seconds } => (format!("unlock {seconds}"), Command::Unlock { seconds: *seconds }),
    }
}

#[expect(clippy::disallowed_methods, reason = "a person acts now")]
fn now() -> EventTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EventTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
