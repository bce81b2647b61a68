//! Intervals of groups enter their demand, one after the other: when all consumers are there, or when they are final.
//!
//! All groups go together, because the peak of the town needs what each of them used at that time.

use super::Groups;
use crate::candidates::Candidate;
use crate::demand::mean;
use crate::ended::Ended;
use crate::metering::Strides;
use crate::moment::{Moment, NO_PERIOD};
use crate::rows::{DemandRow, MeteringRows, Whose};
use crate::shares::{BlockUse, CANDIDATES, power_of_use};
use crate::sum::Sum;
use reading::{EventTime, Interval, Target};
use serde::{Deserialize, Serialize};
use std::mem::take;
use units::WattHours;

/// The town in an interval. Stored as it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct TownBlock {
    /// The number of the interval.
    index: u32,
    /// Imported power, W.
    power: f32,
    /// Whether enough consumers were measured.
    is_whole: bool,
}

impl Groups {
    /// Ends a tick: its rows are in the sums.
    pub(super) fn close_tick(
        &mut self,
        end: EventTime,
        moment: Moment,
        size: &impl Fn(Target, EventTime) -> u32,
        out: &mut Vec<DemandRow>,
    ) {
        if self.rule.is_none() {
            return;
        }
        let mut sums = take(&mut self.sums);
        let is_final = end <= self.last_final;
        if self.waiting.is_empty() && (is_final || self.is_complete(end, &sums, size)) {
            self.waiting.settle(end);
            self.close(end, &sums, Some(end), size, out);
        } else {
            self.waiting.push(end, &sums);
            if moment.counts() && !is_final {
                self.nominate(moment, size);
            }
            while self
                .waiting
                .first()
                .is_some_and(|(first, sums)| first <= self.last_final || self.is_complete(first, sums, size))
            {
                self.close_first(Some(end), size, out);
            }
        }
        sums.fill(Sum::default());
        self.sums = sums;
        self.foresee(size);
    }

    /// Whether all consumers have an interval. In a part of a town each of them is in one group at most.
    fn is_complete(&self, end: EventTime, sums: &[Sum], size: &impl Fn(Target, EventTime) -> u32) -> bool {
        let heard = match self.rule {
            Some(rule) if rule.whole_town => sums.get(self.all as usize).map_or(0, Sum::heard),
            _ => sums.iter().map(Sum::heard).sum(),
        };
        heard >= size(Target::System, end)
    }

    /// Nothing will come any more: what waits is settled as it is.
    pub(super) fn close_all(&mut self, size: &impl Fn(Target, EventTime) -> u32, out: &mut Vec<DemandRow>) {
        while !self.waiting.is_empty() {
            self.close_first(None, size, out);
        }
        self.foresee(size);
    }

    fn close_first(
        &mut self,
        tick: Option<EventTime>,
        size: &impl Fn(Target, EventTime) -> u32,
        out: &mut Vec<DemandRow>,
    ) {
        if let Some((end, sums)) = self.waiting.take_first() {
            self.close(end, &sums, tick, size, out);
        }
    }

    /// The sums of an interval become intervals of the groups. `tick` is the end of the current tick; at the end of a run
    /// there is none.
    fn close(
        &mut self,
        end: EventTime,
        sums: &[Sum],
        tick: Option<EventTime>,
        size: &impl Fn(Target, EventTime) -> u32,
        out: &mut Vec<DemandRow>,
    ) {
        let moment = self.moments.at(&self.demand.settings, end);
        if self.settled_period == NO_PERIOD || moment.period > self.settled_period {
            self.consumers.shares.iter_mut().for_each(|share| share.block.begin_period());
            self.groups.iter_mut().for_each(BlockUse::begin_period);
            (self.settled_before, self.settled_period) = (self.settled_period, moment.period);
        }
        let start = end.minus(self.demand.settings.grid.length());
        let (mut numbers, mut intervals) = (Vec::new(), Vec::new());
        for (number, sum) in sums.iter().enumerate().filter(|(_, sum)| sum.any()) {
            self.sizes[number] = size(self.names[number], end).max(sum.measured());
            let is_whole = self.is_whole(sum, self.sizes[number]);
            if is_whole {
                self.groups[number].add(&moment, WattHours(sum.net));
            }
            numbers.push(number as u32);
            intervals.push(sum.interval(start, end, is_whole));
        }
        let names = &self.names;
        let whose = |number: u32, _: &Interval| Whose::Group(Box::new(names[number as usize]));
        let mut ended = MeteringRows::default();
        self.demand.take_of(&numbers, &intervals, whose, &mut ended);
        for row in &mut ended.demand {
            // At the end of a run, late rows could still have joined.
            row.is_final &= tick.is_some();
            let period = self.moments.period_at(&self.demand.settings, row.start);
            let peaks = self.ended.iter().find(|ended| ended.period == period);
            self.complete_with(row, peaks);
        }
        out.append(&mut ended.demand);
        self.coincide(moment, tick == Some(end));
        if let Some(sum) = sums.get(self.all as usize).filter(|sum| sum.any()) {
            let block = self.town_block(moment.index, sum, self.sizes[self.all as usize]);
            let width = self.width() as u32;
            self.settled_town.retain(|other| other.index + width > block.index);
            self.settled_town.push(block);
        }
    }

