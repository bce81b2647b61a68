//! What the system, a feeder, a transformer or a meter will use tomorrow, with quantiles.
//!
//! The method is the seasonal mean: the same local minute of the last few days of the same kind. It needs no
//! training, explains itself, and is the bar that every cleverer model has to beat. A [`SeasonalMean`] keeps 35 days
//! of one target; a [`Horizon`] is the local day to be forecast, laid out once for all targets, right on days of 23
//! and 25 hours.
//!
//! This crate never knows detectors or files. It has no clock: the moment of issue is an argument, and nothing after
//! it is looked at.
//!
//! Read [`SeasonalMean::forecast`] first, then [`Horizon`].

mod horizon;
mod seasonal;
mod student;

pub use horizon::Horizon;
pub use seasonal::{Forecast, KEPT, SeasonalMean};

#[cfg(test)]
mod tests;
