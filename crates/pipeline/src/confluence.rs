//! A confluence joins the ticks of several lanes: each lane goes at its own pace, but the town needs whole ticks.
//!
//! A tick is whole when every lane has closed it. A lane is idle while its log has no more messages, and no tick
//! waits for an idle lane. Example: partition 3 has no message for an hour, and the ticks of that hour go on without
//! it. If partition 3 then sends rows of that hour, they come with the next tick, like those of a meter that was
//! silent.
//!
//! A part of a long backlog belongs between two ticks of its lane. It is passed on when the first of them was. No tick
//! waits for it, for its lane closes the second one later.

use crate::outputs::Closing;
use crate::parts::PartKind;
use crate::reports::Report;
use crate::snapshot::SnapshotError;
use crate::step::reports_of;
use fleet::{IntervalV1, PartitionId, RestoreError};
use reading::{EventTime, Interval};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

pub(crate) const CONFLUENCE: PartKind = PartKind {
    name: "confluence",
    version: 2,
    reads: &[1],
    holds: "closed intervals that wait for those of other partitions",
    settings: "`length` of `[intervals]`",
};

/// The rows and reports of one tick, from all lanes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gathered {
    /// The rows, by meter and end.
    pub rows: Vec<Interval>,
    /// The reports, by kind, meter and time.
    pub reports: Vec<Report>,
}

impl Gathered {
    fn extend(&mut self, rows: &[Interval], reports: &[Report]) {
        self.rows.extend_from_slice(rows);
        self.reports.extend_from_slice(reports);
    }
}

/// What comes next out of a confluence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// A whole tick, by its end.
    Tick(EventTime, Gathered),
    /// A part of a long backlog: rows of ticks that are over, by meter and end.
    Part(Vec<Interval>),
}

/// The rows of each lane that wait for slower lanes.
#[derive(Debug, Clone)]
pub struct Confluence {
    lanes: BTreeMap<PartitionId, Arm>,
    /// The last tick that was passed on.
    last_tick: EventTime,
    /// Rows that came after their tick was passed on. They come with the next tick.
    behind: Gathered,
}

#[derive(Debug, Clone)]
struct Arm {
    closed: EventTime,
    idle: bool,
    ticks: BTreeMap<EventTime, Gathered>,
    /// Parts of long backlogs, each with the tick that it comes after.
    parts: VecDeque<(EventTime, Vec<Interval>)>,
    /// In ticks and parts.
    rows: usize,
}

/// The stored form of a confluence.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConfluenceV2 {
    last_tick: i64,
    behind: GatheredV1,
    lanes: Vec<ArmV2>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ArmV2 {
    lane: PartitionId,
    closed: i64,
    ticks: Vec<(i64, GatheredV1)>,
    parts: Vec<(i64, Vec<IntervalV1>)>,
}

/// The form without parts of backlogs.
#[derive(Debug, Deserialize)]
pub struct ConfluenceV1 {
    last_tick: i64,
    behind: GatheredV1,
    lanes: Vec<ArmV1>,
}

#[derive(Debug, Deserialize)]
struct ArmV1 {
    lane: PartitionId,
    closed: i64,
    ticks: Vec<(i64, GatheredV1)>,
}

impl From<ConfluenceV1> for ConfluenceV2 {
    fn from(ConfluenceV1 { last_tick, behind, lanes }: ConfluenceV1) -> Self {
        let arm = |ArmV1 { lane, closed, ticks }| ArmV2 { lane, closed, ticks, parts: Vec::new() };
        Self { last_tick, behind, lanes: lanes.into_iter().map(arm).collect() }
    }
}

/// The stored form of rows and reports. Intervals have a stored form of their own.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GatheredV1(Vec<IntervalV1>, Vec<Report>);

impl From<&Gathered> for GatheredV1 {
    fn from(tick: &Gathered) -> Self {
        Self(tick.rows.iter().map(IntervalV1::from).collect(), tick.reports.clone())
    }
}

