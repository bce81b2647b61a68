//! Settings in two steps: [`PlanToml`] as written, with strings and options; [`Plan`] as used, with units and ranges.

mod detectors;
mod error;
mod groups;
mod metering;
mod quality;
mod quantity;
mod section;
mod supply;
mod written;

pub use error::PlanError;
pub use written::{PlanToml, at_least, milliseconds};

use crate::stages::Stages;
use ::metering::{GroupRule, Metering, MeteringSettings};
use detect::DetectorRules;
use fleet::{Fleet, SequencerSettings, Settings, Shard};
use notify::{Channel, ChannelRule};
use reading::{Calendar, EventCode, Grid, Limits, Target};
use units::{Amperes, Ratio};
use vet::{By, FindingsSettings, Rule, Vet};

/// What the core will do: nothing optional is left that the file should have said.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The plan's own name.
    pub name: String,
    /// Local days and hours.
    pub calendar: Calendar,
    /// What a reading may say.
    pub limits: Limits,
    /// How intervals come about.
    pub intervals: Settings,
    /// How the order of arrival is judged.
    pub order: SequencerSettings,
    /// The extra columns `pf_true` and `unbalance` of the intervals.
    pub pf_true: bool,
    /// As above.
    pub unbalance: bool,
    /// The extra column `candidate` of the intervals.
    pub candidate: Option<Candidate>,
    /// What is kept of each meter beyond its intervals: a profile, its demand.
    pub metering: Option<MeteringSettings>,
    /// Demand of groups of consumers.
    pub groups: Option<GroupRule>,
    /// A block above this share of a consumer's sanctioned load raises an alert.
    pub above_sanctioned: Option<Ratio>,
    /// Silences longer than this are spread by the load profile, ms; without it, all are spread evenly.
    pub linear_up_to: Option<i64>,
    /// What is odd about an interval.
    pub quality: Option<vet::VetSettings>,
    /// What is odd about a meter beside its contract and beside others.
    pub town_rules: Option<FindingsSettings>,
    /// Look for consumers without supply.
    pub supply: Option<::supply::SupplySettings>,
    /// Balance the transformers.
    pub balance: bool,
    /// Forecast the next day.
    pub forecast: Option<ForecastPlan>,
    /// Look for phase against neutral.
    pub detectors: DetectorRules,
    /// How a case lives.
    pub cases: Option<cases::CaseRules>,
    /// The channels on which messages go out, in the order of their list.
    pub channels: Vec<ChannelRule>,
}

/// When an interval is flagged as a candidate: its mean imbalance is above both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// A share of the mean phase current.
    pub share: Ratio,
    /// And at least this.
    pub floor: Amperes,
}

/// What is forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastPlan {
    /// The quantiles, ascending, each within 0 and 1.
    pub quantiles: Vec<f64>,
    /// For the whole town.
    pub town: bool,
    /// For each transformer.
    pub transformers: bool,
}

impl Plan {
    /// Reads and checks a plan. The error names the place by its bytes; [`PlanError::render`] makes a page of it.
    pub fn read(text: &str) -> Result<Self, PlanError> {
        PlanToml::read(text)?.check()
    }

    /// The grid of intervals.
    pub fn grid(&self) -> Grid {
        self.intervals.grid
    }

    /// Bytes that the first stage takes for one single-phase meter.
    pub fn bytes_per_meter(&self) -> usize {
        self.intervals.bytes_per_meter()
            + self.metering.as_ref().map_or(0, MeteringSettings::bytes_per_meter)
            + self.quality.map_or(0, |_| vet::VetSettings::BYTES_PER_METER)
    }

    /// The settings of a channel, if it has a section.
    pub fn channel(&self, channel: Channel) -> Option<&ChannelRule> {
        self.channels.iter().find(|rule| rule.channel() == channel)
    }

    /// Profiles and demand at their beginning, if the plan has any.
    pub fn new_metering(&self) -> Option<Metering> {
        self.metering.clone().map(|rules| Metering::new(rules, self.calendar.clone()))
    }

    /// What looks at the quality of intervals, at its beginning, if the plan asks for it.
    pub fn new_vet(&self) -> Option<Vet> {
        self.quality.map(|rules| Vet::new(rules, self.calendar.clone()))
    }

    /// The rules that it applies.
    pub fn rules(&self) -> impl Iterator<Item = Rule> {
        let (vets, day) = (self.quality.is_some(), self.quality.is_some_and(|rules| rules.day.is_some()));
        let town = self.town_rules.is_some();
        Rule::ALL.iter().copied().filter(move |rule| match (rule, rule.by()) {
            (Rule::High | Rule::Low, _) => day,
            (_, By::Issue(_)) => true,
            (_, By::Flag(_)) => vets,
            (_, By::Town) => town,
        })
    }

    /// What the stages need of that which meters report: nothing else is kept.
    pub fn events(&self) -> Vec<EventCode> {
        Stages::events(self)
    }

    /// The meters of a shard at their beginning.
    pub fn new_fleet(&self, shard: Shard) -> Fleet {
        let mut fleet = Fleet::new(self.intervals.clone(), shard);
        fleet.watch(&self.events());
        fleet
    }

    /// The same plan for a part of the town. What the whole town uses or will use, no part can say; nor how many consumers of a
    /// feeder or an area are without supply.
    pub fn of_a_part(mut self) -> Self {
        self.groups.iter_mut().for_each(|groups| groups.whole_town = false);
        self.forecast = self.forecast.filter(|forecast| forecast.transformers);
        self.forecast.iter_mut().for_each(|forecast| forecast.town = false);
        self.supply.iter_mut().for_each(|rules| rules.whole = false);
        self
    }

    /// Whether anything looks at closed intervals beyond writing them.
    pub fn has_second_stage(&self) -> bool {
        Stages::any(self)
    }
}

impl ForecastPlan {
    /// Whether the use of a target is forecast.
    pub fn forecasts(&self, target: Target) -> bool {
        match target {
            Target::System => self.town,
            Target::Transformer(_) => self.transformers,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
