//! One meter's interval is over: it becomes an [`Interval`], or waits for a register.
//!
//! The energy of an interval is the register at its end minus the register at its start. If a reading at an edge is
//! missing, the interval waits for the next register reading. The advance between the two readings is then spread
//! evenly over the time between, and flagged as estimated. The spread energies add up to the advance exactly.
//!
//! Example: registers 1000 Wh at 10:00 and 1400 Wh at 11:00, with none between. Each quarter of an hour gets 100 Wh.
//!
//! A register that fell or jumped counts as missing until the next reading shows which of them is true: see
//! `register.rs`.

use crate::apart::Over;
use crate::cell::{Cell, Registers};
use crate::fleet::{Fleet, Lane, Meter, NO_EXPORTER, NO_POINT, number};
use crate::register::{Advance, Decided, Move, Point, Trail, energy, spread};
use crate::settings::Energy;
use reading::{EventTime, Interval, Issue, MeterId, Quality, Sums};
use serde::{Deserialize, Serialize};
use units::WattHours;

/// At most so many intervals of a meter wait for a register: a day of quarter-hours, and the grace. The oldest one
/// beyond that is published with what its power says, and the rows that still wait make up for the difference.
const MOST_WAITING: usize = 128;

/// Intervals that are over, and wait for the register reading that gives their energy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Pending {
    pub(crate) waiting: Vec<Waiting>,
    /// The last interval that was published without its register, because too many waited.
    pub(crate) published: Option<i64>,
    /// What the registers advanced beyond what these rows have; below zero if the rows have more, Wh.
    pub(crate) owed: i64,
}

/// An interval that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) index: i64,
    pub(crate) sums: Sums,
    /// The energies and flags so far.
    pub(crate) imp: Option<i64>,
    pub(crate) exp: Option<i64>,
    pub(crate) quality: Quality,
}

impl Waiting {
    const EMPTY: Self =
        Self { index: 0, sums: Sums::EMPTY, imp: None, exp: None, quality: Quality::MEASURED };

    /// Adds a share of a move, or only its flags if it is not known what was used.
    fn take(&mut self, wh: Option<i64>, quality: Quality) {
        if let Some(wh) = wh {
            self.imp = Some(self.imp.unwrap_or(0) + wh);
        }
        self.quality = self.quality.with(quality);
    }

    /// Takes the energy that the mean power shows, up to `most`, without the register that it waits for. Returns what
    /// that adds.
    fn estimate(&mut self, most: i64, length: i64) -> i64 {
        if self.sums.p_count == 0 {
            return 0;
        }
        let known = self.imp.unwrap_or(0);
        let by_power = power_energy(&self.sums, length).clamp(0, most).max(known);
        self.imp = Some(by_power);
        self.quality = self.quality.with(Quality::ESTIMATED).with(Quality::POWER);
        by_power - known
    }
}

impl Pending {
    pub(crate) fn bytes(&self) -> usize {
        64 + self.waiting.capacity() * size_of::<Waiting>()
    }
}

/// A silence: two register readings with none between them. Its energy is spread evenly over the rows that close with
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// The index of the first row of its meter among those that close with it.
    pub row: usize,
    /// The register reading before the silence.
    pub from: EventTime,
    /// The register reading after it.
    pub to: EventTime,
    /// The energy between them, Wh.
    pub wh: i64,
}

impl Silence {
    /// How much of the energy was used up to `at`, if it was used evenly.
    pub fn advance_to(&self, at: EventTime) -> i64 {
        spread(self.wh, self.from, self.to, at)
    }
}

impl Fleet {
    /// A row that is published without the register that it waits for.
    pub(crate) fn incomplete(&self, slot: u32, mut waiting: Waiting) -> Interval {
        let doubt = self.doubts.get(&(slot, Lane::Import));
        if doubt.is_some_and(|doubt| self.settings.grid.index(doubt.time) == waiting.index) {
            waiting.quality = waiting.quality.with(Quality::SUSPECT);
        }
        waiting.quality = waiting.quality.with(Quality::PARTIAL);
        self.row(self.table.meter(slot), waiting)
    }

    #[inline]
    fn row(&self, meter: MeterId, over: Waiting) -> Interval {
        Interval {
            meter,
            start: self.settings.grid.start(over.index),
            end: self.settings.grid.end(over.index),
            imp: over.imp.map(WattHours),
            exp: over.exp.map(WattHours),
            sums: over.sums,
            quality: if over.imp.is_some() { over.quality } else { over.quality.with(Quality::PARTIAL) },
            instead: None,
        }
    }

