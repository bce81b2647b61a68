//! Meters that are not where the others are: behind closed ticks, or ahead of every plane.
//!
//! What other meters do makes no reading late. A meter that delivers a backlog fills its intervals in its own order,
//! each in a cell of its own. An interval of it is over when its last reading is there, or one of a later interval.
//! A message that holds an event alone does not count: a last gasp comes at once, and the readings before it later.
//! Its row is published with the next tick.
//!
//! Example: a meter was silent from 08:00 on, and at 20:00 it sends the day. The ticks of the day are closed. Its
//! intervals come with the tick of 20:00, all of them measured.

use crate::admit::{Keeping, MOST_EVENTS, Refusal, count_repeat, events_of, exporter};
use crate::cell::{ApartCell, Cell, OwnCell, Registers, Rest};
use crate::fleet::{Fleet, Lane, NO_EXPORTER, Plane, number};
use crate::register::Point;
use crate::settle::Silence;
use reading::{Batch, Event, EventCode, EventTime, Interval, Issue, Reading, Reason, Sums};

/// In so many parts of a backlog, the rows of meters with events wait for the next tick. They take some 100 bytes each.
const WAIT_FOR_EVENTS: u32 = 8;

impl Fleet {
    /// Adds a reading that is not simply added to the plane of its time: no plane has room for it, or it stands shortly
    /// after the end of an interval.
    #[cold]
    pub(crate) fn add_alone(&mut self, batch: &Batch, at: u32, slot: u32, refused: &mut Vec<Refusal>) {
        let reading = &batch.readings[at as usize];
        // A message with an event was sent because of the event, and not because an interval was over.
        let extra = batch.extras.binary_search_by_key(&at, |(at, _)| *at);
        let has_event = extra.is_ok_and(|extra| !batch.extras[extra].1.events.is_empty());
        let stays = has_event || reading.is_bare();
        let time = if stays { reading.time() } else { self.snapped(slot, reading.time()) };
        if self.has_plane(self.settings.grid.index(time)) {
            self.add(batch, &[(at, slot)], Some(time), refused);
        } else {
            self.add_apart(batch, at, slot, time, refused);
        }
    }

    /// The time of a reading, or the end of the interval before if it is that near, and no other reading is.
    ///
    /// Its power is a mean since the reading before, so that it belongs to the interval before.
    fn snapped(&self, slot: u32, time: EventTime) -> EventTime {
        let grid = self.settings.grid;
        let before = grid.index(time) - 1;
        let end = grid.end(before);
        if time.since(end) > self.settings.snap || number(before) <= self.meters[slot as usize].closed {
            return time;
        }
        let near = self.settings.near_end();
        if self.has_plane(before) {
            let cell = self.planes[self.plane_of(before)].cells.get(slot as usize);
            return if cell.is_some_and(|cell| cell.has_end(&near)) { time } else { end };
        }
        let far = self.far.get(&before).and_then(|cells| cells.get(&slot));
        let own = far.or_else(|| self.behind.get(slot, before));
        if own.is_some_and(|own| own.cell.has_end(&near)) { time } else { end }
    }

    /// Whether a reading of an interval goes into a plane.
    fn has_plane(&self, index: i64) -> bool {
        let plane = &self.planes[self.plane_of(index)];
        self.open().contains(&index) && plane.index.is_none_or(|other| other == index)
    }

