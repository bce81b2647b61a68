//! The demand of groups of consumers.
//!
//! A group is the consumers of a transformer, of a feeder, or of the whole town. The sum of their intervals is an
//! interval of the group. [`Metering`] computes the group's demand from such intervals.
//!
//! The block in which the town peaks is known only when it is over. So a few numbers of every consumer and group are
//! kept for the current block. If that block is the highest, they show what each of them used in it.

use crate::metering::{Metering, Strides};
use crate::moment::{Moment, Moments, NO_PERIOD};
use crate::rows::{DemandRow, MeteringRows, Whose};
use crate::rules::MeteringSettings;
use crate::shares::{BlockUse, Consumers, NO_CLASS, NO_GROUP, NO_PLACE, PLACE_TO_SEE};
use crate::sum::Sum;
use features::valid_energy;
use reading::{AreaId, Calendar, EventTime, FeederId, Interval, MeterId, Target, TransformerId};
use std::collections::BTreeMap;
use std::mem::take;
use units::{Ratio, Watts};

/// Which groups there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupRule {
    /// A block of a group makes no peak if a smaller share of its consumers was measured in any of its intervals.
    pub reporting: Ratio,
    /// Feeders and the whole town are groups too. A part of a town does not know what all of it uses.
    pub whole_town: bool,
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
    /// By number of the group.
    pub(crate) demand: Metering,
    pub(crate) names: Vec<Target>,
    pub(crate) numbers: BTreeMap<Target, u32>,
    /// The number of the whole town.
    pub(crate) all: u32,
    pub(crate) groups: Vec<BlockUse<i64>>,
    /// How many consumers each group has.
    pub(crate) sizes: Vec<u32>,
    /// The sum of the highest blocks of its consumers in the period before.
    pub(crate) peaks_before: Vec<f64>,
    sums: Vec<Sum>,
    pub(crate) period: u32,
    pub(crate) period_before: u32,
    pub(crate) consumers: Consumers,
    pub(crate) classes: Vec<String>,
    /// What consumers of each class imported on average in the period under way; worked out once a tick, if asked
    /// for.
    pub(crate) class_means: Option<Vec<f64>>,
}

