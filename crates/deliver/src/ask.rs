//! A client of the API of `gridwarden serve`, for the commands that ask it.

use crate::http::{Client, ClientError};
use crate::secret::Secret;
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;
use ureq::http::{Request, Response};

/// An answer takes no longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// A page of a thousand cases is shorter.
const MOST_OF_ANSWER: u64 = 64 * 1024 * 1024;
/// No event of the server is longer.
const MOST_OF_EVENT: u64 = 1024 * 1024;

/// A running `gridwarden serve`.
#[derive(Debug, Clone)]
pub struct Server {
    client: Client,
    base: String,
    token: Secret,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The URL is none.
    #[error(transparent)]
    Url(#[from] ClientError),
    /// Nobody answers.
    #[error("{base} does not answer")]
    Unanswered {
        /// Who was asked.
        base: String,
        /// Why.
        #[source]
        source: ureq::Error,
    },
    /// The connection broke.
    #[error("{base} does not answer any more")]
    Broken {
        /// Who was asked.
        base: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It refuses.
    #[error("{base} refuses: {detail}")]
    Refused {
        /// Who was asked.
        base: String,
        /// The status.
        status: u16,
        /// What it says.
        detail: String,
    },
    /// Something else listens there.
    #[error("{base} does not answer as `gridwarden serve` does: status {status}")]
    Strange {
        /// Who was asked.
        base: String,
        /// The status.
        status: u16,
    },
}

/// Something new.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// Its id, to go on from.
    pub id: String,
    /// What it is, such as `alert`.
    pub name: String,
    /// JSON.
    pub data: String,
}

impl Server {
    /// Asks the server at this URL. With `authority`, certificates in PEM, it trusts those instead of the system's.
    pub fn new(url: &str, token: Secret, authority: Option<&[u8]>) -> Result<Self, AskError> {
        let base = url.trim_end_matches('/').to_owned();
        Ok(Self { client: Client::new(&base, authority)?, base, token })
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
        within: Option<Duration>,
    ) -> Result<Response<ureq::Body>, AskError> {
        let unanswered = |source| AskError::Unanswered { base: self.base.clone(), source };
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        request = request.header("authorization", format!("Bearer {}", self.token.reveal()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).map_err(|error| unanswered(error.into()))?;
        self.client.run(request, within).map_err(unanswered)
    }

    /// Asks, and returns the JSON of the answer; null if it has none.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, AskError> {
        let json = [("content-type", "application/json")];
        let headers: &[_] = if body.is_some() { &json } else { &[] };
        let body = body.map(Value::to_string).unwrap_or_default();
        self.read(self.send(method, path, headers, body, Some(PATIENCE))?)
    }

    fn read(&self, mut response: Response<ureq::Body>) -> Result<Value, AskError> {
        let (base, status) = (self.base.clone(), response.status().as_u16());
        let text = response.body_mut().with_config().limit(MOST_OF_ANSWER).read_to_string();
        let text = text.map_err(|source| AskError::Unanswered { base: base.clone(), source })?;
        if status == 204 {
            return Ok(Value::Null);
        }
        let Ok(json) = serde_json::from_str::<Value>(&text) else {
            return Err(AskError::Strange { base, status });
        };
        match (status, json.get("detail").and_then(Value::as_str)) {
            (200..=299, _) => Ok(json),
            (_, Some(detail)) => Err(AskError::Refused { base, status, detail: detail.to_owned() }),
            (_, None) => Err(AskError::Strange { base, status }),
        }
    }

    /// Hands on each event behind the one of this id, or from now on, until `to` returns false or the connection ends.
    pub fn follow(
        &self,
        path: &str,
        last: Option<&str>,
        mut to: impl FnMut(Event) -> bool,
    ) -> Result<(), AskError> {
        let broken = |source| AskError::Broken { base: self.base.clone(), source };
        let last = last.map(|last| [("last-event-id", last)]);
        let headers = last.as_ref().map(|last| &last[..]).unwrap_or_default();
        let response = self.send("GET", path, headers, String::new(), None)?;
        if response.status().as_u16() != 200 {
            return self.read(response).map(drop);
        }
        let mut lines = BufReader::new(response.into_body().into_reader());
        let (mut event, mut line) = (Event::default(), String::new());
        loop {
            line.clear();
            if lines.by_ref().take(MOST_OF_EVENT).read_line(&mut line).map_err(broken)? == 0 {
                return Ok(());
            }
            match line.trim_end_matches(['\r', '\n']).split_once(':') {
                Some(("id", value)) => event.id = value.trim_start().to_owned(),
                Some(("event", value)) => event.name = value.trim_start().to_owned(),
                Some(("data", value)) => event.data = value.trim_start().to_owned(),
                Some(_) => {}
                None if event.name.is_empty() => {}
                None => {
                    if !to(std::mem::take(&mut event)) {
                        return Ok(());
                    }
                }
            }
        }
    }
}
