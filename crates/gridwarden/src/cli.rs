//! The command line: every argument with its meaning.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use replay::Only;
use std::path::PathBuf;
use stream::{PARTITIONS, check_name};

/// Reads what smart meters send; finds theft and faults; says what was used, when it peaked and what comes next.
#[derive(Debug, Parser)]
#[command(name = "gridwarden", version, max_term_width = 110)]
#[command(
    after_help = "Start with `gridwarden demo`. Exit codes: 0 done, 1 failed, 2 the plan or the arguments are wrong, \
                  130 and 143 ended by a signal."
)]
pub struct Cli {
    /// Say nothing but errors, and what is nowhere else: what check and explain show, the demo's last words.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// How log lines look on standard error.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A simulated town through the whole engine: nothing to install, nothing to configure.
    Demo(Demo),
    /// The engine over files of readings, as fast as it goes.
    Replay(Replay),
    /// The streaming engine on Kafka, until it is told to end, or to the end of what is there.
    Run(Run),
    /// Make the readings, the topology and the truth of a town.
    Simulate(Box<Simulate>),
    /// Show a plan as it will be used, or what is wrong with it.
    Check(Check),
    /// Every number on the way to the cases of one meter.
    Explain(Explain),
    /// Every kernel, column and rule with its unit, its definition and where that comes from.
    Catalogue(Catalogue),
    /// Print a completion script for a shell.
    Completions(Completions),
}

/// `gridwarden demo`
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "On a terminal this is a live view; q, Esc or Ctrl-C ends it. Elsewhere it prints plain lines."
)]
pub struct Demo {
    /// Consumers in the town.
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = meters, allow_negative_numbers = true)]
    pub meters: usize,
    /// Days of history before the live part.
    #[arg(long, default_value_t = 30, value_name = "D", value_parser = days, allow_negative_numbers = true)]
    pub days: u32,
    /// The same seed gives the same town.
    #[arg(long, default_value_t = 7, value_name = "S")]
    pub seed: u64,
    /// How much faster than real the live part runs.
    #[arg(long, default_value_t = 1800.0, value_name = "TIMES")]
    pub speed: f64,
    /// End after so many seconds of the live part; without it, the demo goes on until you end it.
    #[arg(long, value_name = "N")]
    pub seconds: Option<f64>,
    /// Plain lines, even on a terminal.
    #[arg(long)]
    pub plain: bool,
}

impl From<&Demo> for demo::Demo {
    fn from(args: &Demo) -> Self {
        let Demo { meters, days, seed, speed, seconds, plain } = args.clone();
        Self { meters, days, seed, speed, seconds, plain }
    }
}

/// `gridwarden replay`
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  gridwarden simulate --meters 100 --days 7 --out town\n  \
    gridwarden replay pipelines/demo.toml --readings town/readings.ndjson --topology town/topology.csv --out out\n\n\
    Several files are merged by event time. Files appear in --out only when the whole run is done.")]
pub struct Replay {
    /// What to compute: see pipelines/demo.toml.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Files of readings, JSON lines or Parquet; `-` is standard input.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub readings: Vec<PathBuf>,
    /// Who hangs where, as CSV.
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// The folder for the outputs.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Threads that hold meters; as many again decode. Without it, the cores of the machine.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub shards: Option<u32>,
    /// Draw the load of all consumers together: profile.svg, duration.svg, year.svg, demand.svg in --out.
    #[arg(long)]
    pub plots: bool,
    #[arg(long, value_parser = only(), value_delimiter = ',', hide_possible_values = true, value_name = "NAME,...", help = only_help())]
    pub only: Vec<Only>,
}

fn only() -> impl TypedValueParser<Value = Only> {
    PossibleValuesParser::new(Only::all().map(Only::name))
        .map(|name| Only::all().find(|only| only.name() == name).expect("the parser takes these names alone"))
}

fn only_help() -> String {
    let with_others = |only: Only| {
        let others: Vec<&str> = only.outputs().filter(|name| *name != only.name()).collect();
        if others.is_empty() {
            only.name().to_owned()
        } else {
            format!("{} (with {})", only.name(), others.join(", "))
        }
    };
    let names: Vec<String> = Only::all().map(with_others).collect();
    format!(
        "Compute and write only some outputs of the plan: {}. Dead letters and summary.json are always written",
        names.join(", ")
    )
}

impl From<&Replay> for replay::Replay {
    fn from(args: &Replay) -> Self {
        let Replay { plan, readings, topology, out, shards, plots, only } = args.clone();
        Self { plan, readings, topology, out, shards, plots, only }
    }
}

/// `gridwarden run`
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  \
    gridwarden run pipelines/ami.toml --brokers 127.0.0.1:9092 --topology town/topology.csv --checkpoints state\n\n\
    The first Ctrl-C or TERM ends it behind a last checkpoint, the second at once. Killed, it goes on from the last \
    checkpoint: results that come again have the same keys.\n\n\
    Connection settings are in the plan, under [kafka.client], or in the environment: \
    GRIDWARDEN_KAFKA_SASL_PASSWORD sets sasl.password, and with _FILE behind it names a file.")]
