//! Readings are added to the open intervals of their meters, a stride at a time.
//!
//! Five million meters do not fit into a CPU cache, so each reading costs several cache misses. A stride is therefore
//! walked several times. Each walk only loads the memory that the next walk needs, so the misses of many readings
//! overlap instead of following one another. This is a prefetch without `unsafe`.

use crate::cell::{Cell, Registers};
use crate::entries::{OTHERS, UNKNOWN};
use crate::fleet::{Fleet, Heard, Lane, Meter, NO_EXPORTER, NO_INDEX, NO_POINT, Plane, Totals};
use crate::register::Point;
use crate::table::grow_by_a_quarter;
use reading::{Batch, EventCode, EventTime, Extra, Issue, Reason, Sums};
use std::collections::BTreeSet;
use std::hint::black_box;
use std::ops::Range;

/// How many readings are looked up before any is added: enough to keep the memory busy, few enough for the cache.
pub(crate) const STRIDE: usize = 256;

/// At most so many events of a meter are published for one interval.
pub(crate) const MOST_EVENTS: usize = 16;

/// A reading that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Its index in the batch.
    pub index: u32,
    /// Why it is refused.
    pub reason: Reason,
}

impl Fleet {
    /// Adds the readings of a range that belong to this shard.
    ///
    /// A reading is refused as late only if its interval is closed for its own meter.
    pub fn admit(&mut self, batch: &Batch, range: Range<usize>, refused: &mut Vec<Refusal>) {
        let known = refused.len();
        if let Some(heard) = &mut self.heard {
            heard.all.clear();
            heard.not_new.clear();
        }
        let mut at = range.start;
        while at < range.end {
            let stride = at..(at + STRIDE).min(range.end);
            at = stride.end;
            self.look_up(batch, stride);
            self.touch_cells(batch);
            let slots = std::mem::take(&mut self.slots);
            self.add(batch, &slots, None, refused);
            if let Some(heard) = &mut self.heard {
                heard.all.extend_from_slice(&slots);
            }
            self.slots = slots;
        }
        if let Some(heard) = &mut self.heard {
            heard.not_new.extend(refused[known..].iter().map(|refusal| (refusal.index, false)));
            heard.not_new.sort_unstable();
        }
    }

    fn look_up(&mut self, batch: &Batch, stride: Range<usize>) {
        let shard = self.shard();
        let Some((dictionary, entries)) = batch.entries() else {
            self.select(stride, |at| if shard.owns(batch.key(at).hash) { UNKNOWN } else { OTHERS });
            return self.look_up_names(batch);
        };
        // A dictionary serves many batches, so each of its names is looked up only once, at its first reading.
        let mut entries_known = std::mem::take(&mut self.entries);
        let slots = entries_known.slots(dictionary, shard);
        self.select(stride, |at| slots[entries[at] as usize]);
        if self.slots.iter().any(|&(_, slot)| slot == UNKNOWN) {
            self.look_up_names(batch);
            self.slots.iter().for_each(|&(at, slot)| slots[entries[at as usize] as usize] = slot);
        }
        self.entries = entries_known;
    }

    /// Selects the readings of a stride that belong to this shard.
    #[inline]
    fn select(&mut self, stride: Range<usize>, slot: impl Fn(usize) -> u32) {
        // A filter without a branch: a processor cannot predict which shard a reading belongs to. Every entry is
        // written, and the position advances only past the entries of this shard.
        self.slots.resize(stride.len(), (0, 0));
        let mut kept = 0;
        for at in stride {
            let slot = slot(at);
            self.slots[kept] = (at as u32, slot);
            kept += usize::from(slot != OTHERS);
        }
        self.slots.truncate(kept);
    }

    fn look_up_names(&mut self, batch: &Batch) {
        let hash = |at: u32| batch.key(at as usize).hash;
        self.table.touch(self.slots.iter().map(|&(at, _)| hash(at)));
        let mut names = 0_u8;
        for &(at, _) in &self.slots {
            names ^= self.table.guess(hash(at)).map_or(0, |slot| self.table.touch_name(slot));
        }
        black_box(names);
        for (at, slot) in &mut self.slots {
            *slot = self.table.slot_of(batch.key(*at as usize), batch.name(*at as usize));
            if *slot as usize == self.meters.len() {
                grow_by_a_quarter(&mut self.meters);
                self.meters.push(Meter { point: NO_POINT, exporter: NO_EXPORTER, closed: NO_INDEX });
                self.changed.insert(*slot);
            }
        }
    }

