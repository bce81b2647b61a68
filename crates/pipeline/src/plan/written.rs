//! The plan as written: every key that the core knows, with its type.

use super::compression::OutputToml;
use super::detectors::DetectorsToml;
use super::error::PlanError;
use super::groups::{self, GroupsToml, SanctionedToml};
use super::index::IndexToml;
use super::metering::{self, DemandToml, PowerFactorToml, ProfilesToml};
use super::quality::{EstimationToml, QualityToml, Rest};
use super::quantity::{CURRENT, ENERGY, POWER, SHARE, TIME, Units, VOLTAGE};
use super::registers::RegistersToml;
use super::routes::{InhibitToml, ReceiverToml, RegisteredToml, RouteToml, RoutesToml, TemplateToml};
use super::section::{self, Section};
use super::supply::SupplyToml;
use super::{Candidate, ForecastPlan, Plan};
use fleet::{CrossCheck, Energy, RegisterRules, SequencerSettings, Settings};
use health::HealthSettings;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use notify::desk::Kind;
use notify::{Channel, ChannelRule};
use reading::quantity::amperes;
use reading::time::{DAY, HOUR, MINUTE, SECOND};
use reading::{Calendar, Grid, Limits, Sums};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeSet;
use toml::Spanned;
use units::{Amperes, Milliamperes, Millivolts, Milliwatts, Ratio, WattHours};

type Text = Spanned<String>;

macro_rules! plan {
    ($($channel:ident: $Channel:ident,)*) => {
        /// A plan as it is written in TOML. The shell reads the sections that belong to it: `gateway`,
        /// `kafka`, `grid`, `checkpoints`, and most of `output`.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct PlanToml {
            name: Text,
            #[serde(default)]
            time_zone: Option<Text>,
            #[serde(default)]
            holidays: Vec<Text>,
            intervals: IntervalsToml,
            limits: LimitsToml,
            #[serde(default)]
            registers: Option<RegistersToml>,
            #[serde(default)]
            profiles: Option<ProfilesToml>,
            #[serde(default)]
            demand: Option<DemandToml>,
            #[serde(default)]
            power_factor: Option<PowerFactorToml>,
            #[serde(default)]
            groups: Option<GroupsToml>,
            #[serde(default)]
            sanctioned: Option<SanctionedToml>,
            #[serde(default)]
            estimation: Option<EstimationToml>,
            #[serde(default)]
            quality: Option<QualityToml>,
            #[serde(default)]
            supply: Option<SupplyToml>,
            #[serde(default)]
            balance: bool,
            #[serde(default)]
            index: Option<IndexToml>,
            #[serde(default)]
            health: Option<HealthToml>,
            #[serde(default)]
            forecast: Option<ForecastToml>,
            #[serde(default)]
            detectors: DetectorsToml,
            #[serde(default)]
            cases: Option<CasesToml>,
            $(#[serde(default)]
            $channel: Option<Spanned<Section>>,)*
            #[serde(default, rename = "receiver")]
            receivers: Vec<Spanned<ReceiverToml>>,
            #[serde(default, rename = "route")]
            routes: Vec<Spanned<RouteToml>>,
            #[serde(default, rename = "inhibit")]
            inhibits: Vec<InhibitToml>,
            #[serde(default, rename = "template")]
            templates: Vec<TemplateToml>,
            #[serde(default, rename = "registered")]
            registered: Vec<RegisteredToml>,
            #[serde(default)]
            output: OutputToml,
            #[serde(default, rename = "gateway")]
            _gateways: Option<IgnoredAny>,
            #[serde(default, rename = "answers")]
            _answers: Option<IgnoredAny>,
            #[serde(default, rename = "kafka")]
            _kafka: Option<IgnoredAny>,
            #[serde(default, rename = "grid")]
            _grid: Option<IgnoredAny>,
            #[serde(default, rename = "checkpoints")]
            _checkpoints: Option<IgnoredAny>,
        }

        impl PlanToml {
            /// The settings of the channels that have a section.
            fn channels(&self) -> Result<Vec<ChannelRule>, PlanError> {
                let mut channels = Vec::new();
                $(if let Some(section) = &self.$channel {
                    channels.push(section::read(section, |keys| ChannelRule::read(Channel::$Channel, keys))?);
                })*
                Ok(channels)
            }
        }
    };
}

