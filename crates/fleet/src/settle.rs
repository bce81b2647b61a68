//! The watermark passes the end of an interval: what is open becomes an [`Interval`], or waits for a register.
//!
//! Energy is the register at the end less the register at the start. Where a reading at an edge is missing, the
//! register there is not known until the next one comes; then the advance between the two is spread evenly over the
//! time between, and what was spread is flagged as estimated. Whatever is spread adds up to the advance.

use crate::cell::{Cell, Registers};
use crate::fleet::{Energy, Fleet, Lane, NO_EXPORTER, NO_POINT};
use crate::register::{Advance, Point, spread};
use reading::issue::Counts;
use reading::{EventTime, Interval, Issue, MeterId, Quality, Sums};
use units::WattHours;

/// The most intervals of one meter that wait for a register: a day of quarter-hours and its grace.
const MOST_WAITING: usize = 128;

/// Intervals that are over and wait for the register that tells their energy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Pending {
    pub(crate) waiting: Vec<Waiting>,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) index: i64,
    pub(crate) sums: Sums,
    /// What is known so far.
    pub(crate) imp: Option<i64>,
    pub(crate) exp: Option<i64>,
    pub(crate) quality: Quality,
}

impl Pending {
    pub(crate) fn bytes(&self) -> usize {
        64 + self.waiting.capacity() * size_of::<Waiting>()
    }
}

/// What one interval's registers of one kind say.
#[derive(Debug, Clone, Copy)]
struct Told {
    first: Point,
    last: Point,
    inside: Advance,
}

impl Fleet {
    /// Closes the earliest open interval that ends at or before `watermark`, and says which it was. Its rows come by
    /// meter, then by end: a meter that was silent brings rows of earlier ends along.
    pub fn close_next(&mut self, watermark: EventTime, out: &mut Vec<Interval>) -> Option<EventTime> {
        self.close_next_in_parts(watermark, usize::MAX, out, |_, _| ())
    }

    /// The same, for those who need not hold all rows at once: `hand_on` gets the end of the interval and takes rows out
    /// whenever there are `part` of them or a few more. What is left at the end stays in `out`.
    pub fn close_next_in_parts(
        &mut self,
        watermark: EventTime,
        part: usize,
        out: &mut Vec<Interval>,
        mut hand_on: impl FnMut(EventTime, &mut Vec<Interval>),
    ) -> Option<EventTime> {
        self.closed = self.closed.max(watermark);
        let open = |plane: usize| self.planes[plane].index.map(|index| (index, plane));
        let (index, plane) = (0..self.planes.len()).filter_map(open).min()?;
        let end = self.settings.grid.end(index);
        if end > watermark {
            return None;
        }
        let silent = self.silent_for_too_long(end);
        let order = self.table.take_order();
        for &slot in &order {
            if !silent.is_empty() && silent.binary_search(&slot).is_ok() {
                self.give_up(slot, out);
            }
            let cells = &self.planes[plane].cells;
            if cells.get(slot as usize).is_some_and(|cell| !cell.is_empty()) {
                self.settle(slot, index, plane, out);
                self.planes[plane].cells[slot as usize] = Cell::EMPTY;
                if out.len() >= part {
                    hand_on(end, out);
                }
            }
        }
        self.table.put_order_back(order);
        let plane = &mut self.planes[plane];
        plane.index = None;
        plane.exports.fill(Registers::EMPTY);
        plane.odd.clear();
        plane.lists.clear();
        Some(end)
    }

    /// No reading will come any more and all is closed: what waits for a register is told with what is known.
    pub fn finish(&mut self, out: &mut Vec<Interval>) {
        let mut rows = Vec::new();
        let pending = std::mem::take(&mut self.pending);
        for (slot, pending) in pending {
            let meter = self.table.meter(slot);
            for waiting in pending.waiting {
                rows.push(self.incomplete(meter, waiting));
            }
        }
        rows.sort_by_key(|row| (row.meter, row.end));
        out.append(&mut rows);
    }

    /// Meters that have been silent for longer than gaps are filled, by slot.
    fn silent_for_too_long(&self, now: EventTime) -> Vec<u32> {
        let longest = self.settings.longest_gap.saturating_add(2 * self.settings.grid.length());
        let silent = |slot: &u32| now.since(self.meters[*slot as usize].point.time) > longest;
        self.pending.keys().copied().filter(silent).collect()
    }

    /// What waits for a register of this meter is told with what is known.
    fn give_up(&mut self, slot: u32, out: &mut Vec<Interval>) {
        let meter = self.table.meter(slot);
        for waiting in self.pending.remove(&slot).unwrap_or_default().waiting {
            out.push(self.incomplete(meter, waiting));
        }
    }

