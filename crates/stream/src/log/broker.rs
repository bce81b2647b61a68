//! A broker to talk to, waited for if it is not there yet.

use super::client::Connection;
use super::client_log::{ClientLog, Trouble};
use rdkafka::ClientConfig;
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use rdkafka::producer::{BaseProducer, Producer};
use shell::{Failure, Stop, telemetry};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The first pause between two tries; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Nor longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// How soon Ctrl-C is heard.
const SLICE: Duration = Duration::from_millis(50);

/// A broker that has answered.
pub struct Broker {
    client: Arc<BaseProducer<ClientLog>>,
    connection: Connection,
}

impl Broker {
    /// Waits until a broker answers; nothing if the process is told to end before. What waiting cannot mend (a wrong
    /// password, a certificate that nobody trusts) is a failure.
    pub fn await_any(connection: &Connection, stop: &Stop) -> Result<Option<Self>, Failure> {
        let client: BaseProducer<ClientLog> = create(&connection.0, ClientLog::muted())?;
        let client = Arc::new(client);
        let brokers = connection.brokers();
        let mut pause = FIRST_PAUSE;
        let mut why = None;
        loop {
            let answer = ask(&client, stop);
            if stop.signal().is_some() {
                return Ok(None);
            }
            let Err(error) = answer else { break };
            // That all are down does not tell why, and why is not said at every try.
            let heard = client.context().take_trouble();
            why = heard.filter(|trouble| why.is_none() || trouble.says_why()).or(why);
            if let Some(failure) = why.as_ref().and_then(|trouble| unmendable(brokers, trouble)) {
                return Err(failure);
            }
            let told = why.as_ref().map_or_else(|| error.to_string(), |trouble| trouble.text.clone());
            telemetry::no_broker(brokers, &told, pause);
            if !rest(&client, pause, stop) {
                return Ok(None);
            }
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
        if why.is_some() {
            telemetry::broker_answers(brokers);
        }
        client.context().speak();
        Ok(Some(Self { client, connection: connection.clone() }))
    }

    /// What there is: brokers, topics, partitions.
    pub(super) fn metadata(&self) -> Result<Metadata, Failure> {
        self.client().fetch_metadata(None, ANSWER).map_err(|error| {
            Failure::failed(format!("{} does not say which topics there are", self.name()), &error)
        })
    }

    /// The settings of the connection.
    pub(super) fn config(&self) -> &ClientConfig {
        &self.connection.0
    }

    /// The brokers, as they were named.
    pub fn name(&self) -> &str {
        self.connection.brokers()
    }

    fn client(&self) -> &Client<ClientLog> {
        self.client.client()
    }
}

/// Makes a client. Settings that contradict each other, or files that are not there, are found only here.
pub(super) fn create<C, T>(config: &ClientConfig, context: C) -> Result<T, Failure>
where
    C: rdkafka::ClientContext,
    T: rdkafka::config::FromClientConfigAndContext<C>,
{
    config.create_with_context(context).map_err(|error| {
        let reason = match &error {
            KafkaError::ClientCreation(reason) | KafkaError::ClientConfig(_, reason, ..) => reason.trim(),
            _ => "librdkafka does not say why",
        };
        Failure::wrong(
            format!("no connection can be made of these settings: {reason}"),
            "look at `[kafka.client]` of the plan and at GRIDWARDEN_KAFKA_... in the environment",
        )
    })
}

/// Whether a broker answers. Asked on a thread of its own, because meanwhile errors and Ctrl-C want to be heard.
#[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
fn ask(client: &Arc<BaseProducer<ClientLog>>, stop: &Stop) -> Result<(), KafkaError> {
    client.context().try_again();
    let (sender, receiver) = mpsc::channel();
    let asking = Arc::clone(client);
    // Left alone if nobody waits for it any more: it ends by itself.
    thread::spawn(move || {
        let answer = asking.client().fetch_metadata(None, ANSWER).map(drop);
        drop(sender.send(answer));
    });
    let began = Instant::now();
    loop {
        client.poll(SLICE);
        if let Ok(answer) = receiver.try_recv() {
            return answer;
        }
        let hopeless = client.context().is_hopeless() || stop.signal().is_some();
        if hopeless || began.elapsed() > ANSWER + SLICE {
            return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::BrokerTransportFailure));
        }
    }
}

/// Waits; false if the process is told to end.
#[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
fn rest(client: &BaseProducer<ClientLog>, pause: Duration, stop: &Stop) -> bool {
    let began = Instant::now();
    while began.elapsed() < pause {
        if stop.signal().is_some() {
            return false;
        }
        client.poll(SLICE.min(pause));
    }
    true
}

/// The troubles for which a person is needed.
fn unmendable(brokers: &str, trouble: &Trouble) -> Option<Failure> {
    let (what, help) = if trouble.is_about_credentials() {
        (
            "does not let us in",
            "look at `sasl.mechanism`, `sasl.username` and the password: GRIDWARDEN_KAFKA_SASL_PASSWORD, or the file that GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE names",
        )
    } else if trouble.is_about_certificates() {
        (
            "and we do not trust each other",
            "`ssl.ca.location` names the certificates that we trust; the broker's own must be for the name by which it is called",
        )
    } else {
        return None;
    };
    Some(Failure::failed_with_help(format!("{brokers} {what}: {}", trouble.text), help))
}
