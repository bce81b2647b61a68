//! Trials of the meter on synthetic mains: accuracy beside other meters' arithmetic, on the same samples; what tamper
//! rules notice; what its log remembers through power cuts; and what its line refuses.
//!
//! [`Lab`] calibrates a meter and its rivals on one converter as a test bench does, then runs waves through all of
//! them. [`points`] are the tests of the standards with their limits. Nothing here runs on the meter.

mod lab;
mod ours;
pub mod points;
pub mod power;
mod rivals;
pub mod tampering;
pub mod wire;

pub use lab::{Errors, Lab, Wave};
pub use ours::Ours;
pub use rivals::{Rival, RivalKind};

#[cfg(test)]
mod tests;
