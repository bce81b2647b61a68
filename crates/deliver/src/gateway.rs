//! A gateway: the name that a plan gives it, the way that it serves, and the wire to it.

use crate::file::Journal;
use crate::http::HttpSms;
use crate::modem::Modem;
use crate::smpp::{self, Smpp};
use crate::smtp::Smtp;
use crate::topic::Topic;
use crate::webhook::Webhook;
use std::error::Error;
use std::io;
use std::path::PathBuf;

/// The way of short messages.
pub const SMS: &str = "sms";
/// The way of e-mails.
pub const EMAIL: &str = "email";
/// The way of each webhook begins with this, and ends with the name of its gateway.
pub const WEBHOOK: &str = "webhook";
/// The same of each topic.
pub const TOPIC: &str = "topic";
/// The same of each file.
pub const FILE: &str = "file";
/// The channels whose addresses are names of gateways. What a program reads there is the whole line of a message.
const TO_PROGRAMS: [&str; 3] = [WEBHOOK, TOPIC, FILE];
/// All channels.
pub(crate) const CHANNELS: [&str; 5] = [SMS, EMAIL, WEBHOOK, TOPIC, FILE];

/// What messages go out over.
#[derive(Debug)]
pub struct Gateway {
    /// Its name, for people.
    pub name: String,
    /// How it is spoken to.
    pub wire: Wire,
}

/// How a gateway is spoken to.
#[derive(Debug)]
pub enum Wire {
    /// Over a connection that stays: short messages over SMPP 3.4.
    Smpp(Smpp),
    /// It answers each message on its own.
    Calls(Caller),
}

/// What asks a gateway that answers each message on its own.
#[derive(Debug)]
pub enum Caller {
    /// Short messages, each an HTTP request.
    Http(HttpSms),
    /// E-mails over SMTP.
    Smtp(Smtp),
    /// Messages as signed JSON.
    Webhook(Webhook),
    /// Short messages over a GSM modem.
    Modem(Modem),
    /// Messages to a topic.
    Topic(Topic),
    /// Messages as lines of a file.
    File(Journal),
}

impl Gateway {
    /// The way that it serves.
    pub fn way(&self) -> String {
        match &self.wire {
            Wire::Smpp(_) | Wire::Calls(Caller::Http(_) | Caller::Modem(_)) => SMS.to_owned(),
            Wire::Calls(Caller::Smtp(_)) => EMAIL.to_owned(),
            Wire::Calls(Caller::Webhook(_)) => way_of(WEBHOOK, &self.name),
            Wire::Calls(Caller::Topic(_)) => way_of(TOPIC, &self.name),
            Wire::Calls(Caller::File(_)) => way_of(FILE, &self.name),
        }
    }
}

/// The way of a message on a channel to an address. A program is addressed by the name of its gateway.
pub fn way_of(channel: &str, to: &str) -> String {
    if is_for_program(channel) { format!("{channel}.{to}") } else { channel.to_owned() }
}

/// Whether a program reads what goes out on this channel or way, and no person.
pub fn is_for_program(way: &str) -> bool {
    TO_PROGRAMS.contains(&way.split('.').next().unwrap_or_default())
}

/// Where a message goes, as it may stand on a page that people pass around.
pub fn masked_address(way: &str, to: &str) -> String {
    match (way, to.split_once('@')) {
        (SMS, _) => masked(to),
        (EMAIL, Some((name, host))) => format!("{}***@{host}", name.chars().take(1).collect::<String>()),
        // What is for a program goes to a gateway of the plan, by its name.
        _ => to.to_owned(),
    }
}

/// A number as it may stand on a page that people pass around: only its end.
fn masked(number: &str) -> String {
    let letters = number.chars().count();
    let hidden = letters.saturating_sub(3);
    number.chars().enumerate().map(|(at, letter)| if at < hidden { '*' } else { letter }).collect()
}

/// Why messages cannot go to a gateway.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The connection over SMPP.
    #[error(transparent)]
    Smpp(#[from] smpp::Problem),
    /// Nobody listens, or the name is unknown.
    #[error("cannot reach {address}")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No request could be made.
    #[error("cannot reach {address}")]
    Http {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: ureq::Error,
    },
    /// The mail server does not let us in.
    #[error("no session with {address}")]
    Smtp {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: lettre::transport::smtp::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A topic is not there, or no broker answers.
    #[error("cannot reach the topic {topic}")]
    Topic {
        /// Which.
        topic: String,
        /// Why not.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// An answer did not come in time.
    #[error("the gateway does not answer")]
    Silent,
}
