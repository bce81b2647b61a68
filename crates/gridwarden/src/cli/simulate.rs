//! The options of `gridwarden simulate`: a town, its thefts and faults, and where its readings go.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use simulate::lv::Kind;
use std::path::PathBuf;
use stream::{PARTITIONS, check_name};

/// `gridwarden simulate`
#[derive(Debug, Args)]
#[command(
    after_help = "Write shares like 0.5% or 0.005. The same seed and options give the same bytes, and the same messages \
    of each partition in the same order.\n\nConnection settings come from the environment: GRIDWARDEN_KAFKA_SECURITY_PROTOCOL sets \
    librdkafka's security.protocol, and GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE names a file that holds sasl.password."
)]
pub struct Simulate {
    /// The number of consumers.
    #[arg(long, value_name = "N", value_parser = meters, allow_negative_numbers = true, required_unless_present = "list_kinds")]
    pub meters: Option<usize>,
    /// The number of days.
    #[arg(long, value_name = "D", value_parser = days, allow_negative_numbers = true, required_unless_present = "list_kinds")]
    pub days: Option<u32>,
    /// The time between two readings of a meter.
    #[arg(long, default_value = "15m", value_name = "TIME", allow_hyphen_values = true)]
    pub interval: String,
    /// The seed of every random number.
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub seed: u64,
    /// The start of the first interval.
    #[arg(long, default_value = "2024-01-01T00:00:00Z", value_name = "TIME")]
    pub start: String,
    /// The folder for readings, topology.csv and truth.csv; with --brokers, for topology.csv and truth.csv.
    #[arg(long, value_name = "DIR", required_unless_present_any = ["brokers", "list_kinds"])]
    pub out: Option<PathBuf>,
    /// The format of readings. Only ndjson can hold torn lines.
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    pub format: Format,
    /// Send the readings to a Kafka broker, HOST:PORT, and write no file of readings.
    #[arg(
        long,
        value_name = "HOST:PORT",
        requires = "topic",
        conflicts_with = "format",
        help_heading = "To a broker"
    )]
    pub brokers: Option<String>,
    /// The topic for the readings. All readings of a meter go to one partition.
    #[arg(long, value_name = "TOPIC", requires = "brokers", value_parser = topic, help_heading = "To a broker")]
    pub topic: Option<String>,
    /// How many times faster than the town's meters to send; 0 is as fast as possible.
    #[arg(long, default_value_t = 0.0, value_name = "TIMES", value_parser = speed, allow_negative_numbers = true, requires = "brokers", help_heading = "To a broker")]
    pub speed: f64,
    /// How many readings to put into a message.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), requires = "brokers", help_heading = "To a broker")]
    pub batch: u32,
    /// The format of messages. Only json can hold torn ones.
    #[arg(long, value_enum, default_value_t = MessageFormat::Json, requires = "brokers", help_heading = "To a broker")]
    pub messages: MessageFormat,
    /// Create the topic if it is missing.
    #[arg(long, requires = "brokers", help_heading = "To a broker")]
    pub create_topics: bool,
    /// The number of partitions of a new topic.
    #[arg(long, default_value_t = PARTITIONS, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), requires = "create_topics", help_heading = "To a broker")]
    pub partitions: u32,
    /// Share of consumers whose wiring lets energy bypass the meter.
    #[arg(
        long,
        default_value = "2%",
        value_name = "SHARE",
        allow_hyphen_values = true,
        help_heading = "The town"
    )]
    pub thieves: String,
    /// Share of consumers of each innocent kind that looks like theft, in a town without --network.
    #[arg(
        long,
        default_value = "1%",
        value_name = "SHARE",
        conflicts_with = "network",
        allow_hyphen_values = true,
        help_heading = "The town"
    )]
    pub lookalikes: String,
    /// Tampering and faults of meters begin within this many days. Default: all days of the town.
    #[arg(long, value_name = "D", help_heading = "The town")]
    pub onset_days: Option<u32>,
    /// The number of outages, of a transformer, a consumer or a feeder. Meters send last gasps and fall silent;
    /// `outages.csv` lists the outages.
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
    /// The number of transformers. Default: one for 25 consumers.
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = "The town")]
    pub transformers: Option<usize>,
    /// Give each feeder a meter of its own, in a town without --network. It changes no other reading.
    #[arg(long, conflicts_with = "network", help_heading = "The town")]
    pub feeder_meters: bool,
    /// Hours that the town's clocks are ahead of UTC, like 5.5.
    #[arg(
        long,
        default_value_t = 0.0,
        allow_negative_numbers = true,
        value_name = "HOURS",
        help_heading = "The town"
    )]
    pub utc_offset: f64,
    /// A low-voltage network with physics: voltages follow the currents of all houses on a line, a transformer supplies
    /// what is used and what wires lose, and `truth.csv` has the energy that no register counted.
    #[arg(long, help_heading = "A town with a network")]
    pub network: bool,
    /// The kinds of theft and of innocent cause that happen. Default: all. A share is divided among its kinds.
    /// Without a kind of its sort, `--thieves` or `--innocents` has no effect.
    #[arg(
        long,
        value_name = "KIND,...",
        value_parser = kinds(),
        value_delimiter = ',',
        hide_possible_values = true,
        requires = "network",
        help_heading = "A town with a network"
    )]
    pub kinds: Vec<Kind>,
    /// Share of consumers with an innocent cause of any kind.
    #[arg(
        long,
        default_value = "2%",
        value_name = "SHARE",
        allow_hyphen_values = true,
        requires = "network",
        help_heading = "A town with a network"
    )]
    pub innocents: String,
    /// Print each kind with a sentence, and do nothing else.
    #[arg(long, help_heading = "A town with a network")]
    pub list_kinds: bool,
    /// No faults, except those that other options set.
    #[arg(long, help_heading = "Faults on the way")]
    pub no_faults: bool,
    /// Share of messages that come hours late.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub late: Option<String>,
    /// Share of messages that never come.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub lost: Option<String>,
    /// Share of messages that come twice.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub twice: Option<String>,
    /// Share of messages that later ones overtake.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub out_of_order: Option<String>,
    /// Share of messages that are cut off.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub torn: Option<String>,
    /// Share of meters whose clock runs ahead for some days.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub clock_ahead: Option<String>,
    /// Share of meters whose clock runs behind for some days.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub clock_behind: Option<String>,
    /// Share of meters whose registers fall to zero once.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub reset: Option<String>,
    /// Share of meters that are exchanged once.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub swap: Option<String>,
    /// Share of meters whose registers leap once. Default for this and the four below: none.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub spike: Option<String>,
    /// Share of meters that are stuck for some days: they measure the same value all the time.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub stuck: Option<String>,
    /// Share of meters that are dead for some days: they measure nothing.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub dead: Option<String>,
    /// Share of meters that send kW in place of W for some days.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub unit: Option<String>,
    /// Share of meters that send a tenth of their currents for some days.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub ct_tenth: Option<String>,
    /// Share of meters that deliver what they measured once a day. Default for this and the next: none.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub daily: Option<String>,
    /// Share of transformers, rounded down, whose meters are stamped by a concentrator that is an hour ahead.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, help_heading = "Faults on the way")]
    pub fast_concentrators: Option<String>,
}

/// Twice the largest fleet with which this engine is measured. A town of this size needs some gigabytes of memory.
const MOST_METERS: usize = 10_000_000;
/// A hundred years, because readings may lie between 2000 and 2100.
const MOST_DAYS: u32 = 36_525;

pub(super) fn meters(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=MOST_METERS).contains(number));
    number.ok_or_else(|| format!("meters are a whole number from 1 to {MOST_METERS}"))
}

pub(super) fn days(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| *number <= MOST_DAYS);
    number.ok_or_else(|| format!("days are a whole number up to {MOST_DAYS}"))
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    let names = Kind::ALL.iter().map(|kind| kind.name());
    PossibleValuesParser::new(names)
        .map(|name| Kind::named(&name).expect("the parser accepts only these names"))
}

fn topic(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned())
}

fn speed(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "a speed is a number of 0 or more".to_owned())
}

/// The format of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// JSON, one object a line.
    Json,
    /// An Arrow IPC stream.
    Arrow,
    /// Binary frames of at most 48 bytes, each after one byte with its length.
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

/// The format of a file of readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// Parquet with the same names as columns.
    Parquet,
}