    /// Adds a reading that no plane has room for.
    fn add_apart(&mut self, batch: &Batch, at: u32, slot: u32, time: EventTime, refused: &mut Vec<Refusal>) {
        let reading = &batch.readings[at as usize];
        let index = self.settings.grid.index(time);
        if number(index) <= self.meters[slot as usize].closed {
            self.totals.counts.issue(Issue::Late);
            refused.push(Refusal { index: at, reason: Reason::Late });
            return;
        }
        let start = self.settings.grid.start(index);
        let each = self.swap_intervals.contains(&index) && self.swaps.contains_key(&self.table.meter(slot));
        let keeping = Keeping { start, most: self.most_rise(), each };
        let events = if self.watches() { events_of(batch, at, &self.watched) } else { Vec::new() };
        if reading.exp().is_some() {
            exporter(&mut self.meters[slot as usize], &mut self.export_points);
        }
        let sixtieth = (self.settings.grid.length() / 60) as u32;
        let cell = if self.closed != EventTime::MIN && index < self.open().start {
            self.behind.open(slot, index)
        } else {
            self.far.entry(index).or_default().entry(slot).or_insert(ApartCell::EMPTY)
        };
        self.changed.insert(slot);
        match cell.add(reading, time, sixtieth, &keeping, events) {
            Added::New => self.totals.admitted += 1,
            Added::Repeat => count_repeat(&mut self.totals, &mut self.heard, at),
            Added::TooMany => refused.push(Refusal { index: at, reason: Reason::TooMany }),
        }
    }

    /// Whether an interval of a meter is over at its tick: its last reading is there, or one of a later interval.
    pub(crate) fn is_over(&self, slot: u32, index: i64, plane: usize) -> bool {
        let is_later = |plane: &Plane| {
            plane.index.is_some_and(|other| other > index)
                && plane.cells.get(slot as usize).is_some_and(Cell::is_measured)
        };
        self.planes[plane].cells[slot as usize].has_end(&self.settings.near_end())
            || self.planes.iter().any(is_later)
            || self
                .far
                .range(index + 1..)
                .any(|(_, cells)| cells.get(&slot).is_some_and(|own| own.cell.is_measured()))
    }

    /// Keeps an interval open whose tick closes: its meter has not gone on yet.
    pub(crate) fn keep_open(&mut self, slot: u32, plane: usize) {
        let exporter = self.meters[slot as usize].exporter;
        let exporter = (exporter != NO_EXPORTER).then_some(exporter as usize);
        if let Some(mut cell) = self.cell_state(slot, exporter, plane) {
            // The events have come with the tick.
            cell.events.clear();
            self.behind.keep(slot, cell.index, cell.into());
        }
    }

    /// Settles the intervals of a meter that is behind, as far as they are over; all of them if it has gone on.
    pub(crate) fn settle_behind(&mut self, slot: u32, has_gone_on: bool, out: &mut Vec<Interval>) {
        if !has_gone_on && !self.behind.is_fresh(slot) {
            return;
        }
        let near = self.settings.near_end();
        for (index, place) in self.behind.take(slot, has_gone_on, |last| last.cell.has_end(&near)) {
            self.changed.insert(slot);
            let ApartCell { cell, exp, rest } = self.behind.take_cell(place);
            let (is_measured, Cell { mut sums, imp, .. }) = (cell.is_measured(), cell);
            let Rest { listed, events, bare, .. } = rest.map(|rest| *rest).unwrap_or_default();
            self.take_behind_events(slot, index, &events);
            if is_measured {
                sums.readings -= bare.len() as u16;
                self.settle(slot, Over { index, sums, imp, exp, listed }, out);
            } else {
                self.meters[slot as usize].closed = number(index);
            }
        }
        // Events come with this tick. Their interval is not over, and nothing else is known of it.
        for (index, place) in self.behind.take_events(slot) {
            self.changed.insert(slot);
            let events = self.behind.take_cell(place).rest.map(|rest| rest.events).unwrap_or_default();
            self.take_behind_events(slot, index, &events);
        }
    }

    fn take_behind_events(&mut self, slot: u32, index: i64, events: &[(u32, EventCode)]) {
        let (meter, start) = (self.table.meter(slot), self.settings.grid.start(index));
        let event = |&(offset, code): &_| Event { meter, time: start.plus(i64::from(offset)), code };
        self.behind_events.extend(events.iter().take(MOST_EVENTS).map(event));
        if events.len() > MOST_EVENTS {
            self.totals.counts.issue(Issue::EventsLeftOut);
        }
    }