pub struct Run {
    /// What to compute, from which topic to which: see pipelines/ami.toml.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Brokers, instead of those of the plan.
    #[arg(long, value_name = "HOST:PORT")]
    pub brokers: Option<String>,
    /// Where checkpoints are kept: a folder, or s3://BUCKET/PREFIX if built with `--features s3`.
    #[arg(long, value_name = "DIR-OR-URL")]
    pub checkpoints: String,
    /// Who hangs where, as CSV, instead of the plan's topic; looked at again while running.
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// Go on to where the partitions end now, close what is open, keep the state, and end.
    #[arg(long)]
    pub until_end: bool,
    /// Make the topics of results that are missing.
    #[arg(long)]
    pub create_topics: bool,
    /// Threads that hold partitions. Without it, the cores of the machine.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub shards: Option<u32>,
    /// The name of this instance. With one, it is the same member of the group when it is started again, and nobody
    /// waits for the old one; with transactions, each of a group needs its own.
    #[arg(long, value_name = "NAME")]
    pub instance: Option<String>,
    /// Go on from checkpoints of another plan, as far as this one can use them.
    #[arg(long)]
    pub accept_new_plan: bool,
    /// Answer GET /metrics, /healthz and /readyz here, such as 127.0.0.1:9464 or localhost:9464.
    #[arg(long, value_name = "HOST:PORT")]
    pub http: Option<String>,
}

impl From<&Run> for stream::Run {
    fn from(args: &Run) -> Self {
        let Run { plan, brokers, checkpoints, topology, until_end, create_topics, .. } = args.clone();
        let Run { shards, instance, accept_new_plan, http, .. } = args.clone();
        Self {
            plan,
            brokers,
            checkpoints,
            topology,
            until_end,
            create_topics,
            shards,
            instance,
            accept_new_plan,
            http,
        }
    }
}

/// `gridwarden simulate`
#[derive(Debug, Args)]
#[command(
    after_help = "Shares are written like 0.5% or 0.005. The same seed and options give the same bytes, and the same messages \
    of each partition in the same order.\n\nSettings of the connection come from the environment: GRIDWARDEN_KAFKA_SECURITY_PROTOCOL is \
    librdkafka's security.protocol, GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE names a file with sasl.password."
)]
pub struct Simulate {
    /// Consumers.
    #[arg(long, value_name = "N", value_parser = meters, allow_negative_numbers = true)]
    pub meters: usize,
    /// Days.
    #[arg(long, value_name = "D", value_parser = days, allow_negative_numbers = true)]
    pub days: u32,
    /// Time between two readings of a meter.
    #[arg(long, default_value = "15m", value_name = "TIME", allow_hyphen_values = true)]
    pub interval: String,
    /// The seed of every random number.
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub seed: u64,
    /// When the first interval starts.
    #[arg(long, default_value = "2024-01-01T00:00:00Z", value_name = "TIME")]
    pub start: String,
    /// The folder for readings, topology.csv and truth.csv; with --brokers, for topology.csv and truth.csv.
    #[arg(long, value_name = "DIR", required_unless_present = "brokers")]
    pub out: Option<PathBuf>,
    /// What readings are written as; torn lines exist in ndjson only.
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    pub format: Format,
    /// Send the readings to a Kafka broker, HOST:PORT, instead of writing them to a file.
    #[arg(
        long,
        value_name = "HOST:PORT",
        requires = "topic",
        conflicts_with = "format",
        help_heading = "To a broker"
    )]
    pub brokers: Option<String>,
    /// The topic that they go to; all readings of a meter to one partition.
    #[arg(long, value_name = "TOPIC", requires = "brokers", value_parser = topic, help_heading = "To a broker")]
    pub topic: Option<String>,
    /// So many times as fast as the town's meters send; 0 is as fast as it goes.
    #[arg(long, default_value_t = 0.0, value_name = "TIMES", value_parser = speed, allow_negative_numbers = true, requires = "brokers", help_heading = "To a broker")]
    pub speed: f64,
    /// Readings of a message.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), requires = "brokers", help_heading = "To a broker")]
    pub batch: u32,
    /// What messages hold; torn ones exist in json only.
    #[arg(long, value_enum, default_value_t = MessageFormat::Json, requires = "brokers", help_heading = "To a broker")]
    pub messages: MessageFormat,
    /// Make the topic if it is not there.
    #[arg(long, requires = "brokers", help_heading = "To a broker")]
    pub create_topics: bool,
    /// Partitions of a topic that is made.
    #[arg(long, default_value_t = PARTITIONS, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), requires = "create_topics", help_heading = "To a broker")]
    pub partitions: u32,
    /// Share of consumers whose wiring lets energy pass the meter.
    #[arg(
        long,
        default_value = "2%",
        value_name = "SHARE",
        allow_hyphen_values = true,
        help_heading = "The town"
    )]
    pub thieves: String,
    /// Share of consumers of each kind that only look so.
    #[arg(
        long,
        default_value = "1%",
        value_name = "SHARE",
        allow_hyphen_values = true,
        help_heading = "The town"
    )]
    pub lookalikes: String,
    /// Days within which tampering and mishaps of meters begin; without a number, all of the town's.
    #[arg(long, value_name = "D", help_heading = "The town")]
    pub onset_days: Option<u32>,
    /// How often supply goes, of a transformer, a consumer or a feeder: with last gasps, silence, and `outages.csv`.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "The town")]
    pub outages: u32,
    /// Share of consumers with a solar roof.
    #[arg(
        long,
        default_value = "10%",
        value_name = "SHARE",
        allow_hyphen_values = true,
        help_heading = "The town"
    )]
    pub solar: String,
    /// Share of consumers with three phases.
    #[arg(
        long,
        default_value = "5%",
        value_name = "SHARE",
        allow_hyphen_values = true,
        help_heading = "The town"
    )]
    pub three_phase: String,
    /// Transformers; without a number, one for 25 consumers.
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = "The town")]
    pub transformers: Option<usize>,
    /// Hours that the town's clocks are ahead of UTC, like 5.5.
    #[arg(
        long,
        default_value_t = 0.0,
        allow_negative_numbers = true,
        value_name = "HOURS",
        help_heading = "The town"
    )]
    pub utc_offset: f64,
    /// No faults at all, save those that are named beside this.
    #[arg(long, help_heading = "Faults on the way")]
    pub no_faults: bool,
    /// Messages that come hours late.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub late: Option<String>,
    /// Messages that never come.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub lost: Option<String>,
    /// Messages that come a second time.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub twice: Option<String>,
    /// Messages that are overtaken by others.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub out_of_order: Option<String>,
    /// Messages that are cut short.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub torn: Option<String>,
    /// Meters whose clock runs ahead for some days.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub clock_ahead: Option<String>,
    /// Meters whose clock runs behind for some days.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub clock_behind: Option<String>,
    /// Meters whose registers fall to zero once.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub reset: Option<String>,
    /// Meters that are exchanged once.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub swap: Option<String>,
    /// Meters whose registers leap once; none unless given, as with the four that follow.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub spike: Option<String>,
    /// Meters whose element is stuck for some days: it measures the same all the time.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub stuck: Option<String>,
    /// Meters whose element is dead for some days: it measures nothing.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub dead: Option<String>,
    /// Meters that send power in kW, as a number of W, for some days.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub unit: Option<String>,
    /// Meters that send a tenth of their currents for some days.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub ct_tenth: Option<String>,
}

