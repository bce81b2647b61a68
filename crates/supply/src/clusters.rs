//! Consumers that are out together are one outage: of their transformer, or of the feeder above several.

use crate::spells::{NEVER, Over, Spell};
use crate::supply::Supply;
use crate::{Cause, Change, Interruption, Outage, SupplyRows, SupplySettings, Target};
use grid::{Role, Topology, TopologyRow};
use reading::{AreaId, EventTime, FeederId, MeterId, TransformerId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Fewer consumers make no outage of many.
const LEAST: u32 = 3;
/// Of an outage that is nearly over, a twentieth may stay out for reasons of its own.
const STRAGGLERS: u32 = 20;

/// An outage of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) start: EventTime,
    pub(crate) cause: Cause,
    pub(crate) noticed: EventTime,
    pub(crate) area: Option<AreaId>,
    /// Above a transformer.
    pub(crate) feeder: Option<FeederId>,
    /// How often somebody was out in all, and is.
    pub(crate) consumers: u32,
    pub(crate) out: u32,
    /// How long they were out, ms.
    pub(crate) customer_ms: u64,
    /// The latest return that a meter told, and the latest at all.
    pub(crate) said: Option<EventTime>,
    pub(crate) heard: Option<EventTime>,
    pub(crate) told: bool,
}

impl Group {
    fn ended(&self) -> Option<EventTime> {
        self.said.or(self.heard)
    }

    fn is_nearly_over(&self) -> bool {
        self.heard.is_some() && self.out < LEAST.max(self.consumers / STRAGGLERS)
    }

    fn outage(&self, target: Target, end: Option<EventTime>, members: &Members, momentary: i64) -> Outage {
        let none_was = end.is_some() && 2 * members.had_supply > members.was_out + members.had_supply;
        let cause = if none_was { Cause::Communication } else { self.cause };
        let kind = end.filter(|_| cause.interrupts()).map(|end| kind(self.start, end, momentary));
        let had_supply = if none_was { members.had_supply } else { 0 };
        Outage {
            target,
            area: self.area,
            start: self.start,
            end,
            cause,
            kind,
            consumers: members.was_out + members.lasting + had_supply,
            customer_ms: self.customer_ms,
        }
    }
}

/// Who of an outage of many is back, and whether any of its silences was an interruption.
pub(crate) type Returned = BTreeMap<MeterId, bool>;

/// How many different consumers an outage of many has.
struct Members {
    /// They are back, and were without supply
    was_out: u32,
    /// or had it all the time.
    had_supply: u32,
    /// They have not been back.
    lasting: u32,
}

impl Members {
    fn of(back: Option<&Returned>, lasting: Option<&u32>) -> Self {
        let all = back.map_or(0, |back| back.len() as u32);
        let was_out = back.map_or(0, |back| back.values().filter(|was_out| **was_out).count() as u32);
        Self { was_out, had_supply: all - was_out, lasting: lasting.copied().unwrap_or(0) }
    }
}

pub(crate) fn kind(start: EventTime, end: EventTime, momentary: i64) -> Interruption {
    if end.since(start) > momentary { Interruption::Sustained } else { Interruption::Momentary }
}

/// One that may be a part of something larger.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    meter: MeterId,
    /// Its place among those that are over, unless it lasts.
    over: Option<usize>,
    start: EventTime,
    cause: Cause,
    place: Place,
}

impl Candidate {
    /// Whether it went with the others, or after them.
    fn is_of(&self, group: &Group, rules: &SupplySettings) -> bool {
        // What is silent may have been unlucky with its last messages before.
        let before = if self.cause == Cause::Silence { rules.silent_after } else { rules.about() };
        self.start >= group.start.minus(before)
    }
}

/// Where a consumer hangs.
#[derive(Debug, Clone, Copy)]
struct Place {
    transformer: Option<TransformerId>,
    feeder: Option<FeederId>,
    area: Option<AreaId>,
}

impl From<&TopologyRow> for Place {
    fn from(row: &TopologyRow) -> Self {
        Self { transformer: row.transformer, feeder: row.feeder, area: row.area }
    }
}

impl Place {
    fn targets(self) -> impl Iterator<Item = Target> {
        self.feeder.map(Target::Feeder).into_iter().chain(self.transformer.map(Target::Transformer))
    }
}

