//! The keys of a gateway as `gridwarden check` shows them: without any secret.

use super::{GatewayPlan, Held, Http, Protocol, TlsKind};
use crate::secret::SecretSource;
use std::fmt;
use std::path::PathBuf;

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What stands behind the question mark may be a key all the same.
            Self::Plain(text) => match text.split_once('?') {
                Some((before, _)) => write!(f, "{before}?.."),
                None => f.write_str(text),
            },
            Self::Elsewhere(source) => source.fmt(f),
        }
    }
}

impl GatewayPlan {
    /// Its keys with their values, without any secret.
    pub fn shown(&self) -> Vec<(&'static str, String)> {
        let mut keys = vec![("name", self.name.clone())];
        let mut add = |key, value: String| keys.push((key, value));
        let authority = |ca: &Option<PathBuf>| match ca {
            Some(path) => path.display().to_string(),
            None => "none: the certificates that the system trusts".to_owned(),
        };
        match &self.protocol {
            Protocol::Smpp { address, tls, ca, system_id, system_type, password, sender, entity } => {
                add("protocol", "smpp".to_owned());
                add("address", address.clone());
                add("tls", if *tls { "tls" } else { "none: not encrypted" }.to_owned());
                if *tls {
                    add("ca", authority(ca));
                }
                add("system_id", system_id.clone());
                add(
                    "system_type",
                    if system_type.is_empty() { "none".to_owned() } else { system_type.clone() },
                );
                add("password", password.to_string());
                add("sender", sender.clone());
                add("entity", entity_of(entity));
            }
            Protocol::Twilio { url, account, token, sender, inbound, ca } => {
                add("protocol", "twilio".to_owned());
                add("url", encrypted(url));
                add("account", account.clone());
                add("token", token.to_string());
                add("sender", sender.clone());
                add("inbound", inbound_of(inbound.as_ref()));
                add("ca", authority(ca));
            }
            Protocol::Http(Http {
                url,
                method,
                body,
                content_type,
                headers,
                sender,
                entity,
                inbound,
                answer_id,
                answer_has,
                ca,
            }) => {
                add("protocol", "http".to_owned());
                add("method", (*method).to_owned());
                add("url", encrypted(&url.to_string()));
                add("body", body.clone().unwrap_or_else(|| "none".to_owned()));
                add("content_type", content_type.clone().unwrap_or_else(|| "none".to_owned()));
                headers.iter().for_each(|(name, value)| add("header", format!("{name}: {value}")));
                add("sender", if sender.is_empty() { "none".to_owned() } else { sender.clone() });
                add("entity", entity_of(entity));
                add("inbound", inbound_of(inbound.as_ref().map(|(key, ..)| key)));
                if let Some((_, from, text)) = inbound {
                    add("inbound_from", from.clone());
                    add("inbound_text", text.clone());
                }
                add("answer_id", answer_id.clone().unwrap_or_else(|| "none: ours".to_owned()));
                add(
                    "answer_has",
                    answer_has.clone().unwrap_or_else(|| "none: the status decides".to_owned()),
                );
                add("ca", authority(ca));
            }
            Protocol::Smtp { address, tls, login, sender, ca } => {
                add("protocol", "smtp".to_owned());
                add("address", address.clone());
                add(
                    "tls",
                    match tls {
                        TlsKind::None => "none: not encrypted",
                        TlsKind::StartTls => "starttls",
                        TlsKind::Always => "tls",
                    }
                    .to_owned(),
                );
                match login {
                    Some((user, password)) => {
                        add("user", user.clone());
                        add("password", password.to_string());
                    }
                    None => add("user", "none".to_owned()),
                }
                add("sender", sender.to_string());
                add("ca", authority(ca));
            }
            Protocol::Modem { device, baud, pin } => {
                add("protocol", "modem".to_owned());
                add("device", device.display().to_string());
                add("baud", baud.to_string());
                add("pin", pin.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string));
            }
            Protocol::Webhook { url, secret, ca } => {
                add("protocol", "webhook".to_owned());
                add("url", encrypted(&url.to_string()));
                add("secret", secret.to_string());
                add("ca", authority(ca));
            }
            Protocol::Kafka { topic } => {
                add("protocol", "kafka".to_owned());
                add("topic", format!("{topic}: over the brokers of [kafka]"));
            }
            Protocol::File { path } => {
                add("protocol", "file".to_owned());
                add("path", path.display().to_string());
            }
        }
        keys
    }
}

fn inbound_of(key: Option<&SecretSource>) -> String {
    key.map_or_else(|| "none: what phones send does not come".to_owned(), SecretSource::to_string)
}

fn entity_of(entity: &Option<String>) -> String {
    match entity {
        Some(entity) => format!("{entity}: each SMS is one of the registered texts"),
        None => "none: texts are not registered".to_owned(),
    }
}

fn encrypted(url: &str) -> String {
    if url.starts_with("http://") { format!("{url}: not encrypted") } else { url.to_owned() }
}