impl Groups {
    /// Groups without consumers. Without a rule there are no groups, and without a share no blocks are reported.
    pub fn new(
        settings: &MeteringSettings,
        rule: Option<GroupRule>,
        above: Option<Ratio>,
        calendar: &Calendar,
    ) -> Self {
        let demand = settings.demand.clone().map(crate::DemandRule::of_groups);
        let settings = MeteringSettings { grid: settings.grid, profile: None, demand };
        Self {
            rule,
            above,
            moments: Moments::new(calendar.clone()),
            demand: Metering::new(settings, calendar.clone()),
            names: Vec::new(),
            numbers: BTreeMap::new(),
            all: NO_GROUP,
            groups: Vec::new(),
            sizes: Vec::new(),
            peaks_before: Vec::new(),
            sums: Vec::new(),
            period: NO_PERIOD,
            period_before: NO_PERIOD,
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

    /// Takes the intervals of a tick, by meter. Intervals that end earlier count in no group: the sum of their tick
    /// is over.
    ///
    /// `place_of` gives the place with a number, and `size` the number of consumers of a group. Billing periods that
    /// are over are added to `out`. Returns the blocks above the sanctioned load.
    pub fn tick<'a>(
        &mut self,
        end: EventTime,
        rows: impl Iterator<Item = Placed<'a>> + Clone,
        place_of: impl Fn(u32) -> Place<'a>,
        size: impl Fn(Target) -> u32,
        out: &mut Vec<DemandRow>,
    ) -> Vec<AboveSanctioned> {
        let moment = self.moments.at(&self.demand.settings, end);
        self.class_means = None;
        // If clocks go back past midnight, the period before must not begin again.
        if self.period == NO_PERIOD || moment.period > self.period {
            self.begin_period(moment.period);
        }
        let rows = rows.filter(|placed| placed.row.end == end);
        let places = self.consumers.find_or_add(rows.clone().map(|placed| &placed.row.meter));
        let width = Strides::of(&self.demand.settings).in_block;
        let counts = moment.block_ends && moment.block_zones & 1 == 1;
        let hours = self.hours_of_a_block();
        let mut above = Vec::new();
        for (at, Placed { row, place }) in places.into_iter().zip(rows) {
            let Some(net) = valid_energy(row) else { continue };
            let at = at as usize;
            let number = place.unwrap_or(NO_PLACE);
            if self.consumers.shares[at].place != number {
                self.put(at, number, &place.map(&place_of).unwrap_or_default());
            }
            let share = &mut self.consumers.shares[at];
            let sum = Sum::of(row, net);
            for number in [share.groups[0], share.groups[1], self.all] {
                if let Some(of_group) = self.sums.get_mut(number as usize) {
                    of_group.add(&sum);
                }
            }
            if let Some(imported) = row.valid() {
                share.import(imported);
            }
            let Some(imported) = row.imp.filter(|_| row.quality.is_whole()) else { continue };
            share.add(moment, imported, net);
            if !counts || !share.block.is_whole(moment, width) {
                continue;
            }
            let demand = f64::from(share.imported) / hours;
            share.peak = share.peak.max(demand as f32);
            let Some((place, allowed)) = place.map(&place_of).zip(self.above) else { continue };
            let Some(sanctioned) = place.sanctioned else { continue };
            if !share.reported_above && demand > sanctioned.0 * allowed.0 {
                share.reported_above = true;
                let start = end.minus(width as i64 * self.demand.settings.grid.length());
                let Place { transformer, area, .. } = place;
                let (meter, demand) = (row.meter, Watts(demand));
                above.push(AboveSanctioned { meter, transformer, area, demand, sanctioned, start, end });
            }
        }
        self.close(end, moment, size, out);
        above
    }

    /// Notes the place of a consumer, when it is seen there for the first time.
    fn put(&mut self, at: usize, number: u32, place: &Place<'_>) {
        let whole_town = self.rule.is_some_and(|rule| rule.whole_town);
        let mut number_of = |target: Option<Target>| target.map_or(NO_GROUP, |target| self.number(target));
        let transformer = number_of(place.transformer.map(Target::Transformer));
        let feeder = number_of(place.feeder.map(Target::Feeder).filter(|_| whole_town));
        number_of(Some(Target::System).filter(|_| whole_town));
        let class = place.class.map_or(NO_CLASS, |class| self.class(class));
        let share = &mut self.consumers.shares[at];
        (share.place, share.groups, share.class) = (number, [transformer, feeder], class);
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
        self.peaks_before.push(0.0);
        self.sums.push(Sum::default());
        number
    }

    /// Ends a tick: all of its intervals are in the sums, which become intervals of the groups.
    fn close(
        &mut self,
        end: EventTime,
        moment: Moment,
        size: impl Fn(Target) -> u32,
        out: &mut Vec<DemandRow>,
    ) {
        let Some(rule) = self.rule else { return };
        let start = end.minus(self.demand.settings.grid.length());
        let (mut numbers, mut intervals) = (Vec::new(), Vec::new());
        for (number, sum) in self.sums.iter_mut().enumerate().filter(|(_, sum)| sum.any) {
            let sum = take(sum);
            let size = size(self.names[number]).max(sum.measured);
            self.sizes[number] = size;
            let is_whole = f64::from(sum.measured) >= rule.reporting.0 * f64::from(size);
            let interval = sum.interval(start, end, is_whole);
            if is_whole {
                self.groups[number].add(moment, sum.net);
            }
            numbers.push(number as u32);
            intervals.push(interval);
        }
        let names = &self.names;
        let whose = |number: u32, _: &Interval| Whose::Group(Box::new(names[number as usize]));
        let mut ended = MeteringRows::default();
        self.demand.take_of(&numbers, &intervals, whose, &mut ended);
        ended.demand.iter_mut().for_each(|row| self.complete_with(row, &self.peaks_before));
        out.append(&mut ended.demand);
        let count = Strides::of(&self.demand.settings).zones;
        let zone = self.demand.zones.get(self.all as usize * count);
        let peaked = zone.is_some_and(|zone| zone.block > 0.0 && zone.block_end == moment.index);
        if peaked {
            // The block that ends here is the town's highest so far.
            let (hours, width) = (self.hours_of_a_block(), Strides::of(&self.demand.settings).in_block);
            self.consumers.shares.iter_mut().for_each(|share| share.block.coincide(moment, width, hours));
            self.groups.iter_mut().for_each(|part| part.coincide(moment, width, hours));
        }
    }

    fn hours_of_a_block(&self) -> f64 {
        let block = self.demand.settings.demand.as_ref().map_or(0, crate::DemandRule::block);
        block as f64 / reading::time::HOUR as f64
    }

    /// Begins another billing period. Rows of the period before still need its means and peaks, so these are kept.
    fn begin_period(&mut self, period: u32) {
        self.peaks_before = self.peaks();
        let means = self.means_of_classes();
        self.consumers.shares.iter_mut().for_each(|share| share.begin_period(&means));
        self.groups.iter_mut().for_each(BlockUse::begin_period);
        (self.period_before, self.period) = (self.period, period);
    }

    /// Ends the run: adds the billing period under way of each group, as far as it went, to `out`.
    pub fn finish(&mut self, out: &mut Vec<DemandRow>) {
        let mut ended = Vec::new();
        for (target, number) in self.numbers.clone() {
            if self.demand.len() > number as usize {
                let whose = Whose::Group(Box::new(target));
                self.demand.push_demand(number as usize, whose, false, &mut ended);
            }
        }
        let peaks = self.peaks();
        ended.iter_mut().for_each(|row| self.complete_with(row, &peaks));
        out.append(&mut ended);
    }
}

#[cfg(test)]
mod tests;