impl GatheredV1 {
    pub(crate) fn restore(&self) -> Result<Gathered, RestoreError> {
        Ok(Gathered {
            rows: self.0.iter().map(IntervalV1::restore).collect::<Result<_, _>>()?,
            reports: self.1.clone(),
        })
    }
}

impl Arm {
    fn push_part(&mut self, after: EventTime, rows: Vec<Interval>) {
        self.rows += rows.len();
        self.parts.push_back((after, rows));
    }
}

impl Default for Confluence {
    fn default() -> Self {
        Self { lanes: BTreeMap::new(), last_tick: EventTime::MIN, behind: Gathered::default() }
    }
}

impl Confluence {
    /// Adds a lane that has closed every interval up to `closed`. From now on ticks wait for it.
    pub fn open(&mut self, lane: PartitionId, closed: EventTime) {
        let begun = || Arm { closed, idle: false, ticks: BTreeMap::new(), parts: VecDeque::new(), rows: 0 };
        self.lanes.entry(lane).or_insert_with(begun);
    }

    /// A lane has closed some ticks.
    ///
    /// `closings` holds each tick, and how many of `rows` belong to it or to one before. For example, with
    /// `[(9:15, 3), (9:30, 5)]`, rows 0 to 2 are those of 9:15. Each report comes with the end of its tick.
    pub fn take(
        &mut self,
        lane: PartitionId,
        closed: EventTime,
        closings: &[(Closing, usize)],
        rows: &[Interval],
        reports: &[(EventTime, Report)],
    ) {
        let Some(arm) = self.lanes.get_mut(&lane) else { return };
        arm.closed = arm.closed.max(closed);
        let (mut first, mut reports) = (0, reports);
        for &(closing, upto) in closings {
            let rows = &rows[first..upto];
            first = upto;
            let end = match closing {
                Closing::Tick(end) => end,
                Closing::Part(part) => {
                    arm.push_part(part.after, rows.to_vec());
                    continue;
                }
                // A later run goes on from before the end, and its ticks bring these rows.
                Closing::End => continue,
            };
            let reports = reports_of(end, &mut reports);
            if end <= self.last_tick {
                self.behind.extend(rows, &reports);
            } else {
                arm.rows += rows.len();
                arm.ticks.entry(end).or_default().extend(rows, &reports);
            }
        }
    }

    /// A lane has sent a part of a long backlog, which comes after its tick `after`.
    pub(crate) fn take_part(&mut self, lane: PartitionId, after: EventTime, rows: Vec<Interval>) {
        if let Some(arm) = self.lanes.get_mut(&lane) {
            arm.push_part(after, rows);
        }
    }

    /// A lane becomes idle, or has messages again.
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

    /// All lanes.
    pub fn lanes(&self) -> impl Iterator<Item = PartitionId> {
        self.lanes.keys().copied()
    }

    /// The next tick if it is whole, or a part of a backlog that comes before it.
    pub fn next_flow(&mut self) -> Option<Flow> {
        match self.next_part() {
            Some(rows) => Some(Flow::Part(rows)),
            None => self.next_tick().map(|(end, tick)| Flow::Tick(end, tick)),
        }
    }

    /// The first part of a backlog whose tick was passed on. In which order the parts of several lanes come does not
    /// matter to the second stage.
    fn next_part(&mut self) -> Option<Vec<Interval>> {
        let (last, closed) = (self.last_tick, self.closed());
        let next = self.lanes.values().filter_map(|arm| arm.ticks.keys().next()).min().copied();
        let is_reached =
            |after: EventTime| after <= last || after <= closed && next.is_none_or(|next| after < next);
        let is_due = |arm: &&mut Arm| arm.parts.front().is_some_and(|(after, _)| is_reached(*after));
        let arm = self.lanes.values_mut().find(is_due)?;
        let (_, rows) = arm.parts.pop_front()?;
        arm.rows -= rows.len();
        Some(rows)
    }

