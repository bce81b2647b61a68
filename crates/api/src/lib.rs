//! What `gridwarden serve` answers and does: cases, alerts and messages for people, and their silences and acknowledgements.
//!
//! [`News`] come from a folder of outputs or from topics. The [`Office`] is one loop: it puts news on the [`board`], leads
//! notices to people by the rules of the plan in wall time, keeps to what people decided, and delivers. The routes in
//! [`http`] answer from the board and from the store. What was computed is only in memory, and is read again after a start;
//! what people decided is only in the store, so neither overwrites the other.
//!
//! This crate computes nothing about load, and knows neither Kafka nor files of outputs. Its own part of the house ends
//! where `deliver` sends and stores.
//!
//! Read [`board`] first, then [`office`], then [`http`].

pub mod board;
mod clock;
pub mod directory;
pub mod http;
mod metrics;
pub mod office;

pub use board::{Board, News};
pub use directory::Directory;
pub use http::{Api, Settings, openapi};
pub use office::{Office, OfficeError, Post};

#[cfg(test)]
mod tests;
