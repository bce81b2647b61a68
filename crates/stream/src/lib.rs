//! The streaming engine on Kafka: readings come from topics, results go to topics, the state goes to a store of checkpoints.
//!
//! This is the home of rdkafka and of prometheus-client. It moves messages and decides when a cut through all threads is
//! kept; what readings mean is the core's affair ([`pipeline`]), where pieces of state lie is that of [`checkpoints`],
//! and who asks for metrics that of [`web`].
//!
//! Read `command` (what `gridwarden run` does), then `run` (its threads), `kafka` (what a plan says), `log` (the edge to
//! the broker) and `metrics`; `feed` is `gridwarden simulate --brokers`.

mod clock;
mod command;
mod feed;
mod kafka;
mod log;
mod metrics;
mod run;

pub use command::{Run, run};
pub use feed::{Feed, Sent, feed};
pub use kafka::{Exchange, IntervalsFormat, KafkaPlan, MessageFormat};
pub use log::topics::{PARTITIONS, check_name};
pub use log::{ClientSettings, Environment};
