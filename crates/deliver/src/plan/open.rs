//! From a gateway of a plan to one that can be used: its secrets are read, its certificates too.

use super::{GatewayPlan, Held, Http, Protocol, TlsKind};
use crate::file::Journal;
use crate::http::{Client, ClientError, Escape, HttpSms, Template, TemplateError};
use crate::modem::Modem;
use crate::secret::{Secret, SecretError, SecretSource};
use crate::smpp::{self, Smpp};
use crate::smtp::{Smtp, Tls, TlsError, tls_with};
use crate::topic::Topic;
use crate::webhook::{KeyError, Keys, Webhook};
use crate::{Caller, Gateway, Inbound, Registration, Wire};
use notify::words::Registry;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a gateway cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("gateway `{gateway}`: `{key}` cannot be used")]
pub struct OpenError {
    /// Which.
    pub gateway: String,
    /// Which of its keys.
    pub key: &'static str,
    /// Why not.
    #[source]
    pub cause: Cause,
}

/// Why a key of a gateway cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// A secret is not at hand.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The certificates of the authority cannot be read.
    #[error("cannot read {}", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Nobody can be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The URL is no template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The secret has no keys.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No TLS for e-mails.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No TLS for SMPP.
    #[error(transparent)]
    SmppTls(#[from] smpp::TlsError),
}

impl OpenError {
    /// A way out.
    pub fn help(&self) -> String {
        match &self.cause {
            Cause::Secret(SecretError::NotSet { name }) => format!("set {name} in the environment"),
            Cause::Secret(SecretError::Unreadable { .. }) | Cause::Authority { .. } => {
                "let this process read the file, or name another one in the plan".to_owned()
            }
            Cause::Key(_) => {
                "make one: printf 'whsec_%s\\n' \"$(head -c 32 /dev/urandom | base64)\"".to_owned()
            }
            Cause::Client(_) | Cause::Template(_) | Cause::Tls(_) | Cause::SmppTls(_) => {
                "gridwarden check PLAN shows where it is kept".to_owned()
            }
        }
    }
}

impl Held {
    fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Plain(text) => Ok(Secret::new(text.clone())),
            Self::Elsewhere(source) => source.read(),
        }
    }
}

impl GatewayPlan {
    /// The gateway, with its secrets. `registry` has the texts that operators know, and `topics` makes the client of a
    /// topic.
    pub fn open<E: From<OpenError>>(
        &self,
        registry: &Registry,
        topics: impl FnOnce(&str) -> Result<Topic, E>,
    ) -> Result<Gateway, E> {
        let wire = match &self.protocol {
            Protocol::Smpp { address, tls, ca, system_id, system_type, password, sender, .. } => {
                Wire::Smpp(Smpp {
                    address: address.clone(),
                    tls: tls.then(|| self.smpp_tls(address, ca.as_deref())).transpose()?,
                    system_id: system_id.clone(),
                    password: self.secret("password", password)?,
                    system_type: system_type.clone(),
                    sender: sender.clone(),
                    registration: self.registration(registry),
                    ..Smpp::usual()
                })
            }
            Protocol::Twilio { url, account, token, sender, ca, .. } => {
                let client = self.client(url, ca.as_deref())?;
                let token = self.secret("token", token)?;
                Wire::Calls(Caller::Http(HttpSms::twilio(client, url, account, &token, sender.clone())))
            }
            Protocol::Http(http) => Wire::Calls(Caller::Http(self.http(http, registry)?)),
            Protocol::Smtp { address, tls, login, sender, ca } => Wire::Calls(Caller::Smtp(Smtp {
                address: address.clone(),
                tls: self.tls(address, *tls, ca.as_deref())?,
                login: match login {
                    Some((user, password)) => Some((user.clone(), self.secret("password", password)?)),
                    None => None,
                },
                sender: sender.clone(),
            })),
            Protocol::Modem { device, baud, pin } => {
                let pin = pin.as_ref().map(|pin| self.secret("pin", pin)).transpose()?;
                Wire::Calls(Caller::Modem(Modem::new(device.clone(), *baud, pin)))
            }
            Protocol::Webhook { url, secret, ca } => {
                let url = url.read().map_err(|cause| self.fails("url", cause))?;
                let keys = Keys::of(&self.secret("secret", secret)?);
                Wire::Calls(Caller::Webhook(Webhook {
                    client: self.client(url.reveal(), ca.as_deref())?,
                    url,
                    keys: keys.map_err(|cause| self.fails("secret", cause))?,
                }))
            }
            Protocol::Kafka { topic } => Wire::Calls(Caller::Topic(topics(topic)?)),
            Protocol::File { path } => Wire::Calls(Caller::File(Journal { path: path.clone() })),
        };
        Ok(Gateway { name: self.name.clone(), wire })
    }

    /// All secrets that are not at hand, also the key of who hands over messages of phones, if phones are answered.
    pub fn missing(&self, with_inbound: bool) -> Vec<OpenError> {
        let unread = |(key, source): (&'static str, &SecretSource)| {
            source.read().err().map(|cause| self.fails(key, cause))
        };
        let inbound = self.inbound_key().filter(|_| with_inbound);
        let all = self.secrets().into_iter().chain(inbound.map(|source| ("inbound", source)));
        all.filter_map(unread).collect()
    }