/// One that was not heard of in the tick at hand, and may be out or not.
#[derive(Debug, Clone, Copy)]
struct Unheard {
    meter: MeterId,
    heard: EventTime,
    place: Place,
}

impl Unheard {
    /// Whether it has not been heard of since then, and was before, not too long ago.
    fn since(&self, start: EventTime, rules: &SupplySettings) -> bool {
        self.heard >= start.minus(rules.silent_after) && self.heard < start.plus(rules.grid.length())
    }
}

impl Supply {
    /// Makes parts of larger outages of those that are out, or were for a moment.
    pub(crate) fn cluster(
        &mut self,
        tick: EventTime,
        topology: &Topology,
        over: &mut [Over],
        told: &mut SupplyRows,
    ) {
        let mut candidates = self.candidates(tick, topology, over);
        if candidates.is_empty() && self.groups.is_empty() {
            return;
        }
        let rules = self.rules;
        candidates.retain(|one| {
            let open = one
                .place
                .targets()
                .find(|target| self.groups.get(target).is_some_and(|group| one.is_of(group, &rules)));
            open.inspect(|target| self.join(*target, one, over, told)).is_none()
        });
        // Once the first are back, whoever is not heard of may have been back as well.
        let mut unheard = self.unheard(tick, topology, over);
        unheard.retain(|one| {
            let open = one.place.targets().find(|target| {
                self.groups
                    .get(target)
                    .is_some_and(|group| group.heard.is_none() && one.since(group.start, &self.rules))
            });
            open.inspect(|target| self.adopt(*target, one, tick)).is_none()
        });
        if self.rules.whole {
            self.feeders(tick, topology, &mut candidates, &mut unheard, over, told);
        }
        self.transformers(tick, topology, &mut candidates, &mut unheard, over, told);
    }

    /// Those on their own that were noticed not long ago, by meter.
    fn candidates(&self, tick: EventTime, topology: &Topology, over: &[Over]) -> Vec<Candidate> {
        let since = tick.minus(self.rules.silent_after);
        let lasting = self.out.iter().map(|(meter, spell)| (*meter, spell, None));
        let ended = over.iter().enumerate().filter(|(_, over)| !over.is_nothing);
        let ended = ended.map(|(at, over)| (over.meter, &over.spell, Some(at)));
        let fresh =
            lasting.chain(ended).filter(|(_, spell, _)| spell.group.is_none() && spell.noticed >= since);
        let placed = fresh.filter_map(|(meter, spell, over)| {
            let place = Place::from(topology.at(&meter, tick)?);
            Some(Candidate { meter, over, start: spell.start, cause: spell.cause, place })
        });
        let mut all: Vec<Candidate> = placed.collect();
        all.sort_by_key(|one| (one.meter, one.start));
        all
    }

    fn unheard(&self, tick: EventTime, topology: &Topology, over: &[Over]) -> Vec<Unheard> {
        let returned: BTreeSet<MeterId> = over.iter().map(|over| over.meter).collect();
        let seats = self.seats.iter().enumerate();
        let silent = seats.filter(|(_, seat)| seat.heard != NEVER && seat.heard < tick);
        let silent = silent.filter_map(|(first, seat)| {
            let row = topology.row_at(first, tick).filter(|row| row.role == Role::Consumer)?;
            Some(Unheard { meter: row.meter, heard: seat.heard, place: row.into() })
        });
        silent.filter(|one| !self.out.contains_key(&one.meter) && !returned.contains(&one.meter)).collect()
    }

