//! What `gridwarden run` promises, on a real broker: killed at any moment, with instances that come and go, over a broker
//! that restarts and a disk that is full, the topics of results hold in the end what they hold of a run without any of
//! it. `scripts/kafka-suite` starts a broker and runs all of this; `cargo test` alone passes it over.
//!
//! Read `bench` first, then the checks: `kills`, `instances`, `outages`, `skew`, `wrong_use`.
#![expect(clippy::unwrap_used, reason = "what a test cannot go on without has failed it")]

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
mod skew;
mod wrong_use;
