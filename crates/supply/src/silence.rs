//! What silences were, by the energy that registers counted across them.

use crate::groups::Group;
use crate::spells::{Ended, Length, Spell};
use crate::supply::Supply;
use crate::{Cause, Target};
use core::ops::Add;
use features::moved_while_silent;
use grid::Topology;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use units::WattHours;

/// What a register counted across a silence, beside what is usual, Wh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Across {
    pub(crate) advanced: i64,
    /// What is usual in the intervals at its edges.
    pub(crate) edges: i64,
    /// What is usual in all of it.
    pub(crate) all: i64,
}

const ONE_DAY: f64 = 0.1;
const ONE_HOUR: f64 = 0.4;

impl Add for Across {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let Self { advanced, edges, all } = other;
        Self { advanced: self.advanced + advanced, edges: self.edges + edges, all: self.all + all }
    }
}

impl Across {
    /// Whether there was supply.
    fn has_moved(self) -> bool {
        moved_while_silent(WattHours(self.advanced), WattHours(self.edges), WattHours(self.all))
    }

    /// Whether no more was used than an outage leaves room for, without a doubt.
    pub(crate) fn is_dark(self) -> bool {
        self.tells() && self.advanced <= self.edges
    }

    /// Whether so many used so little together that supply was gone for a part of the time. A day differs from the usual
    /// by a tenth or so, and an hour of one home by [`ONE_HOUR`]; two such deviations are not believed.
    pub(crate) fn is_partly_dark(self, members: u32) -> bool {
        let deviation = (ONE_DAY.powi(2) + ONE_HOUR.powi(2) / f64::from(members.max(1))).sqrt();
        self.all > 0 && self.advanced as f64 <= (1.0 - 2.0 * deviation) * self.all as f64
    }

    /// Whether it is long enough for its energy to tell: an interval lies within that is not at its edges.
    pub(crate) fn tells(self) -> bool {
        self.all > self.edges
    }

    /// Whether nearly as much was used as usual. No outage of others explains that.
    fn is_as_usual(self) -> bool {
        self.has_moved() && 4 * self.advanced >= 3 * self.all
    }
}

impl Ended {
    /// Whether it is too short to be an outage by itself.
    pub(crate) fn is_brief(&self) -> bool {
        self.length != Length::Enough
    }

    /// Whether a brief silence was an outage, though nobody else on the transformer shows one.
    pub(crate) fn was_out_alone(&self) -> bool {
        self.length == Length::Rare && self.across.is_some_and(Across::is_dark)
    }

    /// Whether the consumer was without supply as others were just then, as far as its own messages and energy show. Of
    /// a brief silence, energy shows nothing: more is used when supply is back.
    pub(crate) fn was_out(&self) -> bool {
        if self.is_brief() {
            return true;
        }
        let is_explained = self.spell.cause != Cause::Silence;
        let had_supply =
            |across: Across| if is_explained { across.is_as_usual() } else { across.has_moved() };
        self.spell.cause.interrupts() && !self.across.is_some_and(had_supply)
    }
}

impl Supply {
    /// Decides what the silences were that ended in this tick.
    ///
    /// One consumer may cook when supply returns, and another one may be away. So consumers that were silent together,
    /// and are back together, are judged by the sum of their energies.
    ///
    /// Where the meter of their transformer was silent too, only as much energy as usual says that there was supply.
    pub(crate) fn judge_silences(&self, topology: &Topology, ended: &mut Vec<Ended>) {
        let mut together: BTreeMap<Target, Across> = BTreeMap::new();
        let by_energy = |one: &Ended| {
            let is_told = one.spell.with_others || one.joined;
            let tells = !one.is_brief() || one.across.is_some_and(Across::tells);
            one.spell.cause == Cause::Silence && !is_told && tells
        };
        for one in ended.iter().filter(|one| by_energy(one)) {
            if let (Some(target), Some(across)) = (one.spell.group, one.across) {
                let sum = together.entry(target).or_default();
                *sum = *sum + across;
            }
        }
        let mut moments = Vec::new();
        for one in ended.iter_mut() {
            let Some(across) = one.across else { continue };
            let group = one.spell.group;
            if by_energy(one) {
                let sum = group.and_then(|target| together.get(&target));
                let is_dark = self.was_dark(&one.meter, (one.spell.start, one.end), topology) == Some(true);
                let had_supply =
                    |across: Across| if is_dark { across.is_as_usual() } else { across.has_moved() };
                if sum.map_or(had_supply(across), |sum| had_supply(*sum) || across.is_as_usual()) {
                    one.spell.cause = Cause::Communication;
                }
            } else if one.spell.waits_for_row() {
                // It reports that supply returned, and it had supply nearly all the time. So supply was gone for a
                // moment then, and the silence has another reason.
                if across.is_as_usual() {
                    moments.push(moment_of(one));
                    one.spell.cause = Cause::Communication;
                    (one.end, one.reported) = (one.heard, false);
                }
            } else if across.is_as_usual() && !one.reported && !one.joined {
                // Supply was back long before the meter sent again: with that of the others, or in a moment.
                let others = group.and_then(|target| self.groups.get(&target)).map(Group::end);
                let alone = self.rules.silent_after <= one.end.since(one.spell.start);
                let back = others.unwrap_or_else(|| alone.then_some(one.spell.start));
                one.end = back.map_or(one.end, |back| back.clamp(one.spell.start, one.end));
            }
        }
        ended.append(&mut moments);
        ended.sort_by_key(|one| (one.meter, one.spell.start));
    }
}

/// The moment without supply whose end a meter has reported.
fn moment_of(one: &Ended) -> Ended {
    let spell = Spell::new(one.end, Cause::Restored, one.spell.noticed);
    Ended { spell, across: None, ..*one }
}
