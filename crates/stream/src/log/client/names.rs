//! Names of librdkafka's settings: which it knows, which the engine sets itself, which are secrets.

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

/// Settings that decide whether the engine's answers are right, and why nobody else sets them.
const OWNED: [(&[&str], &str); 9] = [
    (&["bootstrap.servers"], "brokers are named by `brokers`"),
    (&["group.id"], "the group is named by `group`"),
    (
        &[
            "enable.auto.commit",
            "auto.commit.enable",
            "auto.commit.interval.ms",
            "enable.auto.offset.store",
            "offset.store.method",
            "offset.store.path",
            "offset.store.sync.interval.ms",
        ],
        "positions are kept with the state that they belong to, in checkpoints",
    ),
    (
        &["auto.offset.reset"],
        "where reading begins is said by the checkpoint, and without one it is the beginning",
    ),
    (
        &["partition.assignment.strategy", "group.protocol.type", "group.remote.assignor"],
        "partitions change hands one by one, with their state",
    ),
    (&["enable.partition.eof"], "the end of a partition is how the engine knows that it is idle"),
    (
        &["enable.idempotence", "enable.gapless.guarantee", "request.required.acks"],
        "messages are written by an idempotent producer, so that none is lost or stands twice",
    ),
    (&["transactional.id"], "transactions are asked for by `transactional = true` in `[output]`"),
    (&["plugin.library.paths"], "a plug-in could do anything to what is read and written"),
];

/// Why the engine sets this itself, if it does.
pub fn owned(name: &str) -> Option<&'static str> {
    OWNED.iter().find(|(names, _)| names.contains(&canonical(name))).map(|(_, reason)| *reason)
}

/// Whether the value belongs into no plan, log or page.
pub fn is_secret(name: &str) -> bool {
    ["password", "passphrase", "secret", "key.pem", "ssl_key", "jaas.config"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// The one name of a setting that has two.
pub fn canonical(name: &str) -> &str {
    match name {
        "metadata.broker.list" => "bootstrap.servers",
        "max.in.flight" => "max.in.flight.requests.per.connection",
        "sasl.mechanism" => "sasl.mechanisms",
        "sasl.oauthbearer.client.credentials.client.id" => "sasl.oauthbearer.client.id",
        "sasl.oauthbearer.client.credentials.client.secret" => "sasl.oauthbearer.client.secret",
        "max.partition.fetch.bytes" => "fetch.message.max.bytes",
        "linger.ms" => "queue.buffering.max.ms",
        "retries" => "message.send.max.retries",
        "compression.type" => "compression.codec",
        "acks" => "request.required.acks",
        "delivery.timeout.ms" => "message.timeout.ms",
        other => other,
    }
}

/// What librdkafka says about a setting.
pub enum Verdict {
    Good,
    Unknown,
    /// It knows the name, and not this value of it, or not in this build.
    Refused(String),
}

/// Asks librdkafka itself, so that there is no list of its two hundred settings to keep in step.
pub fn ask(name: &str, value: &str) -> Verdict {
    let mut config = ClientConfig::new();
    config.set(name, value);
    match config.create_native_config() {
        Ok(_) => Verdict::Good,
        Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)) => Verdict::Unknown,
        Err(KafkaError::ClientConfig(_, reason, ..)) => Verdict::Refused(reason.trim_end().to_owned()),
        // Bytes of zero, which end a text in C.
        Err(_) => Verdict::Refused("it cannot be passed on as text".to_owned()),
    }
}

/// Whether librdkafka knows this name, whatever the value.
pub fn is_known(name: &str) -> bool {
    !matches!(ask(name, ""), Verdict::Unknown)
}

/// Whether a setting needs OpenSSL, which a build has with the feature `tls`.
pub fn needs_tls(name: &str, value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    match canonical(name) {
        "security.protocol" => matches!(value.as_str(), "ssl" | "sasl_ssl"),
        "sasl.mechanisms" => value.starts_with("scram") || value == "oauthbearer",
        "enable.ssl.certificate.verification" => true,
        name => name.starts_with("ssl.") || name.starts_with("ssl_"),
    }
}
