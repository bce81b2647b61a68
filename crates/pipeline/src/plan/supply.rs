//! The section `[supply]` as written.

use super::error::PlanError;
use super::quantity::VOLTAGE;
use super::written::{milliseconds, share};
use ::supply::SupplySettings;
use fleet::Settings;
use reading::time::{DAY, HOUR, SECOND};
use serde::Deserialize;
use toml::Spanned;
use units::{Ratio, Volts};

type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SupplyToml {
    silent_after: Text,
    momentary: Text,
    transformer_share: Text,
    feeder_share: Text,
    low_voltage: Text,
    high_voltage: Text,
    #[serde(default)]
    unbalance: Option<Text>,
}

/// About 3 % by ANSI C84.1, which measures from the mean.
const UNBALANCE: Ratio = Ratio(0.05);

impl SupplyToml {
    pub(super) fn check(&self, intervals: &Settings) -> Result<SupplySettings, PlanError> {
        let grid = intervals.grid;
        let silent_after = milliseconds("silent_after", &self.silent_after, grid.length()..=7 * DAY)?;
        if silent_after % grid.length() != 0 {
            let length = grid.length() / 60_000;
            return Err(PlanError::new(
                "plan::window",
                self.silent_after.span(),
                format!(
                    "`silent_after` must be whole intervals of {length} min, found {}",
                    self.silent_after.get_ref()
                ),
                "try `silent_after = \"2 h\"`",
            ));
        }
        let low_voltage = Volts(VOLTAGE.read("low_voltage", &self.low_voltage, false)?);
        let high_voltage = Volts(VOLTAGE.read("high_voltage", &self.high_voltage, false)?);
        if low_voltage.0 >= high_voltage.0 {
            return Err(PlanError::new(
                "plan::range",
                self.low_voltage.span(),
                format!(
                    "`low_voltage` must be below `high_voltage`, found {} and {}",
                    self.low_voltage.get_ref(),
                    self.high_voltage.get_ref()
                ),
                "try `low_voltage = \"207 V\"` and `high_voltage = \"253 V\"`",
            ));
        }
        Ok(SupplySettings {
            grid,
            grace: intervals.grace,
            longest_gap: intervals.longest_gap,
            silent_after,
            momentary: milliseconds("momentary", &self.momentary, SECOND..=HOUR)?,
            transformer_share: share("transformer_share", &self.transformer_share)?,
            feeder_share: share("feeder_share", &self.feeder_share)?,
            low_voltage,
            high_voltage,
            unbalance: match &self.unbalance {
                Some(unbalance) => share("unbalance", unbalance)?,
                None => UNBALANCE,
            },
            whole: true,
        })
    }
}
