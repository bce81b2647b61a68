//! What meters deliver: how much of what they should, how late, and with which clock.
//!
//! A [`Book`] counts the readings of each meter by local day, in 12 bytes a meter and 20 bytes a meter and day. When
//! every reading of a day has had 24 hours to arrive, the day of a meter becomes a [`MeterDay`]. If readings are
//! missing by then, it is reported again when it is final. [`Totals`] adds meters up to transformers and
//! concentrators. A [`Cause`] says in words what is wrong, and what to do about it.
//!
//! This crate never knows energy, theft or files. It has no clock: when a reading arrived is an argument.
//!
//! Read [`Book::hear`] first, then [`Book::tick`] and [`Totals`].

mod arrival;
mod book;
mod cause;
mod delivered;
mod rhythm;
mod row;
mod settings;
mod span;
mod state;
mod summary;
mod totals;

pub use arrival::{arrival, runs_ahead};
pub use book::Book;
pub use cause::{Cause, Causes};
pub use delivered::Delivered;
pub use row::{HealthRow, MeterDay, Standing, Sums, Whose};
pub use settings::HealthSettings;
pub use span::date_of;
pub use state::{DaysState, MeterState};
pub use summary::{Advice, Summary};
pub use totals::{Place, Roll, Totals, TotalsState};

#[cfg(test)]
mod tests;
