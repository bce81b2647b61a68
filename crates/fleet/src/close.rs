//! The close of an interval: when the watermark passes its end, the interval of every meter is settled.

use crate::admit::MOST_EVENTS;
use crate::cell::{Cell, Registers};
use crate::fleet::{Fleet, Lane};
use crate::settle::Silence;
use reading::{Event, EventCode, EventTime, Interval, Issue};

impl Fleet {
    /// Closes the earliest open interval that ends at or before `watermark`, and returns its end.
    ///
    /// The rows come by meter, then by end. A meter that was silent also brings rows with earlier ends.
    pub fn close_next(&mut self, watermark: EventTime, out: &mut Vec<Interval>) -> Option<EventTime> {
        self.close_next_in_parts(watermark, usize::MAX, out, |_, _, _, _| ())
    }

    /// The same for a caller that does not need all rows at once, which saves memory.
    ///
    /// Whenever there are `part` rows or a few more, `hand_on` gets the end of the interval, the rows, the slots of
    /// their meters, and the silences that ended with them. It must take all rows. The last rows stay in `out`.
    pub fn close_next_in_parts(
        &mut self,
        watermark: EventTime,
        part: usize,
        out: &mut Vec<Interval>,
        mut hand_on: impl FnMut(EventTime, &mut Vec<Interval>, &[u32], &[Silence]),
    ) -> Option<EventTime> {
        self.closed = self.closed.max(watermark);
        let open = |plane: usize| self.planes[plane].index.map(|index| (index, plane));
        let (index, plane) = (0..self.planes.len()).filter_map(open).min()?;
        let end = self.settings.grid.end(index);
        if end > watermark {
            return None;
        }
        let silent = self.silent_for_too_long(end);
        // By name, because later stages join the topology, which is sorted by name, in one walk.
        let order = self.table.take_order();
        let watches = self.watches();
        self.row_slots.clear();
        self.silences.clear();
        self.tick_events.clear();
        let mut known = out.len();
        for &slot in &order {
            // Publish waiting rows before the rows of this interval, so that the rows of a meter stay in the order of
            // their ends.
            if !silent.is_empty() && silent.binary_search(&slot).is_ok() {
                self.give_up(slot, out);
            }
            let cells = &self.planes[plane].cells;
            if cells.get(slot as usize).is_some_and(|cell| !cell.is_empty()) {
                self.changed.insert(slot);
                let known = out.len();
                self.settle(slot, index, plane, out);
                if watches {
                    let waits = !out[known..].iter().any(|row| row.end == end);
                    self.take_events(slot, plane, index, waits);
                }
                self.planes[plane].cells[slot as usize] = Cell::EMPTY;
            }
            self.row_slots.resize(out.len() - known, slot);
            if out.len() >= part {
                hand_on(end, out, &self.row_slots, &self.silences);
                self.row_slots.clear();
                self.silences.clear();
                known = out.len();
            }
        }
        self.table.put_order_back(order);
        let plane = &mut self.planes[plane];
        // The vectors keep their memory, because the plane is soon used for another interval.
        plane.index = None;
        plane.exports.fill(Registers::EMPTY);
        plane.odd.clear();
        plane.bare.clear();
        plane.lists.clear();
        plane.events.clear();
        Some(end)
    }

    /// Takes the events that a meter reported in an interval that is over.
    ///
    /// If its row waits for a register, an event says that the meter sent readings. Otherwise it would seem as silent
    /// as a meter without supply.
    fn take_events(&mut self, slot: u32, plane: usize, index: i64, waits: bool) {
        let (meter, grid) = (self.table.meter(slot), self.settings.grid);
        let start = grid.start(index);
        let own = (slot, 0, EventCode(0))..=(slot, u32::MAX, EventCode(u16::MAX));
        let known = self.tick_events.len();
        if waits {
            self.tick_events.push(Event { meter, time: grid.end(index), code: EventCode::HEARD });
        }
        let event = |&(_, offset, code)| Event { meter, time: start.plus(i64::from(offset)), code };
        let mut kept = self.planes[plane].events.range(own).map(event);
        self.tick_events.extend(kept.by_ref().take(MOST_EVENTS));
        // One event more than are published was kept. It shows that there were more.
        if kept.next().is_some() {
            self.totals.counts.issue(Issue::EventsLeftOut);
        }
        self.tick_events[known..].sort_unstable();
    }

    /// No further reading will come, and all intervals are closed. Rows that wait for a register are published
    /// without it.
    pub fn finish(&mut self, out: &mut Vec<Interval>) {
        let mut rows = Vec::new();
        let pending = std::mem::take(&mut self.pending);
        for (slot, pending) in pending {
            for waiting in pending.waiting {
                rows.push((self.incomplete(slot, waiting), slot));
            }
        }
        rows.sort_by_key(|(row, _)| (row.meter, row.end));
        self.row_slots.clear();
        self.silences.clear();
        for (row, slot) in rows {
            out.push(row);
            self.row_slots.push(slot);
        }
    }

    /// The slots of the meters whose rows the last close has left with the caller.
    pub fn row_slots(&self) -> &[u32] {
        &self.row_slots
    }

    /// The silences that ended in the last close, as far as the caller has their rows.
    pub fn silences(&self) -> &[Silence] {
        &self.silences
    }

    /// The slots of the meters that have been silent for longer than the longest gap that is filled.
    ///
    /// Two intervals are added, because the register that ends the longest gap is settled only when its own interval
    /// closes.
    fn silent_for_too_long(&self, now: EventTime) -> Vec<u32> {
        let longest = self.settings.longest_gap.saturating_add(2 * self.settings.grid.length());
        let silent = |slot: &u32| now.since(self.meters[*slot as usize].point.time) > longest;
        self.pending.keys().copied().filter(silent).collect()
    }

    /// Publishes the waiting rows of a meter without the register that they wait for.
    fn give_up(&mut self, slot: u32, out: &mut Vec<Interval>) {
        self.changed.insert(slot);
        for waiting in self.pending.remove(&slot).unwrap_or_default().waiting {
            out.push(self.incomplete(slot, waiting));
        }
        self.doubts.remove(&(slot, Lane::Import));
    }
}