    /// The row of a usual interval, as [`Self::settle`] would append it: of power alone, or of a meter that does not
    /// export. None if it needs a closer look.
    #[inline]
    pub(crate) fn usual_row(&mut self, slot: u32, index: i64, plane: usize) -> Option<Interval> {
        let Meter { exporter, point, .. } = self.meters[slot as usize];
        let by_power = self.settings.energy == Energy::Power && point == NO_POINT;
        if !self.planes[plane].bare.is_empty() || exporter != NO_EXPORTER && !by_power {
            return None;
        }
        let Cell { sums, mut imp, .. } = self.planes[plane].cells[slot as usize];
        let meter = self.table.meter(slot);
        let mut row = Waiting { index, sums, imp: None, exp: None, quality: Quality::MEASURED };
        if by_power {
            from_power(&mut row, self.settings.grid.length());
        } else {
            if self.settings.snap > 0 {
                imp.snap(&self.settings.near_end());
            }
            row.imp = Some(self.usual_import(&meter, slot, index, &imp)?);
            self.cross_check(&mut row);
        }
        self.meters[slot as usize].closed = number(index);
        Some(self.row(meter, row))
    }

    /// The import of a usual interval: register readings at its start and its end, and none doubtful between them.
    /// The reading at the end becomes the settled register.
    #[inline]
    fn usual_import(&mut self, meter: &MeterId, slot: u32, index: i64, imp: &Registers) -> Option<i64> {
        let (start, end) = (self.settings.grid.start(index), self.settings.grid.end(index));
        let good = self.meters[slot as usize].point;
        let (first, last) = imp.ends(start).filter(|(_, last)| last.time == end && !imp.listed)?;
        if good.time != start
            || self.settings.energy == Energy::Power
            || self.doubts.contains_key(&(slot, Lane::Import))
            || self.swaps.contains_key(meter)
        {
            return None;
        }
        let rises = |from, to| self.compare(meter, from, to).quality == Quality::MEASURED;
        if !rises(good, first) || !rises(first, last) {
            // The register does not simply rise: `settle` has to look at every point.
            return None;
        }
        self.meters[slot as usize].point = last;
        Some(last.wh - good.wh)
    }

    /// Settles one interval of one meter. It appends the row, and the rows of a silence before it. It appends none
    /// while a register reading is missing.
    pub(crate) fn settle(&mut self, slot: u32, over: Over, out: &mut Vec<Interval>) {
        let Over { index, sums, mut imp, mut exp, listed: [mut imports, mut exports] } = over;
        if self.settings.snap > 0 {
            let (near, start) = (self.settings.near_end(), self.settings.grid.start(index));
            for (registers, points) in [(&mut imp, &mut imports), (&mut exp, &mut exports)] {
                let last = points.iter_mut().max_by_key(|point| point.time);
                if let Some(last) = last.filter(|last| last.time.since(start) >= i64::from(near.from)) {
                    last.time = self.settings.grid.end(index);
                }
                registers.snap(&near);
            }
        }
        let meter = self.table.meter(slot);
        self.meters[slot as usize].closed = number(index);
        let exp = self.export(slot, index, exp, exports);
        let mut now = Waiting { index, sums, imp: None, exp, quality: Quality::MEASURED };
        now.imp = self.usual_import(&meter, slot, index, &imp);
        if now.imp.is_some() {
            self.cross_check(&mut now);
            return out.push(self.row(meter, now));
        }
        let registers = match self.settings.energy {
            Energy::Power => None,
            Energy::Registers | Energy::Both => self.register_points(slot, index, imp, imports),
        };
        let good = self.meters[slot as usize].point;
        let Some(registers) = registers else {
            if good == NO_POINT {
                // The meter has never sent a register, so its interval does not wait for one.
                if self.settings.energy != Energy::Registers {
                    from_power(&mut now, self.settings.grid.length());
                }
                out.push(self.row(meter, now));
            } else {
                self.wait(slot, now, out);
            }
            return;
        };
        let mut points = registers.points();
        let mut trail = Trail { good, doubt: self.doubts.remove(&(slot, Lane::Import)) };
        if good == NO_POINT {
            // This is the meter's first register reading. The energy before it, in this interval too, is unknown.
            now.quality = now.quality.with(Quality::PARTIAL);
            (trail.good, points) = (points[0], &points[1..]);
        }
        for &point in points {
            let Decided { moves, passed_over } =
                trail.follow(point, |from, to| self.advance(&meter, from, to));
            passed_over.into_iter().for_each(|issue| self.totals.counts.issue(issue));
            for moved in moves.into_iter().flatten() {
                self.place(slot, moved, &mut now, out);
            }
        }
        self.meters[slot as usize].point = trail.good;
        if let Some(doubt) = trail.doubt {
            self.doubts.insert((slot, Lane::Import), doubt);
        }
        if trail.good.time == self.settings.grid.end(index) {
            self.cross_check(&mut now);
            out.push(self.row(meter, now));
        } else {
            self.wait(slot, now, out);
        }
    }

