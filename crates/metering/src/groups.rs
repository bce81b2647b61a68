//! Demand of many together, and what each meter has to do with the peak of all.
//!
//! A group is the consumers of a transformer, of a feeder, or all. What its intervals add up to is an interval of its own,
//! and [`Metering`] makes its demand of those. Beside that, a few numbers are kept of every consumer and group for the
//! block under way, so that whoever peaks, it is known what the others did in that block.

use crate::metering::{Metering, Strides};
use crate::moment::{Moment, Moments, NO_PERIOD};
use crate::rows::{Among, DemandRow, MeteringRows};
use crate::rules::MeteringSettings;
use crate::shares::{Consumers, NO_CLASS, NOBODY, NOT_YET, NOWHERE, Part};
use features::valid_energy;
use reading::{
    AreaId, Calendar, EventTime, FeederId, Interval, MeterId, Quality, Sums, Target, TransformerId,
};
use std::collections::BTreeMap;
use std::mem::take;
use units::{Ratio, WattHours, Watts};

/// What is kept of groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupRule {
    /// A block of a group makes no peak if a smaller share of its consumers were measured in any of its intervals.
    pub reporting: Ratio,
    /// All consumers together, and feeders: no part of a town can say what they use.
    pub whole_town: bool,
}

/// A consumer's interval, and the number of its place; the same place has the same number until places are
/// [forgotten](Groups::forget_places).
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// The interval.
    pub row: &'a Interval,
    /// The place, if it is known.
    pub place: Option<u32>,
}

/// Where a consumer hangs, and what its contract says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place<'a> {
    /// On which transformer.
    pub transformer: Option<TransformerId>,
    /// On which feeder.
    pub feeder: Option<FeederId>,
    /// In which area.
    pub area: Option<AreaId>,
    /// What was agreed.
    pub sanctioned: Option<Watts>,
    /// Of which class.
    pub class: Option<&'a str>,
}

/// A block of a consumer above what was agreed, the first of its billing period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AboveSanctioned {
    /// Whose.
    pub meter: MeterId,
    /// On which transformer.
    pub transformer: Option<TransformerId>,
    /// In which area.
    pub area: Option<AreaId>,
    /// Imported power, mean of the block.
    pub demand: Watts,
    /// What was agreed.
    pub sanctioned: Watts,
    /// When the block starts.
    pub start: EventTime,
    /// When it ends.
    pub end: EventTime,
}

/// What the intervals of a group add up to in a tick.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    any: bool,
    net: WattHours,
    measured: u32,
    /// In mW and mvar, of those who carry both.
    active: i64,
    reactive: i64,
    /// One that does not.
    without: bool,
}

impl Sum {
    /// What one interval is in it.
    fn of(row: &Interval, net: WattHours) -> Self {
        let sums = &row.sums;
        let without = sums.q_count == 0 || sums.q_count != sums.p_count;
        let measured = u32::from(row.quality.is_whole());
        let (active, reactive) = match i64::from(sums.p_count) {
            _ if without => (0, 0),
            1 => (sums.p, sums.q),
            // Whole numbers, so that the order of consumers changes nothing.
            count => (sums.p.div_euclid(count), sums.q.div_euclid(count)),
        };
        Self { any: true, net, measured, active, reactive, without }
    }

    fn add(&mut self, one: &Self) {
        self.any = true;
        self.net += one.net;
        self.measured += one.measured;
        self.active += one.active;
        self.reactive += one.reactive;
        self.without |= one.without;
    }

    /// The interval of the group.
    fn interval(&self, start: EventTime, end: EventTime, is_whole: bool) -> Interval {
        let mut sums = Sums::EMPTY;
        if !self.without {
            (sums.p, sums.p_max, sums.q) = (self.active, self.active, self.reactive);
            (sums.p_count, sums.q_count) = (1, 1);
        }
        let [imp, exp] = [self.net.0.max(0), (-self.net.0).max(0)].map(WattHours);
        let quality = if is_whole { Quality::MEASURED } else { Quality::PARTIAL };
        // Nobody looks at its meter: groups have names of their own.
        let meter = MeterId::new("-").expect("a name");
        Interval { meter, start, end, imp: Some(imp), exp: Some(exp), sums, quality, instead: None }
    }
}

