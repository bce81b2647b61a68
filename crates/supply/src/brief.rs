//! Silences that are too short to be outages by themselves, because messages are lost. If enough consumers of a transformer
//! were silent or reported an outage just then, supply was gone, whatever they used when it was back. One alone was without
//! supply if many messages in a row are missing and nothing was used meanwhile.

use crate::Cause;
use crate::chance::{sum_of, were_out_shortly};
use crate::groups::LEAST;
use crate::silence::Across;
use crate::spells::{Ended, Length};
use crate::supply::Supply;
use grid::{Topology, TopologyRow};
use reading::{EventTime, MeterId};
use std::collections::BTreeMap;

/// The silences under one transformer that are over, by their places among all that ended in the tick.
#[derive(Debug, Default)]
struct Under {
    brief: Vec<usize>,
    /// Consumers that reported an outage themselves.
    reported: Vec<usize>,
}

/// When most of them began and ended.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: EventTime,
    end: EventTime,
}

impl Span {
    /// Those that began and ended about then.
    fn near(self, all: &[usize], ended: &[Ended], length: i64) -> Vec<usize> {
        all.iter().copied().filter(|&at| self.is_near(&ended[at], length)).collect()
    }

    /// Whether a silence or a reported outage began and ended about then. One that misses a single reading missed the same
    /// one.
    fn is_near(self, one: &Ended, length: i64) -> bool {
        let about = if one.length == Length::Single { one.end.since(one.spell.start) - 1 } else { length };
        one.spell.start.since(self.start).abs() <= about && one.end.since(self.end).abs() <= about
    }
}

impl Supply {
    /// Leaves out the brief silences that are no outage, as far as the others on the transformer show.
    pub(crate) fn leave_out_lost_messages(
        &self,
        tick: EventTime,
        topology: &Topology,
        ended: &mut Vec<Ended>,
    ) {
        if !ended.iter().any(|one| one.is_brief() && !one.joined) {
            return;
        }
        let mut under = BTreeMap::<u32, Under>::new();
        for (at, one) in ended.iter().enumerate().filter(|(_, one)| !one.joined && !one.false_alarm) {
            let place = topology.at(&one.meter, EventTime(one.spell.start.0.saturating_add(1)));
            let transformer = place.and_then(TopologyRow::transformer);
            let Some(number) = transformer.and_then(|name| topology.number_of(name)) else { continue };
            let own = under.entry(number).or_default();
            match one.spell.cause {
                Cause::Silence if one.is_brief() => own.brief.push(at),
                Cause::LastGasp | Cause::Restored => own.reported.push(at),
                _ => {}
            }
        }
        let mut kept = vec![false; ended.len()];
        for (transformer, own) in under {
            for at in self.together(transformer, &own, ended, tick, topology) {
                kept[at] = true;
            }
            for &at in own.brief.iter().filter(|&&at| ended[at].was_out_alone()) {
                kept[at] |= !self.has_company(&ended[at], &own, ended);
            }
        }
        let mut kept = kept.into_iter();
        ended.retain(|one| kept.next().unwrap_or(false) || !one.is_brief() || one.joined);
    }

    /// Whether enough others were silent or reported an outage just then, so that they show together what it was.
    fn has_company(&self, one: &Ended, own: &Under, ended: &[Ended]) -> bool {
        let (span, length) = (Span { start: one.spell.start, end: one.end }, self.rules.grid.length());
        let both = own.brief.iter().chain(&own.reported);
        both.filter(|&&at| span.is_near(&ended[at], length)).count() >= LEAST as usize
    }

