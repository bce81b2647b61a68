//! The demand of groups of consumers.
//!
//! A group is the consumers of a transformer, of a feeder, or of the whole town. The sum of their intervals is an
//! interval of the group. [`Metering`] computes the group's demand from such intervals.
//!
//! The block in which the town peaks is known only when it is over. So a few numbers of every consumer and group are
//! kept for the current block. If that block is the highest, they show what each of them used in it.
//!
//! Consumers may deliver late. The sums of an interval wait for them, see `waiting.rs`, and enter the demand of the
//! groups in `settle.rs`. What is kept of a consumer follows its own rows, which come in order, see `take.rs`.

mod settle;
mod take;

pub(crate) use settle::TownBlock;

use crate::candidates::Candidates;
use crate::ended::{Ended, most_ended};
use crate::metering::Metering;
use crate::moment::{Moments, NO_PERIOD};
use crate::rows::DemandRow;
use crate::rules::MeteringSettings;
use crate::shares::{BlockUse, CANDIDATES, Consumers, NO_CLASS, NO_GROUP, PLACE_TO_SEE};
use crate::sum::Sum;
use crate::waiting::Waiting;
use reading::{AreaId, Calendar, EventTime, FeederId, Interval, MeterId, Target, TransformerId};
use std::collections::BTreeMap;
use units::{Ratio, Watts};

/// Which groups there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupRule {
    /// A block of a group makes no peak if a smaller share of its consumers was measured in any of its intervals.
    pub reporting: Ratio,
    /// Feeders and the whole town are groups too. A part of a town does not know what all of it uses.
    pub whole_town: bool,
}

/// What the topology knows of consumers and groups.
#[derive(Debug, Clone, Copy)]
pub struct Network<P, S> {
    /// The place with a number.
    pub place_of: P,
    /// How many consumers a group has in the interval that ends at a time.
    pub size: S,
    /// Whether it knows any consumer. If not, nobody can say who is missing, so nothing waits.
    pub is_known: bool,
}

/// A consumer's interval and the number of its place. A number stands for the same place until places are
/// [forgotten](Groups::forget_places).
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// The interval.
    pub row: &'a Interval,
    /// The place, if it is known.
    pub place: Option<u32>,
}

/// The place of a consumer in the network, and the data of its contract.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place<'a> {
    /// Its transformer.
    pub transformer: Option<TransformerId>,
    /// Its feeder.
    pub feeder: Option<FeederId>,
    /// Its area.
    pub area: Option<AreaId>,
    /// Its sanctioned load: what the contract allows.
    pub sanctioned: Option<Watts>,
    /// Its class.
    pub class: Option<&'a str>,
}

/// A block of a consumer above its sanctioned load, the first of its billing period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AboveSanctioned {
    /// The consumer.
    pub meter: MeterId,
    /// Its transformer.
    pub transformer: Option<TransformerId>,
    /// Its area.
    pub area: Option<AreaId>,
    /// Imported power, mean of the block.
    pub demand: Watts,
    /// The sanctioned load.
    pub sanctioned: Watts,
    /// When the block starts.
    pub start: EventTime,
    /// When it ends.
    pub end: EventTime,
}

/// Demand of groups, and of all consumers together.
#[derive(Debug, Clone)]
pub struct Groups {
    pub(crate) rule: Option<GroupRule>,
    /// Blocks above this share of the sanctioned load are reported.
    above: Option<Ratio>,
    pub(crate) moments: Moments,
    /// How long after its end an interval waits for consumers that are missing, ms.
    final_after: i64,
    /// By number of the group.
    pub(crate) demand: Metering,
    pub(crate) names: Vec<Target>,
    pub(crate) numbers: BTreeMap<Target, u32>,
    /// The number of the whole town.
    pub(crate) all: u32,
    pub(crate) groups: Vec<BlockUse<i64>>,
    /// How many consumers each group has.
    pub(crate) sizes: Vec<u32>,
    /// The sums of the current tick.
    sums: Vec<Sum>,
    pub(crate) waiting: Waiting,
    /// No row joins an interval that ends here or before.
    pub(crate) last_final: EventTime,
    /// The billing period of the last tick, and those before it that late rows still belong to.
    pub(crate) period: u32,
    pub(crate) ended: Vec<Ended>,
    /// The billing period of the last settled interval, and the one before it.
    pub(crate) settled_period: u32,
    pub(crate) settled_before: u32,
    pub(crate) candidates: Candidates,
    /// The mean power of the town in each candidate by what has come so far, W; NaN unless it makes a peak.
    pub(crate) powers: [f32; CANDIDATES],
    /// The town in the last settled intervals, as many as a block has.
    pub(crate) settled_town: Vec<TownBlock>,
    pub(crate) consumers: Consumers,
    pub(crate) classes: Vec<String>,
    /// What consumers of each class imported on average in the period under way; worked out once a tick, if asked
    /// for.
    pub(crate) class_means: Option<Vec<f64>>,
}

impl Groups {
    /// Memory of one group in one interval that waits.
    pub const BYTES_PER_INTERVAL: usize = 32;

