//! Seeded towns: households, solar roofs, network voltages, tampering and outages with their truth, and faults of
//! messages and meters.
//!
//! [`Settings`] say how large a town is and what goes wrong in it. [`Town`] is that town: its topology, the truth
//! about every unusual meter, and every message that its meters send, in the order of arrival. The same settings give
//! the same messages on every machine: each meter has random numbers of its own, and only arithmetic is used that is
//! the same everywhere, so no sine of a library.
//!
//! [`lv::LvTown`] is a town of another sort: its low-voltage network has physics, so that voltages, losses and balances
//! follow from what everybody draws, and from what somebody hides.
//!
//! This crate never knows detectors or their thresholds: which meters are found is not its question.
//! It has no clock, no thread and no environment; the code that iterates [`Messages`] decides how fast time goes.
//!
//! Read [`settings`] first, then [`town`], then [`messages`]. Tests of other crates start with [`picture`].

mod blackout;
mod consumer;
pub mod csv;
pub mod faults;
mod household;
pub mod lv;
pub mod messages;
mod meter;
mod network;
pub mod picture;
mod random;
mod road;
mod seats;
pub mod settings;
mod step;
mod tamper;
pub mod town;
pub mod truth;
mod weather;

pub use csv::{write_outages_csv, write_topology_csv, write_truth_csv};
pub use faults::Faults;
pub use lv::{LvSettings, LvTown};
pub use messages::{Message, Messages};
pub use settings::{Settings, SettingsError};
pub use town::{Class, Connection, Role, Town};
pub use truth::{Kind, Outage, Truth};
