//! Forecasts what the system, a feeder, a transformer or a meter will use tomorrow, with quantiles.
//!
//! The method is the seasonal mean: the same local minute of the last few days of the same type. It needs no
//! training, explains itself, and is the bar that every cleverer model has to pass. A [`SeasonalMean`] keeps 35 days
//! of one target. A [`Horizon`] is the local day to forecast, laid out once for all targets; it is right on days of
//! 23 and 25 hours.
//!
//! This crate never knows detectors or files. It has no clock: the moment of issue is an argument, and what came
//! later is not looked at.
//!
//! Read [`SeasonalMean::forecast`] first, then [`Horizon`].

mod horizon;
mod seasonal;
mod student;

pub use horizon::Horizon;
pub use seasonal::{Forecast, SeasonalMean};

#[cfg(test)]
mod tests;
