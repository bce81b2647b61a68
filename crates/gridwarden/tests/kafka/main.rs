//! The promises of `gridwarden run`, checked on a real broker. A run is killed at any moment, instances come and go,
//! the broker restarts, the disk is full: in the end the topics of results must hold the same as after a run without
//! any of this. `scripts/kafka-suite` starts a broker and runs these checks; `cargo test` alone skips them.
//!
//! Read `bench` first, then the checks: `kills`, `instances`, `outages`, `skew`, `wrong_use`, `resend`.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod bench;
mod brokers;
mod contents;
mod plan;
mod process;
mod random;
mod topics;

mod instances;
mod kills;
mod outages;
mod resend;
mod skew;
mod wrong_use;