    fn feeders(
        &mut self,
        tick: EventTime,
        topology: &Topology,
        candidates: &mut Vec<Candidate>,
        unheard: &mut Vec<Unheard>,
        over: &mut [Over],
        told: &mut SupplyRows,
    ) {
        let mut feeders: BTreeSet<FeederId> = candidates.iter().filter_map(|one| one.place.feeder).collect();
        let since = tick.minus(self.rules.silent_after);
        let fresh = |group: &Group| group.noticed >= since;
        feeders.extend(self.groups.values().filter(|group| fresh(group)).filter_map(|group| group.feeder));
        for feeder in feeders {
            let own = |one: &Candidate| one.place.feeder == Some(feeder);
            let groups: Vec<(Target, Group)> = self
                .groups
                .iter()
                .filter(|(_, group)| group.feeder == Some(feeder) && fresh(group))
                .map(|(target, group)| (*target, *group))
                .collect();
            let transformers =
                candidates.iter().filter(|one| own(one)).filter_map(|one| one.place.transformer);
            let mut below: BTreeSet<Target> = transformers.map(Target::Transformer).collect();
            below.extend(groups.iter().map(|(target, _)| *target));
            if below.len() < 2 {
                continue;
            }
            let mut starts: Vec<(EventTime, Cause)> =
                candidates.iter().filter(|one| own(one)).map(|one| (one.start, one.cause)).collect();
            starts.extend(groups.iter().map(|(_, group)| (group.start, group.cause)));
            let (start, cause) = began(&mut starts);
            let known = distinct(candidates.iter().filter(|one| own(one)))
                + groups.iter().map(|(_, group)| group.consumers).sum::<u32>();
            let rules = self.rules;
            let missing = |one: &Unheard| one.place.feeder == Some(feeder) && one.since(start, &rules);
            let missed = unheard.iter().filter(|one| missing(one)).count() as u32;
            let all = topology.consumers_at(reading::Target::Feeder(feeder), tick);
            if !is_many(known, missed, all, self.rules.feeder_share.0) {
                continue;
            }
            let target = Target::Feeder(feeder);
            if !self.found(target, (start, cause), tick, None) {
                continue;
            }
            let areas = groups.iter().map(|(_, group)| group.area).collect();
            for (absorbed, _) in groups {
                self.absorb(target, absorbed, over, told);
            }
            self.gather(target, tick, areas, candidates, own, unheard, missing, over, told);
        }
    }

    fn transformers(
        &mut self,
        tick: EventTime,
        topology: &Topology,
        candidates: &mut Vec<Candidate>,
        unheard: &mut Vec<Unheard>,
        over: &mut [Over],
        told: &mut SupplyRows,
    ) {
        let transformers: BTreeSet<TransformerId> =
            candidates.iter().filter_map(|one| one.place.transformer).collect();
        for transformer in transformers {
            let own = |one: &Candidate| one.place.transformer == Some(transformer);
            let mut starts: Vec<(EventTime, Cause)> =
                candidates.iter().filter(|one| own(one)).map(|one| (one.start, one.cause)).collect();
            let (start, cause) = began(&mut starts);
            let rules = self.rules;
            let missing =
                |one: &Unheard| one.place.transformer == Some(transformer) && one.since(start, &rules);
            let missed = unheard.iter().filter(|one| missing(one)).count() as u32;
            let known = distinct(candidates.iter().filter(|one| own(one)));
            let all = topology.consumers_at(reading::Target::Transformer(transformer), tick);
            if !is_many(known, missed, all, self.rules.transformer_share.0) {
                continue;
            }
            let target = Target::Transformer(transformer);
            let feeder = candidates.iter().find(|one| own(one)).and_then(|one| one.place.feeder);
            if self.found(target, (start, cause), tick, feeder.filter(|_| self.rules.whole)) {
                self.gather(target, tick, BTreeSet::new(), candidates, own, unheard, missing, over, told);
            }
        }
    }

    /// An outage of many begins, unless another one of the same lasts; nobody is part of it yet.
    fn found(
        &mut self,
        target: Target,
        (start, cause): (EventTime, Cause),
        noticed: EventTime,
        feeder: Option<FeederId>,
    ) -> bool {
        let group = Group {
            start,
            cause,
            noticed,
            area: None,
            feeder,
            consumers: 0,
            out: 0,
            customer_ms: 0,
            said: None,
            heard: None,
            told: false,
        };
        let is_free = !self.groups.contains_key(&target);
        self.groups.entry(target).or_insert(group);
        is_free
    }

    #[expect(clippy::too_many_arguments, reason = "all of it is about one outage")]
    fn gather(
        &mut self,
        target: Target,
        tick: EventTime,
        mut areas: BTreeSet<Option<AreaId>>,
        candidates: &mut Vec<Candidate>,
        own: impl Fn(&Candidate) -> bool,
        unheard: &mut Vec<Unheard>,
        missing: impl Fn(&Unheard) -> bool,
        over: &mut [Over],
        told: &mut SupplyRows,
    ) {
        candidates.iter().filter(|one| own(one)).for_each(|one| {
            areas.insert(one.place.area);
            self.join(target, one, over, told);
        });
        candidates.retain(|one| !own(one));
        unheard.iter().filter(|one| missing(one)).for_each(|one| {
            areas.insert(one.place.area);
            self.adopt(target, one, tick);
        });
        unheard.retain(|one| !missing(one));
        if let Some(group) = self.groups.get_mut(&target) {
            group.area = if areas.len() == 1 { areas.pop_first().flatten() } else { None };
        }
    }

