//! The close of an interval: when the watermark passes its end, the interval of every meter is settled.

use crate::admit::MOST_EVENTS;
use crate::cell::{Cell, Registers};
use crate::fleet::{Fleet, Plane, number};
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
        let Some((index, plane)) = self.next_to_close(watermark) else {
            self.fill_planes();
            return None;
        };
        // Only before the first close may the plane hold another interval.
        let is_taken = self.planes[plane].index.is_some_and(|other| other != index);
        let aside = is_taken.then(|| std::mem::take(&mut self.planes[plane]));
        self.fill_plane(index);
        let end = self.settings.grid.end(index);
        // By name, because later stages join the topology, which is sorted by name, in one walk.
        let order = self.table.take_order();
        self.row_slots.clear();
        self.silences.clear();
        self.tick_events.clear();
        let mut known = out.len();
        for &slot in &order {
            self.close_of(slot, index, plane, watermark, out);
            self.row_slots.resize(out.len() - known, slot);
            if out.len() >= part {
                hand_on(end, out, &self.row_slots, &self.silences);
                self.row_slots.clear();
                self.silences.clear();
                known = out.len();
            }
        }
        self.table.put_order_back(order);
        self.behind.all_settled();
        if !self.behind_events.is_empty() {
            self.tick_events.append(&mut self.behind_events);
            self.tick_events.sort_unstable();
        }
        match aside {
            Some(aside) => self.planes[plane] = aside,
            None => self.planes[plane].clear(),
        }
        Some(end)
    }

    /// No further reading will come: what is closed from here on is over, as at a watermark of [`EventTime::MAX`].
    pub fn end(&mut self) {
        self.has_ended = true;
    }

    /// The earliest open interval that ends at or before `watermark`, and its plane.
    fn next_to_close(&self, watermark: EventTime) -> Option<(i64, usize)> {
        let in_planes = self.planes.iter().filter_map(|plane| plane.index);
        let index = in_planes.chain(self.far.keys().next().copied()).min()?;
        (self.settings.grid.end(index) <= watermark).then(|| (index, self.plane_of(index)))
    }

    /// Closes an interval of one meter, and those before it that are still open.
    #[inline]
    fn close_of(
        &mut self,
        slot: u32,
        index: i64,
        plane: usize,
        watermark: EventTime,
        out: &mut Vec<Interval>,
    ) {
        // The rows of a meter come in the order of their ends.
        if self.behind.has(slot) {
            self.settle_behind(slot, self.is_in_time(slot), out);
        }
        if self.planes[plane].cells.get(slot as usize).is_none_or(Cell::is_empty) {
            return;
        }
        self.changed.insert(slot);
        let known = out.len();
        // An event alone says nothing of the interval: the readings of it may come later, or never.
        let is_measured = self.planes[plane].cells[slot as usize].is_measured();
        let is_over = self.has_ended || watermark == EventTime::MAX || self.is_over(slot, index, plane);
        if is_over && is_measured {
            match self.usual_row(slot, index, plane) {
                Some(row) => out.push(row),
                None => {
                    let over = self.over(slot, index, plane);
                    self.settle(slot, over, out);
                }
            }
        } else if is_over {
            self.meters[slot as usize].closed = number(index);
        }
        if self.watches() {
            let end = self.settings.grid.end(index);
            let waits = is_measured && !out[known..].iter().any(|row| row.end == end);
            if waits || !self.planes[plane].events.is_empty() {
                self.take_events(slot, plane, index, waits);
            }
        }
        if !is_over && is_measured {
            self.keep_open(slot, plane);
        }
        self.planes[plane].cells[slot as usize] = Cell::EMPTY;
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
            let last = self.planes[plane].cells[slot as usize].last_reading(grid.length() as u32);
            self.tick_events.push(Event { meter, time: start.plus(last.into()), code: EventCode::HEARD });
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

    /// No further reading will come, and all ticks are closed. Intervals of meters that were behind are closed, and
    /// rows that wait for a register are published without it.
    pub fn finish(&mut self, out: &mut Vec<Interval>) {
        self.row_slots.clear();
        self.silences.clear();
        let mut settled = Vec::new();
        for slot in self.behind.slots() {
            self.settle_behind(slot, true, &mut settled);
            self.row_slots.resize(settled.len(), slot);
        }
        let slots = std::mem::take(&mut self.row_slots);
        let ended: Vec<u32> = self.silences.iter().map(|silence| slots[silence.row]).collect();
        let mut rows: Vec<_> = settled.into_iter().zip(slots).collect();
        let pending = std::mem::take(&mut self.pending);
        for (slot, pending) in pending {
            for waiting in pending.waiting {
                rows.push((self.incomplete(slot, waiting), slot));
            }
        }
        rows.sort_by_key(|(row, _)| (row.meter, row.end));
        for (row, slot) in rows {
            out.push(row);
            self.row_slots.push(slot);
        }
        for (silence, slot) in self.silences.iter_mut().zip(ended) {
            silence.row = self.row_slots.iter().position(|other| *other == slot).unwrap_or(silence.row);
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
}

impl Plane {
    /// Makes room for another interval. The vectors keep their memory.
    fn clear(&mut self) {
        self.index = None;
        self.exports.fill(Registers::EMPTY);
        self.odd.clear();
        self.bare.clear();
        self.lists.clear();
        self.events.clear();
    }
}
