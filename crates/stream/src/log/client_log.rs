//! What librdkafka reports, as log lines: the same trouble once in a while, not a thousand times.

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};
use shell::telemetry;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the same trouble is not told again.
const REST: Duration = Duration::from_secs(30);

/// The context of a client. A context with more to do holds one and forwards `log` and `error`.
#[derive(Debug, Default)]
pub struct ClientLog(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    /// While somebody waits for a broker, that is told by who waits.
    muted: bool,
    trouble: Option<Trouble>,
    all_down: bool,
    logged: BTreeMap<String, (Instant, u64)>,
}

/// What librdkafka last complained of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What kind of trouble.
    pub code: RDKafkaErrorCode,
    /// Its own words.
    pub text: String,
}

impl Trouble {
    /// Whether it is more than that no broker can be reached.
    pub fn says_why(&self) -> bool {
        self.code != RDKafkaErrorCode::AllBrokersDown
    }

    /// Whether name or password are wrong.
    pub fn is_about_credentials(&self) -> bool {
        matches!(self.code, RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed)
    }

    /// Whether somebody's certificate is wrong.
    pub fn is_about_certificates(&self) -> bool {
        self.code == RDKafkaErrorCode::SSL && self.text.contains("certificate")
    }

    /// Whether waiting does not help.
    pub fn is_unmendable(&self) -> bool {
        self.is_about_credentials() || self.is_about_certificates()
    }
}

impl ClientLog {
    /// A client whose troubles are asked for, not told, until [`Self::speak`].
    pub fn muted() -> Self {
        Self(Mutex::new(Heard { muted: true, ..Heard::default() }))
    }

    /// From now on troubles are told.
    pub fn speak(&self) {
        self.heard().muted = false;
    }

    /// Takes what was last complained of.
    pub fn take_trouble(&self) -> Option<Trouble> {
        self.heard().trouble.take()
    }

    /// A new try: what was down before may be up.
    pub fn try_again(&self) {
        self.heard().all_down = false;
    }

    /// Whether it is known already that a try will fail: none of the brokers can be reached, or one refused us.
    pub fn is_hopeless(&self) -> bool {
        let heard = self.heard();
        heard.all_down || heard.trouble.as_ref().is_some_and(Trouble::is_unmendable)
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often the same was not told since it last was, if it is time to tell it.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn turn(&self, what: &str) -> Option<u64> {
        let now = Instant::now();
        let mut heard = self.heard();
        if heard.muted {
            return None;
        }
        match heard.logged.get_mut(what) {
            Some((told, untold)) if now.duration_since(*told) < REST => {
                *untold += 1;
                None
            }
            _ => Some(heard.logged.insert(what.to_owned(), (now, 0)).map_or(0, |(_, untold)| untold)),
        }
    }
}

impl ClientContext for ClientLog {
    fn log(&self, _: RDKafkaLogLevel, about: &str, text: &str) {
        // What fails comes as an error as well.
        if matches!(about, "FAIL" | "ERROR") || is_meant_for_another(about, text) {
            return;
        }
        if let Some(untold) = self.turn(about) {
            telemetry::librdkafka(about, text, untold);
        }
    }

    fn error(&self, error: KafkaError, text: &str) {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
        // Whoever polls hears of it, and it is no trouble.
        if code == RDKafkaErrorCode::PartitionEOF {
            return;
        }
        // What follows is for who mends librdkafka: after how long, in which state, how often it said so before.
        let text = text.split_once(" (after ").map_or(text, |(why, _)| why).to_owned();
        if let Some(untold) = self.turn(&format!("{code:?}")) {
            telemetry::librdkafka(&format!("{code:?}"), &text, untold);
        }
        let mut heard = self.heard();
        heard.all_down |= code == RDKafkaErrorCode::AllBrokersDown;
        // That all brokers are down says less than why each of them is.
        let trouble = Trouble { code, text };
        if trouble.says_why() || heard.trouble.is_none() {
            heard.trouble = Some(trouble);
        }
    }
}

/// A plan has settings of consumers and producers in one place, and each client passes over those of the other.
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