    /// Whether a meter has measured something in an open plane, so that its intervals before are over.
    pub(crate) fn is_in_time(&self, slot: u32) -> bool {
        let has_cell = |plane: &Plane| plane.cells.get(slot as usize).is_some_and(Cell::is_measured);
        self.planes.iter().any(|plane| plane.index.is_some() && has_cell(plane))
    }

    /// Publishes what is over of the backlogs of meters, although no tick closes. The rows come by meter, then by end.
    /// `number` counts from 1 after each tick.
    ///
    /// Events come with the next tick. The rows of a meter that has some wait for it, so that nobody sees what a meter
    /// used before what it reported; unless these are already many.
    pub fn join(&mut self, number: u32, out: &mut Vec<Interval>) {
        self.join_in_parts(number, usize::MAX, out, |_, _, _| ());
    }

    /// The same for a caller that does not need all rows at once: see [`Self::close_next_in_parts`].
    pub fn join_in_parts(
        &mut self,
        number: u32,
        part: usize,
        out: &mut Vec<Interval>,
        mut hand_on: impl FnMut(&mut Vec<Interval>, &[u32], &[Silence]),
    ) {
        self.row_slots.clear();
        self.silences.clear();
        let mut known = out.len();
        // A long backlog is that of few meters. All others would cost more than these.
        let mut slots = self.behind.fresh().to_vec();
        if number <= WAIT_FOR_EVENTS {
            slots.retain(|&slot| !self.behind.has_events(slot));
        }
        self.table.sort(&mut slots);
        for &slot in &slots {
            self.settle_behind(slot, false, out);
            self.row_slots.resize(out.len() - known, slot);
            if out.len() >= part {
                hand_on(out, &self.row_slots, &self.silences);
                self.row_slots.clear();
                self.silences.clear();
                known = out.len();
            }
        }
        self.behind.settled(&slots);
    }

    /// Moves intervals into planes that have become free for them.
    pub(crate) fn fill_planes(&mut self) {
        let open = self.open();
        while let Some(index) = self.far.range(open.clone()).map(|(&index, _)| index).find(|&index| {
            let plane = &self.planes[self.plane_of(index)];
            plane.index.is_none_or(|other| other == index)
        }) {
            self.fill_plane(index);
        }
    }

    /// Moves an interval into its plane.
    pub(crate) fn fill_plane(&mut self, index: i64) {
        for (slot, cell) in self.far.remove(&index).unwrap_or_default() {
            self.put_in_plane(slot, cell.to_own(index));
        }
    }

    pub(crate) fn plane_of(&self, index: i64) -> usize {
        index.rem_euclid(self.planes.len() as i64) as usize
    }

    /// Puts an open interval of a meter where it belongs.
    pub(crate) fn put_cell(&mut self, slot: u32, cell: OwnCell) {
        if self.closed != EventTime::MIN && cell.index < self.open().start {
            self.behind.keep(slot, cell.index, cell.into());
            self.behind.freshen(slot);
        } else if self.has_plane(cell.index) {
            self.put_in_plane(slot, cell);
        } else {
            self.far.entry(cell.index).or_default().insert(slot, cell.into());
        }
    }

    fn put_in_plane(&mut self, slot: u32, own: OwnCell) {
        let place = self.plane_of(own.index);
        let plane = &mut self.planes[place];
        plane.index = Some(own.index);
        if plane.cells.len() <= slot as usize {
            plane.cells.resize(slot as usize + 1, Cell::EMPTY);
        }
        plane.cells[slot as usize] = own.cell();
        let exporter = self.meters[slot as usize].exporter as usize;
        if let Some(exp) = own.exp {
            if plane.exports.len() <= exporter {
                plane.exports.resize(exporter + 1, Registers::EMPTY);
            }
            plane.exports[exporter] = exp;
        }
        plane.events.extend(own.events.iter().map(|&(offset, code)| (slot, offset, code)));
        plane.odd.extend(own.odd.iter().map(|&offset| (slot, offset)));
        plane.bare.extend(own.bare.iter().map(|&offset| (slot, offset)));
        for (lane, points) in [Lane::Import, Lane::Export].into_iter().zip(own.listed) {
            if !points.is_empty() {
                plane.lists.insert((slot, lane), points);
            }
        }
    }
}

