//! The whole system, as its users meet it: the program over files, and the core behind it.
//!
//! `dependency_table` holds the text of ARCHITECTURE.md against the manifests. `j1` and `energy` compute slowly what
//! the program computes fast. `properties` drives the core alone: any cut, any order inside the grace, any stop.
//! `thieves` asks of seeded towns that the tampered meters are found, and nobody else; `quality` the same of data that is
//! odd, `supply` of outages. `golden` runs small files with
//! everything odd in them; `UPDATE_EXPECT=1` rewrites what is expected of them, and then the diff is to be read.
//!
//! Long forms of the same claims are ignored tests: `cargo test --release -p system-tests -- --ignored`.
#![expect(clippy::unwrap_used, reason = "what a test cannot go on without has failed it")]

mod dependency_table;
mod districts;
mod docs;
mod energy;
mod golden;
mod intervals;
mod j1;
mod lanes;
mod numbers;
mod parts;
mod program;
mod properties;
mod quality;
mod supply;
mod table;
mod thieves;
mod towns;
