//! Some results of a plan, and not the others.

use crate::out_dir::Written;
use pipeline::Plan;
use shell::Failure;

/// Results of a plan, as `--only` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Intervals of meters.
    Intervals,
    /// Load profiles.
    Profiles,
    /// Demand by billing period.
    Demand,
    /// Energy balances of transformers.
    Balance,
    /// Forecasts.
    Forecasts,
    /// Outages and the indices of supply.
    Supply,
    /// What was odd about the quality of readings, beside what each reading says.
    Findings,
    /// Cases, with their suspicions, alerts and SMS.
    Cases,
}

/// Leaves what nobody wants out of a plan, so that it is not worked out either. Says what of the rest is written.
pub(super) fn leave(plan: &mut Plan, wanted: &[Kind]) -> Result<Written, Failure> {
    if wanted.is_empty() {
        return Ok(Written::ALL);
    }
    if let Some(missing) = wanted.iter().find(|kind| !has(plan, **kind)) {
        let (name, section) = (missing.name(), missing.section());
        return Err(Failure::wrong(
            format!("`--only` asks for {name}, and the plan has no {section}"),
            format!("add {section} to the plan, as in pipelines/demo.toml, or leave {name} out"),
        ));
    }
    let wants = |kind| wanted.contains(&kind);
    // Whoever is above what was agreed is told as an alert, and that takes blocks of demand.
    plan.above_sanctioned = plan.above_sanctioned.filter(|_| wants(Kind::Cases));
    plan.groups = plan.groups.filter(|_| wants(Kind::Demand));
    plan.town_rules = plan.town_rules.filter(|_| wants(Kind::Findings));
    let needs_blocks = wants(Kind::Demand) || plan.above_sanctioned.is_some();
    if let Some(rules) = &mut plan.metering {
        // A long silence is filled, a day judged, and what is not believed replaced, by what the profile knows; base load
        // and night share stand with the demand.
        let by_profile = plan.linear_up_to.is_some() || plan.quality.is_some();
        let wanted = wants(Kind::Profiles) || wants(Kind::Demand);
        rules.profile = rules.profile.filter(|_| by_profile || wanted);
        rules.demand = rules.demand.take().filter(|_| needs_blocks);
    }
    plan.metering = plan.metering.take().filter(|rules| rules.profile.is_some() || rules.demand.is_some());
    plan.balance &= wants(Kind::Balance);
    plan.forecast = plan.forecast.take().filter(|_| wants(Kind::Forecasts));
    plan.supply = plan.supply.filter(|_| wants(Kind::Supply));
    if !wants(Kind::Cases) {
        (plan.phase_neutral, plan.cases, plan.sms) = (None, None, None);
    }
    let [intervals, profiles, demand] = [Kind::Intervals, Kind::Profiles, Kind::Demand].map(wants);
    Ok(Written { intervals, profiles, demand })
}

fn has(plan: &Plan, kind: Kind) -> bool {
    let rules = plan.metering.as_ref();
    match kind {
        Kind::Intervals => true,
        Kind::Profiles => rules.is_some_and(|rules| rules.profile.is_some()),
        Kind::Demand => rules.is_some_and(|rules| rules.demand.is_some()),
        Kind::Balance => plan.balance,
        Kind::Forecasts => plan.forecast.is_some(),
        Kind::Supply => plan.supply.is_some(),
        Kind::Findings => plan.town_rules.is_some(),
        Kind::Cases => plan.phase_neutral.is_some() || plan.above_sanctioned.is_some(),
    }
}

impl Kind {
    /// All of them, in the order of the help.
    pub const ALL: [Self; 8] = [
        Self::Intervals,
        Self::Profiles,
        Self::Demand,
        Self::Balance,
        Self::Forecasts,
        Self::Supply,
        Self::Findings,
        Self::Cases,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Intervals => "intervals",
            Self::Profiles => "profiles",
            Self::Demand => "demand",
            Self::Balance => "balance",
            Self::Forecasts => "forecasts",
            Self::Supply => "supply",
            Self::Findings => "findings",
            Self::Cases => "cases",
        }
    }

    fn section(self) -> &'static str {
        match self {
            Self::Intervals => "`[intervals]`",
            Self::Profiles => "`[profiles]`",
            Self::Demand => "`[demand]`",
            Self::Balance => "`balance = true`",
            Self::Forecasts => "`[forecast]`",
            Self::Supply => "`[supply]`",
            Self::Findings => "`town` in `[quality]`",
            Self::Cases => "detector",
        }
    }
}
