//! The command line: every command and option with its help.

mod gateway;
mod serve;
mod simulate;

pub use gateway::{Gateway, GatewayAct, GatewayCommand, GatewayRun, Hours, Meter, MeterAct};
pub use serve::{Ack, Alerts, Asked, Serve, Silence, SilenceAct, Token, TokenAct};
pub use simulate::{Format, Simulate};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use pipeline::Compression;
use reading::{EventTime, Reason};
use replay::Only;
use simulate::{days, meters};
use std::ffi::OsString;
use std::path::PathBuf;

/// Reads smart-meter data and computes energy, demand, quality, outages, forecasts, and signs of theft and faults.
#[derive(Debug, Parser)]
#[command(name = "gridwarden", version, max_term_width = 110)]
#[command(
    after_help = "Start with `gridwarden demo`. Exit codes: 0 done, 1 failed, 2 the plan or the arguments are wrong, \
                  130 and 143 ended by a signal."
)]
pub struct Cli {
    /// Print only errors, and the output of `check`, `explain`, `catalogue` and the demo summary.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// The format of log lines on standard error.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole engine on a simulated town, without any setup.
    Demo(Demo),
    /// Run a plan over files of readings, as fast as possible.
    Replay(Replay),
    /// Run a plan on Kafka, until a signal or to the present end of the topic.
    Run(Run),
    /// Send dead letters to the topic of readings again, once their cause is mended.
    Resend(Resend),
    /// Simulate a town: its readings, its topology, and a list of what is really wrong in it.
    Simulate(Box<Simulate>),
    /// Check a plan: show every setting as it will be used, or the mistakes.
    Check(Check),
    /// Explain the cases of one meter: show every number that led to them.
    Explain(Explain),
    /// Show which transformers and feeders lose most and least, from the outputs of a replay.
    Losses(Losses),
    /// Send the messages of a replay to people and programs, from an outbox that survives a crash.
    Send(Send),
    /// Look into an outbox, try messages again, or drop them.
    Outbox(Outbox),
    /// Lead what was found to people, deliver it, and answer by an API what there is and what was decided.
    Serve(Serve),
    /// Show the newest alerts of a running serve, and with `--follow` each new one.
    Alerts(Alerts),
    /// Keep messages back for a while: add, list and end silences.
    Silence(Silence),
    /// Take care of a case: it is neither repeated nor escalated until it ends.
    Ack(Ack),
    /// Make, list and revoke the tokens of those who ask a serve.
    Token(Token),
    /// Hear meters: keep their readings, hand them on, carry commands to them.
    Gateway(Gateway),
    /// Boot dummy meters: the firmware itself, each with a synthetic home.
    Meter(Meter),
    /// Work on whole files with `gridwarden-lab`: `lab backtest` forecasts the past of a load, and scores it; `lab forecast`
    /// forecasts what comes.
    Lab(Lab),
    /// List every kernel, column, rule and detector with unit, definition and source.
    Catalogue(Catalogue),
    /// Print a completion script for a shell.
    Completions(Completions),
}

/// `gridwarden demo`
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "On a terminal the demo is a live view; q, Esc or Ctrl-C ends it. Elsewhere it prints plain lines."
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
    /// How many times faster than real time the live part runs.
    #[arg(long, default_value_t = 1800.0, value_name = "TIMES")]
    pub speed: f64,
    /// End after this many seconds of the live part. Without it, the demo runs until you end it.
    #[arg(long, value_name = "N")]
    pub seconds: Option<f64>,
    /// Print plain lines, also on a terminal.
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
    Several files are merged by event time. The files in --out appear only after the whole run has succeeded.")]
