//! Finds the consumers that are out together and make one outage, of a transformer or of a feeder.
//!
//! Each tick goes through the same steps. Consumers that went out recently and belong to no outage of many are
//! *candidates*. Consumers that only did not send in this tick are *unheard*. Both first join outages that last. The
//! rest is counted under each feeder, then under each transformer. An outage of many begins if three consumers are
//! known to be out, and if these and the unheard are a large enough share of all. Feeders come first: otherwise the
//! outage of a feeder would begin as one outage of each transformer, and these would be withdrawn a moment later.

use crate::groups::{Group, LEAST};
use crate::seat::{NEVER, Seat};
use crate::spells::Ended;
use crate::supply::{Supply, among};
use crate::{Cause, SupplyRows, SupplySettings, Target};
use grid::{Role, Topology, TopologyRow};
use reading::{AreaId, EventTime, FeederId, MeterId};
use std::collections::{BTreeMap, BTreeSet};

/// The changes of a tick, while they pass through the outages of many.
pub(crate) struct Tick<'a> {
    pub(crate) end: EventTime,
    pub(crate) topology: &'a Topology,
    /// Spells that ended in the tick, by meter and start.
    pub(crate) ended: &'a mut [Ended],
    pub(crate) out: &'a mut SupplyRows,
}

/// Consumers that belong to no outage of many so far.
struct Loose<'a> {
    candidates: Vec<Candidate<'a>>,
    unheard: Vec<Unheard<'a>>,
    /// Consumers that are silent for another reason.
    quiet: Vec<Quiet<'a>>,
}

/// The loose consumers under one transformer or feeder.
#[derive(Debug, Default)]
struct Under<'l, 'a> {
    candidates: Vec<&'l Candidate<'a>>,
    unheard: Vec<&'l Unheard<'a>>,
    quiet: Vec<&'l Quiet<'a>>,
}

impl<'a> Loose<'a> {
    /// Divides the loose consumers by the targets with these numbers in one walk: a third of a million meters may
    /// deliver late.
    fn under(
        &self,
        targets: BTreeSet<u32>,
        number_of: impl Fn(Place<'a>) -> Option<u32>,
    ) -> impl Iterator<Item = (u32, Under<'_, 'a>)> {
        // By number of the target: its place among `under`.
        let mut places = vec![usize::MAX; targets.last().map_or(0, |&last| last as usize + 1)];
        targets.iter().enumerate().for_each(|(place, &target)| places[target as usize] = place);
        let mut under: Vec<Under<'_, 'a>> = targets.iter().map(|_| Under::default()).collect();
        let place_of = |place| places.get(number_of(place)? as usize).copied();
        for one in &self.candidates {
            if let Some(under) = place_of(one.place).and_then(|at| under.get_mut(at)) {
                under.candidates.push(one);
            }
        }
        for one in &self.unheard {
            if let Some(under) = place_of(one.place).and_then(|at| under.get_mut(at)) {
                under.unheard.push(one);
            }
        }
        for one in &self.quiet {
            if let Some(under) = place_of(one.place).and_then(|at| under.get_mut(at)) {
                under.quiet.push(one);
            }
        }
        targets.into_iter().zip(under)
    }
}

impl Under<'_, '_> {
    /// How many different consumers are out: one may have been out twice.
    fn known(&self) -> u32 {
        self.candidates.iter().map(|one| one.meter).collect::<BTreeSet<_>>().len() as u32
    }

    fn starts(&self) -> Vec<(EventTime, Cause)> {
        self.candidates.iter().map(|one| (one.start, one.cause)).collect()
    }

    /// Leaves out who went out long before most of these: an outage before theirs lasts for them.
    fn leave_out_older(&mut self, groups: &mut Vec<(Target, Group)>, rules: &SupplySettings) {
        let mut starts: Vec<EventTime> = self.candidates.iter().map(|one| one.start).collect();
        starts.extend(groups.iter().map(|(_, group)| group.start));
        starts.sort_unstable();
        let Some(&median) = starts.get((starts.len().max(1) - 1) / 2) else { return };
        let since = median.minus(rules.silent_after + rules.about());
        self.candidates.retain(|one| one.start >= since);
        groups.retain(|(_, group)| group.start >= since);
    }

    /// How many unheard consumers sent their last message about then.
    fn missed(&self, start: EventTime, rules: &SupplySettings) -> u32 {
        self.unheard.iter().filter(|one| one.since(start, rules)).count() as u32
    }

