//! The limits of rules about one meter.

use reading::Grid;
use units::{Milliamperes, Ratio, WattHours, Watts};

/// The limits of the rules that look at one meter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VetSettings {
    /// The grid of intervals.
    pub grid: Grid,
    /// How long nothing is imported until it is a run of zeros, ms.
    pub zero_run: i64,
    /// When energies are too even.
    pub flat: FlatRule,
    /// When an interval stands out.
    pub spike: SpikeRule,
    /// When a day differs from the load profile, if the plan has profiles.
    pub day: Option<DayRule>,
    /// The export of an interval by its power, if no export register moved, above which the meter is connected the
    /// wrong way round.
    pub reverse: WattHours,
    /// Which power factors are plausible.
    pub power_factor: PowerFactorRule,
}

/// When the energies of a meter are too even.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlatRule {
    /// How long they stay near the first of them, ms.
    pub run: i64,
    /// Near is within this share of the first,
    pub spread: Ratio,
    /// or within this energy of it.
    pub floor: WattHours,
}

/// When an interval stands out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpikeRule {
    /// Its energy is more than so many times the third-highest of the last weeks.
    pub times: f64,
    /// And its mean power is above this.
    pub floor: Watts,
}

/// When a day differs from the load profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayRule {
    /// It uses less than this share of what the profile expects.
    pub low: Ratio,
    /// It uses more than this share of it.
    pub high: Ratio,
    /// A day of which less than this is expected is not compared.
    pub floor: WattHours,
}

/// Which power factors are plausible: active power over voltage times current.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerFactorRule {
    /// The lowest.
    pub least: Ratio,
    /// The highest. Rounded readings can give slightly more than 1.
    pub most: Ratio,
    /// Below this current there is no lowest: idle devices draw mostly reactive power.
    pub floor: Milliamperes,
}

/// Why limits are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VetSettingsError {
    /// A run of zeros of no interval, or of more intervals than are counted.
    ZeroRun,
    /// A flat run of fewer than three intervals, or of more than are counted.
    FlatRun,
    /// A spike that is no higher than what it is compared with, or more than a thousand times as high.
    Spike,
    /// A limit for low days of 100 % or more, or a limit for high days of 100 % or less: usual days would meet them.
    Day,
    /// A lowest power factor of 1 or more, or a highest below 1.
    PowerFactor,
}

/// Intervals of a flat run are counted up to here: the two bits above count Mondays.
pub(crate) const MOST_FLAT: u16 = (1 << 14) - 1;

impl VetSettings {
    /// Whether they make sense together.
    pub fn check(&self) -> Result<(), VetSettingsError> {
        let zeros = self.zero_run / self.grid.length();
        if !(1..=i64::from(u16::MAX)).contains(&zeros) {
            return Err(VetSettingsError::ZeroRun);
        }
        // Two equal energies in a row are nothing unusual.
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