pub struct Replay {
    /// The plan, which says what to compute: see pipelines/demo.toml.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Files of readings, JSON lines or Parquet; `-` is standard input. A dead-letters.ndjson among them goes back in:
    /// each reading in it counts at its place in the order of its meter.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub readings: Vec<PathBuf>,
    /// The topology as a CSV file: which meter is on which transformer and feeder.
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// The folder for the outputs.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How many threads hold meters; as many more decode. Default: the number of cores.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub shards: Option<u32>,
    /// Draw the load of all consumers together: profile.svg, duration.svg, year.svg, demand.svg in --out.
    #[arg(long)]
    pub plots: bool,
    #[arg(long, value_parser = only(), value_delimiter = ',', hide_possible_values = true, value_name = "NAME,...", help = only_help())]
    pub only: Vec<Only>,
    /// Compress Parquet files with none, snappy, zstd or zstd:LEVEL (1 to 22), instead of what the plan says.
    #[arg(long, value_name = "CODEC", value_parser = compression)]
    pub compression: Option<Compression>,
    /// Write each Parquet file as CSV, too: intervals.parquet as csv/intervals.csv.
    #[arg(long)]
    pub csv: bool,
}

fn compression(name: &str) -> Result<Compression, String> {
    Compression::named(name)
        .map_err(|wrong| format!("the compression {wrong}; try `--compression {}`", wrong.instead()))
}

fn only() -> impl TypedValueParser<Value = Only> {
    PossibleValuesParser::new(Only::all().map(Only::name)).map(|name| {
        Only::all().find(|only| only.name() == name).expect("the parser accepts only these names")
    })
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
        let Replay { plan, readings, topology, out, shards, plots, only, compression, csv } = args.clone();
        Self { plan, readings, topology, out, shards, plots, only, compression, csv }
    }
}

/// `gridwarden losses`
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  gridwarden losses out --period day --at 2024-01-15\n\n\
    A loss is what a transformer or feeder supplied, less what its consumers used: technical losses, and use that no meter \
    counted. A feeder is shown if it has a meter of its own. \
    The columns of losses.parquet are explained by `gridwarden catalogue`.")]
pub struct Losses {
    /// The folder that a replay wrote, or its losses.parquet.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Show only transformers or only feeders. Default: both.
    #[arg(long, value_enum)]
    pub role: Option<LossRole>,
    /// Add up by day or by month.
    #[arg(long, value_enum, default_value_t = LossPeriod::Month)]
    pub period: LossPeriod,
    /// The day or month that this day belongs to. Default: the last one with a rank.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub at: Option<String>,
    /// How many to show at each end.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub top: usize,
}

/// `gridwarden send`
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  gridwarden send out/sms.ndjson out/email.ndjson --outbox outbox.sqlite --plan plan.toml\n  \
    GRIDWARDEN_SMPP_PASSWORD_FILE=password gridwarden send out/sms.ndjson \\\n    \
    --outbox outbox.sqlite --smpp smsc.example:2775 --system-id utility --sender GRIDWN\n\n\
    A message that the outbox knows by its id is not sent again, so the same command goes on after a crash."
)]
pub struct Send {
    /// Files of messages: sms.ndjson of a replay, or those of the other channels. Without one, send what is in the outbox.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The file of the outbox. It is made if it is not there.
    #[arg(long, required_unless_present = "test", value_name = "FILE")]
    pub outbox: Option<PathBuf>,
    /// Send one marked message to this receiver of the plan, and show each step. Nothing else goes out.
    #[arg(long, requires = "plan", conflicts_with_all = ["files", "outbox", "smpp"], value_name = "RECEIVER")]
    pub test: Option<String>,
    /// The plan whose gateways the messages go out over: its list `[[gateway]]`.
    #[arg(long, value_name = "PLAN", conflicts_with_all = ["smpp", "system_id", "sender"])]
    pub plan: Option<PathBuf>,
    /// An SMPP gateway, without a plan. With several, the next one takes over from one that is gone.
    #[arg(long, required_unless_present = "plan", value_name = "HOST:PORT")]
    pub smpp: Vec<String>,
    /// The name by which that gateway knows us.
    #[arg(long, required_unless_present = "plan", value_name = "NAME")]
    pub system_id: Option<String>,
    /// Who the messages come from: a number, or a name of up to eleven letters.
    #[arg(long, required_unless_present = "plan", value_name = "SENDER")]
    pub sender: Option<String>,
    /// Messages under way to a gateway at most.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub window: u32,
    /// So many seconds to wait for receipts after the last message.
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    pub wait: u64,
}

