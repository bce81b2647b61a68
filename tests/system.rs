//! Tests of the whole system: the program over files, as users run it, and the core behind it.
//!
//! - `dependency_table` compares ARCHITECTURE.md with the manifests.
//! - `j1` and `energy` compute the same results as the program, in a slow and simple way.
//! - `properties`, `lanes` and `districts` run the core: batches, orders, stops and crashes of any kind change nothing.
//! - `thieves` checks in seeded towns that all tampered meters are found and no others; `quality` does so for faults
//!   of data, and `supply` for outages.
//! - `routes` checks who hears of the outages and suspicions of a town.
//! - `losses` checks balances and losses of meters that deliver late.
//! - `places` checks that names of places in any script change nothing but the names.
//! - `dead_letters` replays dead letters: they come out as if they had never been dead.
//! - `golden` runs small files with every oddity. `UPDATE_EXPECT=1` rewrites the expected results; then read the diff.
//!
//! Longer forms of the same checks are ignored tests: `cargo test --release -p system-tests -- --ignored`.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod csv;
mod dead_letters;
mod dependency_table;
mod districts;
mod docs;
mod energy;
mod golden;
mod intervals;
mod j1;
mod lanes;
mod losses;
mod numbers;
mod parts;
mod places;
mod program;
mod properties;
mod quality;
mod routes;
mod supply;
mod table;
mod thieves;
mod towns;