    fn next_tick(&mut self) -> Option<(EventTime, Gathered)> {
        let end = self.lanes.values().filter_map(|arm| arm.ticks.keys().next()).min().copied()?;
        if end > self.closed() {
            return None;
        }
        let mut tick = std::mem::take(&mut self.behind);
        for arm in self.lanes.values_mut() {
            let own = arm.ticks.remove(&end).unwrap_or_default();
            arm.rows -= own.rows.len();
            tick.rows.extend(own.rows);
            tick.reports.extend(own.reports);
        }
        // Lanes come in the order of their numbers. Sorting makes the tick the same however meters are partitioned.
        tick.rows.sort_by_key(|row| (row.meter, row.end));
        tick.reports.sort_unstable();
        self.last_tick = end;
        Some((end, tick))
    }

    /// The time up to which every lane that is not idle has closed its intervals.
    pub fn closed(&self) -> EventTime {
        let busy = self.lanes.values().filter(|arm| !arm.idle).map(|arm| arm.closed);
        busy.min().unwrap_or(EventTime::MAX)
    }

    /// Whether every lane is idle or has ended.
    pub fn rests(&self) -> bool {
        !self.lanes.is_empty() && self.lanes.values().all(|arm| arm.idle || arm.closed == EventTime::MAX)
    }

    /// The last tick that was passed on.
    pub fn last_tick(&self) -> Option<EventTime> {
        Some(self.last_tick).filter(|end| *end > EventTime::MIN)
    }

    /// How many rows wait.
    pub fn waiting(&self) -> usize {
        self.behind.rows.len() + self.lanes.values().map(|arm| arm.rows).sum::<usize>()
    }

    /// The lanes that have to pause: more than `most` of their rows wait for slower lanes.
    ///
    /// The slowest lane is never among them. If it paused, every lane would wait for it forever.
    pub fn too_far_ahead(&self, most: usize) -> impl Iterator<Item = PartitionId> {
        let slowest = self.closed();
        let ahead = self.lanes.iter().filter(move |(_, arm)| arm.rows > most && arm.closed > slowest);
        ahead.map(|(&lane, _)| lane)
    }

    /// The stored form. It leaves out which lanes are idle: after a restart that is found out anew.
    pub fn snapshot(&self) -> ConfluenceV2 {
        let ticks = |arm: &Arm| arm.ticks.iter().map(|(end, tick)| (end.0, tick.into())).collect();
        let part = |(after, rows): &(EventTime, Vec<Interval>)| {
            (after.0, rows.iter().map(IntervalV1::from).collect())
        };
        let arm = |(&lane, arm): (&PartitionId, &Arm)| ArmV2 {
            lane,
            closed: arm.closed.0,
            ticks: ticks(arm),
            parts: arm.parts.iter().map(part).collect(),
        };
        ConfluenceV2 {
            last_tick: self.last_tick.0,
            behind: (&self.behind).into(),
            lanes: self.lanes.iter().map(arm).collect(),
        }
    }

    /// Restores a confluence.
    pub fn restore(stored: &ConfluenceV2) -> Result<Self, SnapshotError> {
        let wrong = |_| SnapshotError::Content { part: CONFLUENCE.name };
        let mut lanes = BTreeMap::new();
        for arm in &stored.lanes {
            let mut ticks = BTreeMap::new();
            for (end, stored) in &arm.ticks {
                ticks.insert(EventTime(*end), stored.restore().map_err(wrong)?);
            }
            let rows = ticks.values().map(|tick: &Gathered| tick.rows.len()).sum();
            let parts = VecDeque::new();
            let mut own = Arm { closed: EventTime(arm.closed), idle: false, ticks, parts, rows };
            for (after, rows) in &arm.parts {
                let rows = rows.iter().map(IntervalV1::restore).collect::<Result<_, _>>().map_err(wrong)?;
                own.push_part(EventTime(*after), rows);
            }
            lanes.insert(arm.lane, own);
        }
        Ok(Self {
            lanes,
            last_tick: EventTime(stored.last_tick),
            behind: stored.behind.restore().map_err(wrong)?,
        })
    }
}

#[cfg(test)]
mod tests;