// Each channel has a section.
notify::each_channel!(plan);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IntervalsToml {
    length: Text,
    grace: Text,
    clock_ahead: Text,
    most_waiting: Spanned<u32>,
    longest_gap: Text,
    #[serde(default)]
    snap: Option<Text>,
    #[serde(default)]
    final_after: Option<Text>,
    energy: Text,
    #[serde(default)]
    cross_check: Option<CrossCheckToml>,
    #[serde(default)]
    pf_true: bool,
    #[serde(default)]
    unbalance: bool,
    #[serde(default)]
    candidate: Option<CandidateToml>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CrossCheckToml {
    share: Text,
    floor: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CandidateToml {
    share: Text,
    floor: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsToml {
    voltage: Text,
    current: Text,
    power: Text,
}

/// As many readings of closed ticks are a long backlog. The intervals that they open take some megabytes.
const BACKLOG: u32 = 65_536;

/// A section without keys: everything that it needs stands in `[intervals]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HealthToml {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ForecastToml {
    quantiles: Spanned<Vec<f64>>,
    transformers: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CasesToml {
    cool_down: Text,
    follow_within: Text,
    most_open: Spanned<u32>,
    #[serde(default)]
    settle: Option<Text>,
}

impl PlanToml {
    /// Reads the text. Unknown keys are errors.
    pub fn read(text: &str) -> Result<Self, PlanError> {
        toml::from_str(text).map_err(|error| PlanError::toml(&error))
    }

    /// Checks the plan, and converts its text into units, ids and ranges.
    pub fn check(self) -> Result<Plan, PlanError> {
        let channels = self.channels()?;
        let calendar = calendar(self.time_zone.as_ref(), &self.holidays)?;
        let limits = self.limits.check()?;
        let (registers, most_power) = match self.registers {
            Some(registers) => registers.check(&limits)?,
            None => RegistersToml::absent(&limits),
        };
        let length = self.intervals.length.span();
        let IntervalsToml { pf_true, unbalance, ref final_after, .. } = self.intervals;
        let final_after = final_after.clone();
        let (intervals, order, candidate) = self.intervals.check(registers)?;
        let final_after = match final_after {
            Some(final_after) => milliseconds("final_after", &final_after, 0..=31 * DAY)?,
            None => 0,
        };
        let detectors = self.detectors.check()?;
        let settle = match self.cases.as_ref().and_then(|cases| cases.settle.as_ref()) {
            Some(settle) => milliseconds("settle", settle, 0..=31 * DAY)?,
            None => final_after,
        };
        let cases = self.cases.map(|cases| cases.check()).transpose()?;
        if !detectors.is_empty() && cases.is_none() {
            return Err(PlanError {
                code: "plan::missing",
                problem: "a plan with detectors needs a section `[cases]`".to_owned(),
                help: Some("add `[cases]` with `cool_down`, `follow_within` and `most_open` as in pipelines/demo.toml".to_owned()),
                span: None,
            });
        }
        let has_profiles = self.profiles.is_some();
        let rest = Rest { grid: intervals.grid, calendar: &calendar, length: length.clone(), has_profiles };
        let has_demand = self.demand.is_some();
        let (groups, above_sanctioned) = groups::check(self.groups, self.sanctioned, has_demand)?;
        let metering = metering::check(
            self.profiles,
            self.demand,
            self.power_factor,
            intervals.grid,
            &calendar,
            length.clone(),
        )?;
        let sources = [
            (Kind::Suspicion, !detectors.is_empty(), "a section `[detectors.NAME]` with `[cases]`"),
            (Kind::AboveSanctioned, above_sanctioned.is_some(), "`[sanctioned]` with `[demand]`"),
            (Kind::Outage, self.supply.is_some(), "`[supply]`"),
        ];
        let routes = RoutesToml {
            receivers: self.receivers,
            routes: self.routes,
            inhibits: self.inhibits,
            templates: self.templates,
            registered: self.registered,
        };
        let desk = routes.check(&sources)?;
        let quality = self.quality.map(|quality| quality.check(&rest)).transpose()?;
        Ok(Plan {
            name: self.name.into_inner(),
            groups,
            above_sanctioned,
            metering,
            linear_up_to: self.estimation.map(|estimation| estimation.check(&rest)).transpose()?,
            quality: quality.map(|(rules, _)| rules),
            town_rules: quality.and_then(|(_, rules)| rules),
            supply: self.supply.map(|supply| supply.check(&intervals)).transpose()?,
            index: self
                .index
                .map(|index| index.check(intervals.grid, &calendar, length.clone()))
                .transpose()?,
            health: self.health.map(|HealthToml {}| HealthSettings {
                grid: intervals.grid,
                snap: intervals.snap,
                calendar: calendar.clone(),
                grace: intervals.grace,
                final_after,
                whole_town: true,
            }),
            calendar,
            limits,
            most_power,
            intervals,
            order,
            pf_true,
            unbalance,
            candidate,
            balance: self.balance,
            final_after,
            whole_town: true,
            forecast: self.forecast.map(ForecastToml::check).transpose()?,
            detectors,
            cases,
            settle,
            channels,
            desk,
            compression: self.output.check()?,
        })
    }
}

impl IntervalsToml {
    fn check(
        self,
        registers: RegisterRules,
    ) -> Result<(Settings, SequencerSettings, Option<Candidate>), PlanError> {
        let length = milliseconds("length", &self.length, MINUTE..=HOUR)?;
        let Some(grid) = Grid::new(length).filter(|_| length % MINUTE == 0) else {
            return Err(PlanError::new(
                "plan::window",
                self.length.span(),
                format!(
                    "`length` must be whole minutes that divide an hour, found {}",
                    self.length.get_ref()
                ),
                "try `length = \"15 min\"`, \"30 min\" or \"60 min\"",
            ));
        };
        let grace = milliseconds("grace", &self.grace, SECOND..=7 * DAY)?;
        let ahead = milliseconds("clock_ahead", &self.clock_ahead, MINUTE..=7 * DAY)?;
        let energy = match self.energy.get_ref().as_str() {
            "registers" => Energy::Registers,
            "power" => Energy::Power,
            "both" => Energy::Both,
            other => {
                return Err(PlanError::new(
                    "plan::choice",
                    self.energy.span(),
                    format!("`energy` must be \"registers\", \"power\" or \"both\", found \"{other}\""),
                    "try `energy = \"both\"`",
                ));
            }
        };
        let cross_check = match &self.cross_check {
            Some(cross) => Some(CrossCheck {
                share: share("share", &cross.share)?.0,
                floor: WattHours(ENERGY.read("floor", &cross.floor, true)? as i64),
            }),
            None => None,
        };
        let candidate = match &self.candidate {
            Some(candidate) => Some(Candidate {
                share: share("share", &candidate.share)?,
                floor: Amperes(CURRENT.read("floor", &candidate.floor, true)?),
            }),
            None => None,
        };
        let snap = match &self.snap {
            Some(snap) => milliseconds("snap", snap, 0..=length / 4)?,
            None => 0,
        };
        let settings = Settings {
            grid,
            grace,
            snap,
            energy,
            cross_check,
            longest_gap: milliseconds("longest_gap", &self.longest_gap, length..=366 * DAY)?,
            registers,
        };
        let most_waiting = at_least("most_waiting", &self.most_waiting, 100)? as usize;
        Ok((settings, SequencerSettings { grid, grace, ahead, most_waiting, backlog: BACKLOG }, candidate))
    }
}

impl LimitsToml {
    fn check(&self) -> Result<Limits, PlanError> {
        let most = f64::from(Sums::MOST_CURRENT.0) / 1000.0;
        let i_max = within(&CURRENT, "current", &self.current, most, &amperes(most))?;
        let v_max = within(&VOLTAGE, "voltage", &self.voltage, 1e6, "1000 kV")?;
        let p_max = within(&POWER, "power", &self.power, 1e9, "1000 MW")?;
        Ok(Limits {
            v_max: Millivolts((v_max * 1000.0) as i32),
            i_max: Milliamperes((i_max * 1000.0) as i32),
            p_max: Milliwatts((p_max * 1000.0) as i64),
        })
    }
}

impl ForecastToml {
    fn check(self) -> Result<ForecastPlan, PlanError> {
        let span = self.quantiles.span();
        let quantiles = self.quantiles.into_inner();
        let ascending = quantiles.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || quantiles.iter().any(|q| !(*q > 0.0 && *q < 1.0)) || quantiles.len() > 99 {
            return Err(PlanError::new(
                "plan::range",
                span,
                "`quantiles` must ascend and lie between 0 and 1".to_owned(),
                "try `quantiles = [0.1, 0.5, 0.9]`",
            ));
        }
        Ok(ForecastPlan { quantiles, town: true, transformers: self.transformers })
    }
}

impl CasesToml {
    fn check(&self) -> Result<cases::CaseRules, PlanError> {
        let cool_down = milliseconds("cool_down", &self.cool_down, HOUR..=366 * DAY)?;
        let follow_within = milliseconds("follow_within", &self.follow_within, 0..=366 * DAY)?;
        cases::CaseRules::new(cool_down, follow_within, at_least("most_open", &self.most_open, 1)?).map_err(
            |error| {
                PlanError::new(
                    "plan::range",
                    self.cool_down.span(),
                    error.to_string(),
                    "see `[cases]` of pipelines/demo.toml",
                )
            },
        )
    }
}

fn calendar(zone: Option<&Text>, holidays: &[Text]) -> Result<Calendar, PlanError> {
    let zone = match zone {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name.get_ref()).map_err(|_| {
            PlanError::new(
                "plan::zone",
                name.span(),
                format!("`time_zone` names no zone of the tz database: \"{}\"", name.get_ref()),
                "try `time_zone = \"Asia/Kolkata\"` or \"UTC\"",
            )
        })?,
    };
    let mut days = BTreeSet::new();
    for day in holidays {
        let date: Date = day.get_ref().parse().map_err(|_| {
            let problem = format!("`holidays` holds \"{}\", which is no date", day.get_ref());
            PlanError::new("plan::date", day.span(), problem, "write dates like \"2024-01-26\"")
        })?;
        days.insert(date);
    }
    Ok(Calendar::new(zone, days))
}

/// Reads a duration such as `20 min`, checks its range, and returns it in milliseconds.
pub fn milliseconds(
    key: &str,
    written: &Spanned<String>,
    range: std::ops::RangeInclusive<i64>,
) -> Result<i64, PlanError> {
    let ms = TIME.read(key, written, *range.start() == 0)? as i64;
    if range.contains(&ms) {
        return Ok(ms);
    }
    let problem = format!(
        "`{key}` must be from {} to {}, found {}",
        in_words(*range.start()),
        in_words(*range.end()),
        written.get_ref()
    );
    Err(PlanError::new(
        "plan::window",
        written.span(),
        problem,
        format!("try `{key} = \"{}\"`", in_words(ms.clamp(*range.start(), *range.end()))),
    ))
}

fn in_words(ms: i64) -> String {
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"), (1, "ms")];
    let (size, name) = units.iter().find(|(size, _)| ms >= *size && ms % size == 0).unwrap_or(&units[4]);
    format!("{} {name}", ms / size)
}

pub(super) fn share(key: &str, written: &Text) -> Result<Ratio, PlanError> {
    let share = SHARE.read(key, written, false)?;
    if share <= 1.0 {
        return Ok(Ratio(share));
    }
    let problem = format!("`{key}` must be at most 100 %, found {}", written.get_ref());
    Err(PlanError::new("plan::range", written.span(), problem, format!("try `{key} = \"10 %\"`")))
}

/// Checks that a quantity is at most `most`, which is `shown` as a plan has it.
fn within(units: &Units, key: &str, written: &Text, most: f64, shown: &str) -> Result<f64, PlanError> {
    let value = units.read(key, written, false)?;
    if value <= most {
        return Ok(value);
    }
    let problem = format!("`{key}` must be at most {shown}, found {}", written.get_ref());
    Err(PlanError::new("plan::range", written.span(), problem, format!("try `{key} = \"{shown}\"`")))
}

/// Checks that a number is not too small.
pub fn at_least(key: &str, written: &Spanned<u32>, least: u32) -> Result<u32, PlanError> {
    let value = *written.get_ref();
    if value >= least {
        return Ok(value);
    }
    let problem = format!("`{key}` must be at least {least}, found {value}");
    Err(PlanError::new("plan::range", written.span(), problem, format!("try `{key} = {least}`")))
}
