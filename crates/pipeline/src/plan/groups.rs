//! The sections `[groups]` and `[sanctioned]` as written.

use super::error::PlanError;
use super::quantity::SHARE;
use super::written::share;
use ::metering::GroupRule;
use serde::Deserialize;
use toml::Spanned;
use units::Ratio;

type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupsToml {
    reporting: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SanctionedToml {
    above: Text,
}

/// Demand of groups, and the share of the sanctioned load above which a block raises an alert.
pub(super) fn check(
    groups: Option<GroupsToml>,
    sanctioned: Option<SanctionedToml>,
    has_demand: bool,
) -> Result<(Option<GroupRule>, Option<Ratio>), PlanError> {
    let without_demand = |section: &str, at: &Text| {
        let problem = format!("`[{section}]` is about blocks of demand, and there is no `[demand]`");
        let help = format!("add `[demand]`, as in pipelines/demo.toml, or leave `[{section}]` out");
        Err(PlanError::new("plan::section", at.span(), problem, help))
    };
    if let Some(groups) = groups.as_ref().filter(|_| !has_demand) {
        return without_demand("groups", &groups.reporting);
    }
    if let Some(sanctioned) = sanctioned.as_ref().filter(|_| !has_demand) {
        return without_demand("sanctioned", &sanctioned.above);
    }
    let rule = |groups: GroupsToml| -> Result<_, PlanError> {
        Ok(GroupRule { reporting: share("reporting", &groups.reporting)?, whole_town: true })
    };
    // A share above 1 is allowed: most users want an alert only well above the sanctioned load.
    let above = |sanctioned: SanctionedToml| SHARE.read("above", &sanctioned.above, false).map(Ratio);
    Ok((groups.map(rule).transpose()?, sanctioned.map(above).transpose()?))
}