    /// A transformer's outage turns out to be one of its feeder.
    fn absorb(&mut self, into: Target, target: Target, over: &mut [Over], told: &mut SupplyRows) {
        let Some(part) = self.groups.remove(&target) else { return };
        if part.told {
            told.outages.push(Change::Withdrawn(target, part.start));
        }
        let back = self.returned.remove(&target).unwrap_or_default();
        let all = self.returned.entry(into).or_default();
        back.into_iter().for_each(|(meter, was_out)| *all.entry(meter).or_default() |= was_out);
        let members = self.out.values_mut().chain(over.iter_mut().map(|over| &mut over.spell));
        members.filter(|spell| spell.group == Some(target)).for_each(|spell| spell.group = Some(into));
        let Some(whole) = self.groups.get_mut(&into) else { return };
        whole.consumers += part.consumers;
        whole.out += part.out;
        whole.customer_ms += part.customer_ms;
        whole.said = whole.said.max(part.said);
        whole.heard = whole.heard.max(part.heard);
    }

    /// Somebody who is out becomes part of an outage of many.
    fn join(&mut self, target: Target, one: &Candidate, over: &mut [Over], told: &mut SupplyRows) {
        let Some(group) = self.groups.get_mut(&target) else { return };
        let until = one.over.map(|at| over[at].end);
        // By meter: within a tick, somebody may have been out twice.
        let first = over.partition_point(|over| over.meter < one.meter);
        let mut own = over[first..].iter().take_while(|over| over.meter == one.meter);
        let again = is_back(&self.returned, target, one.meter)
            || own.any(|over| over.spell.group == Some(target) && !over.is_nothing);
        let spell = match one.over {
            Some(at) => &mut over[at].spell,
            None => match self.out.get_mut(&one.meter) {
                Some(spell) => spell,
                None => return,
            },
        };
        if std::mem::take(&mut spell.told) {
            told.outages.push(Change::Withdrawn(Target::Consumer(one.meter), spell.start));
        }
        spell.group = Some(target);
        // Others know to the second what silence tells to the interval.
        let apart = group.start.since(spell.start);
        let soon = match spell.cause {
            // Its own outage of that time is over.
            _ if again => false,
            // Silent for longer than messages are unlucky, it was out before the others.
            Cause::Silence => apart <= self.rules.about() && -apart < self.rules.grid.length(),
            // Its own last gasp was lost, and it was back before an interval was missing.
            Cause::Restored => {
                apart.abs() <= self.rules.about() && until.is_some_and(|until| until >= group.start)
            }
            _ => false,
        };
        if soon && group.cause == Cause::LastGasp {
            spell.start = group.start;
            spell.with_others = true;
        }
        group.consumers += 1;
        group.out += 1;
    }

    /// Nothing is heard of somebody since an outage of many began: out as well.
    fn adopt(&mut self, target: Target, one: &Unheard, tick: EventTime) {
        let Some(group) = self.groups.get_mut(&target) else { return };
        group.consumers += 1;
        group.out += 1;
        let with_others = group.cause == Cause::LastGasp;
        let was_back = is_back(&self.returned, target, one.meter);
        let start = if with_others && !was_back { group.start } else { one.heard };
        let spell = Spell::new(start, Cause::Silence, tick);
        self.out.insert(one.meter, Spell { group: Some(target), with_others, ..spell });
    }

    /// Some say to the second when supply of an outage of many was back; who came back in the same interval takes that.
    pub(crate) fn tell_each_other(&mut self, over: &mut [Over]) {
        for over in over.iter().filter(|over| over.said) {
            if let Some(group) = over.spell.group.and_then(|target| self.groups.get_mut(&target)) {
                group.said = group.said.max(Some(over.end));
            }
        }
        for over in over.iter_mut().filter(|over| !over.said && !over.is_nothing) {
            let group = over.spell.group.and_then(|target| self.groups.get(&target));
            let Some(said) = group.and_then(|group| group.said) else { continue };
            if said.since(over.end).abs() < self.rules.grid.length() && said >= over.spell.start {
                over.end = said;
            }
        }
    }

