//! Settings in two steps: [`PlanToml`] is the plan as written, [`Plan`] is the checked plan with units and ranges.

mod compression;
mod detectors;
mod error;
mod groups;
mod index;
mod metering;
mod quality;
mod quantity;
mod registers;
mod routes;
mod section;
mod supply;
mod written;

pub use compression::{Compression, WrongCompression};
pub use error::PlanError;
pub use registers::MostPower;
pub use written::{PlanToml, at_least, milliseconds};

use crate::books::WireBook;
use crate::stages::Stages;
use ::metering::{GroupRule, Metering, MeteringSettings};
use detect::DetectorRules;
use fleet::{Fleet, SequencerSettings, Settings, Shard};
use grid::{IndexSettings, Topology};
use health::HealthSettings;
use notify::{Channel, ChannelRule, DeskRules};
use reading::{Calendar, EventCode, Grid, Limits, Target};
use units::{Amperes, Ratio};
use vet::{By, FindingsSettings, Rule, Vet};

/// A checked plan. A part that is `None` is not asked for. Nothing else is optional: a key that the plan left out has
/// its default here.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The name of the plan.
    pub name: String,
    /// Local days and hours.
    pub calendar: Calendar,
    /// The limits of plausible readings.
    pub limits: Limits,
    /// How much power each meter can have used.
    pub most_power: MostPower,
    /// How intervals are made.
    pub intervals: Settings,
    /// How the order of arrival is judged.
    pub order: SequencerSettings,
    /// The extra column `pf_true` of the intervals.
    pub pf_true: bool,
    /// The extra column `unbalance` of the intervals.
    pub unbalance: bool,
    /// The extra column `candidate` of the intervals.
    pub candidate: Option<Candidate>,
    /// The profile and the demand of each meter.
    pub metering: Option<MeteringSettings>,
    /// Demand of groups of consumers.
    pub groups: Option<GroupRule>,
    /// A block above this share of a consumer's sanctioned load raises an alert.
    pub above_sanctioned: Option<Ratio>,
    /// Energy across a longer silence, in ms, is spread by the load profile. Without a number, it is always spread
    /// evenly.
    pub linear_up_to: Option<i64>,
    /// The quality rules that look at one interval.
    pub quality: Option<vet::VetSettings>,
    /// The quality rules that compare a meter with its contract or with other meters.
    pub town_rules: Option<FindingsSettings>,
    /// Whether and how to find consumers without supply.
    pub supply: Option<::supply::SupplySettings>,
    /// Whether to publish the balances of transformers.
    pub balance: bool,
    /// Whether and how to compare the voltages of consumers with those on other transformers.
    pub index: Option<IndexSettings>,
    /// How long after the end of an interval late rows join its balance and the sums of its groups, ms.
    pub final_after: i64,
    /// Whether and how to publish what meters deliver.
    pub health: Option<HealthSettings>,
    /// Whether all transformers are judged in one place, so that their losses can be ranked.
    pub whole_town: bool,
    /// Whether and how to forecast the next day.
    pub forecast: Option<ForecastPlan>,
    /// The rules of the detectors.
    pub detectors: DetectorRules,
    /// When a case opens and closes.
    pub cases: Option<cases::CaseRules>,
    /// How long detectors wait for neighbours that are not heard, ms.
    pub settle: i64,
    /// The channels on which messages go out, in the order of their list.
    pub channels: Vec<ChannelRule>,
    /// Who hears of what by the plan's routes, if it has any.
    pub desk: Option<DeskRules>,
    /// How the Parquet files of outputs are compressed.
    pub compression: Compression,
}

/// When an interval is flagged as a candidate: its mean imbalance is above both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The imbalance as a share of the mean phase current.
    pub share: Ratio,
    /// The imbalance as a current.
    pub floor: Amperes,
}

/// What is forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastPlan {
    /// The quantiles, ascending, each within 0 and 1.
    pub quantiles: Vec<f64>,
    /// Whether to forecast the whole town.
    pub town: bool,
    /// Whether to forecast each transformer.
    pub transformers: bool,
}

