//! The sections `[profiles]` and `[demand]` as written.

use super::error::PlanError;
use super::written::milliseconds;
use ::metering::{DemandRule, MeteringSettings, ProfileRule, RulesError, Zone};
use reading::time::{DAY, HOUR, MINUTE};
use reading::{Calendar, DayType, Grid};
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;
use units::Ratio;

type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfilesToml {
    slot: Text,
    half_life: Spanned<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DemandToml {
    block: Text,
    billing_day: Spanned<i8>,
    low_power_factor: Spanned<f64>,
    zones: Spanned<Vec<ZoneToml>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneToml {
    name: Text,
    from: Text,
    to: Text,
    #[serde(default)]
    months: Option<Spanned<Vec<u8>>>,
    #[serde(default)]
    days: Option<Spanned<Vec<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PowerFactorToml {
    step: Spanned<f64>,
}

/// The profile and the demand that are kept of each meter, if the plan asks for them.
pub(super) fn check(
    profiles: Option<ProfilesToml>,
    demand: Option<DemandToml>,
    power_factor: Option<PowerFactorToml>,
    grid: Grid,
    calendar: &Calendar,
    length: Range<usize>,
) -> Result<Option<MeteringSettings>, PlanError> {
    if profiles.is_some() || demand.is_some() {
        fits_local_time(grid, calendar, length, "`[profiles]` and `[demand]`")?;
    }
    let profile = profiles.map(|profiles| profiles.check(grid)).transpose()?;
    let demand = demand.map(|demand| demand.check(grid)).transpose()?;
    let demand = match (demand, power_factor) {
        (Some(demand), Some(power_factor)) => Some(power_factor.check(demand, grid)?),
        (None, Some(power_factor)) => return Err(power_factor.without_demand()),
        (demand, None) => demand,
    };
    Ok((profile.is_some() || demand.is_some()).then_some(MeteringSettings { grid, profile, demand }))
}

/// Days, slots and blocks are local. In a zone such as India's, five and a half hours from UTC, intervals of an hour
/// fit none.
pub(super) fn fits_local_time(
    grid: Grid,
    calendar: &Calendar,
    length: Range<usize>,
    who: &str,
) -> Result<(), PlanError> {
    let minutes = grid.length() / MINUTE;
    // A day in winter and one in summer: in many zones the offset from UTC changes with the season.
    let seasons = ["2026-01-01", "2026-07-01"].map(|day| day.parse().expect("a date"));
    let starts = seasons.map(|day| calendar.start_of(day).0.rem_euclid(grid.length()));
    if starts == [0, 0] {
        return Ok(());
    }
    let zone = calendar.zone_name();
    // Some zones are three quarters of an hour apart from full hours.
    let fits_half_hours = seasons.iter().all(|day| calendar.start_of(*day).0.rem_euclid(30 * MINUTE) == 0);
    let help =
        if fits_half_hours { "try `length = \"30 min\"` or \"15 min\"" } else { "try `length = \"15 min\"`" };
    Err(PlanError::new(
        "plan::window",
        length,
        format!("intervals of {minutes} min do not begin at local midnight of {zone}, and {who} need that"),
        help,
    ))
}

impl ProfilesToml {
    fn check(self, grid: Grid) -> Result<ProfileRule, PlanError> {
        let slot = milliseconds("slot", &self.slot, grid.length()..=DAY)?;
        ProfileRule::new(slot, *self.half_life.get_ref(), grid).map_err(|error| {
            let at = if error == RulesError::HalfLife { self.half_life.span() } else { self.slot.span() };
            as_plan_error(error, at, grid)
        })
    }
}

impl DemandToml {
    fn check(self, grid: Grid) -> Result<DemandRule, PlanError> {
        let block = milliseconds("block", &self.block, grid.length()..=4 * HOUR)?;
        let low = *self.low_power_factor.get_ref();
        if !(0.0..=1.0).contains(&low) {
            let problem = format!("`low_power_factor` must be from 0 to 1, found {low}");
            return Err(PlanError::new(
                "plan::range",
                self.low_power_factor.span(),
                problem,
                "try `low_power_factor = 0.85`",
            ));
        }
        let at_zones = self.zones.span();
        let zones = self.zones.into_inner();
        let zones = zones.iter().map(|zone| zone.check(grid)).collect::<Result<_, _>>()?;
        DemandRule::new(block, zones, *self.billing_day.get_ref(), Ratio(low), grid).map_err(|error| {
            let at = match error {
                RulesError::BillingDay => self.billing_day.span(),
                RulesError::Zones | RulesError::ZoneName | RulesError::ZoneTime => at_zones,
                _ => self.block.span(),
            };
            as_plan_error(error, at, grid)
        })
    }
}

impl PowerFactorToml {
    fn check(self, demand: DemandRule, grid: Grid) -> Result<DemandRule, PlanError> {
        let step = *self.step.get_ref();
        // 1 / 0.07 is no whole number of classes, and is refused. 1 / 0.01 is 100.0 except for the last bit, and must
        // pass.
        let classes = Some((1.0 / step).round()).filter(|classes| (classes * step - 1.0).abs() < 1e-9);
        let classes = classes.filter(|classes| (1.0..=255.0).contains(classes)).unwrap_or(0.0) as u8;
        demand.with_pf_classes(classes).map_err(|error| as_plan_error(error, self.step.span(), grid))
    }

    fn without_demand(self) -> PlanError {
        PlanError::new(
            "plan::section",
            self.step.span(),
            "`[power_factor]` counts by billing period, and there is no `[demand]`".to_owned(),
            "add `[demand]`, as in pipelines/demo.toml, or leave `[power_factor]` out",
        )
    }
}

impl ZoneToml {
    fn check(&self, grid: Grid) -> Result<Zone, PlanError> {
        let name = self.name.get_ref().clone();
        let (from, to) = (minute("from", &self.from, grid)?, minute("to", &self.to, grid)?);
        let months = match &self.months {
            Some(months) => months_of(months)?,
            None => Zone::ALL_YEAR,
        };
        let days = match &self.days {
            Some(days) => days_of(days)?,
            None => Zone::ALL_DAYS,
        };
        Ok(Zone { name, from, to, months, days })
    }
}

fn months_of(months: &Spanned<Vec<u8>>) -> Result<u16, PlanError> {
    let known = months.get_ref().iter().all(|month| (1..=12).contains(month));
    if !known || months.get_ref().is_empty() {
        let problem = format!("`months` must be numbers from 1 to 12, found {:?}", months.get_ref());
        let help = "try `months = [4, 5, 6]`, or leave it out for the whole year";
        return Err(PlanError::new("plan::range", months.span(), problem, help));
    }
    Ok(months.get_ref().iter().fold(0, |all, month| all | 1 << (month - 1)))
}

pub(super) fn days_of(days: &Spanned<Vec<String>>) -> Result<u8, PlanError> {
    let bits = days.get_ref().iter().map(|day| DayType::ALL.iter().position(|known| known.name() == day));
    match bits.collect::<Option<Vec<usize>>>() {
        Some(bits) if !bits.is_empty() => Ok(bits.into_iter().fold(0, |all, bit| all | 1 << bit)),
        _ => Err(PlanError::new(
            "plan::choice",
            days.span(),
            format!("`days` must be of \"weekday\", \"saturday\" and \"sunday\", found {:?}", days.get_ref()),
            "try `days = [\"weekday\"]`, or leave it out for every day; holidays are Sundays",
        )),
    }
}

/// Reads a time of day such as `18:30`, and returns the minutes since midnight.
fn minute(key: &str, written: &Text, grid: Grid) -> Result<u16, PlanError> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|_| text.len() == 2);
    let read = written.get_ref().split_once(':').and_then(|(hour, minute)| {
        let (hour, minute) = (number(hour)?, number(minute)?);
        (minute < 60).then_some(hour * 60 + minute).filter(|minutes| *minutes <= 24 * 60)
    });
    let wrong = |problem: String| {
        PlanError::new("plan::time", written.span(), problem, format!("try `{key} = \"18:00\"`"))
    };
    let found = written.get_ref();
    let minutes =
        read.ok_or_else(|| wrong(format!("`{key}` must be a time of the day, found \"{found}\"")))?;
    let length = grid.length() / MINUTE;
    match i64::from(minutes) % length {
        0 => Ok(minutes),
        _ => {
            Err(wrong(format!("`{key}` must be where an interval of {length} min begins, found \"{found}\"")))
        }
    }
}

fn as_plan_error(error: RulesError, at: Range<usize>, grid: Grid) -> PlanError {
    let length = grid.length() / MINUTE;
    let (code, problem, help) = match error {
        RulesError::Slot => (
            "plan::window",
            format!("`slot` must be whole intervals of {length} min, and whole slots must make a day"),
            "try `slot = \"60 min\"`",
        ),
        RulesError::HalfLife => (
            "plan::range",
            "`half_life` must be from 1 to 1000: so many days of a type".to_owned(),
            "try `half_life = 40`",
        ),
        RulesError::Block => (
            "plan::window",
            format!(
                "`block` must be 1 to 60 intervals of {length} min, at most 4 h, and whole blocks must make a day"
            ),
            "try `block = \"30 min\"`, or shorter intervals",
        ),
        RulesError::BillingDay => (
            "plan::range",
            "`billing_day` must be from 1 to 28: every month has such a day".to_owned(),
            "try `billing_day = 1`",
        ),
        RulesError::Zones => {
            ("plan::range", "there is room for 7 `zones`".to_owned(), "leave some of them out")
        }
        RulesError::ZoneName => (
            "plan::choice",
            "`zones` need different names, and `all` is that of all minutes".to_owned(),
            "call each zone as the tariff does",
        ),
        RulesError::PfClasses => (
            "plan::range",
            "`step` must divide the power factors from 0 to 1 into 10 to 200 classes".to_owned(),
            "try `step = 0.01`",
        ),
        RulesError::ZoneTime => (
            "plan::window",
            "a zone goes on from `from` to another time of the day, `to`".to_owned(),
            "try `from = \"18:00\", to = \"22:00\"`; past midnight `from = \"22:00\", to = \"06:00\"`",
        ),
    };
    PlanError::new(code, at, problem, help)
}
