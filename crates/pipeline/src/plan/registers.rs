//! The section `[registers]`: what registers may do, and how much power a meter can have used.

use super::error::PlanError;
use super::quantity::{ENERGY, POWER};
use fleet::{Fleet, RegisterRules};
use grid::{Role, Topology, TopologyRow};
use reading::{Limits, MeterId};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

type Text = Spanned<String>;

/// The largest power, in W, for a plan without `[registers]`. A meter without current transformers has no larger
/// supply: three phases of 100 A at 230 V are 69 kW.
const RESET_POWER: i64 = 200_000;

/// A consumer may draw so many times the sanctioned load before its register is doubted. Chosen here: a fuse that
/// carries more has been replaced.
const TIMES_SANCTIONED: f64 = 3.0;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistersToml {
    rollovers: Vec<Text>,
    reset_power: Text,
    #[serde(default)]
    most_power: Option<Text>,
    #[serde(default)]
    most_power_by_class: BTreeMap<String, Text>,
}

/// How much power a meter can have used, W. A register that rises faster is doubtful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MostPower {
    /// Of a meter without a class in this list, and without a topology.
    pub usual: i64,
    /// Of the consumers of some classes.
    pub by_class: BTreeMap<String, i64>,
    /// Of the meters of transformers and feeders.
    pub upstream: i64,
}

impl RegistersToml {
    pub(super) fn check(&self, limits: &Limits) -> Result<(RegisterRules, MostPower), PlanError> {
        let rollovers: Result<Vec<i64>, PlanError> =
            self.rollovers.iter().map(|at| Ok(ENERGY.read("rollovers", at, false)? as i64)).collect();
        let upstream = limits.p_max.0 / 1000;
        let power = |key, written: &Text| {
            let watts = POWER.read(key, written, false)? as i64;
            if watts > upstream {
                let problem =
                    format!("`{key}` must be at most `power` of `[limits]`, found {}", written.get_ref());
                let help = "try `most_power = \"100 kW\"`, or raise `power`";
                return Err(PlanError::new("plan::range", written.span(), problem, help));
            }
            Ok(watts)
        };
        let usual = self.most_power.as_ref().map_or(Ok(upstream), |written| power("most_power", written))?;
        let by_class: Result<BTreeMap<String, i64>, PlanError> = self
            .most_power_by_class
            .iter()
            .map(|(class, written)| Ok((class.clone(), power("most_power_by_class", written)?)))
            .collect();
        let rules = RegisterRules {
            rollovers: rollovers?,
            reset_power: POWER.read("reset_power", &self.reset_power, false)? as i64,
            most_power: usual,
        };
        Ok((rules, MostPower { usual, by_class: by_class?, upstream }))
    }

    /// The rules of a plan without the section.
    pub(super) fn absent(limits: &Limits) -> (RegisterRules, MostPower) {
        let upstream = limits.p_max.0 / 1000;
        let rules = RegisterRules {
            rollovers: Vec::new(),
            reset_power: RESET_POWER.min(upstream),
            most_power: upstream,
        };
        (rules, MostPower { usual: upstream, by_class: BTreeMap::new(), upstream })
    }
}

impl MostPower {
    /// Gives a fleet what a topology says of registers: when devices were swapped, and how much power meters can use.
    pub(crate) fn place(&self, topology: &Topology, fleet: &mut Fleet) {
        topology.swaps().for_each(|(meter, at)| fleet.swap(meter, at));
        fleet.limit_power(self.own(topology));
    }

    /// The limits of the meters of a topology that differ from the usual one.
    ///
    /// A meter whose place has changed has the greatest limit of all its places: its register can be judged late.
    fn own(&self, topology: &Topology) -> BTreeMap<MeterId, i64> {
        let mut own = BTreeMap::new();
        for row in topology.rows() {
            let watts = self.of(row);
            let known = own.entry(row.meter).or_insert(watts);
            *known = watts.max(*known);
        }
        own.retain(|_, watts| *watts != self.usual);
        own
    }

    fn of(&self, row: &TopologyRow) -> i64 {
        if row.role != Role::Consumer {
            return self.upstream;
        }
        let by_class = row.class.as_ref().and_then(|class| self.by_class.get(class));
        let by_contract = row.sanctioned.map_or(0, |watts| (watts.0 * TIMES_SANCTIONED) as i64);
        by_class.copied().unwrap_or(self.usual).max(by_contract).min(self.upstream)
    }
}
