//! The list `[[gateway]]` of a plan: over what messages go out. A plan says where each secret is kept, and holds none.

mod answers;
mod keys;
mod open;
mod receivers;
mod shown;

pub use answers::{Answers, answers};
pub use open::OpenError;
pub use receivers::{check_answers, check_receivers, check_registered, check_section};

use crate::gateway::{EMAIL, FILE, SMS, TOPIC, WEBHOOK, way_of};
use crate::http::{Client, Escape, Template, TemplateError};
use crate::secret::SecretSource;
use keys::{Keys, Section};
use lettre::message::Mailbox;
use notify::words::is_registered_id;
use pipeline::PlanError;
use serde::Deserialize;
use std::ops::Range;
use std::path::PathBuf;
use toml::Spanned;

/// A gateway as a plan has it.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayPlan {
    /// Its name.
    pub name: String,
    protocol: Protocol,
}

#[derive(Debug, Clone, PartialEq)]
enum Protocol {
    Smpp {
        address: String,
        tls: bool,
        ca: Option<PathBuf>,
        system_id: String,
        system_type: String,
        password: SecretSource,
        sender: String,
        entity: Option<String>,
    },
    Twilio {
        url: String,
        account: String,
        token: SecretSource,
        sender: String,
        inbound: Option<SecretSource>,
        ca: Option<PathBuf>,
    },
    Http(Http),
    Smtp {
        address: String,
        tls: TlsKind,
        login: Option<(String, SecretSource)>,
        sender: Mailbox,
        ca: Option<PathBuf>,
    },
    Modem {
        device: PathBuf,
        baud: u32,
        pin: Option<SecretSource>,
    },
    Webhook {
        url: Held,
        secret: SecretSource,
        ca: Option<PathBuf>,
    },
    Kafka {
        topic: String,
    },
    File {
        path: PathBuf,
    },
}

/// Short messages as HTTP requests by template.
#[derive(Debug, Clone, PartialEq)]
struct Http {
    url: Held,
    method: &'static str,
    body: Option<String>,
    content_type: Option<String>,
    headers: Vec<(String, Held)>,
    sender: String,
    entity: Option<String>,
    inbound: Option<(SecretSource, String, String)>,
    answer_id: Option<String>,
    answer_has: Option<String>,
    ca: Option<PathBuf>,
}

/// A value that may be kept elsewhere, because it holds a key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    Plain(String),
    Elsewhere(SecretSource),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TlsKind {
    None,
    StartTls,
    Always,
}

/// The protocols, with the keys of their gateways beside `name` and `protocol`.
const PROTOCOLS: [(&str, &[&str]); 8] = [
    ("smpp", &["address", "tls", "system_id", "system_type", "password", "sender", "entity", "ca"]),
    ("twilio", &["url", "account", "token", "sender", "inbound", "ca"]),
    (
        "http",
        &[
            "url",
            "method",
            "body",
            "content_type",
            "headers",
            "sender",
            "entity",
            "inbound",
            "inbound_from",
            "inbound_text",
            "answer_id",
            "answer_has",
            "ca",
        ],
    ),
    ("smtp", &["address", "tls", "user", "password", "sender", "ca"]),
    ("webhook", &["url", "secret", "ca"]),
    ("modem", &["device", "baud", "pin"]),
    ("kafka", &["topic"]),
    ("file", &["path"]),
];

#[derive(Debug, Deserialize)]
struct GatewaysToml {
    #[serde(default, rename = "gateway")]
    gateways: Vec<Spanned<Section>>,
}