/// `gridwarden outbox`
#[derive(Debug, Clone, Args)]
pub struct Outbox {
    /// What to do.
    #[command(subcommand)]
    pub act: OutboxAct,
}

/// What to do with an outbox.
#[derive(Debug, Clone, Subcommand)]
pub enum OutboxAct {
    /// List messages with their states, also while another process sends them.
    List {
        /// The file of the outbox.
        #[arg(value_name = "OUTBOX")]
        outbox: PathBuf,
        /// Only those in this state.
        #[arg(long, value_name = "STATE", value_parser = ["queued", "sent", "delivered", "failed"])]
        state: Option<String>,
    },
    /// Show one message with each of its parts.
    Show {
        /// The file of the outbox.
        #[arg(value_name = "OUTBOX")]
        outbox: PathBuf,
        /// Its name.
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Try messages again that failed or wait for their next try.
    Retry {
        /// The file of the outbox. No other process may send from it meanwhile.
        #[arg(value_name = "OUTBOX")]
        outbox: PathBuf,
        /// Their names.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Drop messages that wait: they are kept as failed, and not sent.
    Drop {
        /// The file of the outbox. No other process may send from it meanwhile.
        #[arg(value_name = "OUTBOX")]
        outbox: PathBuf,
        /// Their names.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

fn day(text: &str) -> Result<String, String> {
    let looks_right = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    looks_right.then(|| text.to_owned()).ok_or_else(|| "a day is written like 2024-01-15".to_owned())
}

/// What has a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LossRole {
    /// A transformer.
    Transformer,
    /// A feeder with a meter of its own.
    Feeder,
}

impl LossRole {
    /// In the order in which they are shown.
    pub const ALL: [Self; 2] = [Self::Transformer, Self::Feeder];

    /// The name that files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transformer => "transformer",
            Self::Feeder => "feeder",
        }
    }
}

/// The period of a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LossPeriod {
    /// Local days.
    Day,
    /// Local months.
    Month,
}

impl LossPeriod {
    /// The name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The part of `YYYY-MM-DD` that all days of a period have in common.
    pub fn of_day(self, day: &str) -> &str {
        match self {
            Self::Day => day,
            Self::Month => day.rsplit_once('-').map_or(day, |(month, _)| month),
        }
    }
}

/// `gridwarden run`
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  \
    gridwarden run pipelines/ami.toml --brokers 127.0.0.1:9092 --topology town/topology.csv --checkpoints state\n\n\
    The first Ctrl-C or TERM stores a last checkpoint and ends the run, the second one ends it at once. If the run is killed, \
    the next start continues from the last checkpoint. Some results are then written again, under the same keys.\n\n\
    Connection settings are in the plan, under [kafka.client], or in the environment: \
    GRIDWARDEN_KAFKA_SASL_PASSWORD sets sasl.password, and GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE names a file that holds it.")]
