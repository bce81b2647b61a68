//! The inflow takes what lanes pass on through a log, and brings it into a confluence without repeats.
//!
//! If a process dies, another process takes over its lane. It passes on again everything since the last checkpoint.
//! The rows of a tick are the same each time, and the message that closes a tick comes after its rows. So a row of a
//! closed tick is a repeat and is left out. In an open tick, each row of a meter counts once.
//!
//! So it is with the parts of a long backlog: each has a number, and a message that comes after its rows.
//!
//! A run with `--until-end` closes all open intervals at its end, and a later run passes on those ticks again, whole.
//! So rows that were closed at such an end are kept apart. They count only until the lane continues.

use crate::confluence::{Confluence, ConfluenceV1, ConfluenceV2, Flow, Gathered, GatheredV1};
use crate::outputs::{Closing, Part};
use crate::parts::PartKind;
use crate::passed::Passed;
use crate::reports::Report;
use crate::snapshot::SnapshotError;
use fleet::{IntervalV1, PartitionId, RestoreError};
use reading::{EventTime, Interval, MeterId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const INFLOW: PartKind = PartKind {
    name: "inflow",
    version: 2,
    reads: &[1],
    holds: "closed intervals that came through the exchange and wait for those of other partitions",
    settings: "`length` of `[intervals]`",
};

/// The lanes that feed a district through a log.
#[derive(Debug, Default)]
pub(crate) struct Inflow {
    confluence: Confluence,
    inlets: BTreeMap<PartitionId, Inlet>,
}

/// Rows, each once.
type Rows = BTreeMap<(MeterId, EventTime), Interval>;

/// Rows and reports, by tick.
type Ticks = BTreeMap<EventTime, OpenTick>;

/// A tick that is not closed yet. Maps and sets hold every row and report once, so repeats vanish.
#[derive(Debug, Default)]
struct OpenTick {
    rows: Rows,
    reports: BTreeSet<Report>,
}

#[derive(Debug)]
struct Inlet {
    closed: EventTime,
    idle: bool,
    /// Ticks that the lane has not closed yet.
    coming: Ticks,
    /// The last part of a backlog that is whole, and the rows of the one after it.
    part: Option<Part>,
    coming_part: Rows,
    /// Ticks that were closed only because the lane ended.
    last: Ticks,
    ended: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct InflowV2 {
    confluence: ConfluenceV2,
    inlets: Vec<InletV2>,
}

#[derive(Debug, Serialize, Deserialize)]
struct InletV2 {
    lane: PartitionId,
    closed: i64,
    idle: bool,
    coming: Vec<(i64, GatheredV1)>,
    part: Option<Part>,
    coming_part: Vec<IntervalV1>,
    last: Vec<(i64, GatheredV1)>,
    ended: bool,
}

/// The form without parts of backlogs.
#[derive(Debug, Deserialize)]
pub(crate) struct InflowV1 {
    confluence: ConfluenceV1,
    inlets: Vec<InletV1>,
}

#[derive(Debug, Deserialize)]
struct InletV1 {
    lane: PartitionId,
    closed: i64,
    idle: bool,
    coming: Vec<(i64, GatheredV1)>,
    last: Vec<(i64, GatheredV1)>,
    ended: bool,
}

impl From<InflowV1> for InflowV2 {
    fn from(InflowV1 { confluence, inlets }: InflowV1) -> Self {
        let inlet = |InletV1 { lane, closed, idle, coming, last, ended }| {
            let (part, coming_part) = (None, Vec::new());
            InletV2 { lane, closed, idle, coming, part, coming_part, last, ended }
        };
        Self { confluence: confluence.into(), inlets: inlets.into_iter().map(inlet).collect() }
    }
}

impl Inflow {
    /// Adds a lane. From now on ticks wait for it.
    pub fn open(&mut self, lane: PartitionId) {
        self.confluence.open(lane, EventTime::MIN);
        self.inlets.entry(lane).or_insert_with(|| Inlet {
            closed: EventTime::MIN,
            idle: false,
            coming: Ticks::new(),
            part: None,
            coming_part: Rows::new(),
            last: Ticks::new(),
            ended: false,
        });
    }

    /// Takes a message of a lane. Returns whether all lanes have ended with it.
    pub fn take(&mut self, passed: Passed) -> bool {
        match passed {
            Passed::Row { lane, tick, last, row } => {
                let Some(inlet) = self.inlet(lane).filter(|inlet| tick > inlet.closed) else { return false };
                inlet.coming(tick, last).rows.insert((row.meter, row.end), row);
                false
            }
            Passed::Report { lane, tick, last, report } => {
                let Some(inlet) = self.inlet(lane).filter(|inlet| tick > inlet.closed) else { return false };
                inlet.coming(tick, last).reports.insert(report);
                false
            }
            Passed::PartRow { lane, part, row } => {
                let Some(inlet) = self.inlet(lane).filter(|inlet| inlet.lacks(part)) else { return false };
                inlet.goes_on();
                inlet.coming_part.insert((row.meter, row.end), row);
                false
            }
            Passed::Part { lane, part } => {
                let Some(inlet) = self.inlet(lane).filter(|inlet| inlet.lacks(part)) else { return false };
                inlet.goes_on();
                inlet.part = Some(part);
                let rows = std::mem::take(&mut inlet.coming_part);
                self.confluence.take_part(lane, part.after, rows.into_values().collect());
                false
            }
            Passed::Closed { lane, closed, mut ticks, .. } => {
                let Some(inlet) = self.inlet(lane).filter(|inlet| closed > inlet.closed) else {
                    return false;
                };
                // After a restart, the list may begin with ticks that were closed before: those were passed on
                // already.
                ticks.retain(|tick| *tick > inlet.closed);
                inlet.goes_on();
                inlet.closed = closed;
                let open = inlet.coming.split_off(&EventTime(closed.0.saturating_add(1)));
                let mut whole = std::mem::replace(&mut inlet.coming, open);
                // A tick without a row in this district is a tick, too: forecasts and outages need it.
                for tick in ticks {
                    whole.entry(tick).or_default();
                }
                flow(&mut self.confluence, lane, closed, &whole);
                false
            }
            Passed::Idle { lane, idle } => {
                if let Some(inlet) = self.inlet(lane) {
                    inlet.idle = idle;
                }
                self.confluence.idle(lane, idle);
                false
            }
            Passed::Ended { lane, ticks } => {
                let Some(inlet) = self.inlet(lane).filter(|inlet| !inlet.ended) else { return false };
                inlet.ended = true;
                for tick in ticks.into_iter().filter(|tick| *tick > inlet.closed) {
                    inlet.last.entry(tick).or_default();
                }
                self.ended()
            }
        }
    }

    /// What comes next for the second stage.
    pub fn next_flow(&mut self) -> Option<Flow> {
        self.confluence.next_flow()
    }

    /// The lanes that have to pause: more than `most` of their rows wait for slower lanes.
    pub fn too_far_ahead(&self, most: usize) -> impl Iterator<Item = PartitionId> {
        self.confluence.too_far_ahead(most)
    }

    /// How many rows wait for slower lanes.
    pub fn waiting(&self) -> usize {
        self.confluence.waiting()
    }

    /// Whether all lanes have ended.
    pub fn ended(&self) -> bool {
        self.inlets.values().all(|inlet| inlet.ended)
    }

    /// All remaining ticks, for the case that no lane continues. The inflow itself stays as it is.
    pub fn to_the_end(&self) -> Confluence {
        let mut all = self.confluence.clone();
        for (&lane, inlet) in &self.inlets {
            flow(&mut all, lane, EventTime::MAX, &inlet.last);
        }
        all
    }

    /// Whether every lane is idle or has ended.
    pub fn rests(&self) -> bool {
        self.confluence.rests()
    }

    /// The last tick that was passed on.
    pub fn last_tick(&self) -> Option<EventTime> {
        self.confluence.last_tick()
    }

    fn inlet(&mut self, lane: PartitionId) -> Option<&mut Inlet> {
        self.inlets.get_mut(&lane)
    }

    /// The stored form.
    pub fn snapshot(&self) -> InflowV2 {
        let inlet = |(&lane, inlet): (&PartitionId, &Inlet)| InletV2 {
            lane,
            closed: inlet.closed.0,
            idle: inlet.idle,
            coming: stored(&inlet.coming),
            part: inlet.part,
            coming_part: inlet.coming_part.values().map(IntervalV1::from).collect(),
            last: stored(&inlet.last),
            ended: inlet.ended,
        };
        InflowV2 { confluence: self.confluence.snapshot(), inlets: self.inlets.iter().map(inlet).collect() }
    }

    /// Restores an inflow.
    pub fn restore(from: &InflowV2) -> Result<Self, SnapshotError> {
        let wrong = |_| SnapshotError::Content { part: INFLOW.name };
        let mut inflow = Self { confluence: Confluence::restore(&from.confluence)?, inlets: BTreeMap::new() };
        for inlet in &from.inlets {
            // A lane sends that it is idle only once. If this were not restored, every tick would wait for it.
            inflow.confluence.idle(inlet.lane, inlet.idle);
            let rows = from_stored(&inlet.coming_part).map_err(wrong)?;
            let restored = Inlet {
                closed: EventTime(inlet.closed),
                idle: inlet.idle,
                coming: restored(&inlet.coming)?,
                part: inlet.part,
                coming_part: rows,
                last: restored(&inlet.last)?,
                ended: inlet.ended,
            };
            inflow.inlets.insert(inlet.lane, restored);
        }
        Ok(inflow)
    }
}

impl Inlet {
    /// Whether this part of a backlog is not whole yet. If not, its messages are repeats.
    fn lacks(&self, part: Part) -> bool {
        Some(part) > self.part
    }

    /// The open tick that a row or report belongs to.
    fn coming(&mut self, tick: EventTime, last: bool) -> &mut OpenTick {
        let ticks = if last { self.ends_again() } else { self.goes_on() };
        ticks.entry(tick).or_default()
    }

    /// The lane continues after an end. It passes on the ticks of that end again, so they are forgotten here.
    fn goes_on(&mut self) -> &mut Ticks {
        self.last.clear();
        self.ended = false;
        &mut self.coming
    }

    /// The ticks of an end. The first row after an earlier end replaces what that end had left.
    fn ends_again(&mut self) -> &mut Ticks {
        if std::mem::take(&mut self.ended) {
            self.last.clear();
        }
        &mut self.last
    }
}

fn flow(into: &mut Confluence, lane: PartitionId, closed: EventTime, whole: &Ticks) {
    let (mut closings, mut rows, mut reports) = (Vec::new(), Vec::new(), Vec::new());
    for (&tick, own) in whole {
        rows.extend(own.rows.values().copied());
        reports.extend(own.reports.iter().map(|report| (tick, *report)));
        closings.push((Closing::Tick(tick), rows.len()));
    }
    into.take(lane, closed, &closings, &rows, &reports);
}

fn from_stored(rows: &[IntervalV1]) -> Result<Rows, RestoreError> {
    rows.iter().map(|row| row.restore().map(|row| ((row.meter, row.end), row))).collect()
}

fn stored(ticks: &Ticks) -> Vec<(i64, GatheredV1)> {
    let stored = |own: &OpenTick| {
        let (rows, reports) = (own.rows.values().copied().collect(), own.reports.iter().copied().collect());
        GatheredV1::from(&Gathered { rows, reports })
    };
    ticks.iter().map(|(tick, own)| (tick.0, stored(own))).collect()
}

fn restored(stored: &[(i64, GatheredV1)]) -> Result<Ticks, SnapshotError> {
    let wrong = |_| SnapshotError::Content { part: INFLOW.name };
    let mut ticks = Ticks::new();
    for (tick, stored) in stored {
        let Gathered { rows, reports } = stored.restore().map_err(wrong)?;
        let own = ticks.entry(EventTime(*tick)).or_default();
        own.rows.extend(rows.into_iter().map(|row| ((row.meter, row.end), row)));
        own.reports.extend(reports);
    }
    Ok(ticks)
}

#[cfg(test)]
mod tests;
