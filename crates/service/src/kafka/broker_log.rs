//! What librdkafka has to say, as our own log lines: once, until something else happens.

use crate::telemetry;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::sync::{Mutex, PoisonError};

/// A dead broker is told of every few seconds by librdkafka; people need it once.
#[derive(Debug, Default)]
pub struct BrokerLog(Mutex<String>);

impl BrokerLog {
    /// Takes a line of librdkafka's log.
    pub fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            // What it loses is told by errors too, and better.
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                telemetry::client_says(facility, message);
            }
            _ => telemetry::client_details(facility, message),
        }
    }

    /// Takes an error of the client as a whole.
    pub fn error(&self, error: &KafkaError, reason: &str) {
        // Of the brokers one by one there is much to tell; that all are away is the news.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::BrokerTransportFailure) {
            return telemetry::client_details("broker", reason);
        }
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != reason {
            telemetry::broker_trouble(error, reason);
            reason.clone_into(&mut last);
        }
    }
}

/// A setting of ours, unless the user has said otherwise.
pub fn set_unless_said(config: &mut ClientConfig, name: &str, value: &str) {
    if config.get(name).is_none() {
        config.set(name, value);
    }
}
