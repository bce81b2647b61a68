//! Pictures of a load as SVG: its typical days, its duration curve, its year by day and hour, its peaks.
//!
//! A [`Load`] collects the energy of intervals, and [`pictures`] draws it. The numbers come from `features`; this
//! crate adds axes and labels. [`Lines`] draws any lines, such as a forecast with its bands. This crate never knows
//! files, and it does not know whose load it draws.
//!
//! Read [`Load`] first, then one picture, such as `duration.rs`; `chart.rs` holds what all of them have in common.

mod chart;
mod duration;
mod lines;
mod load;
mod peaks;
mod profile;
mod scale;
mod svg;
mod year;

pub use chart::{BLUE, ORANGE};
pub use lines::{Lines, Points};
pub use load::Load;

use reading::Calendar;

/// The names of the pictures.
pub const NAMES: [&str; 4] = ["profile.svg", "duration.svg", "year.svg", "demand.svg"];

/// All pictures of a load, each with its name. An unknown load has none.
pub fn pictures(load: &Load, calendar: &Calendar, whose: &str) -> Vec<(&'static str, String)> {
    if load.is_empty() {
        return Vec::new();
    }
    let drawn = [
        profile::draw(load, calendar, whose),
        duration::draw(load, calendar, whose),
        year::draw(load, calendar, whose),
        peaks::draw(load, calendar, whose),
    ];
    NAMES.into_iter().zip(drawn).collect()
}

#[cfg(test)]
mod tests;