    /// If the block that ends here is the town's highest so far, everybody's use of it is kept.
    fn coincide(&mut self, moment: Moment, is_tick: bool) {
        let count = Strides::of(&self.demand.settings).zones;
        let zone = self.demand.zones.get(self.all as usize * count);
        if zone.is_some_and(|zone| zone.block > 0.0 && zone.block_end == moment.index) {
            let (hours, width) = (self.hours_of_a_block(), self.width());
            self.groups.iter_mut().for_each(|part| part.coincide(&moment, width, hours));
            let candidate = self.candidates.ending_at(moment.index);
            for share in &mut self.consumers.shares {
                match candidate {
                    _ if is_tick => share.block.coincide(&moment, width, hours),
                    Some(at) => share.block.coincident = power_of_use(share.uses[at], hours),
                    // It was not among the highest by what was in time.
                    None => share.block.coincident = f32::NAN,
                }
            }
        }
        self.candidates.settle(moment.index);
    }

    /// A block has ended whose last interval waits. If it may become the town's peak, its uses are kept.
    fn nominate(&mut self, moment: Moment, size: &impl Fn(Target, EventTime) -> u32) {
        let Moment { block_first: first, index: last, period, .. } = moment;
        let Some((power, is_whole)) = self.town_power(first, last, size) else { return };
        let new = Candidate { first, last, period, is_whole, power };
        let width = self.width();
        if let Some(at) = self.candidates.take(new) {
            self.consumers.shares.iter_mut().for_each(|share| share.note_use(at, &moment, width));
        }
    }

    /// Works out how high the candidates are by what has come so far.
    pub(super) fn foresee(&mut self, size: &impl Fn(Target, EventTime) -> u32) {
        let mut powers = [f32::NAN; CANDIDATES];
        for (at, one) in self.candidates.iter() {
            let power = self.town_power(one.first, one.last, size).filter(|(_, is_whole)| *is_whole);
            powers[at] = power.map_or(f32::NAN, |(power, _)| power);
        }
        self.powers = powers;
    }

    /// The mean imported power of the town from one interval to another, and whether enough consumers were measured in
    /// each of them.
    fn town_power(
        &self,
        first: u32,
        last: u32,
        size: &impl Fn(Target, EventTime) -> u32,
    ) -> Option<(f32, bool)> {
        let (mut powers, mut all_whole) = (Vec::with_capacity(self.width()), true);
        for index in first..=last {
            let end = EventTime(i64::from(index) * self.demand.settings.grid.length());
            let sum = self.waiting.at(end).and_then(|sums| sums.get(self.all as usize));
            let block = match sum.filter(|sum| sum.any()) {
                Some(sum) => self.town_block(index, sum, size(Target::System, end).max(sum.measured())),
                None => *self.settled_town.iter().find(|block| block.index == index)?,
            };
            powers.push(block.power);
            all_whole &= block.is_whole;
        }
        Some((mean(&powers), all_whole))
    }

    fn town_block(&self, index: u32, sum: &Sum, size: u32) -> TownBlock {
        let power = WattHours(sum.net.max(0)).mean_over(self.demand.settings.grid.length()).0 as f32;
        TownBlock { index, power, is_whole: self.is_whole(sum, size) }
    }

    /// Whether enough of so many consumers were measured for a peak.
    fn is_whole(&self, sum: &Sum, size: u32) -> bool {
        let reporting = self.rule.map_or(1.0, |rule| rule.reporting.0);
        f64::from(sum.measured()) >= reporting * f64::from(size)
    }

    fn width(&self) -> usize {
        Strides::of(&self.demand.settings).in_block
    }

    /// No further row will come before the run ends: settles what waits. Billing periods that are over are added to `out`.
    pub fn settle(&mut self, size: impl Fn(Target, EventTime) -> u32, out: &mut Vec<DemandRow>) {
        self.close_all(&size, out);
    }

    /// Ends the run: settles what waits, and adds the billing period under way of each group, as far as it went, to
    /// `out`.
    pub fn finish(&mut self, size: impl Fn(Target, EventTime) -> u32, out: &mut Vec<DemandRow>) {
        self.close_all(&size, out);
        let mut rows = Vec::new();
        for (target, number) in self.numbers.clone() {
            if self.demand.len() > number as usize {
                let whose = Whose::Group(Box::new(target));
                self.demand.push_demand(number as usize, whose, false, &mut rows);
            }
        }
        let under_way = self.under_way();
        for row in &mut rows {
            let period = self.moments.period_at(&self.demand.settings, row.start);
            let of_period = |ended: &&Ended| ended.period == period;
            self.complete_with(row, self.ended.iter().chain([&under_way]).find(of_period));
        }
        out.append(&mut rows);
    }
}