    /// How many consumers show nothing of an outage that began at `start`: they had been silent for long, or they
    /// deliver late and have sent nothing since.
    fn absent(&self, start: EventTime, rules: &SupplySettings) -> u32 {
        let since = start.minus(rules.silent_after);
        let absent = |one: &&&Quiet<'_>| one.heard < since || one.is_late && one.heard < start;
        self.quiet.iter().filter(absent).count() as u32
    }
}

/// A consumer of which nothing was heard, and that shows nothing about an outage of others.
#[derive(Debug, Clone, Copy)]
struct Quiet<'a> {
    heard: EventTime,
    /// It usually delivers late.
    is_late: bool,
    place: Place<'a>,
}

/// A consumer that is out, or was out for a moment, and may be part of an outage of many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) meter: MeterId,
    /// Its index among the spells that ended, or none if it lasts.
    pub(crate) ended: Option<usize>,
    start: EventTime,
    cause: Cause,
    place: Place<'a>,
}

impl Candidate<'_> {
    /// Whether it went out with an outage that lasts, or after that began.
    fn goes_with(&self, group: &Group, rules: &SupplySettings) -> bool {
        if group.rests(self.start, rules.silent_after) {
            return false;
        }
        if self.cause != Cause::Silence {
            return self.start >= group.start.minus(rules.about());
        }
        // The last messages before an outage may be lost. A silence then seems to begin before the last gasps of
        // others. One that begins when others are back has another reason: many meters deliver once a day.
        let is_after = group.heard.is_some_and(|heard| self.start >= heard);
        self.start >= group.start.minus(rules.silent_after) && !is_after
    }
}

/// The place of a consumer: its row of the topology by number, because a blackout makes a candidate of every
/// consumer, and three names take 200 bytes.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    topology: &'a Topology,
    row: u32,
}

impl<'a> Place<'a> {
    /// The place of a consumer whose rows begin at `first`.
    fn of_consumer(topology: &'a Topology, first: usize, time: EventTime) -> Option<Self> {
        let place = Self { topology, row: topology.row_number_at(first, time)? };
        (place.row().role == Role::Consumer).then_some(place)
    }

    fn row(self) -> &'a TopologyRow {
        &self.topology.rows()[self.row as usize]
    }

    /// The number of the transformer, among those of the topology.
    fn transformer(self) -> Option<u32> {
        self.topology.places_of(self.row).0
    }

    /// The number of the feeder.
    fn feeder(self) -> Option<u32> {
        self.topology.places_of(self.row).1
    }

    fn area(self) -> Option<AreaId> {
        self.row().area()
    }

    /// The targets that an outage of this consumer may have, the largest first.
    fn targets(self) -> impl Iterator<Item = Target> {
        let row = self.row();
        row.feeder().map(Target::Feeder).into_iter().chain(row.transformer().map(Target::Transformer))
    }
}

/// A consumer that did not send in this tick, but is not silent for long enough to be out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unheard<'a> {
    pub(crate) meter: MeterId,
    pub(crate) heard: EventTime,
    /// When it sent its last reading.
    pub(crate) last: EventTime,
    place: Place<'a>,
}

impl Unheard<'_> {
    /// Whether it sent its last message about when an outage began: not after, and not too long before.
    fn since(&self, start: EventTime, rules: &SupplySettings) -> bool {
        self.heard >= start.minus(rules.silent_after) && self.heard < start.plus(rules.grid.length())
    }
}

impl Supply {
    /// Groups consumers that are out together into outages of many.
    pub(crate) fn cluster(&mut self, tick: &mut Tick<'_>) {
        let candidates = self.candidates(tick);
        if candidates.is_empty() && self.groups.is_empty() {
            return;
        }
        let mut loose = Loose { candidates, unheard: Vec::new(), quiet: Vec::new() };
        self.join_open_groups(tick, &mut loose);
        loose.quiet = self.quiet(tick, &loose.candidates);
        if self.rules.whole {
            self.find_feeder_outages(tick, &mut loose);
        }
        self.find_transformer_outages(tick, &loose);
    }

