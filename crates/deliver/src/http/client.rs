//! Requests over HTTP and HTTPS, with limits of time and size.

use crate::Problem;
use crate::calls::Reply;
use outbox::Answer;
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;
use ureq::http::{Method, Request, Response, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Timeout};

/// More of an answer is not read.
const MOST_OF_ANSWER: u64 = 64 * 1024;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    /// Host and port of who is asked, without the path, which may hold a key.
    address: String,
    /// Where the connection goes: there, or to the proxy.
    connects_to: String,
}

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The URL is none. It is not shown, because it may hold a key.
    #[error("the URL must begin with http:// or https:// and a host")]
    NoUrl,
    /// The certificates of the authority are none.
    #[error("no certificate in PEM can be read")]
    NoCertificate,
}

/// What is asked.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a str,
    pub(crate) body: String,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Client {
    /// Asks the host of this URL. With `authority`, certificates in PEM, it trusts those instead of the system's.
    pub fn new(url: &str, authority: Option<&[u8]>) -> Result<Self, ClientError> {
        let uri: Uri = url.parse().map_err(|_| ClientError::NoUrl)?;
        let (scheme, host) = (uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default());
        let usual_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return Err(ClientError::NoUrl),
        };
        if host.is_empty() {
            return Err(ClientError::NoUrl);
        }
        let roots = match authority {
            Some(pem) => RootCerts::new_with_certs(&certificates(pem)?),
            None => RootCerts::PlatformVerifier,
        };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // A request with a body must not become another one elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent("gridwarden")
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        let address = format!("{host}:{}", uri.port_u16().unwrap_or(usual_port));
        let proxy = agent.config().proxy().filter(|proxy| !proxy.is_no_proxy(&uri));
        let connects_to =
            proxy.map_or_else(|| address.clone(), |proxy| format!("{}:{}", proxy.host(), proxy.port()));
        Ok(Self { agent, address, connects_to })
    }

    /// Whether somebody listens there.
    pub(crate) fn reach(&self, within: Duration) -> Result<(), Problem> {
        reach(&self.connects_to, within)
    }

    /// Asks, or says why there is no answer.
    pub(crate) fn ask<'a>(
        &self,
        asked: &Asked<'_>,
        headers: impl Iterator<Item = (&'a str, &'a str)>,
        within: Duration,
    ) -> Result<Answered, Reply> {
        let mut request = Request::builder().method(asked.method.clone()).uri(asked.url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let wrong = |error: ureq::http::Error| {
            Reply::Answer(Answer::Never { reason: format!("it makes no request: {error}") })
        };
        let request = request.body(asked.body.as_str()).map_err(wrong)?;
        let request = self.agent.configure_request(request).timeout_global(Some(within)).build();
        let mut response = self.agent.run(request).map_err(|error| self.unanswered(error))?;
        let body = response.body_mut().with_config().limit(MOST_OF_ANSWER).read_to_vec();
        // The status decides. What cannot be read of the rest has no name of the message.
        let text = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
        Ok(Answered { status: response.status().as_u16(), text })
    }

    /// Sends a request of any kind. Without `within` the answer may take for ever.
    pub(crate) fn run(
        &self,
        request: Request<String>,
        within: Option<Duration>,
    ) -> Result<Response<Body>, ureq::Error> {
        self.agent.run(self.agent.configure_request(request).timeout_global(within).build())
    }

    /// Whether the message can have arrived although there is no answer.
    fn unanswered(&self, error: ureq::Error) -> Reply {
        let is_before_sending = match &error {
            ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => true,
            ureq::Error::Timeout(when) => matches!(when, Timeout::Resolve | Timeout::Connect),
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::ConnectProxyFailed(_) => true,
            ureq::Error::Io(error) => matches!(
                error.kind(),
                // The last is what a failed handshake is reported as.
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::InvalidData
            ),
            _ => false,
        };
        if is_before_sending {
            let address = self.address.clone();
            return Reply::Unreachable(Problem::Http { address, source: error });
        }
        Reply::Answer(Answer::Unanswered { reason: format!("no answer: {error}") })
    }
}

/// Whether somebody listens at `HOST:PORT`.
pub(crate) fn reach(address: &str, within: Duration) -> Result<(), Problem> {
    let unreachable = |source| Problem::Unreachable { address: address.to_owned(), source };
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for one in address.to_socket_addrs().map_err(unreachable)? {
        match TcpStream::connect_timeout(&one, within) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(unreachable(last))
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, ClientError> {
    let mut all = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(one) = item.map_err(|_| ClientError::NoCertificate)? {
            all.push(one);
        }
    }
    if all.is_empty() { Err(ClientError::NoCertificate) } else { Ok(all) }
}
