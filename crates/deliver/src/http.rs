//! Short messages over HTTP: a request for each, as the gateway's provider describes it.

pub(crate) mod client;
mod template;

pub use client::{Client, ClientError};
pub use template::{Escape, Template, TemplateError};

use crate::calls::Reply;
use crate::registration::Registration;
use crate::secret::Secret;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use client::Asked;
use outbox::{Answer, Submission};
use serde_json::Value;
use std::time::Duration;
use template::Values;
use ureq::http::Method;

/// A gateway that takes each message as a request.
#[derive(Debug)]
pub struct HttpSms {
    /// Who asks.
    pub client: Client,
    /// `POST`, `GET` or `PUT`.
    pub method: Method,
    /// Where to.
    pub url: Template,
    /// What is asked; none in a `GET`.
    pub body: Option<Template>,
    /// What the body is.
    pub content_type: Option<String>,
    /// Further headers, by name.
    pub headers: Vec<(String, Secret)>,
    /// Who the messages come from.
    pub sender: String,
    /// What operators ask for with each message, if they do.
    pub registration: Option<Registration>,
    /// Where in the answer, which is JSON, the gateway's name of the message stands (RFC 6901).
    pub answer_id: Option<String>,
    /// What an answer holds if the gateway has the message. There are gateways that refuse with status 200.
    pub answer_has: Option<String>,
}

impl HttpSms {
    /// A gateway with the interface of Twilio's messages (API 2010-04-01).
    pub fn twilio(client: Client, url: &str, account: &str, token: &Secret, sender: String) -> Self {
        let base = url.trim_end_matches('/');
        let url = format!("{base}/2010-04-01/Accounts/{account}/Messages.json");
        let body = "To={to}&From={sender}&Body={text}";
        let both = BASE64_STANDARD.encode(format!("{account}:{}", token.reveal()));
        Self {
            client,
            method: Method::POST,
            url: Template::plain(url),
            body: Some(Template::new(body, Escape::Url).expect("its variables are known")),
            content_type: Some("application/x-www-form-urlencoded".to_owned()),
            headers: vec![("Authorization".to_owned(), Secret::new(format!("Basic {both}")))],
            sender,
            registration: None,
            answer_id: Some("/sid".to_owned()),
            answer_has: None,
        }
    }

    pub(crate) fn send(&self, submission: &Submission, within: Duration) -> Reply {
        let entry = match self.registration.as_ref().map(|one| one.entry(&submission.text)).transpose() {
            Ok(entry) => entry,
            Err(answer) => return Reply::Answer(answer),
        };
        let values = entry.as_ref().map(|entry| entry.values.join("|")).unwrap_or_default();
        let values = Values {
            to: &submission.line,
            text: &submission.text,
            id: &submission.id.0,
            sender: &self.sender,
            entity: entry.as_ref().map_or("", |entry| entry.entity),
            template: entry.as_ref().map_or("", |entry| entry.template),
            values: &values,
        };
        let body = self.body.as_ref().map(|body| body.write(&values)).unwrap_or_default();
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.reveal()));
        let headers = self.content_type.iter().map(|of| ("Content-Type", of.as_str())).chain(headers);
        let asked = Asked { method: self.method.clone(), url: &self.url.write(&values), body };
        let answer = match self.client.ask(&asked, headers, within) {
            Ok(answer) => answer,
            Err(reply) => return reply,
        };
        Reply::Answer(match answer.status {
            200..=299 => self.accepted(submission, &answer.text),
            status => refused(status, code(&answer.text)),
        })
    }

    fn accepted(&self, submission: &Submission, text: &str) -> Answer {
        if let Some(wanted) = self.answer_has.as_ref().filter(|wanted| !text.contains(*wanted)) {
            let reason = format!("the gateway answered 200, but without `{wanted}`");
            return Answer::NotNow { reason };
        }
        let named = self.answer_id.as_ref().and_then(|at| {
            let answer: Value = serde_json::from_str(text).ok()?;
            Some(match answer.pointer(at)? {
                Value::String(name) => name.clone(),
                other => other.to_string(),
            })
        });
        // A gateway takes a message of any length, and divides it by itself.
        Answer::AcceptedWhole { remote: named.unwrap_or_else(|| submission.id.0.clone()) }
    }
}

/// The number of the error, as Twilio and others name it. Their text may repeat the phone number.
fn code(text: &str) -> Option<i64> {
    serde_json::from_str::<Value>(text).ok()?.get("code")?.as_i64()
}

/// What a status means that is none of success.
pub(crate) fn refused(status: u16, code: Option<i64>) -> Answer {
    let code = code.map(|code| format!(", code {code}")).unwrap_or_default();
    let reason = format!("the gateway answered {status}{code}");
    match status {
        429 => Answer::Throttled,
        // The message itself: it will be as wrong tomorrow. A wrong address or key can be mended meanwhile.
        400 | 413 | 414 | 422 => Answer::Never { reason },
        // A wrong key: no other message fares better.
        401 | 403 => Answer::Closed { reason },
        _ => Answer::NotNow { reason },
    }
}

#[cfg(test)]
mod tests;
