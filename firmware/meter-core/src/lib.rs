//! Metrology in whole numbers: samples of voltage, phase current and neutral current become RMS values, powers,
//! energies, harmonics and pulses.
//!
//! Every sample belongs to exactly one [`Block`] of about a second, and blocks follow one another without a gap: a load
//! that comes and goes is measured while it runs. All arithmetic is integer and of fixed width, so the host, RISC-V and
//! Cortex-M give the same bits. Nothing here allocates, reads a clock or knows a board.
//!
//! ```text
//! Samples -> Acquisition -> Block -> Measured (display, tamper rules, readings)
//!              offset,        |
//!              phase, sums    +----> Registers (import, export, four quadrants) -> Pulses, Demand
//! ```
//!
//! A three-phase meter is three of these side by side, and its registers count the sum of their powers.
//!
//! Read [`Acquisition`] first, then [`Block`], then [`Registers`].
#![cfg_attr(not(test), no_std)]

mod acquisition;
mod arithmetic;
mod block;
mod calibration;
mod correlation;
mod demand;
mod fit;
mod measured;
mod oscillator;
mod phase;
mod pulse;
mod register;
mod spectrum;
mod zero_crossing;

pub use acquisition::{Acquisition, FULL_SCALE, Samples};
pub use block::{Block, Clipped, CurrentSums};
pub use calibration::{CALIBRATION_BYTES, Calibration, Delay, Scale, Unusable};
pub use demand::{Demand, DemandPeriod};
pub use fit::{Reference, fit_gain, fit_noise, fit_phase};
pub use measured::{Measured, MeasuredCurrent, Microamperes, MilliVoltAmperes, PowerFactor};
pub use pulse::Pulses;
pub use register::{BilledBy, Quadrant, Register, Registers};
pub use spectrum::{HIGHEST_HARMONIC, Spectrum};

#[cfg(test)]
mod tests;
