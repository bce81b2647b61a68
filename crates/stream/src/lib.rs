//! The streaming engine on Kafka: it reads readings from topics, writes results to topics, and keeps its state in a
//! store of checkpoints.
//!
//! This is the home of rdkafka and of prometheus-client. The crate moves messages, and decides when all threads store
//! their state together. It does not know what a reading means ([`pipeline`] does), in which files state is stored
//! ([`checkpoints`]), or how metrics are served ([`web`]).
//!
//! Read `command` (what `gridwarden run` does), then `run` (its threads), `kafka` (the sections of a plan about Kafka),
//! `log` (the edge to the broker) and `metrics`; `feed` is `gridwarden simulate --brokers`, `resend` is the command of
//! that name, `follow` is what `gridwarden serve` reads, a [`Topic`] is what its messages to programs
//! go to, and [`Readings`] what a gateway writes.

mod clock;
mod command;
mod feed;
mod follow;
mod kafka;
mod log;
mod metrics;
mod readings;
mod resend;
mod run;
mod topology;
mod trace;

pub use command::{Run, run};
pub use feed::{Feed, Sent, feed};
pub use follow::{Came, Follow, Followed};
pub use kafka::{Exchange, IntervalsFormat, KafkaPlan, MessageFormat};
pub use log::topics::{PARTITIONS, check_name};
pub use log::{ClientSettings, Environment, NotPut, Topic};
pub use readings::Readings;
pub use resend::{Resend, resend};
pub use topology::Source as TopologySource;
