//! `gridwarden gateway` and `gridwarden meter`.

use clap::{Args, Subcommand};
use reading::EventTime;
use std::path::PathBuf;

/// `gridwarden gateway`
#[derive(Debug, Clone, Args)]
pub struct Gateway {
    /// What to do.
    #[command(subcommand)]
    pub act: GatewayAct,
}

/// What to do with a gateway.
#[derive(Debug, Clone, Subcommand)]
pub enum GatewayAct {
    /// Hear meters, keep their readings until they are where they belong, and carry commands.
    Run(GatewayRun),
    /// Show the meters of a gateway: who is connected, what was refused, and who is unknown.
    Status {
        /// The folder of the gateway.
        #[arg(value_name = "DIR")]
        store: PathBuf,
    },
    /// Sign a command for a meter, and put it where the gateway takes it.
    Command(GatewayCommand),
    /// Make the key of a utility, which signs commands. FILE.pub beside it is what meters are given.
    NewKey {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// `gridwarden gateway run`
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example, with two dummy meters:\n  \
    gridwarden gateway run --listen 127.0.0.1:9480 --meters desk/meters.keys --store gw --out readings.ndjson\n  \
    gridwarden meter --count 2 --store desk --serial 127.0.0.1:9480\n\n\
    The file of meters has a line `NAME TITLE GENERATION KEY [modbus=HOST:PORT/UNIT]` for each. A meter that is not in it is \
    counted as unknown, and nothing of it goes on. Readings wait in --store while the brokers are away; a meter gets its \
    receipt when they are on disk there.")]
pub struct GatewayRun {
    /// Where meters connect with serial frames.
    #[arg(long, default_value = "127.0.0.1:9480", value_name = "HOST:PORT")]
    pub listen: String,
    /// The file of meters and their keys. Only its owner may read it.
    #[arg(long, value_name = "FILE")]
    pub meters: PathBuf,
    /// The folder of readings that wait, numbers of messages, commands and their log. It is made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// Write readings to a file of JSON lines, behind what is in it; `-` is standard output.
    #[arg(long, value_name = "FILE", required_unless_present = "brokers", conflicts_with = "brokers")]
    pub out: Option<PathBuf>,
    /// Send readings to Kafka.
    #[arg(long, value_name = "HOST:PORT", requires = "topic")]
    pub brokers: Option<String>,
    /// The topic of readings.
    #[arg(long, value_name = "TOPIC", requires = "brokers")]
    pub topic: Option<String>,
    /// Make a missing topic of so many partitions.
    #[arg(long, value_name = "N", requires = "brokers", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub partitions: Option<u32>,
    /// Ask meters on Modbus every so many seconds.
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS", value_parser = seconds)]
    pub poll: f64,
}

fn seconds(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| (0.1..=86_400.0).contains(value));
    value.ok_or_else(|| "a number of seconds from 0.1 to 86400".to_owned())
}

/// `gridwarden gateway command`
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  \
    gridwarden gateway command M000001 disconnect --meters desk/meters.keys --store gw --key utility.key\n\n\
    What became of it is in DIR/audit.ndjson, a line each: requested, sent, done, failed with a reason, expired.")]
pub struct GatewayCommand {
    /// The meter.
    #[arg(value_name = "METER")]
    pub meter: String,
    /// The command.
    #[command(subcommand)]
    pub act: MeterAct,
    /// The file of meters.
    #[arg(long, value_name = "FILE", global = true)]
    pub meters: Option<PathBuf>,
    /// The folder of the gateway.
    #[arg(long, value_name = "DIR", global = true)]
    pub store: Option<PathBuf>,
    /// The key of the utility: `gridwarden gateway new-key` makes one.
    #[arg(long, value_name = "FILE", global = true)]
    pub key: Option<PathBuf>,
    /// It may be done within so many minutes.
    #[arg(long, default_value_t = 60, value_name = "N", global = true, value_parser = clap::value_parser!(u32).range(1..=525_600))]
    pub minutes: u32,
}

/// What a meter is to do.
#[derive(Debug, Clone, Subcommand)]
pub enum MeterAct {
    /// Close the relay.
    Connect,
    /// Open the relay.
    Disconnect,
    /// Open the relay while the load is too large; 0 watts for no limit.
    LoadLimit {
        /// Of imported power.
        #[arg(value_name = "WATTS", value_parser = clap::value_parser!(u32).range(0..=100_000))]
        watts: u32,
        /// How long the load may be above it, in seconds.
        #[arg(value_name = "SECONDS", default_value_t = 60)]
        seconds: u16,
        /// How often the relay is closed again after 30 seconds each; then after 30 minutes.
        #[arg(value_name = "TRIES", default_value_t = 3)]
        tries: u8,
    },
    /// Set the clock, to now if no time is given.
    SetTime {
        /// RFC 3339.
        #[arg(value_name = "TIME", value_parser = super::moment)]
        time: Option<EventTime>,
    },
    /// Send a reading.
    ReadNow,
    /// Energy is paid for up to this reading of the import register.
    PaidUntil {
        /// In Wh.
        #[arg(value_name = "WH", value_parser = clap::value_parser!(u64).range(0..=72_000_000_000))]
        wh: u64,
    },
    /// Nothing is paid in advance any more: bills follow the use.
    Billed,
    /// When and why the meter opens its relay by itself.
    Rules {
        /// Hours in which no supply ends for want of credit, such as 18:00-10:00, by the meter's local time.
        #[arg(long, value_name = "HH:MM-HH:MM", value_parser = hours)]
        friendly: Option<Hours>,
        /// Events that open the relay while they last, by number: at most four.
        #[arg(long, value_name = "NUMBER", num_args = 1..=4)]
        open_on: Vec<u16>,
    },
    /// Take one write by Modbus within so many seconds.
    Unlock {
        /// At most 300.
        #[arg(value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=300))]
        seconds: u16,
    },
}

/// Begin and end in minutes of the day.
#[derive(Debug, Clone, Copy)]
pub struct Hours(pub [u16; 2]);

fn hours(text: &str) -> Result<Hours, String> {
    let minute = |time: &str| {
        let (hour, minute) = time.split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let both = text.split_once('-').and_then(|(from, to)| Some(Hours([minute(from)?, minute(to)?])));
    both.ok_or_else(|| "hours are written like 18:00-10:00".to_owned())
}

/// `gridwarden meter`
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  gridwarden meter --count 20 --store desk --serial 127.0.0.1:9480\n\n\
    Each meter is the firmware itself on synthetic mains: a key and a title of its own in DIR/meters.keys, a flash in \
    DIR/NAME.flash, a home by its seed. Started again, it goes on with its registers and notes the outage.")]
pub struct Meter {
    /// How many.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub count: u16,
    /// The folder of their keys and flashes. It is made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// The gateway: each meter has a serial line to it, as frames over TCP.
    #[arg(long, value_name = "HOST:PORT")]
    pub serial: Option<String>,
    /// Answer Modbus TCP here; the first meter is unit 1.
    #[arg(long, value_name = "HOST:PORT")]
    pub modbus: Option<String>,
    /// The public key of the utility whose commands they do. Without it they do none.
    #[arg(long, value_name = "FILE.pub")]
    pub utility: Option<PathBuf>,
    /// The same seed gives the same homes.
    #[arg(long, default_value_t = 7, value_name = "S")]
    pub seed: u64,
    /// How many times faster than the clock; 0 is as fast as this machine can.
    #[arg(long, default_value_t = 1.0, value_name = "TIMES", value_parser = times)]
    pub speed: f64,
    /// Where their clocks begin. Default: now.
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    pub begin: Option<EventTime>,
    /// End after so many seconds of their clocks. Without it, they run until you end them.
    #[arg(long, value_name = "N")]
    pub seconds: Option<u32>,
    /// The number of the first: meters of several folders need names of their own.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=900_000))]
    pub first: u32,
    /// Of so many meters a part of the load returns through earth.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub earth_return: usize,
    /// From this second on.
    #[arg(long, default_value_t = 60, value_name = "N")]
    pub earth_return_after: u32,
    /// How large the part is.
    #[arg(long, default_value_t = 0.5, value_name = "SHARE", value_parser = share)]
    pub earth_return_share: f64,
    /// Write what really flowed, at the end of each interval: a CSV file.
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
}

fn share(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| (0.0..=1.0).contains(value));
    value.ok_or_else(|| "a number from 0 to 1".to_owned())
}

fn times(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    value.ok_or_else(|| "a number from 0 on".to_owned())
}
