//! Waiting for a broker that answers.

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

/// The first pause between two tries. Each pause is twice the one before, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How long a broker may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// How soon Ctrl-C is noticed.
const SLICE: Duration = Duration::from_millis(50);

/// A broker that has answered.
pub struct Broker {
    client: Arc<BaseProducer<ClientLog>>,
    connection: Connection,
}

impl Broker {
    /// Waits until a broker answers; nothing if a signal comes first. Fails if waiting cannot help: with a wrong
    /// password, or a certificate that is not trusted.
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
            // "All brokers are down" gives no cause, and librdkafka reports the cause only once. So remember it.
            let trouble = client.context().take_trouble();
            why = trouble.filter(|trouble| why.is_none() || trouble.gives_cause()).or(why);
            if let Some(failure) = why.as_ref().and_then(|trouble| unmendable(brokers, trouble)) {
                return Err(failure);
            }
            let cause = why.as_ref().map_or_else(|| error.to_string(), |trouble| trouble.text.clone());
            telemetry::no_broker(brokers, &cause, pause);
            if !wait(&client, pause, stop) {
                return Ok(None);
            }
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
        if why.is_some() {
            telemetry::broker_answers(brokers);
        }
        client.context().unmute();
        Ok(Some(Self { client, connection: connection.clone() }))
    }

    /// The brokers, topics and partitions of the cluster.
    pub(super) fn metadata(&self) -> Result<Metadata, Failure> {
        self.client()
            .fetch_metadata(None, ANSWER)
            .map_err(|error| Failure::failed(format!("{} does not list its topics", self.name()), &error))
    }

    /// The settings of the connection.
    pub(super) fn config(&self) -> &ClientConfig {
        &self.connection.0
    }

    /// The brokers as the user named them.
    pub fn name(&self) -> &str {
        self.connection.brokers()
    }

    fn client(&self) -> &Client<ClientLog> {
        self.client.client()
    }
}

/// Creates a client. Only here does librdkafka find settings that contradict each other, and files that are missing.
pub(super) fn create<C, T>(config: &ClientConfig, context: C) -> Result<T, Failure>
where
    C: rdkafka::ClientContext,
    T: rdkafka::config::FromClientConfigAndContext<C>,
{
    config.create_with_context(context).map_err(|error| {
        let reason = match &error {
            KafkaError::ClientCreation(reason) | KafkaError::ClientConfig(_, reason, ..) => reason.trim(),
            _ => "librdkafka gives no reason",
        };
        Failure::wrong(
            format!("these settings do not make a connection: {reason}"),
            "check `[kafka.client]` in the plan and GRIDWARDEN_KAFKA_... in the environment",
        )
    })
}

/// Asks a broker for an answer. The question waits on a thread of its own, so that this one can notice errors and
/// Ctrl-C.
#[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
fn ask(client: &Arc<BaseProducer<ClientLog>>, stop: &Stop) -> Result<(), KafkaError> {
    client.context().try_again();
    let (sender, receiver) = mpsc::channel();
    let asking = Arc::clone(client);
    // If this function returns first, the thread ends by itself.
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

/// Waits for a while; false if a signal has come.
#[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
fn wait(client: &BaseProducer<ClientLog>, pause: Duration, stop: &Stop) -> bool {
    let began = Instant::now();
    while began.elapsed() < pause {
        if stop.signal().is_some() {
            return false;
        }
        client.poll(SLICE.min(pause));
    }
    true
}

/// A failure if only a person can repair this trouble.
fn unmendable(brokers: &str, trouble: &Trouble) -> Option<Failure> {
    let (what, help) = if trouble.is_about_credentials() {
        (
            "does not let us in",
            "check `sasl.mechanism`, `sasl.username` and the password: GRIDWARDEN_KAFKA_SASL_PASSWORD, or the file that GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE names",
        )
    } else if trouble.is_about_certificates() {
        (
            "and we do not trust each other",
            "`ssl.ca.location` names the certificates to trust; the broker's certificate must hold the name under which it is called",
        )
    } else {
        return None;
    };
    Some(Failure::failed_with_help(format!("{brokers} {what}: {}", trouble.text), help))
}
