//! Lanes go on at their own pace; a town wants each tick whole. Here they flow together.
//!
//! A tick is whole when every lane has closed it. A lane that is idle, because its log has nothing more, holds nobody
//! up; if it goes on later with rows of a tick that the town has seen, they go along with the next one, as those of a
//! meter do that was silent.

use crate::snapshot::SnapshotError;
use fleet::{IntervalV1, PartitionId};
use reading::{EventTime, Interval};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What waits of each lane for the others.
#[derive(Debug, Clone)]
pub struct Confluence {
    lanes: BTreeMap<PartitionId, Arm>,
    /// The last tick that was given on.
    told: EventTime,
    /// Rows that came too late for their tick.
    behind: Vec<Interval>,
}

#[derive(Debug, Clone)]
struct Arm {
    closed: EventTime,
    idle: bool,
    ticks: BTreeMap<EventTime, Vec<Interval>>,
    rows: usize,
}

/// A confluence, stored.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConfluenceV1 {
    told: i64,
    behind: Vec<IntervalV1>,
    lanes: Vec<ArmV1>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ArmV1 {
    lane: PartitionId,
    closed: i64,
    ticks: Vec<(i64, Vec<IntervalV1>)>,
}

impl Default for Confluence {
    fn default() -> Self {
        Self { lanes: BTreeMap::new(), told: EventTime::MIN, behind: Vec::new() }
    }
}

impl Confluence {
    /// A lane is there, with every interval closed that ends at `closed` or before.
    pub fn open(&mut self, lane: PartitionId, closed: EventTime) {
        let begun = || Arm { closed, idle: false, ticks: BTreeMap::new(), rows: 0 };
        self.lanes.entry(lane).or_insert_with(begun);
    }

    /// A lane has closed some ticks: their ends, each with how many of the rows there are up to it.
    pub fn take(
        &mut self,
        lane: PartitionId,
        closed: EventTime,
        ticks: &[(EventTime, usize)],
        rows: &[Interval],
    ) {
        let Some(arm) = self.lanes.get_mut(&lane) else { return };
        arm.closed = arm.closed.max(closed);
        let mut first = 0;
        // What waits for a register at the end of all is for the files alone.
        for &(end, upto) in ticks.iter().filter(|(end, _)| *end != EventTime::MAX) {
            let rows = &rows[first..upto];
            first = upto;
            if end <= self.told {
                self.behind.extend_from_slice(rows);
            } else {
                arm.rows += rows.len();
                arm.ticks.entry(end).or_default().extend_from_slice(rows);
            }
        }
    }

    /// A lane has nothing to say for now, or has it again.
    pub fn idle(&mut self, lane: PartitionId, idle: bool) {
        if let Some(arm) = self.lanes.get_mut(&lane) {
            arm.idle = idle;
        }
    }

    /// A lane has no more rows.
    pub fn end(&mut self, lane: PartitionId) {
        if let Some(arm) = self.lanes.get_mut(&lane) {
            arm.closed = EventTime::MAX;
        }
    }

    /// Every lane that is there.
    pub fn lanes(&self) -> impl Iterator<Item = PartitionId> {
        self.lanes.keys().copied()
    }

    /// The next tick that is whole, its rows by meter and end.
    pub fn next_tick(&mut self) -> Option<(EventTime, Vec<Interval>)> {
        let end = self.lanes.values().filter_map(|arm| arm.ticks.keys().next()).min().copied()?;
        if end > self.closed() {
            return None;
        }
        let mut rows = std::mem::take(&mut self.behind);
        for arm in self.lanes.values_mut() {
            let own = arm.ticks.remove(&end).unwrap_or_default();
            arm.rows -= own.len();
            rows.extend(own);
        }
        rows.sort_by_key(|row| (row.meter, row.end));
        self.told = end;
        Some((end, rows))
    }

    /// What all lanes have closed that are not idle.
    pub fn closed(&self) -> EventTime {
        let busy = self.lanes.values().filter(|arm| !arm.idle).map(|arm| arm.closed);
        busy.min().unwrap_or(EventTime::MAX)
    }

    /// The last tick that was given on.
    pub fn told(&self) -> Option<EventTime> {
        Some(self.told).filter(|told| *told > EventTime::MIN)
    }

    /// How many rows wait.
    pub fn waiting(&self) -> usize {
        self.behind.len() + self.lanes.values().map(|arm| arm.rows).sum::<usize>()
    }

    /// The lanes of which more than so many rows wait for others: they have to wait too. Never the one that is waited for.
    pub fn too_far_ahead(&self, most: usize) -> impl Iterator<Item = PartitionId> {
        let slowest = self.closed();
        let ahead = self.lanes.iter().filter(move |(_, arm)| arm.rows > most && arm.closed > slowest);
        ahead.map(|(&lane, _)| lane)
    }

    /// The state, to be stored. Who is idle has to be found out again.
    pub fn snapshot(&self) -> ConfluenceV1 {
        let stored = |rows: &[Interval]| rows.iter().map(IntervalV1::from).collect();
        let ticks = |arm: &Arm| arm.ticks.iter().map(|(end, rows)| (end.0, stored(rows))).collect();
        let arm =
            |(&lane, arm): (&PartitionId, &Arm)| ArmV1 { lane, closed: arm.closed.0, ticks: ticks(arm) };
        ConfluenceV1 {
            told: self.told.0,
            behind: stored(&self.behind),
            lanes: self.lanes.iter().map(arm).collect(),
        }
    }

    /// A confluence that goes on from what was stored.
    pub fn restore(stored: &ConfluenceV1) -> Result<Self, SnapshotError> {
        let wrong = |_| SnapshotError::Content { what: "the rows that wait for others" };
        let rows = |stored: &[IntervalV1]| -> Result<Vec<Interval>, SnapshotError> {
            stored.iter().map(|row| row.restore().map_err(wrong)).collect()
        };
        let mut lanes = BTreeMap::new();
        for arm in &stored.lanes {
            let mut ticks = BTreeMap::new();
            for (end, stored) in &arm.ticks {
                ticks.insert(EventTime(*end), rows(stored)?);
            }
            let count = ticks.values().map(Vec::len).sum();
            lanes.insert(arm.lane, Arm { closed: EventTime(arm.closed), idle: false, ticks, rows: count });
        }
        Ok(Self { lanes, told: EventTime(stored.told), behind: rows(&stored.behind)? })
    }
}

#[cfg(test)]
mod tests;