    /// Adds candidates and unheard consumers to outages that last.
    fn join_open_groups<'a>(&mut self, tick: &mut Tick<'a>, loose: &mut Loose<'a>) {
        let rules = self.rules;
        loose.candidates.retain(|one| {
            let open = one
                .place
                .targets()
                .find(|target| self.groups.get(target).is_some_and(|group| one.goes_with(group, &rules)));
            open.inspect(|target| self.join(*target, one, tick)).is_none()
        });
        loose.unheard = self.unheard(tick);
        loose.unheard.retain(|one| {
            // Once the first consumers are back, an unheard consumer may be back as well, so it does not join.
            let open = one.place.targets().find(|target| {
                self.groups
                    .get(target)
                    .is_some_and(|group| group.heard.is_none() && one.since(group.start, &rules))
            });
            open.inspect(|target| self.adopt(*target, one, tick.end)).is_none()
        });
    }

    /// Consumers that are on their own and were noticed not long ago, by meter and start.
    fn candidates<'a>(&self, tick: &Tick<'a>) -> Vec<Candidate<'a>> {
        let (topology, since) = (tick.topology, tick.end.minus(self.rules.silent_after));
        let lasting = self.out.iter().filter(|(_, spell)| !spell.waits_for_row());
        let lasting = lasting.map(|(meter, spell)| (*meter, spell, None));
        let ended = tick.ended.iter().enumerate().filter(|(_, ended)| !ended.false_alarm && !ended.joined);
        let ended = ended.map(|(at, ended)| (ended.meter, &ended.spell, Some(at)));
        let fresh =
            lasting.chain(ended).filter(|(_, spell, _)| spell.group.is_none() && spell.noticed >= since);
        // Both come by meter, so this is one walk along the table for each.
        let mut cursor = 0;
        let placed = fresh.filter_map(|(meter, spell, ended)| {
            cursor = topology.first_row(&meter, cursor)?;
            let place = Place { topology, row: topology.row_number_at(cursor, tick.end)? };
            Some(Candidate { meter, ended, start: spell.start, cause: spell.cause, place })
        });
        let mut all: Vec<Candidate<'a>> = placed.collect();
        all.sort_by_key(|one| (one.meter, one.start));
        all
    }

    fn unheard<'a>(&self, tick: &Tick<'a>) -> Vec<Unheard<'a>> {
        let topology = tick.topology;
        let mut is_out = among(self.out.keys());
        let mut is_back = among(tick.ended.iter().map(|ended| &ended.meter));
        let seats = self.seats.iter().enumerate();
        let length = self.rules.grid.length();
        let silent = seats.filter(|(_, seat)| seat.was_heard() && seat.expected(length) < tick.end);
        let silent = silent.filter_map(|(first, seat)| {
            let place = Place::of_consumer(topology, first, tick.end)?;
            Some(Unheard { meter: place.row().meter, heard: seat.heard(), last: seat.last_reading(), place })
        });
        silent.filter(|one| !is_out(&one.meter) && !is_back(&one.meter)).collect()
    }

    fn quiet<'a>(&self, tick: &Tick<'a>, candidates: &[Candidate<'_>]) -> Vec<Quiet<'a>> {
        if candidates.is_empty() {
            return Vec::new();
        }
        let topology = tick.topology;
        let (since, length) = (tick.end.minus(self.rules.silent_after), self.rules.grid.length());
        let is_late = |seat: &Seat| seat.heard() < tick.end && seat.expected(length) >= tick.end;
        let seats = self.seats.iter().enumerate().filter(|(_, seat)| seat.was_heard());
        let quiet = seats.filter(|(_, seat)| seat.heard() < since || is_late(seat));
        let mut is_candidate = among(candidates.iter().map(|one| &one.meter));
        let placed = quiet.filter_map(|(first, seat)| {
            let place = Place::of_consumer(topology, first, tick.end)?;
            let quiet = Quiet { heard: seat.heard(), is_late: is_late(seat), place };
            (!is_candidate(&place.row().meter)).then_some(quiet)
        });
        placed.collect()
    }

    /// Finds outages of feeders: consumers or outages on two of its transformers or more.
    fn find_feeder_outages(&mut self, tick: &mut Tick<'_>, loose: &mut Loose<'_>) {
        let since = tick.end.minus(self.rules.silent_after);
        let fresh = |group: &Group| group.noticed >= since;
        let of_candidates = loose.candidates.iter().filter_map(|one| one.place.feeder());
        let known = tick.topology.feeders();
        let number_of = |feeder: FeederId| known.binary_search(&feeder).ok().map(|at| at as u32);
        let of_groups = self.groups.values().filter(|group| fresh(group));
        let of_groups = of_groups.filter_map(|group| number_of(group.feeder?));
        let feeders: BTreeSet<u32> = of_candidates.chain(of_groups).collect();
        // The outages that begin, each with its beginning.
        let mut found = BTreeMap::new();
        for (number, mut own) in loose.under(feeders, Place::feeder) {
            let feeder = known[number as usize];
            let target = Target::Feeder(feeder);
            let mut groups: Vec<(Target, Group)> = self
                .groups
                .iter()
                .filter(|(_, group)| group.feeder == Some(feeder) && fresh(group))
                .map(|(target, group)| (*target, *group))
                .collect();
            own.leave_out_older(&mut groups, &self.rules);
            let of_candidates = own.candidates.iter().filter_map(|one| one.place.transformer());
            let transformers = tick.topology.transformers();
            let mut below: BTreeSet<Target> =
                of_candidates.map(|number| Target::Transformer(transformers[number as usize])).collect();
            below.extend(groups.iter().map(|(target, _)| *target));
            if below.len() < 2 {
                continue;
            }
            let mut starts = own.starts();
            starts.extend(groups.iter().map(|(_, group)| (group.start, group.cause)));
            let began = began(&mut starts);
            let known = own.known() + groups.iter().map(|(_, group)| group.consumers).sum::<u32>();
            let all = tick.topology.consumers_at(reading::Target::Feeder(feeder), tick.end);
            let all = all - own.absent(began.0, &self.rules).min(all / 2);
            let missed = own.missed(began.0, &self.rules);
            let share = self.rules.feeder_share.0;
            if !is_many(known, missed, all, share) || !self.makes_room(target, began.0, tick) {
                continue;
            }
            self.groups.insert(target, Group::new(began, tick.end, None));
            let areas = groups.iter().map(|(_, group)| group.area).collect();
            for (absorbed, _) in groups {
                self.absorb(target, absorbed, tick);
            }
            found.extend(self.gather(target, areas, tick, &own).map(|start| (number, start)));
        }
        if found.is_empty() {
            return;
        }
        let begun = |place: Place<'_>| found.get(&place.feeder()?);
        loose.candidates.retain(|one| begun(one.place).is_none());
        loose.unheard.retain(|one| begun(one.place).is_none_or(|start| !one.since(*start, &self.rules)));
    }

    /// Finds outages of single transformers among the consumers that are left.
    fn find_transformer_outages(&mut self, tick: &mut Tick<'_>, loose: &Loose<'_>) {
        let topology = tick.topology;
        let transformers: BTreeSet<u32> =
            loose.candidates.iter().filter_map(|one| one.place.transformer()).collect();
        for (number, mut own) in loose.under(transformers, Place::transformer) {
            own.leave_out_older(&mut Vec::new(), &self.rules);
            let transformer = topology.transformers()[number as usize];
            let target = Target::Transformer(transformer);
            let began = began(&mut own.starts());
            let feeder = own.candidates.first().and_then(|one| one.place.row().feeder());
            let all = topology.consumers_at(reading::Target::Transformer(transformer), tick.end);
            let all = all - own.absent(began.0, &self.rules).min(all / 2);
            let (known, missed) = (own.known(), own.missed(began.0, &self.rules));
            let share = self.rules.transformer_share.0;
            if !is_many(known, missed, all, share) || !self.makes_room(target, began.0, tick) {
                continue;
            }
            // A part of a town does not know all consumers of a feeder, so it could never find an outage of the
            // feeder.
            let feeder = feeder.filter(|_| self.rules.whole);
            self.groups.insert(target, Group::new(began, tick.end, feeder));
            self.gather(target, BTreeSet::new(), tick, &own);
        }
    }

    /// Takes all loose consumers under a target into the outage that has just begun there. Its area is that of all of
    /// them, and of the outages with `areas` that it has absorbed, if they have the same. Returns when it began.
    fn gather(
        &mut self,
        target: Target,
        mut areas: BTreeSet<Option<AreaId>>,
        tick: &mut Tick<'_>,
        own: &Under<'_, '_>,
    ) -> Option<EventTime> {
        let (rules, start) = (self.rules, self.groups.get(&target)?.start);
        for one in &own.candidates {
            areas.insert(one.place.area());
            self.join(target, one, tick);
        }
        for one in own.unheard.iter().filter(|one| one.since(start, &rules)) {
            areas.insert(one.place.area());
            self.adopt(target, one, tick.end);
        }
        if let Some(group) = self.groups.get_mut(&target) {
            group.area = if areas.len() == 1 { areas.pop_first().flatten() } else { None };
        }
        Some(start)
    }
}

/// When an outage began, and how that is known. The first last gasp is exact. Without one, it is the median of the
/// beginnings, because a single silence may have begun long before.
fn began(starts: &mut [(EventTime, Cause)]) -> (EventTime, Cause) {
    starts.sort_unstable();
    let gasp = starts.iter().find(|(_, cause)| *cause == Cause::LastGasp);
    gasp.or_else(|| starts.get((starts.len().max(1) - 1) / 2)).copied().unwrap_or((NEVER, Cause::Silence))
}

/// Whether so many of all consumers are an outage of many.
///
/// Consumers that are known to be out must be enough by themselves. Unheard consumers only add to the share.
fn is_many(known: u32, missed: u32, all: u32, share: f64) -> bool {
    known >= LEAST && f64::from(known + missed) >= share * f64::from(all)
}
