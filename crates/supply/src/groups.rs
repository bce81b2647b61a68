//! The life of an outage of many consumers: how consumers join and leave it, and how it is published.
//!
//! An outage of many has no list of its consumers, only counts. Each consumer has a [`Spell`], which names the
//! outage. So a consumer that joins is added exactly once, and a consumer that leaves is subtracted exactly once.

use crate::clusters::{Candidate, Tick, Unheard};
use crate::past::Over;
use crate::spells::{Ended, Spell};
use crate::supply::Supply;
use crate::{Cause, Change, Interruption, Outage, SupplyRows, Target};
use reading::{AreaId, EventTime, FeederId, MeterId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Fewer consumers than this make no outage of many.
pub(crate) const LEAST: u32 = 3;
/// An outage is nearly over when fewer than one consumer in so many, or fewer than [`LEAST`], are still out. Such a
/// consumer has a reason of its own: a blown fuse, or a meter that did not start again.
const STRAGGLERS: u32 = 20;

/// An outage of many consumers, of a transformer or a feeder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) start: EventTime,
    pub(crate) cause: Cause,
    /// The tick that showed it.
    pub(crate) noticed: EventTime,
    pub(crate) area: Option<AreaId>,
    /// The feeder above a transformer: the outage may prove to be that of the feeder.
    pub(crate) feeder: Option<FeederId>,
    /// How many spells belong to it, and how many of them last. A consumer that is out twice has two spells.
    pub(crate) consumers: u32,
    pub(crate) out: u32,
    /// The sum of the spells that are over, ms.
    pub(crate) customer_ms: u64,
    /// The latest return that a meter reported itself, to the second.
    pub(crate) reported: Option<EventTime>,
    /// The latest return, however it is known.
    pub(crate) heard: Option<EventTime>,
    pub(crate) published: bool,
}

/// The consumers of an outage of many that are back, each with whether any of its spells was an interruption.
pub(crate) type Returned = BTreeMap<MeterId, bool>;

impl Group {
    /// An outage that begins, with no consumer in it yet.
    pub(crate) fn new(
        (start, cause): (EventTime, Cause),
        noticed: EventTime,
        feeder: Option<FeederId>,
    ) -> Self {
        Self {
            start,
            cause,
            noticed,
            area: None,
            feeder,
            consumers: 0,
            out: 0,
            customer_ms: 0,
            reported: None,
            heard: None,
            published: false,
        }
    }

    /// The end of the outage. A return that a meter reports is exact. Without one it is when the last
    /// missing reading was due.
    pub(crate) fn end(&self) -> Option<EventTime> {
        self.reported.or(self.heard).map(|end| end.max(self.start))
    }

    /// The outage once it is over.
    pub(crate) fn over(&self, target: Target, back: &Returned, momentary: i64) -> Outage {
        self.outage(target, self.end(), &Members::of(Some(back), None), momentary)
    }

    /// Whether the last that came back were back so long before `time` that what begins then is another outage.
    pub(crate) fn rests(&self, time: EventTime, silent_after: i64) -> bool {
        self.heard.is_some_and(|heard| time.since(heard) >= silent_after)
    }

    fn is_nearly_over(&self) -> bool {
        self.heard.is_some() && self.out < LEAST.max(self.consumers / STRAGGLERS)
    }

