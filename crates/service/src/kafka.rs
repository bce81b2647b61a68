//! The edge to Apache Kafka: what a plan and the environment say about it.
//!
//! Read `settings` (a plan's own sections), then `client` (the settings of the connection, and their secrets).

mod broker_log;
mod client;
mod settings;
mod topics;
mod written;

pub use broker_log::{BrokerLog, set_unless_said};
pub use client::Environment;
pub use settings::{Exchange, IntervalsFormat, KafkaPlan, MessageFormat};
