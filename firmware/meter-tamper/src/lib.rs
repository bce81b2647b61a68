//! Tamper rules: from what the meter measures every five seconds, and its switches, to events with numbers.
//!
//! Each [`Kind`] is one rule with a number of IS 15959, a size, and two times: how long it has to hold before it
//! occurs, and how long it has to be gone before it is restored. [`Watch`] follows all of them, and decides by which
//! current the meter bills meanwhile.
//!
//! A rule that cannot be judged, because there is no load or no voltage, neither occurs nor is restored. An event is an
//! observation and no accusation: most kinds have innocent causes, and [`Kind::innocent`] names one.
//!
//! Nothing here allocates, reads a clock or cuts a supply. Read [`Kind`] first, then [`Watch`].
#![cfg_attr(not(test), no_std)]

mod kind;
mod rules;
mod watch;

pub use kind::{Code, Kind, Times};
pub use rules::{Limits, Observation};
pub use watch::{Changes, Watch};

#[cfg(test)]
mod tests;
