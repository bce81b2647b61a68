//! The stored form of one meter. In memory, a meter is spread over cells of open intervals, and over maps for what
//! only few meters need. It is stored in one piece, so that each meter can be stored alone, and restored into any
//! shard.

use super::RestoreError;
use crate::cell::OwnCell;
use crate::fleet::{Fleet, Lane, NO_EXPORTER, NO_INDEX, NO_POINT};
use crate::register::Point;
use crate::settle::{Pending, Waiting};
use ::reading::{EventCode, Key, MeterId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One meter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeterState {
    pub(super) name: MeterId,
    /// The last import register of the intervals that are closed.
    point: Option<Point>,
    /// The last export register of those.
    export: Option<Point>,
    exports: bool,
    doubts: [Option<Point>; 2],
    open: Vec<OwnCell>,
    waiting: Vec<Waiting>,
    /// The last interval that was published without its register.
    published: Option<i64>,
    /// What the registers advanced beyond such rows, Wh.
    owed: i64,
}

/// The form before rows that could wait no longer had an estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeterStateV3 {
    name: MeterId,
    point: Option<Point>,
    export: Option<Point>,
    exports: bool,
    doubts: [Option<Point>; 2],
    open: Vec<OwnCell>,
    waiting: Vec<Waiting>,
    published: Option<i64>,
}

impl From<MeterStateV3> for MeterState {
    fn from(from: MeterStateV3) -> Self {
        let MeterStateV3 { name, point, export, exports, doubts, open, waiting, published } = from;
        Self { name, point, export, exports, doubts, open, waiting, published, owed: 0 }
    }
}

impl MeterState {
    /// Returns the vector of cells, so that the next meter can reuse its memory.
    pub(super) fn into_cells(self) -> Vec<OwnCell> {
        self.open
    }
}

impl Fleet {
    /// The stored form of a meter. `open` is an empty vector of an earlier meter, reused for its memory.
    pub(super) fn meter_state(&self, slot: u32, mut open: Vec<OwnCell>) -> MeterState {
        let meter = self.meters[slot as usize];
        let exporter = (meter.exporter != NO_EXPORTER).then_some(meter.exporter as usize);
        open.clear();
        open.extend((0..self.planes.len()).filter_map(|plane| self.cell_state(slot, exporter, plane)));
        open.extend(self.behind.of(slot).map(|(index, cell)| cell.to_own(index)));
        open.extend(self.far.iter().filter_map(|(&index, cells)| Some(cells.get(&slot)?.to_own(index))));
        open.sort_unstable_by_key(|cell| cell.index);
        let known = |point: Point| (point != NO_POINT).then_some(point);
        let pending = self.pending.get(&slot);
        MeterState {
            name: self.table.meter(slot),
            point: known(meter.point),
            export: exporter.and_then(|place| known(self.export_points[place])),
            exports: exporter.is_some(),
            doubts: [Lane::Import, Lane::Export].map(|lane| self.doubts.get(&(slot, lane)).copied()),
            open,
            waiting: pending.map(|pending| pending.waiting.clone()).unwrap_or_default(),
            published: pending.and_then(|pending| pending.published),
            owed: pending.map_or(0, |pending| pending.owed),
        }
    }

    /// What a plane holds of a meter.
    pub(crate) fn cell_state(&self, slot: u32, exporter: Option<usize>, plane: usize) -> Option<OwnCell> {
        let plane = &self.planes[plane];
        let index = plane.index?;
        let cell = plane.cells.get(slot as usize).filter(|cell| !cell.is_empty())?;
        let own = (slot, 0)..=(slot, u32::MAX);
        let offsets = |of: &BTreeSet<(u32, u32)>| {
            of.range(own.clone()).map(|(_, offset)| *offset).collect::<Vec<u32>>()
        };
        let listed = [Lane::Import, Lane::Export].map(|lane| {
            // Sort by time and not by arrival, so that equal states are stored as equal bytes.
            let mut points: Vec<Point> = plane.lists.get(&(slot, lane)).cloned().unwrap_or_default();
            points.sort_unstable();
            points
        });
        let events = plane.events.range((slot, 0, EventCode(0))..=(slot, u32::MAX, EventCode(u16::MAX)));
        let exp = exporter.and_then(|place| plane.exports.get(place)).filter(|exp| !exp.is_empty());
        Some(OwnCell {
            index,
            sums: cell.sums,
            seen: cell.seen,
            odd: offsets(&plane.odd),
            bare: offsets(&plane.bare),
            imp: cell.imp,
            exp: exp.copied(),
            listed,
            events: events.map(|&(_, offset, code)| (offset, code)).collect(),
        })
    }

    pub(super) fn restore_name(&mut self, stored: &MeterState, hash: u64) -> Result<(), RestoreError> {
        let name = stored.name.as_bytes();
        let slot = self.table.slot_of(Key { hash, at: 0, len: name.len() as u8 }, name);
        self.put_meter(slot, NO_POINT, NO_EXPORTER, NO_INDEX)
    }

    pub(super) fn restore_meter(
        &mut self,
        stored: &MeterState,
        closed: i32,
        hash: u64,
    ) -> Result<(), RestoreError> {
        let name = stored.name.as_bytes();
        let slot = self.table.slot_of(Key { hash, at: 0, len: name.len() as u8 }, name);
        let mut exporter = NO_EXPORTER;
        if stored.exports {
            exporter = self.export_points.len() as u32;
            self.export_points.push(stored.export.unwrap_or(NO_POINT));
        }
        self.put_meter(slot, stored.point.unwrap_or(NO_POINT), exporter, closed)?;
        for (lane, doubt) in [Lane::Import, Lane::Export].into_iter().zip(stored.doubts) {
            if let Some(doubt) = doubt {
                self.doubts.insert((slot, lane), doubt);
            }
        }
        for cell in &stored.open {
            if cell.exp.is_some() && exporter == NO_EXPORTER {
                return Err(RestoreError::Value);
            }
            self.put_cell(slot, cell.clone());
        }
        if !stored.waiting.is_empty() {
            let MeterState { published, owed, .. } = *stored;
            let pending = Pending { waiting: stored.waiting.clone(), published, owed };
            self.pending.insert(slot, pending);
        }
        Ok(())
    }
}