impl Plan {
    /// Reads and checks a plan. The error holds the place as a range of bytes, and [`PlanError::render`] shows it.
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
            + self.health.as_ref().map_or(0, |_| HealthSettings::BYTES_PER_METER)
    }

    /// Bytes that the balances of one transformer take that are not final.
    pub fn bytes_per_transformer(&self) -> usize {
        self.provisional_intervals() * grid::Balances::BYTES_PER_INTERVAL
    }

    /// Bytes that the sums of one group take at most while they wait for late rows; 0 if there are no groups.
    pub fn bytes_per_group(&self) -> usize {
        let is_asked =
            self.groups.is_some() && self.metering.as_ref().is_some_and(|rules| rules.demand.is_some());
        if is_asked { self.provisional_intervals() * ::metering::Groups::BYTES_PER_INTERVAL } else { 0 }
    }

    /// How many intervals late rows may still join.
    fn provisional_intervals(&self) -> usize {
        self.final_after.div_euclid(self.grid().length()) as usize
    }

    /// The settings of a channel, if it has a section.
    pub fn channel(&self, channel: Channel) -> Option<&ChannelRule> {
        self.channels.iter().find(|rule| rule.channel() == channel)
    }

    /// Whether messages go out on a channel: by its section, or by a route to a receiver on it.
    pub fn sends(&self, channel: Channel) -> bool {
        let by_route =
            |rules: &DeskRules| rules.receivers().iter().any(|receiver| receiver.channel == channel);
        // Without a detector there is nothing that the section could send.
        self.channel(channel).is_some() && !self.detectors.is_empty()
            || self.desk.as_ref().is_some_and(by_route)
    }

    /// Empty profiles and demand, if the plan asks for them.
    pub fn new_metering(&self) -> Option<Metering> {
        self.metering.clone().map(|rules| Metering::new(rules, self.calendar.clone()))
    }

    /// The quality rules for intervals without any state, if the plan asks for them.
    pub fn new_vet(&self) -> Option<Vet> {
        self.quality.map(|rules| Vet::new(rules, self.calendar.clone()))
    }

    /// The book of single wires without any state, if a detector of the plan needs it.
    pub(crate) fn new_wires(&self) -> Option<WireBook> {
        let book = || WireBook::new(self.grid(), self.intervals.snap);
        self.detectors.need_wires().then(book)
    }

    /// The quality rules that the plan applies.
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

    /// The events of meters that the stages need. All other events are dropped early.
    pub fn events(&self) -> Vec<EventCode> {
        Stages::events(self)
    }

    /// The meters of a shard without any state, placed as the topology has them.
    pub fn new_fleet(&self, shard: Shard, topology: &Topology) -> Fleet {
        let mut fleet = Fleet::new(self.intervals.clone(), shard);
        fleet.watch(&self.events());
        if self.health.is_some() || self.detectors.need_wires() {
            fleet.listen();
        }
        self.most_power.place(topology, &mut fleet);
        fleet
    }

    /// The same plan for a part of the town.
    ///
    /// A part cannot add up or forecast the whole town. Nor can it count the consumers without supply of a feeder or
    /// an area, because some of them may belong to another part. Nor can it compare a consumer with all transformers of
    /// its feeder, rank transformers by their losses, or add up the meters of a concentrator.
    pub fn of_a_part(mut self) -> Self {
        self.groups.iter_mut().for_each(|groups| groups.whole_town = false);
        self.forecast = self.forecast.filter(|forecast| forecast.transformers);
        self.forecast.iter_mut().for_each(|forecast| forecast.town = false);
        self.supply.iter_mut().for_each(|rules| rules.whole = false);
        self.whole_town = false;
        self.index = None;
        self.health.iter_mut().for_each(|health| health.whole_town = false);
        self
    }

    /// Whether the plan asks for any stage of the second stage.
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
