//! The commands that have no crate of their own, one module each.

pub mod alerts;
mod asked;
pub mod catalogue;
pub mod check;
pub mod explain;
pub mod gateway;
pub mod lab;
pub mod losses;
pub mod meter;
pub mod outbox;
pub mod send;
pub mod serve;
pub mod silence;
pub mod simulate;
pub mod token;