pub struct Run {
    /// The plan, which says what to compute and which topics to use: see pipelines/ami.toml.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Brokers to use in place of those of the plan.
    #[arg(long, value_name = "HOST:PORT")]
    pub brokers: Option<String>,
    /// Where to store checkpoints: a folder, or s3://BUCKET/PREFIX if built with `--features s3`.
    #[arg(long, value_name = "DIR-OR-URL")]
    pub checkpoints: String,
    /// The topology as a CSV file, in place of the plan's topic. It is read again when it changes.
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// Read to the present end of the topic, close all open intervals, store the state, and end.
    #[arg(long)]
    pub until_end: bool,
    /// Create missing topics of results.
    #[arg(long)]
    pub create_topics: bool,
    /// How many threads hold partitions. Default: the number of cores.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub shards: Option<u32>,
    /// A name for this instance. Started again under the same name, it gets its partitions back at once; without a
    /// name, the group first waits for the old process. With transactions, each instance of a group needs a name of
    /// its own.
    #[arg(long, value_name = "NAME")]
    pub instance: Option<String>,
    /// Continue from checkpoints of another plan, with the parts of the state that fit this plan.
    #[arg(long)]
    pub accept_new_plan: bool,
    /// Serve GET /metrics, /healthz and /readyz at this address, for example 127.0.0.1:9464 or localhost:9464.
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

/// `gridwarden resend`
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example:\n  gridwarden resend pipelines/ami.toml --brokers 127.0.0.1:9092 --dry-run\n\n\
    Sent are the letters whose readings can be read now. A letter that was sent is withdrawn from its topic, or listed in \
    FILE.sent, so that another run does not send it again. After a crash a letter may be sent twice: the engine takes the \
    second one for a repeat. `late` readings are never sent: they go back by `gridwarden replay` together with the \
    original file."
)]
pub struct Resend {
    /// The plan, which names the topics: see pipelines/ami.toml.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Brokers to use in place of those of the plan.
    #[arg(long, value_name = "HOST:PORT")]
    pub brokers: Option<String>,
    /// The dead-letters.ndjson of a replay, in place of the plan's topic of dead letters.
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Only letters of these reasons, for example not-json.
    #[arg(long, value_parser = reason(), num_args = 1.., value_delimiter = ',', hide_possible_values = true, value_name = "REASON")]
    pub reason: Vec<Reason>,
    /// Only readings of this time or later.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<EventTime>,
    /// Only readings before this time.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: Option<EventTime>,
    /// Write the letters that are left to a new file, which `gridwarden replay --readings` takes.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Only count what would be sent.
    #[arg(long)]
    pub dry_run: bool,
}

fn reason() -> impl TypedValueParser<Value = Reason> {
    PossibleValuesParser::new(Reason::ALL.iter().map(|reason| reason.name()))
        .map(|name| Reason::named(&name).expect("the parser accepts only these names"))
}

fn moment(text: &str) -> Result<EventTime, String> {
    EventTime::parse_rfc3339(text.as_bytes())
        .ok_or_else(|| "a time is written like 2024-01-15T00:00:00Z or 2024-01-15T00:00:00+05:30".to_owned())
}

impl From<&Resend> for stream::Resend {
    fn from(args: &Resend) -> Self {
        let Resend { plan, brokers, from, reason, since, until, save, dry_run } = args.clone();
        Self { plan, brokers, from, reasons: reason, since, until, save, dry_run }
    }
}

/// `gridwarden check`
#[derive(Debug, Args)]
pub struct Check {
    /// The plan.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Files of readings, JSON lines or Parquet: say what is in them, and what to do about it.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub readings: Vec<PathBuf>,
    /// The topology as a CSV file: say also whom routes reach, and which meters are missing in it, or in the readings.
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
}

/// `gridwarden explain`
#[derive(Debug, Args)]
#[command(
    after_help = "Replays the meter, and those on its transformer, through the plan and shows each step. Example:\n  \
    gridwarden explain M000042 --plan pipelines/demo.toml --readings town/readings.ndjson --topology town/topology.csv"
)]
pub struct Explain {
    /// The meter, or a case such as phase-neutral.M000042.20240105T1430Z.
    #[arg(value_name = "METER")]
    pub meter: String,
    /// The plan.
    #[arg(long, value_name = "PLAN")]
    pub plan: PathBuf,
    /// Files of readings, JSON lines or Parquet.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub readings: Vec<PathBuf>,
    /// The topology as a CSV file: which meter is on which transformer and feeder.
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// Show every interval, not only those around the cases.
    #[arg(long)]
    pub all: bool,
}

/// `gridwarden catalogue`
#[derive(Debug, Args)]
pub struct Catalogue {
    /// Show only names that contain one of these words.
    pub names: Vec<String>,
}

/// `gridwarden completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `gridwarden lab`
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true)]
pub struct Lab {
    /// A command of the lab and its options; `gridwarden lab --help` shows them.
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}