    /// Somebody has supply again, or had it all the time.
    pub(crate) fn leave(&mut self, target: Target, over: &Over) {
        let Some(group) = self.groups.get_mut(&target) else { return };
        group.out -= 1;
        if over.is_nothing {
            group.consumers -= 1;
            return;
        }
        group.heard = group.heard.max(Some(over.end));
        let was_out = over.spell.cause.interrupts();
        *self.returned.entry(target).or_default().entry(over.meter).or_default() |= was_out;
        if was_out {
            group.customer_ms += over.end.since(over.spell.start) as u64;
        }
    }

    /// How many of each outage of many are out and have not been back.
    fn lasting(&self) -> BTreeMap<Target, u32> {
        let mut all = BTreeMap::new();
        let members = self.out.iter().filter_map(|(meter, spell)| Some((spell.group?, *meter)));
        for (target, _) in members.filter(|(target, meter)| !is_back(&self.returned, *target, *meter)) {
            *all.entry(target).or_default() += 1;
        }
        all
    }

    /// Tells outages of many that last, as they stand.
    pub(crate) fn tell_open_groups(&self, told: &mut SupplyRows) {
        let lasting = if self.groups.is_empty() { BTreeMap::new() } else { self.lasting() };
        for (&target, group) in self.groups.iter().filter(|(_, group)| group.told) {
            let members = Members::of(self.returned.get(&target), lasting.get(&target));
            told.outages.push(Change::Updated(group.outage(target, None, &members, self.rules.momentary)));
        }
    }

    /// Tells outages of many that begin, and those that are over; who stays out then is on its own.
    pub(crate) fn tell_groups(&mut self, tick: EventTime, told: &mut SupplyRows) {
        if self.groups.is_empty() {
            return;
        }
        let momentary = self.rules.momentary;
        let (lasting, mut done) = (self.lasting(), BTreeSet::new());
        for (&target, group) in &mut self.groups {
            let back = self.returned.get(&target);
            let waited = group.heard.is_some_and(|heard| tick.since(heard) >= self.rules.silent_after);
            if group.consumers == 0 {
                if group.told {
                    told.outages.push(Change::Withdrawn(target, group.start));
                }
                done.insert(target);
            } else if group.out == 0 || group.is_nearly_over() && waited {
                group.consumers -= group.out;
                group.out = 0;
                let end = group.ended().map(|end| end.max(group.start));
                let members = Members::of(back, None);
                told.outages.push(Change::Updated(group.outage(target, end, &members, momentary)));
                done.insert(target);
            } else if !std::mem::replace(&mut group.told, true) {
                let members = Members::of(back, lasting.get(&target));
                told.outages.push(Change::Updated(group.outage(target, None, &members, momentary)));
            }
        }
        for target in &done {
            self.groups.remove(target);
            self.returned.remove(target);
        }
        let own = self.out.values_mut().filter(|spell| spell.group.is_some_and(|of| done.contains(&of)));
        own.for_each(|spell| (spell.group, spell.noticed) = (None, tick));
    }
}

fn is_back(returned: &BTreeMap<Target, Returned>, target: Target, meter: MeterId) -> bool {
    returned.get(&target).is_some_and(|back| back.contains_key(&meter))
}

fn distinct<'a>(candidates: impl Iterator<Item = &'a Candidate>) -> u32 {
    candidates.map(|one| one.meter).collect::<BTreeSet<_>>().len() as u32
}

/// When, and how it is known: by the first last gasp, or by what is in the middle of the others.
fn began(starts: &mut [(EventTime, Cause)]) -> (EventTime, Cause) {
    starts.sort_unstable();
    let gasp = starts.iter().find(|(_, cause)| *cause == Cause::LastGasp);
    gasp.or_else(|| starts.get((starts.len().max(1) - 1) / 2)).copied().unwrap_or((NEVER, Cause::Silence))
}

/// Whether so many of all are an outage of many: those that are known to be out, and those that are only not heard of.
fn is_many(known: u32, missed: u32, all: u32, share: f64) -> bool {
    known >= LEAST && f64::from(known + missed) >= share * f64::from(all)
}