/// Demand of groups, and of all consumers together.
#[derive(Debug, Clone)]
pub struct Groups {
    pub(crate) rule: Option<GroupRule>,
    /// Blocks above this share of what was agreed are told.
    above: Option<Ratio>,
    moments: Moments,
    /// By number of the group.
    pub(crate) demand: Metering,
    pub(crate) names: Vec<Target>,
    numbers: BTreeMap<Target, u32>,
    /// The number of all consumers together.
    all: u32,
    pub(crate) groups: Vec<Part<i64>>,
    /// How many consumers each has, and the sum of their highest blocks in the period before.
    pub(crate) sizes: Vec<u32>,
    pub(crate) peaks_before: Vec<f64>,
    sums: Vec<Sum>,
    pub(crate) period: u32,
    pub(crate) period_before: u32,
    pub(crate) consumers: Consumers,
    pub(crate) classes: Vec<String>,
    /// What consumers of each class imported on average, in the period under way; until the next tick.
    class_means: Option<Vec<f64>>,
}

impl Groups {
    /// Nobody yet. Groups, if there is a rule; blocks above what was agreed, if there is a share.
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
            all: NOBODY,
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

    /// How many consumers were heard of.
    pub fn meters(&self) -> usize {
        self.consumers.len()
    }

    /// From now on a number of a place may stand for another one.
    pub fn forget_places(&mut self) {
        self.consumers.shares.iter_mut().for_each(|share| share.place = NOT_YET);
    }