    fn touch_cells(&self, batch: &Batch) {
        let Some(&(first, _)) = self.slots.first() else { return };
        // Nearly all readings of a stride belong to one interval. Each of the others costs a cache miss.
        let index = self.settings.grid.index(batch.readings[first as usize].time());
        let cells = &self.planes[index.rem_euclid(self.planes.len() as i64) as usize].cells;
        let mut sum = 0_u64;
        for &(at, slot) in &self.slots {
            // Another core wrote the reading, so its cache line is as far away as that of the cell.
            sum = sum.wrapping_add(batch.readings[at as usize].time().0 as u64);
            if let Some(cell) = cells.get(slot as usize) {
                sum = sum.wrapping_add(cell.seen ^ cell.sums.p as u64);
            }
        }
        black_box(sum);
    }

    /// The intervals that may be open now. Before the first close, these are all intervals.
    pub(crate) fn open(&self) -> Range<i64> {
        if self.closed == EventTime::MIN {
            return i64::MIN..i64::MAX;
        }
        let first = self.closed.0.div_euclid(self.settings.grid.length());
        first..first + self.planes.len() as i64
    }

    /// Adds readings, each with its slot, at their own time or at `moved`.
    pub(crate) fn add(
        &mut self,
        batch: &Batch,
        slots: &[(u32, u32)],
        moved: Option<EventTime>,
        refused: &mut Vec<Refusal>,
    ) {
        let grid = self.settings.grid;
        // A reading that was moved to the end of an interval stays there.
        let snap = if moved.is_some() { 0 } else { self.settings.snap };
        let sixtieth = (grid.length() / 60) as u32;
        // Nearly all readings of a stride have the same time: compute what depends on it only when it changes.
        let (mut moment, mut offset, mut bit) = (EventTime::MIN, 0, None);
        let planes = self.planes.len() as i64;
        let open = self.open();
        // Readings and extras both ascend.
        let mut extras = if self.watches() { &batch.extras[..] } else { &[] };
        let first = slots.first().map_or(0, |(at, _)| *at);
        extras = &extras[extras.partition_point(|(index, _)| *index < first)..];
        // From just after the start of an interval to its end; empty until one is looked up.
        let (mut near, mut end) = (EventTime::MAX, EventTime::MIN);
        let mut plane = &mut Plane::default();
        let mut keeping = Keeping { start: EventTime::MAX, most: self.most_rise(), each: false };
        let mut swaps_here = false;
        let mut alone = Vec::new();
        for &(at, slot) in slots {
            let reading = &batch.readings[at as usize];
            let time = moved.unwrap_or(reading.time());
            if time <= near || time > end {
                let index = grid.index(time);
                plane = &mut self.planes[index.rem_euclid(planes) as usize];
                let has_plane = open.contains(&index) && plane.index.is_none_or(|other| other == index);
                if !has_plane || time.since(grid.start(index)) <= snap {
                    // An empty span contains no reading, so the next reading looks for its interval again.
                    (near, end) = (EventTime::MAX, EventTime::MIN);
                    alone.push((at, slot));
                    continue;
                }
                (keeping.start, end) = (grid.start(index), grid.end(index));
                near = keeping.start.plus(snap);
                plane.index = Some(index);
                swaps_here = self.swap_intervals.contains(&index);
            }
            let cell = grown_to(&mut plane.cells, slot);
            if time != moment {
                (moment, offset) = (time, time.since(keeping.start) as u32);
                bit = Cell::bit(offset, sixtieth);
            }
            let repeat = match bit {
                _ if reading.is_bare() => !plane.bare.insert((slot, offset)),
                Some(bit) => cell.mark(bit),
                None => {
                    cell.seen |= Cell::ODD;
                    !plane.odd.insert((slot, offset))
                }
            };
            while let Some(((index, extra), others)) = extras.split_first()
                && *index <= at
            {
                if *index == at {
                    // A meter may report one moment in several messages, so the events of a repeat count, too.
                    add_events(&mut plane.events, &self.watched, extra, slot, offset);
                    self.changed.insert(slot);
                }
                extras = others;
            }
            if repeat {
                count_repeat(&mut self.totals, &mut self.heard, at);
                continue;
            }
            // One more reading could overflow a sum.
            if cell.sums.readings == Sums::MOST_READINGS {
                refused.push(Refusal { index: at, reason: Reason::TooMany });
                continue;
            }
            cell.sums.add(reading);
            self.changed.insert(slot);
            self.totals.admitted += 1;
            keeping.each = swaps_here && self.swaps.contains_key(&self.table.meter(slot));
            if let Some(imp) = reading.imp() {
                let point = Point { time, wh: imp.0 };
                let lists = &mut plane.lists;
                keeping.add(&mut cell.imp, || lists.entry((slot, Lane::Import)).or_default(), point);
            }
            if let Some(exp) = reading.exp() {
                let place = exporter(&mut self.meters[slot as usize], &mut self.export_points);
                if plane.exports.len() <= place {
                    plane.exports.resize(place + 1, Registers::EMPTY);
                }
                let point = Point { time, wh: exp.0 };
                let (lists, exports) = (&mut plane.lists, &mut plane.exports);
                keeping.add(&mut exports[place], || lists.entry((slot, Lane::Export)).or_default(), point);
            }
        }
        for (at, slot) in alone {
            self.add_alone(batch, at, slot, refused);
        }
    }
}

