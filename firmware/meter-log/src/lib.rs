//! What a meter must not forget: energy, load profile, days, billing months, events, settings; in a NOR flash, through
//! power cuts at any instruction.
//!
//! ```text
//! block -> Keeper (when, in which order) -> Log (25 shelves) -> Ring (sectors in turn) -> slot of 64 bytes -> flash
//! ```
//!
//! - A record is acknowledged when it would survive a cut, and from then on until its sector's turn has come again.
//! - Registers are saved every five seconds, and before any record that shows them: energy never goes back.
//! - One wrong bit in a slot is corrected, three are noticed.
//! - Nothing allocates. A write is at most a few program operations; sectors are erased in advance by [`Log::tend`].
//!
//! It never reads a clock, and never erases a flash that is not formatted. It needs a flash that may be written twice
//! (`MultiwriteNorFlash`), as serial NOR flash is; one with error correction of its own is not.
//!
//! # Why not `sequential-storage`
//!
//! It is the crate of the field, and was tried first: `scripts/firmware-power --beside` runs it on the same simulated
//! chip with the same cuts. While a cut ends at a byte, it keeps what it acknowledged. Where a cut ends at any bit, which
//! `embedded-storage` leaves open, it acknowledges values that are gone or older after the next start, and at other
//! starts it refuses to read. Its issue 136 describes one way, open at version 8.0.2. Beside that, it erases within a
//! write, up to 400 ms when the power may be failing, and corrects no bit.
//! `embedded-storage`, the traits of flash drivers, is what we use of it.
//!
//! Read [`Keeper`] first, then [`Log`], then `ring.rs`, which says what a cut can leave behind.
#![cfg_attr(not(test), no_std)]

mod calendar;
mod checksum;
mod error;
mod keeper;
mod layout;
mod log;
mod record;
mod ring;
mod sector;
#[cfg(feature = "sheet")]
pub mod sheet;
mod slot;

pub use calendar::Calendar;
pub use error::Error;
pub use keeper::{Closed, Keeper, Live, Restored, SAVE_BLOCKS};
pub use layout::{Layout, Shelf, Topic};
pub use log::{Log, Usage, Walk};
pub use record::{
    CONFIGURATION_BYTES, Configuration, Constants, Demanded, Energies, Event, Flags, Image, Interval, Record,
    Snapshot,
};
pub use slot::{CONTENT, SLOT};

#[cfg(test)]
mod tests;