    /// Takes the intervals of a tick, by meter; those that end earlier count nowhere, as a part of a sum is no sum.
    /// `place_of` is the place with a number, `size` how many consumers a group has. Tells billing periods that are over.
    pub fn tick<'a>(
        &mut self,
        end: EventTime,
        rows: impl Iterator<Item = Placed<'a>> + Clone,
        place_of: impl Fn(u32) -> Place<'a>,
        size: impl Fn(Target) -> u32,
        told: &mut Vec<DemandRow>,
        above: &mut Vec<AboveSanctioned>,
    ) {
        let moment = self.moments.at(&self.demand.settings, end);
        self.class_means = None;
        // Where clocks go back past midnight, the period before is not begun again.
        if self.period == NO_PERIOD || moment.period > self.period {
            self.turn(moment.period);
        }
        let rows = rows.filter(|placed| placed.row.end == end);
        let places = self.consumers.meet(rows.clone().map(|placed| &placed.row.meter));
        let width = Strides::of(&self.demand.settings).in_block;
        let start = end.minus(self.demand.settings.grid.length());
        let counts = moment.block_ends && moment.block_zones & 1 == 1;
        let hours = self.hours_of_a_block();
        for (at, Placed { row, place }) in places.into_iter().zip(rows) {
            let Some(net) = valid_energy(row) else { continue };
            let at = at as usize;
            let number = place.unwrap_or(NOWHERE);
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
            if !counts || !share.part.is_whole(moment, width) {
                continue;
            }
            let demand = f64::from(share.imported) / hours;
            share.peak = share.peak.max(demand as f32);
            let Some((place, allowed)) = place.map(&place_of).zip(self.above) else { continue };
            let Some(sanctioned) = place.sanctioned else { continue };
            if !share.told && demand > sanctioned.0 * allowed.0 {
                share.told = true;
                let start = end.minus(width as i64 * self.demand.settings.grid.length());
                let Place { transformer, area, .. } = place;
                let (meter, demand) = (row.meter, Watts(demand));
                above.push(AboveSanctioned { meter, transformer, area, demand, sanctioned, start, end });
            }
        }
        self.close(start, end, moment, size, told);
    }

    /// A consumer is seen in a place for the first time.
    fn put(&mut self, at: usize, number: u32, place: &Place<'_>) {
        let whole_town = self.rule.is_some_and(|rule| rule.whole_town);
        let mut number_of = |target: Option<Target>| target.map_or(NOBODY, |target| self.number(target));
        let transformer = number_of(place.transformer.map(Target::Transformer));
        let feeder = number_of(place.feeder.map(Target::Feeder).filter(|_| whole_town));
        number_of(Some(Target::System).filter(|_| whole_town));
        let class = place.class.map_or(NO_CLASS, |class| self.class(class));
        let share = &mut self.consumers.shares[at];
        (share.place, share.groups, share.class) = (number, [transformer, feeder], class);
    }

    /// There are a handful.
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

    /// What consumers of each class imported on average in the period under way.
    fn means_of_classes(&self) -> Vec<f64> {
        let mut sums = vec![(0, 0_u64); self.classes.len()];
        for share in &self.consumers.shares {
            if let (Some((sum, count)), Some(energy)) =
                (sums.get_mut(usize::from(share.class)), share.energy())
            {
                (*sum, *count) = (*sum + u64::from(energy), *count + 1);
            }
        }
        sums.into_iter().map(|(sum, count)| sum as f64 / count as f64).collect()
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
        self.groups.push(Part::new());
        self.sizes.push(0);
        self.peaks_before.push(0.0);
        self.sums.push(Sum::default());
        number
    }

    /// All intervals of the tick are here: takes those of the groups.
    fn close(
        &mut self,
        start: EventTime,
        end: EventTime,
        moment: Moment,
        size: impl Fn(Target) -> u32,
        told: &mut Vec<DemandRow>,
    ) {
        let Some(rule) = self.rule else { return };
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
        let mut ended = MeteringRows::default();
        self.demand.take_of(&numbers, &intervals, |number, _| names[number as usize], &mut ended);
        ended.demand.iter_mut().for_each(|row| self.complete_with(row, &self.peaks_before));
        told.append(&mut ended.demand);
        let count = Strides::of(&self.demand.settings).zones;
        let zone = self.demand.zones.get(self.all as usize * count);
        let peaked = zone.is_some_and(|zone| zone.block > 0.0 && zone.block_end == moment.index);
        if peaked {
            let (hours, width) = (self.hours_of_a_block(), Strides::of(&self.demand.settings).in_block);
            self.consumers.shares.iter_mut().for_each(|share| share.part.coincide(moment, width, hours));
            self.groups.iter_mut().for_each(|part| part.coincide(moment, width, hours));
        }
    }

    fn hours_of_a_block(&self) -> f64 {
        let block = self.demand.settings.demand.as_ref().map_or(0, crate::DemandRule::block);
        block as f64 / reading::time::HOUR as f64
    }

    /// Another billing period begins.
    fn turn(&mut self, period: u32) {
        self.peaks_before = self.peaks();
        let means = self.means_of_classes();
        self.consumers.shares.iter_mut().for_each(|share| share.turn(&means));
        self.groups.iter_mut().for_each(Part::turn);
        (self.period_before, self.period) = (self.period, period);
    }

    /// The sums of the highest blocks of the consumers of each group.
    fn peaks(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.names.len()];
        for share in self.consumers.shares.iter().filter(|share| share.peak > 0.0) {
            for number in [share.groups[0], share.groups[1], self.all] {
                if let Some(sum) = sums.get_mut(number as usize) {
                    *sum += f64::from(share.peak);
                }
            }
        }
        sums
    }

    /// Adds to a row of a meter, told of the period under way or of the one before, what is known of others.
    pub fn complete(&mut self, row: &mut DemandRow) {
        if self.class_means.is_none() {
            self.class_means = Some(self.means_of_classes());
        }
        self.complete_with(row, &[]);
    }

    /// The same of a group, with the sums of the highest blocks of each in its period.
    fn complete_with(&self, row: &mut DemandRow, peaks: &[f64]) {
        let Some(whole) = &mut row.whole else { return };
        let group = self.numbers.get(&row.target).map(|&number| number as usize);
        let (part, share) = match (row.target, group) {
            (Target::Meter(meter), _) => {
                let Some(share) = self.consumers.of(meter) else { return };
                ((share.part.coincident, share.part.before), Some(share))
            }
            (_, Some(group)) => ((self.groups[group].coincident, self.groups[group].before), None),
            _ => return,
        };
        let period = self.moments.period_at(&self.demand.settings, row.start);
        let means = self.class_means.as_deref().unwrap_or_default();
        let (coincident, peers) = match period {
            _ if period == self.period => (part.0, share.and_then(|share| share.over_peers(means))),
            _ if period == self.period_before => {
                let before = share.map(|share| f64::from(share.peers_before));
                (part.1, before.filter(|ratio| !ratio.is_nan()))
            }
            _ => return,
        };
        let peaks = group.and_then(|number| peaks.get(number)).filter(|peaks| **peaks > 0.0);
        let diversity = peaks.zip(row.block.filter(|block| block.demand.0 > 0.0));
        whole.among = Among {
            coincident: (!coincident.is_nan()).then(|| Watts(f64::from(coincident))),
            meters: group.map(|number| self.sizes[number]),
            peers: peers.map(Ratio),
            diversity: diversity.map(|(peaks, block)| Ratio(peaks / block.demand.0)),
            ..whole.among
        };
    }

    /// Nothing more will come: tells the billing period of each group under way, as far as it went.
    pub fn finish(&mut self, told: &mut Vec<DemandRow>) {
        let mut ended = Vec::new();
        for (target, number) in self.numbers.clone() {
            if self.demand.len() > number as usize {
                self.demand.tell_demand(number as usize, target, false, &mut ended);
            }
        }
        let peaks = self.peaks();
        ended.iter_mut().for_each(|row| self.complete_with(row, &peaks));
        told.append(&mut ended);
    }
}

#[cfg(test)]
mod tests;
