//! Forecasts for any horizon from a table of load, weather and holidays, with models that learn.
//!
//! A [`Table`] is a target. A [`Known`] is the same as it was known at a moment, and models see nothing
//! else. A [`Lattice`] is the daily origins at one time of day: along it models are fitted and judged. A [`Target`]
//! joins all of this and gives a [`Forecast`], whose [`Scenarios`] hold every quantile and every probability.

mod inputs;
mod known;
mod lattice;
mod models;
mod moments;
mod overload;
mod reconcile;
mod ridge;
mod rolling;
mod scale;
mod scenarios;
mod sights;
mod solve;
mod table;
mod target;
mod trees;
mod weeks;
mod years;

pub use known::Known;
pub use lattice::Lattice;
pub use models::Model;
pub use moments::{Moment, moment};
pub use overload::{DayRisk, Peak};
pub use reconcile::{TotalErrors, parts};
pub use scenarios::{Scenarios, pinball};
pub use table::{Column, DAY, Grid, Sight, Table, is_number};
pub use target::{Forecast, Target};

#[cfg(test)]
mod tests;
