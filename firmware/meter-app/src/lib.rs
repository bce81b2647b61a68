//! The meter: samples in; readings, events and a relay out. It joins metrology, tamper rules, log and line.
//!
//! ```text
//! samples -> push -> Block, about a second -> block: registers, demand, log
//!                                 five of them -> tamper rules, relay, a live reading
//!                                 an interval  -> a reading of registers, until a receipt says that it is kept
//! bytes   -> hear -> commands -> relay, limit, credit, clock      speak -> bytes
//! ```
//!
//! - A board calls [`Meter::push`] with each sample set and [`Meter::block`] with each block that this gives; it puts
//!   the relay where [`Meter::relay_closed`] says, and hands the line's bytes over in both directions.
//! - The relay has [`Reason`]s to be open. It is closed when none is left.
//! - Credit is a reading of the import register: neither a power cut nor a message sent twice changes it, and it needs
//!   no network.
//! - What flash does not take stops no counting: it is a [`Fault`] that the display shows.
//!
//! There is no clock, no socket and no pin here: time is an argument. Read [`Meter`] first, then [`Supply`].
#![cfg_attr(not(test), no_std)]

mod commands;
mod display;
mod meter;
mod outbox;
mod settings;
mod start;
mod supply;

pub use display::{Display, PAGES, WIDTH};
pub use meter::{Done, Fault, Meter, Switches};
pub use settings::Settings;
pub use start::{Identity, NotStarted, prepare};
pub use supply::{Reason, Seen, Supply};

#[cfg(test)]
mod tests;
