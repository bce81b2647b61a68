//! Forecasts what the system, a feeder, a transformer or a meter will use tomorrow, with quantiles.
//!
//! The method of the running engine is the seasonal mean: the mean of the same local minute on the last few days of the same type. It needs
//! no training, it is easy to explain, and any more complex model has to be better than it. A [`SeasonalMean`] keeps
//! 35 days of one target. A [`Horizon`] is the local day to forecast, laid out once for all targets. Days of 23 and
//! 25 hours have their own number of intervals.
//!
//! This crate never knows detectors or files. It has no clock: the moment of issue is an argument, and energy of
//! later intervals is not used.
//!
//! Models that learn, and forecasts for any horizon, are in [`ahead`]; `gridwarden lab backtest` measures them.
//!
//! Read [`SeasonalMean::forecast`] first, then [`Horizon`], then [`ahead`].

pub mod ahead;
mod horizon;
mod seasonal;
mod student;

pub use horizon::Horizon;
pub use seasonal::{Forecast, SeasonalMean};

#[cfg(test)]
mod tests;
