//! The log: topics of messages in partitions, which the members of a group read in order and producers write.
//!
//! Only this module knows librdkafka. The trait [`Consumer`] is what the engine needs from a member of a group, so that
//! the poller can be tested over a log in memory.
//!
//! Read `consumer` (what a member of a group can do) and `group` (one of Apache Kafka), `positions`, `producer` and
//! `deliveries`, then `client` (the settings of a connection, and their secrets), `broker` (waiting for one), `topics`,
//! `table`, `sender` and `topic`.

mod broker;
mod client;
mod client_log;
mod consumer;
mod deliveries;
mod error;
mod group;
#[cfg(test)]
pub mod memory;
mod positions;
mod producer;
mod reach;
mod sender;
mod table;
mod topic;
pub mod topics;

pub use broker::Broker;
pub use client::{BROKERS, ClientSettings, Connection, Environment, Origin};
pub use consumer::{Change, Consumer, Message, Polled};
pub use deliveries::Deliveries;
pub use error::LogError;
pub use group::{GroupConsumer, Joining};
pub use positions::{Commit, Committed, Membership, Positions};
pub use producer::{NotSent, Producer, Record, Transactions};
pub use reach::end_without_a_broker;
pub use sender::{Packed, Sender, partition_of};
pub use table::{Row, Table};
pub use topic::{NotPut, Topic};
