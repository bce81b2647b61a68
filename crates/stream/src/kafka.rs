//! The edge to Apache Kafka: what a plan and the environment say about it, a broker to talk to, its topics.
//!
//! Read `settings` (a plan's own sections), then `client` (the settings of the connection, and their secrets), then
//! `broker` (waiting for one), `telling` (what librdkafka has to say) and `topics`.

mod broker;
mod client;
mod settings;
mod telling;
pub mod topics;
mod written;

pub use broker::{Broker, create};
pub use client::{ClientSettings, Environment, set_unless_said};
pub use settings::{Exchange, IntervalsFormat, KafkaPlan, MessageFormat};
pub use telling::Telling;