    /// Places the energy of a move in its intervals: `now`, and the waiting ones before it. The shares are
    /// differences of one rounded curve, so that they add up to the advance, to the watt-hour.
    fn place(&mut self, slot: u32, moved: Move, now: &mut Waiting, out: &mut Vec<Interval>) {
        let Move { from, to, advance } = moved;
        let grid = self.settings.grid;
        if let Some(issue) = advance.issue {
            self.totals.counts.issue(issue);
        }
        if from.time >= grid.start(now.index) {
            now.take(advance.known(), advance.quality);
            return;
        }
        let (target, meter) = (grid.index(to.time), self.table.meter(slot));
        let mut pending = self.pending.remove(&slot).unwrap_or_default();
        let published = pending.published;
        let since = published.map_or(from.time, |published| grid.end(published).max(from.time));
        if to.time <= since {
            // A doubtful register turned out to be true, and its row was published without it.
            pending.owed = advance.beyond(pending.owed);
            self.pending.insert(slot, pending);
            return;
        }
        let Pending { waiting, owed, .. } = pending;
        let mut waiting = waiting.into_iter().peekable();
        let crosses = from.time < grid.start(target);
        let unplaced = crosses && self.is_unplaced(moved, published.is_some());
        if unplaced && !advance.quality.has(Quality::SWAP) {
            self.totals.unplaced += WattHours(owed);
        }
        let rest = advance.beyond(owed);
        // Estimates by power can be too high. Then one row takes that back.
        let before = |at: EventTime| if rest < 0 { 0 } else { spread(rest, since, to.time, at) };
        let spread_over =
            if self.is_interpolated(moved) { Quality::INTERPOLATED } else { Quality::ESTIMATED };
        // Nothing is known of the energy of a silence across an exchange, and its intervals say so. Of a longer one there
        // are none: nobody waits for them, and they may be years.
        let says_so = unplaced && to.time.since(from.time) <= self.settings.longest_gap;
        // From the interval that `from` stands in, or the one that starts there.
        for index in from.time.0.div_euclid(grid.length())..target {
            if published.is_some_and(|published| index <= published) {
                // No interval is published twice.
                continue;
            }
            let known = waiting.next_if(|waiting| waiting.index == index);
            let nothing = Waiting { index, quality: Quality::GAP, ..Waiting::EMPTY };
            if unplaced {
                let row = known.or(says_so.then_some(nothing));
                out.extend(row.map(|row| self.incomplete(slot, row)));
                continue;
            }
            let share = before(grid.end(index)) - before(grid.start(index));
            let mut row = known.unwrap_or(nothing);
            row.take(Some(share), advance.quality.with(spread_over));
            out.push(self.row(meter, row));
        }
        let (share, quality) = match (unplaced, crosses) {
            (true, _) => (None, Quality::PARTIAL),
            (false, true) if rest < 0 => (Some(rest), spread_over.with(Quality::DISAGREES)),
            (false, true) => (Some(rest - before(grid.start(target))), spread_over),
            (false, false) => (advance.known(), Quality::MEASURED),
        };
        let quality = advance.quality.with(quality);
        let mut left = None;
        if target == now.index {
            now.take(share, quality);
        } else if let Some(mut row) = waiting.next_if(|waiting| waiting.index == target) {
            // A doubtful reading is decided by a later one, when its own interval is already over.
            row.take(share, quality);
            if to.time == grid.end(target) {
                out.push(self.row(meter, row));
            } else {
                left = Some(row);
            }
        }
        let waiting: Vec<Waiting> = left.into_iter().chain(waiting).collect();
        if !waiting.is_empty() {
            self.pending.insert(slot, Pending { waiting, published, owed: 0 });
        }
    }

    /// Whether the two readings of a move are so near to each other that the energy at an edge between them is known
    /// well enough: an interval and a half.
    fn is_interpolated(&self, moved: Move) -> bool {
        let near = self.settings.grid.length() * 3 / 2;
        moved.to.time.since(moved.from.time) <= near.min(self.settings.longest_gap)
    }