    fn incomplete(&self, meter: MeterId, waiting: Waiting) -> Interval {
        self.row(meter, Waiting { quality: waiting.quality.with(Quality::PARTIAL), ..waiting })
    }

    fn row(&self, meter: MeterId, told: Waiting) -> Interval {
        Interval {
            meter,
            start: self.settings.grid.start(told.index),
            end: self.settings.grid.end(told.index),
            imp: told.imp.map(WattHours),
            exp: told.exp.map(WattHours),
            sums: told.sums,
            quality: told.quality,
        }
    }

    fn settle(&mut self, slot: u32, index: i64, plane: usize, out: &mut Vec<Interval>) {
        let meter = self.table.meter(slot);
        let sums = self.planes[plane].cells[slot as usize].sums;
        let exp = self.export(slot, index, plane);
        let told = match self.settings.energy {
            Energy::Power => None,
            Energy::Registers | Energy::Both => self.told(slot, index, plane, Lane::Import),
        };
        let last = self.meters[slot as usize].point;
        let mut now = Waiting { index, sums, imp: None, exp, quality: Quality::MEASURED };
        let Some(told) = told else {
            if last == NO_POINT {
                if self.settings.energy != Energy::Registers {
                    from_power(&mut now, self.settings.grid.length());
                }
                out.push(self.row(meter, now));
            } else {
                self.wait(slot, meter, now, out);
            }
            return;
        };
        note(&mut self.totals.counts, &mut now.quality, told.inside);
        now.imp = Some(told.inside.wh);
        if last == NO_POINT {
            now.quality = now.quality.with(Quality::PARTIAL);
            // A single point in time covers no energy at all.
            now.imp = now.imp.filter(|_| told.first != told.last);
        } else {
            self.bridge(slot, meter, last, told.first, &mut now, out);
        }
        self.meters[slot as usize].point = told.last;
        if told.last.time == self.settings.grid.end(index) {
            self.cross_check(&mut now);
            out.push(self.row(meter, now));
        } else {
            self.wait(slot, meter, now, out);
        }
    }

    /// Brings the energy from the last register to the first of this interval to where it belongs.
    fn bridge(
        &mut self,
        slot: u32,
        meter: MeterId,
        last: Point,
        first: Point,
        now: &mut Waiting,
        out: &mut Vec<Interval>,
    ) {
        let grid = self.settings.grid;
        let across = self.advance(meter, last, first);
        let swapped = across.quality.has(Quality::SWAP);
        note(&mut self.totals.counts, &mut now.quality, across);
        let start = grid.start(now.index);
        if last.time == start {
            now.imp = now.imp.map(|inside| inside + across.wh);
            return;
        }
        let waiting = self.pending.remove(&slot).unwrap_or_default().waiting;
        if swapped || first.time.since(last.time) > self.settings.longest_gap {
            for waiting in waiting {
                out.push(self.incomplete(meter, waiting));
            }
            now.quality = now.quality.with(Quality::PARTIAL);
            if !swapped {
                self.totals.unplaced += WattHours(across.wh);
                self.totals.counts.issue(Issue::GapTooLong);
            }
            return;
        }
        self.totals.counts.issue(Issue::Gap);
        let mut waiting = waiting.into_iter().peekable();
        let before = |at: EventTime| spread(across.wh, last.time, first.time, at);
        // The interval that the last register stands in, or the one that starts there.
        for gap in last.time.0.div_euclid(grid.length())..now.index {
            let share = before(grid.end(gap)) - before(grid.start(gap));
            let row = match waiting.next_if(|waiting| waiting.index == gap) {
                Some(known) => Waiting {
                    imp: Some(known.imp.unwrap_or(0) + share),
                    quality: known.quality.with(Quality::ESTIMATED).with(across.quality),
                    ..known
                },
                None => Waiting {
                    index: gap,
                    sums: Sums::EMPTY,
                    imp: Some(share),
                    exp: None,
                    quality: Quality::ESTIMATED.with(Quality::GAP).with(across.quality),
                },
            };
            out.push(self.row(meter, row));
        }
        now.imp = now.imp.map(|inside| inside + across.wh - before(start));
        now.quality = now.quality.with(Quality::ESTIMATED);
    }

    fn wait(&mut self, slot: u32, meter: MeterId, now: Waiting, out: &mut Vec<Interval>) {
        let waiting = &mut self.pending.entry(slot).or_default().waiting;
        waiting.push(now);
        if waiting.len() > MOST_WAITING {
            let oldest = waiting.remove(0);
            let row = self.incomplete(meter, oldest);
            out.push(row);
        }
    }