/// Counts a reading of a moment that its meter has sent before.
#[cold]
pub(crate) fn count_repeat(totals: &mut Totals, heard: &mut Option<Heard>, at: u32) {
    totals.counts.issue(Issue::Repeat);
    if let Some(heard) = heard {
        heard.not_new.push((at, true));
    }
}

/// The cell of a slot. The vector grows to the newest meter that has a reading in this interval.
#[inline]
fn grown_to(cells: &mut Vec<Cell>, slot: u32) -> &mut Cell {
    while cells.len() <= slot as usize {
        grow_by_a_quarter(cells);
        cells.push(Cell::EMPTY);
    }
    &mut cells[slot as usize]
}

/// The index of a meter among those that export. A meter gets one with its first export register.
#[inline]
pub(crate) fn exporter(meter: &mut Meter, export_points: &mut Vec<Point>) -> usize {
    if meter.exporter == NO_EXPORTER {
        meter.exporter = export_points.len() as u32;
        grow_by_a_quarter(export_points);
        export_points.push(NO_POINT);
    }
    meter.exporter as usize
}

/// Keeps the earliest events of a meter, whatever their order of arrival. It keeps one more than are published, so
/// that the close can report that there were more.
fn add_events(
    events: &mut BTreeSet<(u32, u32, EventCode)>,
    watched: &[EventCode],
    extra: &Extra,
    slot: u32,
    offset: u32,
) {
    for code in watched_of(extra, watched) {
        events.insert((slot, offset, code));
        let own = || events.range((slot, 0, EventCode(0))..=(slot, u32::MAX, EventCode(u16::MAX)));
        if own().count() > MOST_EVENTS + 1
            && let Some(&last) = own().next_back()
        {
            events.remove(&last);
        }
    }
}

/// The events of a reading that are watched, ascending.
pub(crate) fn events_of(batch: &Batch, at: u32, watched: &[EventCode]) -> Vec<EventCode> {
    batch.extra(at).map(|extra| watched_of(extra, watched)).unwrap_or_default()
}

fn watched_of(extra: &Extra, watched: &[EventCode]) -> Vec<EventCode> {
    let mut codes = extra.events.clone();
    codes.retain(|code| watched.binary_search(code).is_ok());
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// How register readings are kept in an interval.
pub(crate) struct Keeping {
    /// When the interval starts.
    pub(crate) start: EventTime,
    /// After a rise by more than this, every register reading is kept, Wh.
    pub(crate) most: u32,
    /// Whether to keep every register reading: after a swap of devices, the first and the last do not show where it
    /// was.
    pub(crate) each: bool,
}

impl Keeping {
    #[inline]
    pub(crate) fn add<'a>(
        &self,
        registers: &mut Registers,
        list: impl FnOnce() -> &'a mut Vec<Point>,
        point: Point,
    ) {
        let offset = point.time.since(self.start) as u32;
        if self.each && !registers.is_empty() || registers.add(offset, point.wh, self.most).is_err() {
            list_register(registers, list(), self.start, point);
        }
    }
}

#[cold]
fn list_register(registers: &mut Registers, list: &mut Vec<Point>, start: EventTime, point: Point) {
    if !registers.listed {
        registers.listed = true;
        let (first, last) = registers.ends(start).expect("what is uneven has a first");
        list.push(first);
        if last != first {
            list.push(last);
        }
    }
    list.push(point);
}
