//! The sections `[quality]` and `[estimation]` as written.

use super::error::PlanError;
use super::metering::fits_local_time;
use super::quantity::{CURRENT, ENERGY, POWER, SHARE};
use super::written::{at_least, milliseconds, share};
use reading::time::{DAY, HOUR, MINUTE};
use reading::{Calendar, Grid};
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;
use units::{Milliamperes, Ratio, WattHours, Watts};
use vet::{DayRule, FindingsSettings, FlatRule, PowerFactorRule, SpikeRule, VetSettings, VetSettingsError};

type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EstimationToml {
    linear_up_to: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QualityToml {
    zero_run: Text,
    flat: FlatToml,
    spike: SpikeToml,
    #[serde(default)]
    day: Option<Spanned<DayToml>>,
    reverse: Text,
    power_factor: PowerFactorToml,
    #[serde(default)]
    town: Option<TownToml>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlatToml {
    run: Text,
    spread: Text,
    floor: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpikeToml {
    times: Spanned<f64>,
    floor: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DayToml {
    low: Text,
    high: Text,
    floor: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PowerFactorToml {
    least: Text,
    most: Text,
    floor: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TownToml {
    sanctioned: Text,
    inactive: Text,
    group_sum: Text,
    multiplier_days: Spanned<u32>,
}

/// Other sections of the plan that both sections depend on.
pub(super) struct Rest<'a> {
    pub grid: Grid,
    pub calendar: &'a Calendar,
    /// The place where the length of intervals is written.
    pub length: Range<usize>,
    /// Whether the plan has load profiles.
    pub has_profiles: bool,
}

impl EstimationToml {
    /// Up to so many milliseconds of silence, energy is spread evenly.
    pub(super) fn check(self, rest: &Rest<'_>) -> Result<i64, PlanError> {
        needs_profiles("estimation", self.linear_up_to.span(), rest)?;
        milliseconds("linear_up_to", &self.linear_up_to, 0..=366 * DAY)
    }
}

impl QualityToml {
    pub(super) fn check(self, rest: &Rest<'_>) -> Result<(VetSettings, Option<FindingsSettings>), PlanError> {
        fits_local_time(rest.grid, rest.calendar, rest.length.clone(), "the rules of `[quality]`")?;
        let day = match &self.day {
            None => None,
            Some(day) => {
                needs_profiles("quality.day", day.span(), rest)?;
                let day = day.get_ref();
                Some(DayRule {
                    low: Ratio(SHARE.read("low", &day.low, true)?),
                    high: Ratio(SHARE.read("high", &day.high, false)?),
                    floor: WattHours(ENERGY.read("floor", &day.floor, true)? as i64),
                })
            }
        };
        let rules = VetSettings {
            grid: rest.grid,
            zero_run: milliseconds("zero_run", &self.zero_run, HOUR..=366 * DAY)?,
            flat: FlatRule {
                run: milliseconds("run", &self.flat.run, MINUTE..=366 * DAY)?,
                spread: share("spread", &self.flat.spread)?,
                floor: WattHours(ENERGY.read("floor", &self.flat.floor, true)? as i64),
            },
            spike: SpikeRule {
                times: *self.spike.times.get_ref(),
                floor: Watts(POWER.read("floor", &self.spike.floor, true)?),
            },
            day,
            reverse: WattHours(ENERGY.read("reverse", &self.reverse, false)? as i64),
            power_factor: PowerFactorRule {
                least: Ratio(SHARE.read("least", &self.power_factor.least, true)?),
                most: Ratio(SHARE.read("most", &self.power_factor.most, false)?),
                floor: Milliamperes((CURRENT.read("floor", &self.power_factor.floor, true)? * 1000.0) as i32),
            },
        };
        rules.check().map_err(|error| self.as_plan_error(error))?;
        Ok((rules, self.town.as_ref().map(TownToml::check).transpose()?))
    }

    fn as_plan_error(&self, error: VetSettingsError) -> PlanError {
        let (at, problem, help) = match error {
            VetSettingsError::ZeroRun => {
                (self.zero_run.span(), "`zero_run` must be 1 to 65535 intervals", "try `zero_run = \"3 d\"`")
            }
            VetSettingsError::FlatRun => {
                (self.flat.run.span(), "`run` must be 3 to 16383 intervals", "try `run = \"24 h\"`")
            }
            VetSettingsError::Spike => {
                (self.spike.times.span(), "`times` must be above 1, and at most 1000", "try `times = 3.0`")
            }
            VetSettingsError::Day => (
                self.day.as_ref().map_or(0..0, Spanned::span),
                "a low day must be below 100 % of a usual one, and a high one above",
                "try `low = \"5 %\", high = \"400 %\"`",
            ),
            VetSettingsError::PowerFactor => (
                self.power_factor.least.span(),
                "a power factor is at most 1: `least` must be below 100 %, and `most`, with room for errors, not",
                "try `least = \"20 %\", most = \"120 %\"`",
            ),
        };
        PlanError::new("plan::range", at, problem.to_owned(), help)
    }
}

impl TownToml {
    fn check(&self) -> Result<FindingsSettings, PlanError> {
        Ok(FindingsSettings {
            sanctioned: Ratio(SHARE.read("sanctioned", &self.sanctioned, false)?),
            inactive: WattHours(ENERGY.read("inactive", &self.inactive, true)? as i64),
            group_sum: share("group_sum", &self.group_sum)?,
            multiplier_days: at_least("multiplier_days", &self.multiplier_days, 1)?,
        })
    }
}

fn needs_profiles(section: &str, at: Range<usize>, rest: &Rest<'_>) -> Result<(), PlanError> {
    if rest.has_profiles {
        return Ok(());
    }
    let problem =
        format!("`{section}` asks what a meter usually uses, and the plan has no section `[profiles]`");
    Err(PlanError::new(
        "plan::missing",
        at,
        problem,
        "add `[profiles]` with `slot` and `half_life` as in pipelines/demo.toml",
    ))
}
