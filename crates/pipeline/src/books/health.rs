//! Data health of some meters: from what the fleet took to reports for the second stage.

use crate::parts::{PartKind, Restoring, Storing};
use crate::reports::Report;
use crate::snapshot::SnapshotError;
use fleet::{Fleet, Heard};
use grid::Topology;
use health::{Book, DaysState, HealthSettings, MeterState, Summary, arrival};
use metering::{BySlot, WrittenBySlot};
use reading::{Arrival, Batch, EventTime, Interval, MeterId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The book, and what of the plan it takes to fill it.
#[derive(Debug)]
pub(super) struct Health {
    book: Book,
    grace: i64,
    fingerprint: u64,
}

/// The stored form.
#[derive(Serialize, Deserialize)]
struct State {
    days: DaysState,
    meters: BySlot<MeterState>,
}

/// The same as it is written, one meter at a time.
#[derive(Serialize)]
struct Written<M> {
    days: DaysState,
    meters: M,
}

impl Health {
    pub(super) const PART: PartKind = PartKind {
        name: "health",
        version: Book::STATE_VERSION,
        reads: &[],
        holds: "what meters delivered of the days that are not final",
        settings: "`length` of `[intervals]`, or `time_zone`",
    };

    pub(super) fn new(settings: HealthSettings) -> Self {
        let (grace, fingerprint) = (settings.grace, settings.fingerprint());
        Self { book: Book::new(settings), grace, fingerprint }
    }

    pub(super) fn place(&mut self, topology: &Topology) {
        let mut removed: BTreeMap<MeterId, EventTime> = BTreeMap::new();
        for rows in topology.rows().chunk_by(|one, next| one.meter == next.meter) {
            // A row without an end holds until further notice.
            let ends: Option<Vec<EventTime>> = rows.iter().map(|row| row.to).collect();
            if let Some(last) = ends.and_then(|ends| ends.into_iter().max()) {
                removed.insert(rows[0].meter, last);
            }
        }
        self.book.place(removed);
    }

    pub(super) fn hear(&mut self, heard: &Heard, batch: &Batch, closed: EventTime) {
        let mut sent = batch.sent_in_order();
        let front = if closed == EventTime::MIN { closed } else { closed.plus(self.grace) };
        for taken in heard.taken() {
            let index = taken.index as usize;
            let (stamp, hash) = (batch.readings[index].time(), batch.key(index).hash);
            if taken.is_repeat {
                self.book.repeat(taken.slot, hash, stamp);
                continue;
            }
            let waited = batch.arrivals.get(index);
            let came = waited.copied().unwrap_or_else(|| Arrival { sent: sent(index), front });
            let runs_ahead = waited.is_some() && self.book.runs_ahead(taken.slot, came.front, stamp);
            let arrived = arrival(came, runs_ahead, stamp);
            self.book.hear(taken.slot, hash, stamp, arrived);
        }
    }

    pub(super) fn enter(&mut self, slots: &[u32], rows: &[Interval]) {
        self.book.enter(slots, rows);
    }

    /// The reports of a tick, by meter and day. The meters count as changed in the fleet, so that they are stored.
    pub(super) fn tick(&mut self, end: EventTime, fleet: &mut Fleet) -> Vec<Report> {
        let mut days = Vec::new();
        self.book.tick(end, |slot| fleet.meter(slot), &mut days);
        fleet.touch(self.book.turned());
        days.into_iter().map(Report::Delivered).collect()
    }

    pub(super) fn end(&mut self) {
        self.book.end();
    }

    pub(super) fn turns(&self) -> u64 {
        self.book.turns()
    }

    pub(super) fn finish(&mut self, turn: u64, fleet: &Fleet) -> Vec<Report> {
        self.book.finish(turn, |slot| fleet.meter(slot)).into_iter().map(Report::Delivered).collect()
    }

    pub(super) fn summary(&self, fleet: &Fleet) -> Summary {
        self.book.summary(|slot| fleet.meter(slot))
    }

    pub(super) fn memory(&self) -> usize {
        self.book.memory()
    }

    pub(super) fn store(&self, slots: impl Iterator<Item = u32>, parts: &mut Storing) {
        let meters = WrittenBySlot { slots: slots.collect(), meter: |slot| self.book.stored(slot) };
        parts.part(&Self::PART, self.fingerprint, &Written { days: self.book.days(), meters });
    }

    pub(super) fn restore(&mut self, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        let Some(found) = parts.take(&Self::PART, self.fingerprint)? else { return Ok(()) };
        let State { days, meters } = found.overlaid(|whole: &mut State, later| {
            whole.days = later.days;
            whole.meters.overlay(later.meters);
            Ok(())
        })?;
        self.book.restore(&days, meters.iter());
        Ok(())
    }
}