/// The gateways of a plan, of each way in their order. The other sections are not looked at.
pub fn read(text: &str) -> Result<Vec<GatewayPlan>, PlanError> {
    let written: GatewaysToml = toml::from_str(text).map_err(|error| PlanError::toml(&error))?;
    let mut gateways = Vec::<GatewayPlan>::new();
    for section in &written.gateways {
        let keys = Keys::of(section);
        let (name, place) = keys.name()?;
        if gateways.iter().any(|before| before.name == name) {
            let problem = format!("two gateways are called `{name}`");
            return Err(PlanError::new("plan::name", place, problem, "give one of them another `name`"));
        }
        let names = PROTOCOLS.map(|(name, _)| name);
        let at = keys.one_of("protocol", &names)?;
        let at = at.ok_or_else(|| keys.missing("protocol", "protocol = \"smpp\""))?;
        let (protocol, known) = PROTOCOLS[at];
        keys.only(protocol, known)?;
        let protocol = match protocol {
            "smpp" => smpp(&keys)?,
            "twilio" => twilio(&keys)?,
            "http" => http(&keys)?,
            "smtp" => smtp(&keys)?,
            "modem" => modem(&keys)?,
            "webhook" => webhook(&keys)?,
            "kafka" => Protocol::Kafka { topic: topic(&keys)? },
            _ => Protocol::File { path: file(&keys)? },
        };
        gateways.push(GatewayPlan { name, protocol });
    }
    Ok(gateways)
}

fn smpp(keys: &Keys<'_>) -> Result<Protocol, PlanError> {
    let tls = keys.one_of("tls", &["none", "tls"])?.unwrap_or_default() == 1;
    let ca = keys.path("ca")?;
    if ca.is_some() && !tls {
        let problem = "`ca` is about TLS, and there is none".to_owned();
        return Err(PlanError::new("plan::gateway", keys.place(), problem, "add `tls = \"tls\"`"));
    }
    Ok(Protocol::Smpp {
        address: keys.address()?,
        tls,
        ca,
        // SMPP 3.4, 4.1.5: a text of at most 15 letters and an end.
        system_id: keys.needed_text("system_id", "system_id = \"utility\"", 15)?,
        system_type: keys.text("system_type")?.map(|(text, _)| text).unwrap_or_default(),
        password: keys.needed_secret("password")?,
        sender: keys.needed_text("sender", "sender = \"GRIDWN\"", 20)?,
        entity: entity(keys)?,
    })
}

/// What lets a provider hand over messages of phones, and the fields of the number and of the text.
fn inbound(keys: &Keys<'_>) -> Result<Option<(SecretSource, String, String)>, PlanError> {
    let field = |key: &str, usual: &str| {
        Ok::<_, PlanError>(keys.text(key)?.map_or_else(|| usual.to_owned(), |(text, _)| text))
    };
    let (from, text) = (field("inbound_from", "from")?, field("inbound_text", "text")?);
    Ok(keys.secret("inbound")?.map(|key| (key, from, text)))
}

/// The id of the entity that sends, where operators ask for it. The sender is a registered header then.
fn entity(keys: &Keys<'_>) -> Result<Option<String>, PlanError> {
    let Some((entity, place)) = keys.text("entity")? else { return Ok(None) };
    if !is_registered_id(&entity) {
        let problem = format!("`entity` is an id of 19 digits, found \"{entity}\"");
        let help = "write it as the portal of your operator shows it";
        return Err(PlanError::new("plan::registered", place, problem, help));
    }
    let example = "sender = \"GRIDWN\"";
    let (sender, place) = keys.text("sender")?.ok_or_else(|| keys.missing("sender", example))?;
    // TRAI: six letters for what a customer asked for, or digits for what is advertised.
    let is_header = sender.len() == 6 && sender.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_number = (3..=9).contains(&sender.len()) && sender.bytes().all(|byte| byte.is_ascii_digit());
    if is_header || is_number {
        return Ok(Some(entity));
    }
    let problem =
        format!("with `entity`, `sender` is a registered header of six letters, found \"{sender}\"");
    Err(PlanError::new("plan::registered", place, problem, format!("try `{example}`")))
}

fn twilio(keys: &Keys<'_>) -> Result<Protocol, PlanError> {
    let url = match keys.text("url")? {
        Some((url, place)) => checked_url(url, place)?,
        None => "https://api.twilio.com".to_owned(),
    };
    Ok(Protocol::Twilio {
        url,
        account: keys.needed_text("account", "account = \"AC..\"", 64)?,
        token: keys.needed_secret("token")?,
        sender: keys.needed_text("sender", "sender = \"+15005550006\"", 64)?,
        inbound: keys.secret("inbound")?,
        ca: keys.path("ca")?,
    })
}