    fn outage(&self, target: Target, end: Option<EventTime>, members: &Members, momentary: i64) -> Outage {
        // If most consumers had supply all the time, communication failed for all: at a concentrator, or in a radio
        // cell.
        let most_had_supply = 2 * members.had_supply > members.was_out + members.had_supply;
        let was_communication = end.is_some() && most_had_supply;
        let cause = if was_communication { Cause::Communication } else { self.cause };
        let kind = end.filter(|_| cause.interrupts()).map(|end| Interruption::of(self.start, end, momentary));
        let had_supply = if was_communication { members.had_supply } else { 0 };
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

/// How many different consumers an outage of many has, by their state.
struct Members {
    /// They are back, and were without supply.
    was_out: u32,
    /// They are back, and seem to have had supply all the time.
    had_supply: u32,
    /// They are out and have not been back.
    lasting: u32,
}

impl Members {
    fn of(back: Option<&Returned>, lasting: Option<&u32>) -> Self {
        let all = back.map_or(0, |back| back.len() as u32);
        let was_out = back.map_or(0, |back| back.values().filter(|was_out| **was_out).count() as u32);
        Self { was_out, had_supply: all - was_out, lasting: lasting.copied().unwrap_or(0) }
    }
}

impl Supply {
    /// Makes the outage of a transformer a part of the outage of its feeder.
    pub(crate) fn absorb(&mut self, into: Target, target: Target, tick: &mut Tick<'_>) {
        let Some(part) = self.groups.remove(&target) else { return };
        if part.published {
            tick.out.outages.push(Change::Withdrawn(target, part.start));
        }
        let back = self.returned.remove(&target).unwrap_or_default();
        let all = self.returned.entry(into).or_default();
        back.into_iter().for_each(|(meter, was_out)| *all.entry(meter).or_default() |= was_out);
        // Spells that ended in this tick are not settled yet, so they must be moved to the larger outage, too.
        let members = self.out.values_mut().chain(tick.ended.iter_mut().map(|ended| &mut ended.spell));
        members.filter(|spell| spell.group == Some(target)).for_each(|spell| spell.group = Some(into));
        let Some(whole) = self.groups.get_mut(&into) else { return };
        whole.consumers += part.consumers;
        whole.out += part.out;
        whole.customer_ms += part.customer_ms;
        whole.reported = whole.reported.max(part.reported);
        whole.heard = whole.heard.max(part.heard);
    }

    /// Adds a consumer that is out to an outage of many.
    pub(crate) fn join(&mut self, target: Target, one: &Candidate<'_>, tick: &mut Tick<'_>) {
        let Some(group) = self.groups.get_mut(&target) else { return };
        let until = one.ended.map(|at| tick.ended[at].end);
        // `ended` is sorted by meter: within one tick a consumer may have been out twice, and the first time counts.
        let first = tick.ended.partition_point(|ended| ended.meter < one.meter);
        let mut own = tick.ended[first..].iter().take_while(|ended| ended.meter == one.meter);
        let again = is_back(&self.returned, target, one.meter)
            || own.any(|ended| ended.spell.group == Some(target) && !ended.false_alarm);
        let spell = match one.ended {
            Some(at) => &mut tick.ended[at].spell,
            None => match self.out.get_mut(&one.meter) {
                Some(spell) => spell,
                None => return,
            },
        };
        if std::mem::take(&mut spell.published) {
            tick.out.outages.push(Change::Withdrawn(Target::Consumer(one.meter), spell.start));
        }
        spell.group = Some(target);
        // Last gasps are exact to the second, a silence only to the interval. So a silence takes the beginning of the
        // others.
        let apart = group.start.since(spell.start);
        let began_with_others = match spell.cause {
            // It was back in the meantime. The outage that it shared with the others is over, and this is one of its
            // own.
            _ if again => false,
            // Lost messages explain a silence that begins up to two intervals before the others. One that begins
            // earlier was an outage before theirs.
            Cause::Silence => {
                let lasted = until.is_none_or(|until| until >= group.start);
                lasted && apart <= self.rules.about() && -apart < self.rules.grid.length()
            }
            // Its own last gasp was lost, and it was back before an interval was missing.
            Cause::Restored => {
                apart.abs() <= self.rules.about() && until.is_some_and(|until| until >= group.start)
            }
            _ => false,
        };
        if began_with_others && group.cause == Cause::LastGasp {
            spell.start = group.start;
            spell.with_others = true;
        }
        group.consumers += 1;
        group.out += 1;
    }

    /// Adds a consumer that has not sent anything since an outage of many began. Its silence is still too short to be
    /// an outage by itself.
    pub(crate) fn adopt(&mut self, target: Target, one: &Unheard<'_>, tick: EventTime) {
        let Some(group) = self.groups.get_mut(&target) else { return };
        group.consumers += 1;
        group.out += 1;
        let with_others = group.cause == Cause::LastGasp;
        // It has been back since, so it went out at another time than the others. Only its silence shows when.
        let was_back = is_back(&self.returned, target, one.meter);
        let start = if with_others && !was_back { group.start } else { one.last };
        let spell = Spell::new(start, Cause::Silence, tick);
        self.out.insert(one.meter, Spell { group: Some(target), with_others, ..spell });
    }

    /// Gives the exact time of a reported return to other consumers of the outage that came back in the same
    /// interval.
    pub(crate) fn share_reported_returns(&mut self, ended: &mut [Ended]) {
        for ended in ended.iter().filter(|ended| ended.reported) {
            if let Some(group) = ended.spell.group.and_then(|target| self.groups.get_mut(&target)) {
                group.reported = group.reported.max(Some(ended.end));
            }
        }
        for ended in ended.iter_mut().filter(|ended| !ended.reported && !ended.false_alarm) {
            let group = ended.spell.group.and_then(|target| self.groups.get(&target));
            let Some(reported) = group.and_then(|group| group.reported) else { continue };
            let same_interval = reported.since(ended.end).abs() < self.rules.grid.length();
            if same_interval && reported >= ended.spell.start {
                ended.end = reported;
            }
        }
    }

    /// Removes a consumer that has supply again, or had it all the time, from an outage of many.
    pub(crate) fn leave(&mut self, target: Target, ended: &Ended) {
        let Some(group) = self.groups.get_mut(&target) else { return };
        group.out -= 1;
        if ended.false_alarm {
            group.consumers -= 1;
            return;
        }
        group.heard = group.heard.max(Some(ended.end));
        let was_out = ended.spell.cause.interrupts();
        *self.returned.entry(target).or_default().entry(ended.meter).or_default() |= was_out;
        if was_out {
            group.customer_ms += ended.end.since(ended.spell.start) as u64;
        }
    }

    /// For each outage of many: how many different consumers are out and have not been back. Those that have been
    /// back are counted as returned.
    fn lasting(&self) -> BTreeMap<Target, u32> {
        let mut all = BTreeMap::new();
        let members = self.out.iter().filter_map(|(meter, spell)| Some((spell.group?, *meter)));
        for (target, _) in members.filter(|(target, meter)| !is_back(&self.returned, *target, *meter)) {
            *all.entry(target).or_default() += 1;
        }
        all
    }

    /// Publishes the outages of many that last, with their state at the end of a run.
    pub(crate) fn publish_open_groups(&self, out: &mut SupplyRows) {
        let lasting = if self.groups.is_empty() { BTreeMap::new() } else { self.lasting() };
        for (&target, group) in self.groups.iter().filter(|(_, group)| group.published) {
            let members = Members::of(self.returned.get(&target), lasting.get(&target));
            let outage = group.outage(target, None, &members, self.rules.momentary);
            out.outages.push(Change::Updated(outage));
        }
    }

    /// Publishes outages of many that begin, and those that are over. After the end of one, each consumer that is
    /// still out has an outage of its own.
    pub(crate) fn publish_groups(&mut self, tick: EventTime, out: &mut SupplyRows) {
        if self.groups.is_empty() {
            return;
        }
        let momentary = self.rules.momentary;
        let (lasting, mut done, mut over) = (self.lasting(), BTreeSet::new(), BTreeSet::new());
        for (&target, group) in &mut self.groups {
            let back = self.returned.get(&target);
            // The last consumers have as long to come back as a meter may be silent before it counts as out.
            let waited = group.rests(tick, self.rules.silent_after);
            if group.consumers == 0 {
                // All of its spells were false alarms.
                if group.published {
                    out.outages.push(Change::Withdrawn(target, group.start));
                }
                done.insert(target);
            } else if group.out == 0 || group.is_nearly_over() && waited {
                done.insert(target);
                over.insert(target);
            } else if !std::mem::replace(&mut group.published, true) {
                let members = Members::of(back, lasting.get(&target));
                out.outages.push(Change::Updated(group.outage(target, None, &members, momentary)));
            }
        }
        for &target in &done {
            if over.contains(&target) {
                self.close(target, out);
            } else {
                self.groups.remove(&target);
                self.returned.remove(&target);
            }
        }
        leave_alone(self.out.values_mut(), &done, tick);
    }

    /// Whether an outage that begins at `start` can begin there. One that lasts for a few is over if it has rested for
    /// long.
    pub(crate) fn makes_room(&mut self, target: Target, start: EventTime, tick: &mut Tick<'_>) -> bool {
        let Some(lasting) = self.groups.get(&target) else { return true };
        let rests = lasting.rests(start, self.rules.silent_after);
        if rests {
            self.close(target, tick.out);
            let ended = tick.ended.iter_mut().map(|ended| &mut ended.spell);
            leave_alone(self.out.values_mut().chain(ended), &BTreeSet::from([target]), tick.end);
        }
        rests
    }

    /// An outage of many is over.
    fn close(&mut self, target: Target, out: &mut SupplyRows) {
        let Some(mut group) = self.groups.remove(&target) else { return };
        group.consumers -= std::mem::take(&mut group.out);
        let over = Over { group, back: self.returned.remove(&target).unwrap_or_default() };
        out.outages.push(Change::Updated(over.outage(target, self.rules.momentary)));
        self.past.insert((target, group.start), over);
    }
}

/// Each consumer that is still out after these has an outage of its own. It is noticed now, so that those that remain can
/// still become a smaller outage together.
fn leave_alone<'s>(all: impl Iterator<Item = &'s mut Spell>, done: &BTreeSet<Target>, tick: EventTime) {
    let own = all.filter(|spell| spell.group.is_some_and(|of| done.contains(&of)));
    own.for_each(|spell| (spell.group, spell.noticed) = (None, tick));
}

fn is_back(returned: &BTreeMap<Target, Returned>, target: Target, meter: MeterId) -> bool {
    returned.get(&target).is_some_and(|back| back.contains_key(&meter))
}
