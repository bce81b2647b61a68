//! Sums of groups that wait for consumers that deliver late.
//!
//! > Example: 99 of the 100 consumers of a feeder deliver at once, and one delivers every morning. The sums of the day
//! > wait until the morning. Then they are whole, and they enter the demand of the feeder one after the other.

use crate::sum::Sum;
use reading::EventTime;
use std::collections::BTreeMap;

/// The sums of all groups in the intervals that are not settled.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    /// By end of the interval, then by number of the group. A group that was unknown then has no sum there.
    sums: BTreeMap<EventTime, Vec<Sum>>,
    /// Every interval is settled that ends here or before.
    settled: EventTime,
}

/// The stored form: for each interval, the sums that are not empty.
pub(crate) type StoredSums = Vec<(EventTime, Vec<(u32, Sum)>)>;

impl Waiting {
    pub(crate) fn new() -> Self {
        Self { sums: BTreeMap::new(), settled: EventTime::MIN }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// Every interval is settled that ends here or before.
    pub(crate) fn settled(&self) -> EventTime {
        self.settled
    }

    /// The sums of an interval, if any waits.
    pub(crate) fn at(&self, end: EventTime) -> Option<&[Sum]> {
        self.sums.get(&end).map(Vec::as_slice)
    }

    /// The sum of one group for a row to join. None if the interval is settled.
    pub(crate) fn of(&mut self, end: EventTime, group: u32) -> Option<&mut Sum> {
        if end <= self.settled {
            return None;
        }
        let sums = self.sums.entry(end).or_default();
        let at = group as usize;
        if at >= sums.len() {
            sums.resize(at + 1, Sum::default());
        }
        sums.get_mut(at)
    }

    /// The sums of a tick join what waits.
    pub(crate) fn push(&mut self, end: EventTime, tick: &[Sum]) {
        let sums = self.sums.entry(end).or_default();
        sums.resize(tick.len().max(sums.len()), Sum::default());
        sums.iter_mut().zip(tick).for_each(|(sum, one)| sum.add(one));
    }

    /// The first interval that waits.
    pub(crate) fn first(&self) -> Option<(EventTime, &[Sum])> {
        self.sums.first_key_value().map(|(end, sums)| (*end, sums.as_slice()))
    }

    /// Takes the first interval. It is settled.
    pub(crate) fn take_first(&mut self) -> Option<(EventTime, Vec<Sum>)> {
        let (end, sums) = self.sums.pop_first()?;
        self.settle(end);
        Some((end, sums))
    }

    /// An interval that never waited is settled.
    pub(crate) fn settle(&mut self, end: EventTime) {
        self.settled = self.settled.max(end);
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        self.sums.values().map(Vec::len).sum::<usize>() * size_of::<Sum>()
    }

    pub(crate) fn stored(&self) -> StoredSums {
        let of_one = |(end, sums): (&EventTime, &Vec<Sum>)| {
            let known = (0..).zip(sums).filter(|(_, sum)| **sum != Sum::default());
            (*end, known.map(|(group, sum)| (group, *sum)).collect())
        };
        self.sums.iter().map(of_one).collect()
    }

    /// Takes what was stored. Returns whether every group has a number below `groups`.
    pub(crate) fn restore(&mut self, settled: EventTime, stored: StoredSums, groups: usize) -> bool {
        self.settled = settled;
        for (end, sums) in stored {
            let all = self.sums.entry(end).or_default();
            for (group, sum) in sums {
                let at = group as usize;
                if at >= groups {
                    return false;
                }
                all.resize(all.len().max(at + 1), Sum::default());
                all[at] = sum;
            }
        }
        true
    }
}