    /// Which of the brief silences under a transformer began and ended together, if these and the outages that others
    /// reported are enough. They take the times of those reports.
    fn together(
        &self,
        transformer: u32,
        own: &Under,
        ended: &mut [Ended],
        tick: EventTime,
        topology: &Topology,
    ) -> Vec<usize> {
        let both = own.brief.len() + own.reported.len();
        if own.brief.is_empty() || (both as u32) < LEAST {
            return Vec::new();
        }
        let length = self.rules.grid.length();
        let span = span_of(&own.brief, ended);
        let (brief, reported) =
            (span.near(&own.brief, ended, length), span.near(&own.reported, ended, length));
        let Some(&first) = brief.first() else { return Vec::new() };
        let (all, missed) = self.others(transformer, span, tick, topology);
        let (known, told) = (brief.len() as u32, reported.len() as u32);
        let singles = brief.iter().filter(|&&at| ended[at].length == Length::Single).count() as u32;
        let are_many = |known: u32, share: f64| f64::from(known + told + missed) >= share * f64::from(all);
        // A message is lost now and then, and two in a row hardly ever.
        let is_long = span.end.since(span.start) >= 2 * length;
        let have_told = told >= LEAST && (is_long || known >= 2 && AMONG_SILENT * known + told >= all);
        let longer = known - singles;
        let enough = have_told || longer + told >= LEAST && are_many(longer, self.rules.transformer_share.0);
        // A branch of the transformer, or a part of the network of messages: the energy of all tells which.
        let (members, together) = sum_of(&brief, ended, Across::tells);
        let is_branch = members >= LEAST && together.is_dark();
        let is_short = were_out_shortly(&brief, ended, all);
        if !enough && !is_branch && !is_short {
            return Vec::new();
        }
        if !enough {
            forget_energy(&brief, ended);
        }
        if told >= LEAST {
            let started = reported.iter().map(|&at| ended[at].spell.start).min();
            let back = reported.iter().map(|&at| ended[at].end).max();
            if let Some((start, end)) = started.zip(back).filter(|(start, end)| start < end) {
                for &at in &brief {
                    ended[at].spell.with_others = true;
                    (ended[at].spell.start, ended[at].end) = (start, end);
                }
            }
        } else if are_many(known, NEARLY_ALL) && self.had_supply(&ended[first].meter, span, topology) {
            return Vec::new();
        }
        brief
    }

    /// How many other consumers of a transformer could have been heard of then, and how many of them have sent nothing since.
    fn others(&self, transformer: u32, span: Span, tick: EventTime, topology: &Topology) -> (u32, u32) {
        let length = self.rules.grid.length();
        let (mut all, mut missed) = (0, 0);
        for (_, first) in topology.consumers_of(transformer, tick) {
            let seat = &self.seats[first as usize];
            let is_new = !seat.was_heard() || seat.heard() < span.start.minus(self.rules.silent_after);
            let is_late = seat.heard() < span.start && seat.expected(length) >= tick;
            all += u32::from(!is_new && !is_late);
            missed += u32::from(seat.heard() >= span.start.minus(length) && seat.heard() < span.end);
        }
        (all, missed)
    }

    /// Whether the meter of the transformer counted on: then the network of messages failed.
    fn had_supply(&self, meter: &MeterId, span: Span, topology: &Topology) -> bool {
        self.was_dark(meter, (span.start, span.end), topology) == Some(false)
    }
}

/// If others reported an outage, and one in so many of the rest missed a message just then, these were out as well: by
/// chance far fewer do.
const AMONG_SILENT: u32 = 5;

/// Such a share of consumers is the whole transformer. Less may be a branch of it: its meter counts on.
const NEARLY_ALL: f64 = 0.8;

/// One of them may cook when supply is back.
fn forget_energy(places: &[usize], ended: &mut [Ended]) {
    places.iter().for_each(|&at| ended[at].across = None);
}

fn span_of(places: &[usize], ended: &[Ended]) -> Span {
    let median = |of: &dyn Fn(&Ended) -> EventTime| {
        let mut all: Vec<EventTime> = places.iter().map(|&at| of(&ended[at])).collect();
        all.sort_unstable();
        all[all.len() / 2]
    };
    Span { start: median(&|one| one.spell.start), end: median(&|one| one.end) }
}
