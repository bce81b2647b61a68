//! Physical quantities as types, so that wrong units do not compile.
//!
//! Two families. What a meter **measured** is a whole number of thousandths ([`Millivolts`], [`Milliamperes`],
//! [`Milliwatts`], [`Millivars`]): sums of whole numbers do not depend on their order, and the engine promises the
//! same answer for any order of arrival. Energy is a whole number of [`WattHours`]: a 32-bit float stops counting
//! single watt-hours at 16.8 MWh. What the engine **computed** from those is a float ([`Watts`], [`Vars`],
//! [`VoltAmperes`], [`Volts`], [`Amperes`], [`Ratio`]).
//!
//! This crate never knows meters, time or text. Read [`Watts`] first, then [`Milliwatts`].
#![no_std]

mod computed;
mod measured;

pub use computed::{Amperes, Ratio, Vars, VoltAmperes, Volts, Watts};
pub use measured::{
    Milliamperes, Millihertz, Millivars, Millivolts, Milliwatts, VarHours, VoltAmpereHours, WattHours,
};

#[cfg(test)]
mod tests;