fn http(keys: &Keys<'_>) -> Result<Protocol, PlanError> {
    let methods = ["POST", "GET", "PUT"];
    let method = methods[keys.one_of("method", &methods)?.unwrap_or_default()];
    let content_type = keys.text("content_type")?.map(|(text, _)| text);
    let (entity, mut has_text) = (entity(keys)?, false);
    let mut check = |key: &str, text: &str, escape, place: Range<usize>| {
        let template = Template::new(text, escape).map_err(|error| {
            let help = match &error {
                TemplateError::Unknown { .. } => "write one of these",
                TemplateError::NoJson { .. } => "write {text} in quotes: \"{text}\"",
            };
            PlanError::new("plan::template", place, format!("`{key}`: {error}"), help)
        })?;
        has_text |= template.has("text");
        let of_registration = ["entity", "template", "values"].into_iter().find(|name| template.has(name));
        if let Some(name) = of_registration.filter(|_| entity.is_none()) {
            let problem = format!("`{key}` has `{{{name}}}`, and the gateway has no `entity`");
            let help = "add `entity` with its id of 19 digits";
            return Err(PlanError::new("plan::registered", keys.place(), problem, help));
        }
        Ok::<(), PlanError>(())
    };
    let (url, place) = keys.needed_held("url", "url = \"https://sms.example/send\"")?;
    if let Held::Plain(text) = &url {
        check("url", text, Escape::Url, place.clone())?;
        checked_url(text.clone(), place)?;
    }
    let body = match keys.text("body")? {
        Some((_, place)) if method == "GET" => {
            let problem = "a `GET` has no `body`".to_owned();
            let help = "write the variables into `url`, or `method = \"POST\"`";
            return Err(PlanError::new("plan::gateway", place, problem, help));
        }
        Some((text, place)) => {
            let Some(content_type) = &content_type else {
                let problem = "a `body` needs a `content_type`, which says how values are written".to_owned();
                let help = "add `content_type = \"application/json\"`";
                return Err(PlanError::new("plan::missing", place, problem, help));
            };
            check("body", &text, Escape::of(content_type), place)?;
            Some(text)
        }
        None => None,
    };
    if !has_text && matches!(url, Held::Plain(_)) {
        let problem = "neither `url` nor `body` has `{text}`, so every message would be empty".to_owned();
        let help = "add `body = '{\"to\": \"{to}\", \"text\": \"{text}\"}'` with `content_type = \"application/json\"`";
        return Err(PlanError::new("plan::gateway", keys.place(), problem, help));
    }
    let answer_id = match keys.text("answer_id")? {
        Some((text, place)) if !text.starts_with('/') => {
            let problem = format!("`answer_id` must be a place in JSON (RFC 6901), found \"{text}\"");
            return Err(PlanError::new(
                "plan::gateway",
                place,
                problem,
                format!("try `answer_id = \"/{text}\"`"),
            ));
        }
        other => other.map(|(text, _)| text),
    };
    Ok(Protocol::Http(Http {
        url,
        method,
        body,
        content_type,
        headers: keys.headers()?,
        sender: keys.text("sender")?.map(|(text, _)| text).unwrap_or_default(),
        entity,
        inbound: inbound(keys)?,
        answer_id,
        answer_has: keys.text("answer_has")?.map(|(text, _)| text),
        ca: keys.path("ca")?,
    }))
}

