//! Pure kernels: power, current, voltage, load and supply, computed from one interval or from one row of numbers.
//!
//! Every kernel is a small function from whole-number sums to a typed quantity. If the sums are not enough for the
//! quantity, the answer is `None`, and never a zero: a zero would look like a measurement. The [`CATALOGUE`] lists
//! each kernel with its unit, its definition and the source of that definition.
//!
//! This crate never knows how intervals are stored, written or chosen, nor what its numbers are used for. Sums stay
//! whole numbers until the last step, so the order of the readings does not change the result.
//!
//! Read [`power`] first, then [`current`]; [`profile`] holds the kernels over a row of numbers.

pub mod catalogue;
pub mod current;
pub mod power;
pub mod profile;
pub mod supply;
pub mod voltage;

pub use catalogue::{CATALOGUE, Entry};
pub use current::{LoopCurrents, candidate, loop_currents, max_imbalance, mean_current, mean_imbalance};
pub use power::{
    apparent_power, max_power, mean_power, mean_reactive_power, net_energy, power_factor, true_power_factor,
    valid_energy,
};
pub use profile::{
    Learned, Peak, base_load, block_peak, learn, load_factor, load_factor_of, night_share, percentile,
    typical_day, weights,
};
pub use supply::{
    MED_LEAST_DAYS, caidi, maifi, measured_import, med_threshold, moved_while_silent, saidi, saifi,
    voltage_beyond,
};
pub use voltage::{mean_voltage, v_max, v_min, voltage_unbalance};

#[cfg(test)]
mod tests;