    /// Whether the energy of a move belongs to no interval. After a swap there is no energy. Across a long silence it
    /// is unknown when the energy was used. Counts the gap.
    fn is_unplaced(&mut self, moved: Move, has_published: bool) -> bool {
        let Move { from, to, advance } = moved;
        if self.is_interpolated(moved) && !advance.quality.has(Quality::SWAP) {
            return false;
        }
        if advance.quality.has(Quality::SWAP) {
            return true;
        }
        if to.time.since(from.time) > self.settings.longest_gap {
            self.totals.unplaced += WattHours(advance.wh);
            self.totals.counts.issue(Issue::GapTooLong);
            return true;
        }
        self.totals.counts.issue(Issue::Gap);
        // If a part of the energy is in no row, a better estimate could not add up to the advance. So the rows stay
        // as they are.
        if !has_published {
            let (from, to, wh) = (from.time, to.time, advance.wh);
            self.silences.push(Silence { row: self.row_slots.len(), from, to, wh });
        }
        false
    }

    fn wait(&mut self, slot: u32, now: Waiting, out: &mut Vec<Interval>) {
        let meter = self.table.meter(slot);
        let pending = self.pending.entry(slot).or_default();
        pending.waiting.push(now);
        // A meter may send power but no register for weeks. Its waiting intervals must not grow without limit.
        if pending.waiting.len() > MOST_WAITING {
            let mut oldest = pending.waiting.remove(0);
            pending.published = Some(oldest.index);
            if self.settings.energy == Energy::Both {
                let length = self.settings.grid.length();
                pending.owed -= oldest.estimate(energy(self.most_power.of(&meter), length), length);
            }
            out.push(self.row(meter, oldest));
        }
    }

    /// The exported energy up to the last register reading of this interval. Later energy belongs to a later
    /// interval.
    fn export(&mut self, slot: u32, index: i64, exp: Registers, listed: Vec<Point>) -> Option<i64> {
        let exporter = self.meters[slot as usize].exporter;
        if exporter == NO_EXPORTER || self.settings.energy == Energy::Power {
            return None;
        }
        let registers = self.register_points(slot, index, exp, listed)?;
        let meter = self.table.meter(slot);
        let mut points = registers.points();
        let mut trail = Trail {
            good: self.export_points[exporter as usize],
            doubt: self.doubts.remove(&(slot, Lane::Export)),
        };
        if trail.good == NO_POINT {
            (trail.good, points) = (points[0], &points[1..]);
        }
        let mut exported = None;
        for &point in points {
            let decided = trail.follow(point, |from, to| self.advance(&meter, from, to));
            let advances = decided.moves.into_iter().flatten().map(|moved| moved.advance);
            for Advance { wh, issue, quality } in advances {
                issue.into_iter().for_each(|issue| self.totals.counts.issue(issue));
                if !quality.has(Quality::SUSPECT) && !quality.has(Quality::SWAP) {
                    *exported.get_or_insert(0) += wh;
                }
            }
            decided.passed_over.into_iter().for_each(|issue| self.totals.counts.issue(issue));
        }
        self.export_points[exporter as usize] = trail.good;
        if let Some(doubt) = trail.doubt {
            self.doubts.insert((slot, Lane::Export), doubt);
        }
        exported
    }

    /// The advance from one register reading to the next. It is none if the device was swapped between them.
    fn advance(&self, meter: &MeterId, from: Point, to: Point) -> Advance {
        // A reading of exactly the moment of the swap belongs to the old device.
        let swaps = self.swaps.get(meter).map_or(&[][..], Vec::as_slice);
        if swaps.iter().any(|&at| from.time <= at && at < to.time) {
            return Advance { wh: 0, quality: Quality::SWAP, issue: Some(Issue::Swap) };
        }
        self.compare(meter, from, to)
    }

    /// The advance from one register reading of a device to the next.
    #[inline]
    fn compare(&self, meter: &MeterId, from: Point, to: Point) -> Advance {
        if self.most_power.is_usual_rise(from, to) {
            return Advance::measured(to.wh - from.wh);
        }
        self.settings.registers.advance(self.most_power.of(meter), from, to)
    }

    fn cross_check(&mut self, now: &mut Waiting) {
        let Some(limit) = self.settings.cross_check else { return };
        // Estimated energy is spread over time, so it differs from the power of one interval without any fault.
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

/// Mean power times time, in Wh.
fn power_energy(sums: &Sums, length: i64) -> i64 {
    let per_wh = i64::from(sums.p_count) * 3_600_000_000;
    // Rounding is half away from zero, so that export and import are rounded alike.
    let half = if sums.p < 0 { -per_wh / 2 } else { per_wh / 2 };
    // 64 bits are nearly always enough, and their division is much faster than that of 128.
    match sums.p.checked_mul(length).and_then(|all| all.checked_add(half)) {
        Some(milliwatt_ms) => milliwatt_ms / per_wh,
        None => {
            let milliwatt_ms = i128::from(sums.p) * i128::from(length) + i128::from(half);
            (milliwatt_ms / i128::from(per_wh)) as i64
        }
    }
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