fn smtp(keys: &Keys<'_>) -> Result<Protocol, PlanError> {
    let kinds = [TlsKind::StartTls, TlsKind::Always, TlsKind::None];
    let tls = kinds[keys.one_of("tls", &["starttls", "tls", "none"])?.unwrap_or_default()];
    let user = keys.text("user")?;
    let password = keys.secret("password")?;
    let login = match (user, password) {
        (Some((user, place)), Some(_)) if tls == TlsKind::None => {
            let problem = format!("the password of `{user}` would go out in the open");
            return Err(PlanError::new("plan::gateway", place, problem, "write `tls = \"starttls\"`"));
        }
        (Some((user, _)), Some(password)) => Some((user, password)),
        (Some((_, place)), None) => {
            let help = "add `password = { env = \"SMTP_PASSWORD\" }`";
            return Err(PlanError::new("plan::missing", place, "`user` needs a `password`".to_owned(), help));
        }
        (None, Some(_)) => return Err(keys.missing("user", "user = \"gridwarden\"")),
        (None, None) => None,
    };
    let example = "sender = \"Gridwarden <alerts@example.org>\"";
    let (sender, place) = keys.text("sender")?.ok_or_else(|| keys.missing("sender", example))?;
    let sender = sender.parse().map_err(|_| {
        let problem = format!("`sender` must be a mailbox, found \"{sender}\"");
        PlanError::new("plan::address", place, problem, format!("try `{example}`"))
    })?;
    Ok(Protocol::Smtp { address: keys.address()?, tls, login, sender, ca: keys.path("ca")? })
}

fn modem(keys: &Keys<'_>) -> Result<Protocol, PlanError> {
    let device = keys.path("device")?.ok_or_else(|| keys.missing("device", "device = \"/dev/ttyUSB0\""))?;
    let baud = keys.whole("baud", 1_200..=4_000_000)?.unwrap_or(115_200);
    Ok(Protocol::Modem { device, baud, pin: keys.secret("pin")? })
}

fn webhook(keys: &Keys<'_>) -> Result<Protocol, PlanError> {
    let (url, place) = keys.needed_held("url", "url = \"https://control.example/gridwarden\"")?;
    if let Held::Plain(text) = &url {
        checked_url(text.clone(), place)?;
    }
    Ok(Protocol::Webhook { url, secret: keys.needed_secret("secret")?, ca: keys.path("ca")? })
}

/// A name of a topic, as Kafka has them.
fn topic(keys: &Keys<'_>) -> Result<String, PlanError> {
    let example = "topic = \"alerts-for-control\"";
    let (topic, place) = keys.text("topic")?.ok_or_else(|| keys.missing("topic", example))?;
    let is_right = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    // Kafka's limit; the two names are those of folders.
    if topic.len() <= 249 && topic.bytes().all(is_right) && topic != "." && topic != ".." {
        return Ok(topic);
    }
    let problem = "`topic` must be at most 249 letters, digits, dots, hyphens and underscores".to_owned();
    Err(PlanError::new("plan::topic", place, problem, format!("try `{example}`")))
}

fn file(keys: &Keys<'_>) -> Result<PathBuf, PlanError> {
    keys.path("path")?.ok_or_else(|| keys.missing("path", "path = \"/var/spool/gridwarden/alerts.ndjson\""))
}

fn checked_url(url: String, place: Range<usize>) -> Result<String, PlanError> {
    match Client::new(&url, None) {
        Ok(_) => Ok(url),
        Err(error) => {
            let help = "try `url = \"https://sms.example/send\"`";
            Err(PlanError::new("plan::address", place, error.to_string(), help))
        }
    }
}

impl GatewayPlan {
    /// The way that it serves.
    pub fn way(&self) -> String {
        match self.protocol {
            Protocol::Smpp { .. } | Protocol::Twilio { .. } | Protocol::Http(_) | Protocol::Modem { .. } => {
                SMS.to_owned()
            }
            Protocol::Smtp { .. } => EMAIL.to_owned(),
            Protocol::Webhook { .. } => way_of(WEBHOOK, &self.name),
            Protocol::Kafka { .. } => way_of(TOPIC, &self.name),
            Protocol::File { .. } => way_of(FILE, &self.name),
        }
    }

    /// The id of the entity that sends, where operators ask for it.
    pub fn entity(&self) -> Option<&str> {
        match &self.protocol {
            Protocol::Smpp { entity, .. } | Protocol::Http(Http { entity, .. }) => entity.as_deref(),
            _ => None,
        }
    }

    /// The topic that it writes to, if it does: its brokers and keys are those of `[kafka]`.
    pub fn topic(&self) -> Option<&str> {
        match &self.protocol {
            Protocol::Kafka { topic } => Some(topic),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
