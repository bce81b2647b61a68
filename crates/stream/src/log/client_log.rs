//! Log lines for what librdkafka reports. While the same trouble lasts, it is logged every 30 s and not a thousand
//! times.

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};
use shell::telemetry;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the same trouble is not logged again.
const QUIET: Duration = Duration::from_secs(30);

/// The context of a client. A context with more to do holds one and forwards `log` and `error`.
#[derive(Debug, Default)]
pub struct ClientLog(Mutex<Reports>);

#[derive(Debug, Default)]
struct Reports {
    /// Nothing is logged: the loop that waits for a broker logs the trouble itself.
    muted: bool,
    trouble: Option<Trouble>,
    all_down: bool,
    /// When each trouble was last logged, and how often it has come since.
    logged: BTreeMap<String, (Instant, u64)>,
}

/// The last trouble that librdkafka reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The kind of trouble.
    pub code: RDKafkaErrorCode,
    /// librdkafka's description.
    pub text: String,
}

impl Trouble {
    /// Whether it gives a cause, and not only that no broker can be reached.
    pub fn gives_cause(&self) -> bool {
        self.code != RDKafkaErrorCode::AllBrokersDown
    }

    /// Whether the user name or the password is wrong.
    pub fn is_about_credentials(&self) -> bool {
        matches!(self.code, RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed)
    }

    /// Whether a certificate is wrong, the broker's or ours.
    pub fn is_about_certificates(&self) -> bool {
        self.code == RDKafkaErrorCode::SSL && self.text.contains("certificate")
    }

    /// Whether waiting cannot help.
    pub fn is_unmendable(&self) -> bool {
        self.is_about_credentials() || self.is_about_certificates()
    }
}

impl ClientLog {
    /// A log that only remembers the last trouble, and writes no lines until [`Self::unmute`].
    pub fn muted() -> Self {
        Self(Mutex::new(Reports { muted: true, ..Reports::default() }))
    }

    /// Logs troubles from now on.
    pub fn unmute(&self) {
        self.reports().muted = false;
    }

    /// Takes the last trouble.
    pub fn take_trouble(&self) -> Option<Trouble> {
        self.reports().trouble.take()
    }

    /// Begins a new try: brokers that were down may be up again.
    pub fn try_again(&self) {
        self.reports().all_down = false;
    }

    /// Whether this try will certainly fail, because all brokers are down or one has refused us.
    pub fn is_hopeless(&self) -> bool {
        let reports = self.reports();
        reports.all_down || reports.trouble.as_ref().is_some_and(Trouble::is_unmendable)
    }

    fn reports(&self) -> MutexGuard<'_, Reports> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// If it is time to log this trouble: how often it came since the last line about it.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn repeats_if_due(&self, what: &str) -> Option<u64> {
        let now = Instant::now();
        let mut reports = self.reports();
        if reports.muted {
            return None;
        }
        match reports.logged.get_mut(what) {
            Some((at, repeats)) if now.duration_since(*at) < QUIET => {
                *repeats += 1;
                None
            }
            _ => Some(reports.logged.insert(what.to_owned(), (now, 0)).map_or(0, |(_, repeats)| repeats)),
        }
    }
}

impl ClientContext for ClientLog {
    fn log(&self, _: RDKafkaLogLevel, about: &str, text: &str) {
        // librdkafka passes failures to `error` as well, and they are logged there.
        if matches!(about, "FAIL" | "ERROR") || is_meant_for_another(about, text) {
            return;
        }
        if let Some(repeats) = self.repeats_if_due(about) {
            telemetry::librdkafka(about, text, repeats);
        }
    }

    fn error(&self, error: KafkaError, text: &str) {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
        // The end of a partition is no trouble, and the poll returns it.
        if code == RDKafkaErrorCode::PartitionEOF {
            return;
        }
        // Cut off librdkafka's own diagnosis: after how long, in which state, how often before. It differs each time,
        // and would make every line look new.
        let text = text.split_once(" (after ").map_or(text, |(why, _)| why).to_owned();
        if let Some(repeats) = self.repeats_if_due(&format!("{code:?}")) {
            telemetry::librdkafka(&format!("{code:?}"), &text, repeats);
        }
        let mut reports = self.reports();
        reports.all_down |= code == RDKafkaErrorCode::AllBrokersDown;
        // "All brokers are down" gives no cause: it must not replace a trouble that does.
        let trouble = Trouble { code, text };
        if trouble.gives_cause() || reports.trouble.is_none() {
            reports.trouble = Some(trouble);
        }
    }
}

/// Whether this warning is about a setting for the other kind of client. A plan has the settings of consumers and
/// producers in one place, so each client finds some that it does not use.
fn is_meant_for_another(about: &str, text: &str) -> bool {
    about == "CONFWARN"
        && (text.contains("is a consumer property and will be ignored")
            || text.contains("is a producer property and will be ignored"))
}

impl ConsumerContext for ClientLog {}

impl ProducerContext for ClientLog {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

#[cfg(test)]
mod tests;
