//! A town whose low-voltage network has physics: the voltage at a meter follows the currents of its own house and of
//! its neighbours, and a transformer supplies what its consumers use and what its lines lose.
//!
//! In the older [`Town`](crate::Town) each home's values are drawn by themselves. Here a theft or an innocent cause is a
//! change of currents, voltages, loads, wires or index cards, and the meter sees what follows from it; no reading has
//! a label. [`Kind`] lists them: name, sentence and effect side by side.
//!
//! Read `kind` first, then `network` (the physics), `consumer` (a house and its meter), and `messages`.

mod account;
mod appliance;
mod consumer;
mod deal;
mod firmware;
mod kind;
mod load;
mod messages;
mod meter;
mod network;
mod phasor;
mod roof;
mod settings;
mod story;
mod town;
mod transformer;
mod truth;

pub use kind::Kind;
pub use messages::LvMessages;
pub use settings::{LvSettings, LvSettingsError};
pub use town::LvTown;
pub use truth::{LvTruth, write_lv_truth_csv};
