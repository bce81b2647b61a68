//! Mains on demand: what a meter's converter would read of a grid, of loads and of tampering with the wires.
//!
//! Everything is a function of time and a seed, in 64-bit floats: [`Mains`] gives the voltage, [`Appliance`]s the
//! current, [`Wiring`] what of both reaches the meter, and a [`Converter`] makes [`Samples`](meter_core::Samples) of
//! it. A [`Bench`] joins them and integrates the true energy of the waves before they are quantised, and
//! [`calibrate`] finds the constants of a meter on a converter.
//!
//! This crate runs on the host alone and never knows what a meter does with its blocks. Read [`Bench`] first.

mod appliance;
mod bench;
mod calibrate;
mod converter;
mod mains;
mod random;
mod wiring;

pub use appliance::{Appliance, Load, Schedule};
pub use bench::{Bench, Truth};
pub use calibrate::calibrate;
pub use converter::{Converter, Kind};
pub use mains::{Disturbance, Harmonic, Mains};
pub use random::Random;
pub use wiring::Wiring;

#[cfg(test)]
mod tests;