    /// Exported energy up to the last register of this interval. What no register tells yet is told by a later interval.
    fn export(&mut self, slot: u32, index: i64, plane: usize) -> Option<i64> {
        let exporter = self.meters[slot as usize].exporter;
        if exporter == NO_EXPORTER || self.settings.energy == Energy::Power {
            return None;
        }
        let told = self.told(slot, index, plane, Lane::Export)?;
        let last = std::mem::replace(&mut self.export_points[exporter as usize], told.last);
        if last == NO_POINT {
            return (told.first != told.last).then_some(told.inside.wh);
        }
        Some(self.advance(self.table.meter(slot), last, told.first).wh + told.inside.wh)
    }

    /// From one register to the next, unless they are two devices'.
    fn advance(&self, meter: MeterId, from: Point, to: Point) -> Advance {
        let swaps = self.swaps.get(&meter).map_or(&[][..], Vec::as_slice);
        if swaps.iter().any(|&at| from.time <= at && at < to.time) {
            return Advance { wh: 0, quality: Quality::SWAP, issue: Some(Issue::Swap) };
        }
        self.settings.registers.advance(from, to)
    }

    fn told(&self, slot: u32, index: i64, plane: usize, lane: Lane) -> Option<Told> {
        let start = self.settings.grid.start(index);
        let plane = &self.planes[plane];
        let registers = match lane {
            Lane::Import => plane.cells[slot as usize].imp,
            Lane::Export => *plane.exports.get(self.meters[slot as usize].exporter as usize)?,
        };
        let (first, last) = registers.ends(start)?;
        if !registers.listed {
            let inside = Advance { wh: last.wh - first.wh, quality: Quality::MEASURED, issue: None };
            return Some(Told { first, last, inside });
        }
        let mut points = plane.lists.get(&(slot, lane))?.clone();
        points.sort_by_key(|point| point.time);
        let (first, last) = (points[0], points[points.len() - 1]);
        let meter = self.table.meter(slot);
        if !self.swaps.contains_key(&meter) {
            // Whether a point between the two was kept depends on the order of arrival.
            let between = |point: &Point| first.wh <= point.wh && point.wh <= last.wh;
            points.retain(|point| *point == first || *point == last || !between(point));
        }
        Some(Told { first, last, inside: self.walk(meter, &points) })
    }

    /// From point to point, when the register does not rise evenly.
    fn walk(&self, meter: MeterId, points: &[Point]) -> Advance {
        let mut whole = Advance { wh: 0, quality: Quality::MEASURED, issue: None };
        for pair in points.windows(2) {
            let step = self.advance(meter, pair[0], pair[1]);
            whole.wh += step.wh;
            whole.quality = whole.quality.with(step.quality);
            whole.issue = whole.issue.or(step.issue);
        }
        whole
    }

    fn cross_check(&mut self, now: &mut Waiting) {
        let Some(limit) = self.settings.cross_check else { return };
        if now.quality != Quality::MEASURED || now.sums.p_count == 0 {
            return;
        }
        let Some(registered) = now.imp.map(|imp| imp - now.exp.unwrap_or(0)) else { return };
        let by_power = power_energy(&now.sums, self.settings.grid.length());
        let larger = registered.abs().max(by_power.abs()) as f64;
        if (registered - by_power).abs() as f64 > (limit.share * larger).max(limit.floor.0 as f64) {
            now.quality = now.quality.with(Quality::DISAGREES);
            self.totals.counts.issue(Issue::Disagrees);
        }
    }
}

fn note(counts: &mut Counts, quality: &mut Quality, advance: Advance) {
    *quality = quality.with(advance.quality);
    if let Some(issue) = advance.issue {
        counts.issue(issue);
    }
}

/// Mean power times time, in Wh.
fn power_energy(sums: &Sums, length: i64) -> i64 {
    let milliwatt_ms = i128::from(sums.p) * i128::from(length);
    let per_wh = i128::from(sums.p_count) * 3_600_000_000;
    let half = if milliwatt_ms < 0 { -per_wh / 2 } else { per_wh / 2 };
    ((milliwatt_ms + half) / per_wh) as i64
}

fn from_power(now: &mut Waiting, length: i64) {
    if now.sums.p_count == 0 {
        return;
    }
    let wh = power_energy(&now.sums, length);
    now.imp = Some(wh.max(0));
    now.exp = if wh < 0 { Some(-wh) } else { now.exp };
    now.quality = now.quality.with(Quality::POWER);
}
