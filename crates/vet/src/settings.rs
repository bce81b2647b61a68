//! How strict a plan is.

use reading::Grid;
use units::{Milliamperes, Ratio, WattHours, Watts};

/// The settings of all rules that have one and that are about one meter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VetSettings {
    /// The intervals that come.
    pub grid: Grid,
    /// So many milliseconds without import.
    pub zero_run: i64,
    /// A line that is too even.
    pub flat: FlatRule,
    /// An interval that stands out.
    pub spike: SpikeRule,
    /// Days against the load profile, where the plan has one.
    pub day: Option<DayRule>,
    /// Export that no register counts.
    pub reverse: WattHours,
    /// What power and currents may be to each other.
    pub power_factor: PowerFactorRule,
}

/// A line that is too even.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlatRule {
    /// For so many milliseconds.
    pub run: i64,
    /// Within this share of the first,
    pub spread: Ratio,
    /// or within this of it.
    pub floor: WattHours,
}

/// An interval that stands out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpikeRule {
    /// So many times the third-highest.
    pub times: f64,
    /// Below this mean power, nothing stands out.
    pub floor: Watts,
}

/// Days against the load profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayRule {
    /// A share of the usual day.
    pub low: Ratio,
    /// A share of the usual day.
    pub high: Ratio,
    /// A usual day of less is not compared.
    pub floor: WattHours,
}

/// What power and currents may be to each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerFactorRule {
    /// At least.
    pub least: Ratio,
    /// At most.
    pub most: Ratio,
    /// A current below is not asked for the least.
    pub floor: Milliamperes,
}

/// Why rules cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VetSettingsError {
    /// A run of nothing, or of more intervals than are counted.
    ZeroRun,
    /// The same of a flat line.
    FlatRun,
    /// A spike that is lower than what it stands out of.
    Spike,
    /// A low day that is above a high one.
    Day,
    /// A power factor whose least is above its most, or whose most is below 1.
    PowerFactor,
}

/// Intervals of a flat line are counted up to here.
pub(crate) const MOST_FLAT: u16 = (1 << 14) - 1;

impl VetSettings {
    /// Whether they can be.
    pub fn check(&self) -> Result<(), VetSettingsError> {
        let zeros = self.zero_run / self.grid.length();
        if !(1..=i64::from(u16::MAX)).contains(&zeros) {
            return Err(VetSettingsError::ZeroRun);
        }
        // Two are even soon.
        if !(3..=i64::from(MOST_FLAT)).contains(&(self.flat.run / self.grid.length())) {
            return Err(VetSettingsError::FlatRun);
        }
        if !(self.spike.times > 1.0 && self.spike.times <= 1000.0) {
            return Err(VetSettingsError::Spike);
        }
        if self.day.is_some_and(|day| day.low >= Ratio(1.0) || day.high <= Ratio(1.0)) {
            return Err(VetSettingsError::Day);
        }
        let PowerFactorRule { least, most, .. } = self.power_factor;
        if most < Ratio(1.0) || least >= Ratio(1.0) {
            return Err(VetSettingsError::PowerFactor);
        }
        Ok(())
    }
}
