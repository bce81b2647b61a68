//! Outages of many that are over. A meter that delivers days later may show that it was part of one of them.

use crate::groups::{Group, Returned};
use crate::spells::{Ended, Length};
use crate::supply::Supply;
use crate::{Cause, Change, Outage, SupplyRows, Target};
use grid::Topology;
use reading::EventTime;
use reading::time::DAY;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// By target and start, as they were published.
pub(crate) type Past = BTreeMap<(Target, EventTime), Over>;

/// An outage of many that is over, and its consumers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Over {
    pub(crate) group: Group,
    pub(crate) back: Returned,
}

/// How long an outage that is over can get further consumers. Meters without a network deliver after three days.
const KEPT: i64 = 4 * DAY;

impl Over {
    pub(crate) fn outage(&self, target: Target, momentary: i64) -> Outage {
        self.group.over(target, &self.back, momentary)
    }
}

impl Supply {
    /// Forgets outages that were over long ago.
    pub(crate) fn forget_past(&mut self, tick: EventTime) {
        let since = tick.minus(KEPT);
        self.past.retain(|_, over| over.group.end().is_some_and(|end| end >= since));
        self.told.retain(|_, told| told.iter().any(|(_, end)| *end >= since));
        self.forget_dark(since);
    }

    /// Adds consumers to outages that are over, if they were out at the same time and did not show it then. The outage
    /// is published again under its key.
    pub(crate) fn join_past(&mut self, ended: &mut [Ended], topology: &Topology, out: &mut SupplyRows) {
        if self.past.is_empty() {
            return;
        }
        let mut changed = BTreeSet::new();
        for one in ended.iter_mut() {
            let is_own = one.spell.group.is_none() && !one.false_alarm && one.was_out();
            let Some(key) = is_own.then(|| self.past_of(one, topology)).flatten() else { continue };
            let Some(Over { group, back }) = self.past.get_mut(&key) else { continue };
            if std::mem::take(&mut one.spell.published) {
                out.outages.push(Change::Withdrawn(Target::Consumer(one.meter), one.spell.start));
            }
            // Its silence is known to the interval, and what the others reported to the second.
            if one.spell.cause != Cause::LastGasp && group.cause == Cause::LastGasp {
                one.spell.start = group.start;
                // Others may have been back later.
                let about = self.rules.about();
                let told = group.reported.filter(|told| !one.reported && told.since(one.end).abs() <= about);
                one.end = told.unwrap_or(one.end).max(one.spell.start);
            }
            if one.is_brief() {
                one.across = None;
            }
            group.consumers += 1;
            group.customer_ms += one.end.since(one.spell.start) as u64;
            back.insert(one.meter, true);
            one.joined = true;
            changed.insert(key);
        }
        for key in changed {
            if let Some(over) = self.past.get(&key) {
                out.outages.push(Change::Updated(over.outage(key.0, self.rules.momentary)));
            }
        }
    }

    /// The outage that a consumer was part of: one above it that began and ended at about the same time.
    fn past_of(&self, one: &Ended, topology: &Topology) -> Option<(Target, EventTime)> {
        // Messages are lost, and a short silence may have been that.
        let about = match one.length {
            Length::Enough => self.rules.about(),
            Length::Brief | Length::Rare => self.rules.grid.length(),
            Length::Single => one.end.since(one.spell.start),
        };
        let start = one.spell.start;
        let row = topology.at(&one.meter, EventTime(start.0.saturating_add(1)))?;
        let feeder = row.feeder().map(Target::Feeder);
        let above = feeder.into_iter().chain(row.transformer().map(Target::Transformer));
        // A meter that reports only its return may have lost supply long before.
        let only_return = one.spell.cause == Cause::Restored;
        let since = start.minus(if only_return { KEPT } else { about });
        let near = above.flat_map(|target| {
            self.past
                .range((target, since)..=(target, start.plus(about)))
                .filter(move |((of, _), _)| *of == target)
        });
        let ends_with = |over: &Over| {
            let late = over.group.end().map(|end| one.end.since(end));
            late.is_some_and(|late| late <= about && (late >= -about || !only_return && !one.is_brief()))
        };
        let own = near.filter(|(_, over)| ends_with(over) && over.back.get(&one.meter) != Some(&true));
        own.map(|(key, _)| *key).min_by_key(|(_, began)| began.since(start).abs())
    }
}
