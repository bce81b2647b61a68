//! `gridwarden serve`, and the commands that ask it.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `gridwarden serve`
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example:\n  gridwarden serve plan.toml --store desk --results out --topology topology.csv\n  \
    gridwarden token add control-room --role operator --store desk\n\n\
    The API is under /api/v1; GET /api/v1/openapi.json describes it. It speaks HTTP without TLS: let it listen on this machine, \
    and put a reverse proxy in front. `--store` keeps what people decided and what is to be sent: back it up."
)]
pub struct Serve {
    /// The plan: its routes say who hears of what, its gateways how.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// The folder of silences, acknowledgements, tokens, the log of changes and the outbox. It is made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// The folder that a replay writes. It is read again when another replay has written it. Without it, the topics of results
    /// of the plan are followed, which `gridwarden run` writes.
    #[arg(long, value_name = "DIR")]
    pub results: Option<PathBuf>,
    /// Brokers to use in place of those of the plan.
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "results")]
    pub brokers: Option<String>,
    /// The topology as a CSV file, with the phones of meter readers and consumers; without it, the topic of the plan is
    /// read. Changes are taken over while serve runs.
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9470", value_name = "HOST:PORT")]
    pub listen: String,
    /// So many requests of one token in a second, on average.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub requests: u32,
}

/// Who is asked: a running `serve`, or the store of one that is stopped.
#[derive(Debug, Clone, Args)]
pub struct Asked {
    /// The running serve. Default: the variable GRIDWARDEN_URL, or http://127.0.0.1:9470.
    #[arg(long, value_name = "URL", conflicts_with = "store")]
    pub url: Option<String>,
    /// A file with the token. Default: the file of the variable GRIDWARDEN_TOKEN_FILE, or the variable GRIDWARDEN_TOKEN.
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    pub token_file: Option<PathBuf>,
    /// Certificates of the authority in PEM, if the system does not know it.
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    pub ca: Option<PathBuf>,
    /// The store of a serve on this machine, instead of asking one: it works also while none runs, and needs no token.
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
}

/// `gridwarden alerts`
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Without a running serve, `--results DIR` shows the alerts of the folder of a replay."
)]
pub struct Alerts {
    /// Who is asked.
    #[command(flatten)]
    pub asked: Asked,
    /// The folder of a replay, instead of asking a serve.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["url", "token_file", "ca", "store", "follow"])]
    pub results: Option<PathBuf>,
    /// Show at most so many, the newest.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Stay, and show each new alert as it comes.
    #[arg(long, conflicts_with = "store")]
    pub follow: bool,
}

/// `gridwarden silence`
#[derive(Debug, Clone, Args)]
pub struct Silence {
    /// What to do.
    #[command(subcommand)]
    pub act: SilenceAct,
}

/// What to do with silences.
#[derive(Debug, Clone, Subcommand)]
pub enum SilenceAct {
    /// Keep messages back for a while. What still goes on at the end goes out then.
    Add {
        /// Who is asked.
        #[command(flatten)]
        asked: Asked,
        /// Why, for the others.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// How long: 90 min, 4 h, 2 d.
        #[arg(long = "for", value_name = "TIME", value_parser = minutes)]
        minutes: u32,
        /// Only this kind: suspicion, above-sanctioned or outage.
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
        /// Only this meter.
        #[arg(long, value_name = "METER")]
        meter: Option<String>,
        /// Only this area.
        #[arg(long, value_name = "AREA")]
        area: Option<String>,
        /// Only this feeder.
        #[arg(long, value_name = "FEEDER")]
        feeder: Option<String>,
        /// Only this and less severe: info, low, medium or high.
        #[arg(long, value_name = "SEVERITY")]
        up_to: Option<String>,
    },
    /// List silences, also those that are over.
    List {
        /// Who is asked.
        #[command(flatten)]
        asked: Asked,
    },
    /// End a silence before its time.
    End {
        /// Who is asked.
        #[command(flatten)]
        asked: Asked,
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// `gridwarden ack`
#[derive(Debug, Clone, Args)]
pub struct Ack {
    /// The case, or another episode that goes on: it is neither repeated nor escalated until it ends.
    #[arg(value_name = "CASE")]
    pub episode: String,
    /// A note for the others.
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub note: String,
    /// Take it back: nobody takes care any more, so it is repeated again, and escalates if its time for that has not passed.
    #[arg(long, conflicts_with = "note")]
    pub undo: bool,
    /// Who is asked.
    #[command(flatten)]
    pub asked: Asked,
}

/// `gridwarden token`
#[derive(Debug, Clone, Args)]
pub struct Token {
    /// What to do.
    #[command(subcommand)]
    pub act: TokenAct,
}

/// What to do with tokens.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenAct {
    /// Make a token, and print it: nothing shows it again.
    Add {
        /// Whose it is.
        #[arg(value_name = "NAME")]
        name: String,
        /// What it may do: a viewer looks, an operator silences and acknowledges, an admin makes tokens.
        #[arg(long, default_value = "viewer", value_name = "ROLE", value_parser = ["viewer", "operator", "admin"])]
        role: String,
        /// Only these areas. Without it: all.
        #[arg(long, value_delimiter = ',', value_name = "AREA,...")]
        area: Vec<String>,
        /// The folder of the serve, which may run.
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
    },
    /// List tokens, also those that are not good any more.
    List {
        /// The folder of the serve, which may run.
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
    },
    /// Make a token useless, at once.
    Revoke {
        /// Its id, which the list shows.
        #[arg(value_name = "ID")]
        id: String,
        /// The folder of the serve, which may run.
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
    },
}

/// A time in whole minutes.
fn minutes(text: &str) -> Result<u32, String> {
    let help = || "a time is written like 90 min, 4 h or 2 d, at most 365 d".to_owned();
    let (number, unit) = text.split_at(text.find(|one: char| !one.is_ascii_digit()).unwrap_or(text.len()));
    let number: u32 = number.parse().map_err(|_| help())?;
    let each = match unit.trim() {
        "min" => 1,
        "h" => 60,
        "d" => 24 * 60,
        _ => return Err(help()),
    };
    number.checked_mul(each).filter(|minutes| (1..=525_600).contains(minutes)).ok_or_else(help)
}
