//! Names of librdkafka's settings: which exist, which the engine sets itself, and which are secrets.

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

/// Settings on which correct results depend, each with the reason why users cannot change it.
const OWNED: [(&[&str], &str); 9] = [
    (&["bootstrap.servers"], "`brokers` names the brokers"),
    (&["group.id"], "`group` names the group"),
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
        "checkpoints hold the positions together with the state that belongs to them",
    ),
    (&["auto.offset.reset"], "a run continues at its checkpoint, and without one it starts at the beginning"),
    (
        &["partition.assignment.strategy", "group.protocol.type", "group.remote.assignor"],
        "partitions change hands one by one, with their state",
    ),
    (&["enable.partition.eof"], "the engine finds idle partitions by the end of their logs"),
    (
        &["enable.idempotence", "enable.gapless.guarantee", "request.required.acks"],
        "the producer is idempotent, so that no message is lost or written twice",
    ),
    (&["transactional.id"], "`transactional = true` in `[output]` turns transactions on"),
    (&["plugin.library.paths"], "a plug-in could change any message"),
];

/// The reason why the engine sets this itself, if it does.
pub fn owned(name: &str) -> Option<&'static str> {
    OWNED.iter().find(|(names, _)| names.contains(&canonical(name))).map(|(_, reason)| *reason)
}

/// Whether the value must not appear in a plan, a log or a message.
pub fn is_secret(name: &str) -> bool {
    ["password", "passphrase", "secret", "key.pem", "ssl_key", "jaas.config"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// The first name of a setting that has two.
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

/// librdkafka's answer about a setting.
pub enum Verdict {
    Good,
    Unknown,
    /// The setting exists, but not with this value, or not in this build.
    Refused(String),
}

/// Asks librdkafka itself about a setting. A list of its two hundred settings would soon be out of date.
pub fn ask(name: &str, value: &str) -> Verdict {
    let mut config = ClientConfig::new();
    config.set(name, value);
    match config.create_native_config() {
        Ok(_) => Verdict::Good,
        Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)) => Verdict::Unknown,
        Err(KafkaError::ClientConfig(_, reason, ..)) => Verdict::Refused(reason.trim_end().to_owned()),
        // The value holds a zero byte, which ends a text in C.
        Err(_) => Verdict::Refused("it is not valid text".to_owned()),
    }
}

/// Whether librdkafka has a setting of this name.
pub fn is_known(name: &str) -> bool {
    !matches!(ask(name, ""), Verdict::Unknown)
}

/// Whether a setting needs OpenSSL, which only a build with the feature `tls` has.
pub fn needs_tls(name: &str, value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    match canonical(name) {
        "security.protocol" => matches!(value.as_str(), "ssl" | "sasl_ssl"),
        "sasl.mechanisms" => value.starts_with("scram") || value == "oauthbearer",
        "enable.ssl.certificate.verification" => true,
        name => name.starts_with("ssl.") || name.starts_with("ssl_"),
    }
}
