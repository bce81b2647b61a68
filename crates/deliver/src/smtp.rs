//! E-mails over SMTP, each in a session of its own.

use crate::Problem;
use crate::calls::Reply;
use crate::secret::Secret;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{Certificate, CertificateStore, SmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Code;
use outbox::{Answer, Submission};
use std::fmt;
use std::time::Duration;

/// What stands in the list of a mailbox. The rest of a text is in its body alone.
const SUBJECT: usize = 78;

/// How a session is kept from others' eyes.
#[derive(Clone)]
pub enum Tls {
    /// Not at all.
    None,
    /// After a greeting in the open.
    StartTls(TlsParameters),
    /// From the first byte on.
    Always(TlsParameters),
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::StartTls(_) => "StartTls",
            Self::Always(_) => "Always",
        })
    }
}

/// A mail server that takes messages for others.
#[derive(Debug)]
pub struct Smtp {
    /// `HOST:PORT`.
    pub address: String,
    /// How the session is kept from others' eyes.
    pub tls: Tls,
    /// A name and its password, if the server asks for them.
    pub login: Option<(String, Secret)>,
    /// Who the messages come from.
    pub sender: Mailbox,
}

/// Why a mail server cannot be used as it is written.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificates of the authority are none.
    #[error("no certificate in PEM can be read")]
    Certificate(#[source] lettre::transport::smtp::Error),
    /// No TLS with these.
    #[error("TLS cannot be set up")]
    Setup(#[source] lettre::transport::smtp::Error),
}

/// TLS with the server of this name. With `authority`, certificates in PEM, it trusts those instead of the system's.
pub fn tls_with(host: &str, authority: Option<&[u8]>) -> Result<TlsParameters, TlsError> {
    let mut tls = TlsParameters::builder(host.to_owned());
    if let Some(pem) = authority {
        let certificate = Certificate::from_pem(pem).map_err(TlsError::Certificate)?;
        tls = tls.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    tls.build().map_err(TlsError::Setup)
}

impl Smtp {
    /// Whether the server lets us in.
    pub(crate) fn reach(&self, within: Duration) -> Result<(), Problem> {
        let mut session = self.open(within)?;
        // It has let us in; how it says good-bye does not matter.
        drop(session.quit());
        Ok(())
    }

    fn open(&self, within: Duration) -> Result<SmtpConnection, Problem> {
        let fail = |source| Problem::Smtp { address: self.address.clone(), source };
        // A session has some questions and answers, which share the time.
        let each = Some(within / 3);
        let name = ClientId::default();
        let at_once = match &self.tls {
            Tls::Always(tls) => Some(tls),
            Tls::None | Tls::StartTls(_) => None,
        };
        let mut session =
            SmtpConnection::connect(self.address.as_str(), each, &name, at_once, None).map_err(fail)?;
        if let Tls::StartTls(tls) = &self.tls {
            session.starttls(tls, &name).map_err(fail)?;
        }
        if let Some((user, password)) = &self.login {
            let login = Credentials::new(user.clone(), password.reveal().to_owned());
            session.auth(DEFAULT_MECHANISMS, &login).map_err(fail)?;
        }
        Ok(session)
    }

    pub(crate) fn send(&self, submission: &Submission, within: Duration) -> Reply {
        let message = match self.message(submission) {
            Ok(message) => message,
            Err(reason) => return Reply::Answer(Answer::Never { reason }),
        };
        let mut session = match self.open(within) {
            Ok(session) => session,
            Err(problem) => return Reply::Unreachable(problem),
        };
        let answer = match session.send(message.envelope(), &message.formatted()) {
            Ok(_) => Answer::AcceptedWhole { remote: message_id(&submission.id.0) },
            Err(error) => match error.status() {
                Some(status) => refused(status),
                None => Answer::Unanswered { reason: format!("no answer: {error}") },
            },
        };
        drop(session.quit());
        Reply::Answer(answer)
    }

    /// The message as it goes out.
    fn message(&self, submission: &Submission) -> Result<Message, String> {
        let to: Mailbox = submission.line.parse().map_err(|error| format!("no mailbox: {error}"))?;
        // RFC 3834: no answer from a machine, such as one who is on holiday, is wanted.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(self.sender.clone())
            .to(to)
            .subject(subject(&submission.text))
            .message_id(Some(message_id(&submission.id.0)))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(submission.text.clone())
            .map_err(|error| format!("no e-mail: {error}"))
    }
}

/// The same message has the same name whenever it is sent, so a mailbox can drop what comes twice.
fn message_id(id: &str) -> String {
    let plain =
        id.chars().map(|one| if one.is_ascii_alphanumeric() || "-_.".contains(one) { one } else { '_' });
    format!("<{}@gridwarden>", plain.collect::<String>())
}

/// The first line, or the beginning of it.
fn subject(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(SUBJECT) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}..", &line[..end]),
    }
}

/// What a status means that is none of success (RFC 5321, 4.2).
fn refused(status: Code) -> Answer {
    let number = u16::from(status);
    let reason = format!("the mail server answered {number}");
    match number {
        // The mailbox, the size or the content: the message will be as wrong tomorrow.
        501 | 550..=556 => Answer::Never { reason },
        _ => Answer::NotNow { reason },
    }
}

#[cfg(test)]
mod tests;
