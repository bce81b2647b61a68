//! Rows of consumers go into the sums of their groups, and into what is kept of each consumer.

use super::{AboveSanctioned, Groups, Network, Place, Placed};
use crate::ended::Ended;
use crate::metering::Strides;
use crate::moment::Moment;
use crate::shares::{NO_CLASS, NO_GROUP, NO_PLACE, Share};
use crate::sum::Sum;
use features::valid_energy;
use reading::{EventTime, Target};
use units::Watts;

/// How long a block is.
#[derive(Debug, Clone, Copy)]
struct Block {
    /// In intervals.
    width: usize,
    hours: f64,
}

impl Groups {
    /// Takes rows: of a tick, with its moment, or of earlier ones.
    pub(super) fn take<'a, S>(
        &mut self,
        tick: Option<(EventTime, Moment)>,
        rows: impl Iterator<Item = Placed<'a>> + Clone,
        network: &Network<impl Fn(u32) -> Place<'a>, S>,
    ) -> Vec<AboveSanctioned> {
        self.class_means = None;
        let (last_final, tick_end) = (self.last_final, tick.map(|(end, _)| end));
        let rows = rows.filter(|placed| placed.row.end > last_final || Some(placed.row.end) == tick_end);
        let places = self.consumers.find_or_add(rows.clone().map(|placed| &placed.row.meter));
        let mut above = Vec::new();
        let block =
            Block { width: Strides::of(&self.demand.settings).in_block, hours: self.hours_of_a_block() };
        for (at, placed) in places.into_iter().zip(rows) {
            let (at, end) = (at as usize, placed.row.end);
            let late;
            let (moment, is_late) = match &tick {
                Some((tick, moment)) if *tick == end => (moment, false),
                _ => {
                    late = self.moments.at(&self.demand.settings, end);
                    (&late, true)
                }
            };
            let share = &mut self.consumers.shares[at];
            share.turn(moment.period);
            // Its own period is over for the town: what was added up of it changes.
            let is_behind = share.period() < self.period;
            if is_behind {
                self.change_ended(at, Ended::remove);
            }
            let one = self.take_row(at, placed, (moment, is_late), &block, &network.place_of);
            above.extend(one);
            if is_behind {
                self.change_ended(at, Ended::add);
            }
        }
        above
    }

    /// Changes what was added up of the period of a consumer.
    fn change_ended(&mut self, at: usize, change: impl Fn(&mut Ended, &Share, u32)) {
        let (share, all) = (self.consumers.shares[at], self.all);
        change(self.ended_in(share.period()), &share, all);
    }

    /// Takes the row of the consumer at a place. Returns its block above the sanctioned load.
    #[inline]
    fn take_row<'a>(
        &mut self,
        at: usize,
        Placed { row, place }: Placed<'a>,
        (moment, is_late): (&Moment, bool),
        block: &Block,
        place_of: &impl Fn(u32) -> Place<'a>,
    ) -> Option<AboveSanctioned> {
        let net = valid_energy(row);
        let number = place.unwrap_or(NO_PLACE);
        let mut groups = self.consumers.shares[at].groups;
        if self.consumers.shares[at].place != number {
            let place = place.map(place_of).unwrap_or_default();
            groups = if net.is_some() { self.put(at, number, &place) } else { self.known_groups(&place) };
        }
        let mut sum = net.map_or_else(Sum::default, |net| Sum::of(row, net));
        sum.hear(place.is_some());
        let groups = [groups[0], groups[1], self.all];
        if is_late {
            self.join_late(row.end, groups, &sum);
        } else {
            for group in groups {
                if let Some(of_group) = self.sums.get_mut(group as usize) {
                    of_group.add(&sum);
                }
            }
        }
        let net = net?;
        let share = &mut self.consumers.shares[at];
        if let Some(imported) = row.valid() {
            share.import(imported);
        }
        let imported = row.imp.filter(|_| row.quality.is_whole())?;
        share.add(moment, imported, net);
        if !moment.counts() || !share.block.is_whole(moment, block.width) {
            return None;
        }
        if is_late && let Some(candidate) = self.candidates.ending_at(moment.index) {
            share.note_use(candidate, moment, block.width);
        }
        let demand = f64::from(share.imported) / block.hours;
        share.peak = share.peak.max(demand as f32);
        if demand < f64::from(share.within) {
            return None;
        }
        let (place, allowed) = place.map(place_of).zip(self.above)?;
        let sanctioned = place.sanctioned?;
        if share.reported_above || demand <= sanctioned.0 * allowed.0 {
            return None;
        }
        share.reported_above = true;
        let start = row.end.minus(block.width as i64 * self.demand.settings.grid.length());
        let Place { transformer, area, .. } = place;
        let (meter, demand) = (row.meter, Watts(demand));
        Some(AboveSanctioned { meter, transformer, area, demand, sanctioned, start, end: row.end })
    }

    /// The row of an interval whose tick is over joins the sums of its groups, unless they are settled.
    fn join_late(&mut self, end: EventTime, groups: [u32; 3], sum: &Sum) {
        if self.rule.is_none() {
            return;
        }
        for group in groups.into_iter().filter(|group| *group != NO_GROUP) {
            if let Some(of_group) = self.waiting.of(end, group) {
                of_group.add(sum);
            }
        }
    }

    /// The numbers of the transformer and the feeder of a place, if they have any.
    fn known_groups(&self, place: &Place<'_>) -> [u32; 2] {
        let targets = [place.transformer.map(Target::Transformer), place.feeder.map(Target::Feeder)];
        targets.map(|target| target.and_then(|target| self.numbers.get(&target)).copied().unwrap_or(NO_GROUP))
    }

    /// Notes the place of a consumer, when it is seen there for the first time. Returns the numbers of its groups.
    fn put(&mut self, at: usize, number: u32, place: &Place<'_>) -> [u32; 2] {
        let whole_town = self.rule.is_some_and(|rule| rule.whole_town);
        let mut number_of = |target: Option<Target>| target.map_or(NO_GROUP, |target| self.number(target));
        let transformer = number_of(place.transformer.map(Target::Transformer));
        let feeder = number_of(place.feeder.map(Target::Feeder).filter(|_| whole_town));
        number_of(Some(Target::System).filter(|_| whole_town));
        let class = place.class.map_or(NO_CLASS, |class| self.class(class));
        // Rounded down to 32 bits, so that whoever is above is looked at.
        let within = self.above.map_or(f32::INFINITY, |allowed| {
            place
                .sanctioned
                .map_or(f32::INFINITY, |sanctioned| ((sanctioned.0 * allowed.0) as f32).next_down())
        });
        let share = &mut self.consumers.shares[at];
        (share.place, share.groups, share.class) = (number, [transformer, feeder], class);
        share.within = within;
        share.groups
    }
}
