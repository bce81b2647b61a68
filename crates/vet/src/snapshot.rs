//! The state as plain data, to be stored and brought back, meter by meter.

use crate::findings::{Above, Group, Reported, Used};
use crate::rough::Rough;
use crate::rule::Tally;
use crate::vet::Memory;
use crate::{Findings, Rule, Vet};
use reading::{EventTime, MeterId, TransformerId};
use serde::{Deserialize, Serialize};

type MemoryV1 = (u16, u16, u16, [u16; 3], u16);

/// Meters by slot, all of them or those that changed, and what was counted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct VetV1 {
    tally: Vec<(String, u64)>,
    meters: Vec<(u32, MemoryV1)>,
}

impl VetV1 {
    /// Lays the changes that came after it over a snapshot; both are by slot.
    pub fn overlay(&mut self, later: Self) {
        self.tally = later.tally;
        let mut known = std::mem::take(&mut self.meters).into_iter().peekable();
        for (slot, meter) in later.meters {
            self.meters.extend(std::iter::from_fn(|| known.next_if(|(other, _)| *other < slot)));
            known.next_if(|(other, _)| *other == slot);
            self.meters.push((slot, meter));
        }
        self.meters.extend(known);
    }
}

impl Vet {
    /// The meters of these slots, ascending, to be written; slots that nothing was heard of are left out.
    pub fn stored(&self, slots: impl Iterator<Item = u32>) -> VetV1 {
        let meter = |slot: u32| {
            let Memory { base, flat, zeros, peaks, usual } = *self.meters.get(slot as usize)?;
            Some((slot, (base.0, flat, zeros, peaks.map(|peak| peak.0), usual.0)))
        };
        VetV1 { tally: self.tally.stored(), meters: slots.filter_map(meter).collect() }
    }

    /// Takes the meters of a snapshot.
    pub fn restore(&mut self, stored: &VetV1) {
        self.tally = Tally::restored(&stored.tally);
        for &(slot, (base, flat, zeros, peaks, usual)) in &stored.meters {
            self.make_room(slot as usize + 1);
            self.meters[slot as usize] =
                Memory { base: Rough(base), flat, zeros, peaks: peaks.map(Rough), usual: Rough(usual) };
        }
    }
}

/// What is found of the day under way, and what was counted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FindingsV1 {
    tally: Vec<(String, u64)>,
    day: Option<i64>,
    above: Vec<(String, u32, i64, i64)>,
    unasked: Vec<(String, u32, i64)>,
    /// Rule, meter, intervals, times, the last tick.
    reported: Vec<(String, String, u32, u32, i64)>,
    groups: Vec<(String, u32, i64, i64)>,
    factors: Vec<(String, u16, u32)>,
}

impl Findings {
    /// The state, to be stored.
    pub fn snapshot(&self) -> FindingsV1 {
        let above = self.above.iter();
        let groups = self.groups.iter();
        FindingsV1 {
            tally: self.tally.stored(),
            day: self.day.map(|day| day.0),
            above: above.map(|(id, one)| (id.to_string(), one.intervals, one.most, one.allowed)).collect(),
            unasked: self.unasked.iter().map(|(id, one)| (id.to_string(), one.intervals, one.wh)).collect(),
            reported: self.reported.iter().map(reported_v1).collect(),
            groups: groups
                .map(|(id, one)| (id.to_string(), one.intervals, one.supplied, one.consumed))
                .collect(),
            factors: self
                .factors
                .iter()
                .map(|(id, (factor, days))| (id.to_string(), *factor, *days))
                .collect(),
        }
    }

    /// Takes a stored state; nothing if it holds a name that cannot be.
    pub fn restore(&mut self, stored: &FindingsV1) -> Option<()> {
        self.tally = Tally::restored(&stored.tally);
        self.day = stored.day.map(EventTime);
        for (id, intervals, most, allowed) in &stored.above {
            let above = Above { intervals: *intervals, most: *most, allowed: *allowed };
            self.above.insert(MeterId::new(id)?, above);
        }
        for (id, intervals, wh) in &stored.unasked {
            self.unasked.insert(MeterId::new(id)?, Used { intervals: *intervals, wh: *wh });
        }
        for (rule, id, intervals, times, tick) in &stored.reported {
            let reported = Reported { intervals: *intervals, times: *times, tick: EventTime(*tick) };
            let rule = Rule::ALL.iter().find(|known| known.name() == rule)?;
            self.reported.insert((*rule, MeterId::new(id)?), reported);
        }
        for (id, intervals, supplied, consumed) in &stored.groups {
            let group = Group { intervals: *intervals, supplied: *supplied, consumed: *consumed };
            self.groups.insert(TransformerId::new(id)?, group);
        }
        for (id, factor, days) in &stored.factors {
            self.factors.insert(TransformerId::new(id)?, (*factor, *days));
        }
        Some(())
    }
}

fn reported_v1(((rule, id), one): (&(Rule, MeterId), &Reported)) -> (String, String, u32, u32, i64) {
    (rule.name().to_owned(), id.to_string(), one.intervals, one.times, one.tick.0)
}
