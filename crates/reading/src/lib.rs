//! The vocabulary of Gridwarden: what a meter sends and what the engine makes of it.
//!
//! A [`RawReading`] is what some bytes claimed. [`check`] at the door turns it into a [`Reading`], small and plausible,
//! or gives the reason why not. Readings travel in a [`Batch`]. What comes out of the fleet is an [`Interval`]: whole
//! numbers only, so that no order of arrival can change a bit of it.
//!
//! This crate never knows where a reading came from, and it has no clock: [`EventTime`] is when the meter
//! measured. Read [`raw`], then [`checked`], then [`interval`].
#![no_std]

extern crate alloc;

pub mod batch;
#[cfg(feature = "calendar")]
pub mod calendar;
pub mod checked;
pub mod dictionary;
pub mod event;
pub mod fingerprint;
pub mod id;
pub mod interval;
pub mod issue;
pub mod quantity;
pub mod raw;
pub mod target;
pub mod time;
pub mod wires;

pub use batch::{Arrival, Batch, DeadLetter, Extra, Key, Message, Origin, Span};
#[cfg(feature = "calendar")]
pub use calendar::{Calendar, DayType};
pub use checked::{ABREAST, Abreast, Checked, Draft, Limits, Parts, Reading, check};
pub use dictionary::Dictionary;
pub use event::{Event, EventCode};
pub use fingerprint::Fingerprint;
pub use id::{AreaId, ConcentratorId, FeederId, MeterId, TransformerId};
pub use interval::{Interval, Quality, Sums};
pub use issue::{Issue, Issues, Reason};
pub use raw::{Phases, RawReading};
pub use target::Target;
pub use time::{EventTime, Grid};
pub use wires::{EachPhase, Wire, WireMeans, Wires};

#[cfg(test)]
mod tests;