    /// Groups without consumers. Without a rule there are no groups, and without a share no blocks are reported.
    ///
    /// An interval of the groups waits for late rows until `final_after` ms after its end.
    pub fn new(
        settings: &MeteringSettings,
        rule: Option<GroupRule>,
        above: Option<Ratio>,
        final_after: i64,
        calendar: &Calendar,
    ) -> Self {
        let demand = settings.demand.clone().map(crate::DemandRule::of_groups);
        let settings = MeteringSettings { grid: settings.grid, profile: None, demand };
        Self {
            rule,
            above,
            moments: Moments::new(calendar.clone()),
            final_after,
            demand: Metering::new(settings, calendar.clone()),
            names: Vec::new(),
            numbers: BTreeMap::new(),
            all: NO_GROUP,
            groups: Vec::new(),
            sizes: Vec::new(),
            sums: Vec::new(),
            waiting: Waiting::new(),
            last_final: EventTime::MIN,
            period: NO_PERIOD,
            ended: Vec::new(),
            settled_period: NO_PERIOD,
            settled_before: NO_PERIOD,
            candidates: Candidates::default(),
            powers: [f32::NAN; CANDIDATES],
            settled_town: Vec::new(),
            consumers: Consumers::default(),
            classes: Vec::new(),
            class_means: None,
        }
    }

    /// How many consumers have sent a reading.
    pub fn meters(&self) -> usize {
        self.consumers.len()
    }

    /// Forgets the numbers of places: from now on a number may stand for another place.
    pub fn forget_places(&mut self) {
        self.consumers.shares.iter_mut().for_each(|share| share.place = PLACE_TO_SEE);
    }

    /// Takes the intervals of a tick, by meter. Those that end earlier join the sums of their own interval, unless that
    /// is final.
    ///
    /// Billing periods that are over are added to `out`. Returns the blocks above the sanctioned load.
    pub fn tick<'a>(
        &mut self,
        end: EventTime,
        rows: impl Iterator<Item = Placed<'a>> + Clone,
        network: &Network<impl Fn(u32) -> Place<'a>, impl Fn(Target, EventTime) -> u32>,
        out: &mut Vec<DemandRow>,
    ) -> Vec<AboveSanctioned> {
        let moment = self.moments.at(&self.demand.settings, end);
        // If clocks go back past midnight, the period before must not begin again.
        if self.period == NO_PERIOD || moment.period > self.period {
            self.begin_period(moment.period);
        }
        self.last_final = end.minus(if network.is_known { self.final_after } else { 0 });
        let above = self.take(Some((end, moment)), rows, network);
        self.close_tick(end, moment, &network.size, out);
        above
    }

    /// Takes intervals whose ticks are over, between two ticks, by meter. Returns the blocks above the sanctioned load.
    pub fn join<'a>(
        &mut self,
        rows: impl Iterator<Item = Placed<'a>> + Clone,
        network: &Network<impl Fn(u32) -> Place<'a>, impl Fn(Target, EventTime) -> u32>,
    ) -> Vec<AboveSanctioned> {
        if self.final_after == 0 || !network.is_known {
            return Vec::new();
        }
        let above = self.take(None, rows, network);
        self.foresee(&network.size);
        above
    }

    /// The number of a class. There are a handful, so that a search is fast enough.
    fn class(&mut self, name: &str) -> u16 {
        let known = self.classes.iter().position(|known| known == name);
        let number = known.unwrap_or(self.classes.len());
        match u16::try_from(number) {
            Ok(number) if number != NO_CLASS => {
                if known.is_none() {
                    self.classes.push(name.to_owned());
                }
                number
            }
            _ => NO_CLASS,
        }
    }

    pub(crate) fn number(&mut self, target: Target) -> u32 {
        if let Some(&number) = self.numbers.get(&target) {
            return number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(target, number);
        if target == Target::System {
            self.all = number;
        }
        self.names.push(target);
        self.groups.push(BlockUse::new());
        self.sizes.push(0);
        self.sums.push(Sum::default());
        number
    }

    pub(crate) fn hours_of_a_block(&self) -> f64 {
        let block = self.demand.settings.demand.as_ref().map_or(0, crate::DemandRule::block);
        block as f64 / reading::time::HOUR as f64
    }

    /// Begins another billing period. Rows of the period before still need its means and peaks, so these are kept.
    fn begin_period(&mut self, period: u32) {
        self.ended.retain(|ended| ended.period < period);
        if self.period != NO_PERIOD {
            let ended = self.under_way();
            self.ended.retain(|other| other.period != ended.period);
            self.ended.push(ended);
        }
        self.forget_ended();
        self.period = period;
    }

    /// What the consumers of the period under way add up to.
    pub(crate) fn under_way(&self) -> Ended {
        let mut sums = Ended::new(self.period);
        let of_period = self.consumers.shares.iter().filter(|share| share.period() == self.period);
        of_period.for_each(|share| sums.add(share, self.all));
        sums
    }

    /// What was added up of a period that is over.
    fn ended_in(&mut self, period: u32) -> &mut Ended {
        if !self.ended.iter().any(|ended| ended.period == period) {
            self.ended.push(Ended::new(period));
            self.ended.sort_by_key(|ended| ended.period);
        }
        let at = self.ended.iter().position(|ended| ended.period == period);
        &mut self.ended[at.expect("it is there or was added")]
    }

    fn forget_ended(&mut self) {
        let most = most_ended(self.final_after);
        self.ended.drain(..self.ended.len().saturating_sub(most));
    }

    /// Bytes that sums take that wait for late rows.
    pub fn memory(&self) -> usize {
        self.waiting.memory()
    }
}

#[cfg(test)]
mod tests;
