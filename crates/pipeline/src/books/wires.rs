//! What meters see of each wire, interval by interval, for the detectors that look at single phases and at the voltage
//! behind the relay.
//!
//! It listens to the readings that the fleet takes, and hands on the sums of an interval when its row closes. Only
//! readings of three phases, and those with an open relay, are looked at: most meters take nothing here.

use crate::parts::{PartKind, Restoring, Storing};
use crate::reports::Report;
use crate::snapshot::SnapshotError;
use fleet::{Fleet, Heard};
use reading::{Batch, EventTime, Fingerprint, Grid, Interval, Wires};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The book.
#[derive(Debug)]
pub(crate) struct WireBook {
    grid: Grid,
    /// A reading this shortly after an interval belongs to it, ms.
    snap: i64,
    state: State,
    /// By slot: whether the meter was ever looked at.
    looked_at: Vec<bool>,
}

/// What is stored: the sums of open intervals, by slot and end, and those that wait for the next tick. A meter of three
/// phases takes some 220 bytes for each open interval.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    open: BTreeMap<(u32, EventTime), Wires>,
    over: Vec<Wires>,
}

impl WireBook {
    pub(super) const PART: PartKind = PartKind {
        name: "wires",
        version: 1,
        reads: &[],
        holds: "what meters saw of single phases in open intervals",
        settings: "`length` of `[intervals]`",
    };

    pub(crate) fn new(grid: Grid, snap: i64) -> Self {
        Self { grid, snap, state: State::default(), looked_at: Vec::new() }
    }

    pub(super) fn hear(&mut self, heard: &Heard, batch: &Batch, fleet: &Fleet) {
        let mut extras = batch.extras.iter().filter(|(_, extra)| Wires::concern(extra)).peekable();
        if extras.peek().is_none() {
            return;
        }
        for taken in heard.taken().filter(|taken| !taken.is_repeat) {
            while extras.next_if(|(index, _)| *index < taken.index).is_some() {}
            let Some((_, extra)) = extras.next_if(|(index, _)| *index == taken.index) else { continue };
            let reading = &batch.readings[taken.index as usize];
            let end = self.end_of(reading.time());
            let new = || Wires::new(fleet.meter(taken.slot), end);
            self.state.open.entry((taken.slot, end)).or_insert_with(new).add(reading, extra);
            self.look_at(taken.slot);
        }
    }

    fn end_of(&self, time: EventTime) -> EventTime {
        let index = self.grid.index(time);
        let is_late = time.since(self.grid.start(index)) <= self.snap;
        self.grid.end(if is_late { index - 1 } else { index })
    }

    fn look_at(&mut self, slot: u32) {
        if self.looked_at.len() <= slot as usize {
            self.looked_at.resize(slot as usize + 1, false);
        }
        self.looked_at[slot as usize] = true;
    }

    /// Takes closed rows, each with its slot. What is older than a row has no row, and is dropped.
    pub(super) fn enter(&mut self, slots: &[u32], rows: &[Interval]) {
        if self.state.open.is_empty() {
            return;
        }
        let is_looked_at = |slot: u32| self.looked_at.get(slot as usize).is_some_and(|looked_at| *looked_at);
        for (&slot, row) in slots.iter().zip(rows).filter(|(slot, _)| is_looked_at(**slot)) {
            let passed = (slot, EventTime::MIN)..=(slot, row.end);
            let passed = self.state.open.extract_if(passed, |_, _| true).map(|(_, wires)| wires);
            self.state.over.extend(passed.filter(|wires| wires.end == row.end && wires.count > 0));
        }
    }

    /// The reports of the tick that was closed last, by meter and end.
    pub(super) fn tick(&mut self) -> Vec<Report> {
        let mut over = std::mem::take(&mut self.state.over);
        over.sort_unstable();
        over.into_iter().map(Report::Wires).collect()
    }

    pub(super) fn memory(&self) -> usize {
        self.state.open.len() * (size_of::<Wires>() + size_of::<(u32, EventTime)>())
            + self.looked_at.capacity()
    }

    fn fingerprint(&self) -> u64 {
        Fingerprint::new("wires").whole(self.grid.length()).end()
    }

    pub(super) fn store(&self, parts: &mut Storing) {
        parts.part(&Self::PART, self.fingerprint(), &self.state);
    }

    pub(super) fn restore(&mut self, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        let Some(found) = parts.take(&Self::PART, self.fingerprint())? else { return Ok(()) };
        // It is stored whole with every change.
        self.state = found.overlaid(|whole: &mut State, later| {
            *whole = later;
            Ok(())
        })?;
        let slots: Vec<u32> = self.state.open.keys().map(|(slot, _)| *slot).collect();
        slots.into_iter().for_each(|slot| self.look_at(slot));
        Ok(())
    }
}