/// What became of a reading.
enum Added {
    New,
    Repeat,
    TooMany,
}

impl ApartCell {
    /// Adds a reading as [`Fleet::admit`] adds it to a plane.
    fn add(
        &mut self,
        reading: &Reading,
        time: EventTime,
        sixtieth: u32,
        keeping: &Keeping,
        events: Vec<EventCode>,
    ) -> Added {
        let offset = time.since(keeping.start) as u32;
        let rest = &mut self.rest;
        if !events.is_empty() {
            let known = &mut rest.get_or_insert_default().events;
            known.extend(events.into_iter().map(|code| (offset, code)));
            known.sort_unstable();
            known.dedup();
            // One more than are published, so that the close can report that there were more.
            known.truncate(MOST_EVENTS + 1);
        }
        let is_repeat = match Cell::bit(offset, sixtieth) {
            _ if reading.is_bare() => !insert(&mut rest.get_or_insert_default().bare, offset),
            Some(bit) => self.cell.mark(bit),
            None => {
                self.cell.seen |= Cell::ODD;
                !insert(&mut rest.get_or_insert_default().odd, offset)
            }
        };
        if is_repeat {
            return Added::Repeat;
        }
        if self.cell.sums.readings == Sums::MOST_READINGS {
            return Added::TooMany;
        }
        self.cell.sums.add(reading);
        if let Some(imp) = reading.imp() {
            let point = Point { time, wh: imp.0 };
            keeping.add(&mut self.cell.imp, || &mut rest.get_or_insert_default().listed[0], point);
        }
        if let Some(exp) = reading.exp() {
            let point = Point { time, wh: exp.0 };
            keeping.add(&mut self.exp, || &mut rest.get_or_insert_default().listed[1], point);
        }
        Added::New
    }
}

/// Inserts into a sorted list. Returns whether the value is new.
fn insert(sorted: &mut Vec<u32>, value: u32) -> bool {
    let place = sorted.binary_search(&value);
    if let Err(place) = place {
        sorted.insert(place, value);
    }
    place.is_err()
}

/// An interval of one meter that is over.
#[derive(Debug)]
pub(crate) struct Over {
    pub(crate) index: i64,
    /// Without messages that measured nothing: whether they come beside the others depends on the order of arrival.
    pub(crate) sums: Sums,
    pub(crate) imp: Registers,
    pub(crate) exp: Registers,
    /// All register readings, where a register does not rise evenly.
    pub(crate) listed: [Vec<Point>; 2],
}

impl Fleet {
    /// What a plane holds of a meter whose interval is over.
    #[inline]
    pub(crate) fn over(&self, slot: u32, index: i64, plane: usize) -> Over {
        let (exporter, plane) = (self.meters[slot as usize].exporter, &self.planes[plane]);
        let Cell { mut sums, imp, .. } = plane.cells[slot as usize];
        if !plane.bare.is_empty() {
            sums.readings -= plane.bare.range((slot, 0)..=(slot, u32::MAX)).count() as u16;
        }
        let mut exp = Registers::EMPTY;
        if exporter != NO_EXPORTER {
            exp = plane.exports.get(exporter as usize).copied().unwrap_or(exp);
        }
        let list = |registers: &Registers, lane| match registers.listed {
            true => plane.lists.get(&(slot, lane)).cloned().unwrap_or_default(),
            false => Vec::new(),
        };
        let listed = [list(&imp, Lane::Import), list(&exp, Lane::Export)];
        Over { index, sums, imp, exp, listed }
    }
}