    /// The secrets that it needs to send, by their keys.
    fn secrets(&self) -> Vec<(&'static str, &SecretSource)> {
        let held = |key, held| match held {
            &Held::Plain(_) => None,
            Held::Elsewhere(source) => Some((key, source)),
        };
        match &self.protocol {
            Protocol::Smpp { password, .. } => vec![("password", password)],
            Protocol::Twilio { token, .. } => vec![("token", token)],
            Protocol::Http(Http { url, headers, .. }) => {
                let headers = headers.iter().filter_map(|(_, value)| held("headers", value));
                held("url", url).into_iter().chain(headers).collect()
            }
            Protocol::Smtp { login, .. } => {
                login.iter().map(|(_, password)| ("password", password)).collect()
            }
            Protocol::Modem { pin, .. } => pin.iter().map(|pin| ("pin", pin)).collect(),
            Protocol::Webhook { url, secret, .. } => {
                held("url", url).into_iter().chain([("secret", secret)]).collect()
            }
            Protocol::Kafka { .. } | Protocol::File { .. } => vec![],
        }
    }

    fn inbound_key(&self) -> Option<&SecretSource> {
        match &self.protocol {
            Protocol::Twilio { inbound, .. } => inbound.as_ref(),
            Protocol::Http(Http { inbound, .. }) => inbound.as_ref().map(|(source, ..)| source),
            _ => None,
        }
    }

    /// Who may hand over messages of phones, if somebody may.
    pub fn inbound(&self) -> Result<Option<Inbound>, OpenError> {
        let (source, from, text) = match &self.protocol {
            Protocol::Twilio { inbound: Some(source), .. } => (source, "From", "Body"),
            Protocol::Http(Http { inbound: Some((source, from, text)), .. }) => {
                (source, from.as_str(), text.as_str())
            }
            _ => return Ok(None),
        };
        let key = self.secret("inbound", source)?;
        let (gateway, from, text) = (self.name.clone(), from.to_owned(), text.to_owned());
        Ok(Some(Inbound { gateway, key, from, text }))
    }

    fn registration(&self, registry: &Registry) -> Option<Registration> {
        let entity = self.entity()?.to_owned();
        Some(Registration { entity, registry: registry.clone() })
    }

    fn http(&self, http: &Http, registry: &Registry) -> Result<HttpSms, OpenError> {
        let Http { url, method, body, content_type, headers, sender, answer_id, answer_has, ca, .. } = http;
        let url = url.read().map_err(|cause| self.fails("url", cause))?;
        let header = |(name, value): &(String, Held)| {
            Ok((name.clone(), value.read().map_err(|cause| self.fails("headers", cause))?))
        };
        let escape = Escape::of(content_type.as_deref().unwrap_or_default());
        let body = body.as_ref().map(|body| Template::new(body, escape)).transpose();
        Ok(HttpSms {
            client: self.client(url.reveal(), ca.as_deref())?,
            method: method.parse().expect("one of three methods"),
            url: Template::new(url.reveal(), Escape::Url).map_err(|cause| self.fails("url", cause))?,
            body: body.map_err(|cause| self.fails("body", cause))?,
            content_type: content_type.clone(),
            headers: headers.iter().map(header).collect::<Result<_, _>>()?,
            sender: sender.clone(),
            registration: self.registration(registry),
            answer_id: answer_id.clone(),
            answer_has: answer_has.clone(),
        })
    }

    fn fails(&self, key: &'static str, cause: impl Into<Cause>) -> OpenError {
        OpenError { gateway: self.name.clone(), key, cause: cause.into() }
    }

    fn secret(&self, key: &'static str, source: &SecretSource) -> Result<Secret, OpenError> {
        source.read().map_err(|cause| self.fails(key, cause))
    }

    fn authority(&self, ca: Option<&Path>) -> Result<Option<Vec<u8>>, OpenError> {
        let Some(path) = ca else { return Ok(None) };
        let read = std::fs::read(path);
        let failed = |source| self.fails("ca", Cause::Authority { path: path.to_owned(), source });
        read.map(Some).map_err(failed)
    }

    fn client(&self, url: &str, ca: Option<&Path>) -> Result<Client, OpenError> {
        let authority = self.authority(ca)?;
        Client::new(url, authority.as_deref()).map_err(|cause| {
            self.fails(if matches!(cause, ClientError::NoCertificate) { "ca" } else { "url" }, cause)
        })
    }

    fn smpp_tls(&self, address: &str, ca: Option<&Path>) -> Result<smpp::Tls, OpenError> {
        let authority = self.authority(ca)?;
        smpp::Tls::with(host_of(address), authority.as_deref()).map_err(|cause| {
            self.fails(if cause == smpp::TlsError::NoCertificate { "ca" } else { "address" }, cause)
        })
    }

    fn tls(&self, address: &str, kind: TlsKind, ca: Option<&Path>) -> Result<Tls, OpenError> {
        let host = host_of(address);
        let authority = self.authority(ca)?;
        let with = || tls_with(host, authority.as_deref()).map_err(|cause| self.fails("ca", cause));
        Ok(match kind {
            TlsKind::None => Tls::None,
            TlsKind::StartTls => Tls::StartTls(with()?),
            TlsKind::Always => Tls::Always(with()?),
        })
    }
}

/// The host of `HOST:PORT`, without the brackets of an IPv6 address.
fn host_of(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']'])
}

impl Smpp {
    /// How patient we are with a gateway, without its address and our name there.
    pub fn usual() -> Self {
        Self {
            address: String::new(),
            tls: None,
            system_id: String::new(),
            password: Secret::new(""),
            system_type: String::new(),
            sender: String::new(),
            registration: None,
            connect_within: Duration::from_secs(10),
            enquire_after: Duration::from_secs(30),
            reconnect_after: Duration::from_secs(1),
        }
    }
}
