//! Numbers with units, as people write them: `20 min`, `0.5 A`, `6.25 %`. An error holds its place in the plan.

use super::error::PlanError;
use reading::quantity::{self, QuantityCause, QuantityError};
use std::ops::Range;
use toml::Spanned;

/// The units of one kind of quantity.
pub(super) struct Units(&'static quantity::Units);

pub(super) const TIME: Units = Units(&quantity::TIME);
pub(super) const VOLTAGE: Units = Units(&quantity::VOLTAGE);
pub(super) const CURRENT: Units = Units(&quantity::CURRENT);
pub(super) const POWER: Units = Units(&quantity::POWER);
pub(super) const ENERGY: Units = Units(&quantity::ENERGY);
pub(super) const SHARE: Units = Units(&quantity::SHARE);

impl Units {
    /// The number in the base unit: ms, V, A, W, Wh, or a share of 1. It must be above zero, or may be zero if `zero`
    /// is set.
    pub(super) fn read(&self, key: &str, written: &Spanned<String>, zero: bool) -> Result<f64, PlanError> {
        let read = self.0.read(key, written.get_ref(), zero);
        read.map_err(|error| misread(&error, written.span()))
    }
}

/// Adds the place in the plan to an error.
fn misread(error: &QuantityError, place: Range<usize>) -> PlanError {
    let code = match error.cause {
        QuantityCause::NoNumber | QuantityCause::Unit => "plan::unit",
        QuantityCause::Negative | QuantityCause::NotAboveZero => "plan::range",
    };
    PlanError::new(code, place, error.to_string(), error.help())
}