/// Twice the largest fleet that this engine is measured with; a town of so many takes some gigabytes.
const MOST_METERS: usize = 10_000_000;
/// From 2000 to 2100, in which readings may lie.
const MOST_DAYS: u32 = 36_525;

fn meters(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=MOST_METERS).contains(number));
    number.ok_or_else(|| format!("meters are a whole number from 1 to {MOST_METERS}"))
}

fn days(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| *number <= MOST_DAYS);
    number.ok_or_else(|| format!("days are a whole number up to {MOST_DAYS}"))
}

fn topic(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned())
}

fn speed(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "a speed is a number of 0 or more".to_owned())
}

/// What messages hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// JSON, one object a line.
    Json,
    /// An Arrow IPC stream.
    Arrow,
    /// Binary frames of at most 48 bytes, each behind a byte with its length.
    Frame,
}

impl From<MessageFormat> for stream::MessageFormat {
    fn from(format: MessageFormat) -> Self {
        match format {
            MessageFormat::Json => Self::Json,
            MessageFormat::Arrow => Self::Arrow,
            MessageFormat::Frame => Self::Frame,
        }
    }
}

/// What readings are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// Parquet with the same names as columns.
    Parquet,
}

/// `gridwarden check`
#[derive(Debug, Args)]
pub struct Check {
    /// The plan.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
}

/// `gridwarden explain`
#[derive(Debug, Args)]
#[command(
    after_help = "Replays the meter, and those on its transformer, through the plan and shows each step. Example:\n  \
    gridwarden explain M000042 --plan pipelines/demo.toml --readings town/readings.ndjson --topology town/topology.csv"
)]
pub struct Explain {
    /// The meter, or a case like phase-neutral.M000042.20240105T1430Z.
    #[arg(value_name = "METER")]
    pub meter: String,
    /// What to compute.
    #[arg(long, value_name = "PLAN")]
    pub plan: PathBuf,
    /// Files of readings, JSON lines or Parquet.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub readings: Vec<PathBuf>,
    /// Who hangs where, as CSV.
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// Show every interval, not only those around the cases.
    #[arg(long)]
    pub all: bool,
}

/// `gridwarden catalogue`
#[derive(Debug, Args)]
pub struct Catalogue {
    /// Only those with one of these in their names.
    pub names: Vec<String>,
}

/// `gridwarden completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
