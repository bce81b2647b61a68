//! The days of each meter, until they are published.

use crate::arrival::runs_ahead;
use crate::cause::{Cause, Causes};
use crate::delivered::Delivered;
use crate::rhythm::Rhythm;
use crate::row::{MeterDay, Standing};
use crate::settings::HealthSettings;
use crate::span::Span;
use crate::summary::{Stamps, Summary};
use reading::time::{DAY, SECOND};
use reading::{EventTime, Interval, MeterId, Quality};
use std::collections::BTreeMap;

/// What is known of a meter beside its days, in 12 bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Meter {
    /// The stamp of its latest reading, s since 1970. Zero if there is none.
    pub(crate) last: u32,
    /// The stamp of its first reading, s since 1970.
    pub(crate) first: u32,
    /// The last day that was published, in days since 1970.
    pub(crate) published: u16,
    pub(crate) rhythm: Rhythm,
    /// What has been wrong so far.
    pub(crate) causes: Causes,
}

impl Meter {
    /// Whether a stamp is off the boundaries of intervals. A meter that sends more often than once an interval also has
    /// stamps at its own steps between them.
    fn is_off_grid(&self, stamp: EventTime, settings: &HealthSettings) -> bool {
        let length = settings.grid.length();
        let own_step = self.rhythm.likely_step().map(|step| step * SECOND);
        let step = own_step.filter(|step| length % step == 0).unwrap_or(length);
        let beyond = stamp.0.rem_euclid(step);
        beyond.min(step - beyond) > settings.snap
    }
}

/// What all meters delivered of one day.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plane {
    pub(crate) day: i32,
    /// By slot. The vector is shorter than the meters while the newest have no reading of this day.
    pub(crate) cells: Vec<Delivered>,
    /// The turns before this one are published. See [`Book::turn`].
    pub(crate) next_turn: u64,
}

/// The meters of a part of the engine, by slot.
#[derive(Debug, Clone)]
pub struct Book {
    pub(crate) settings: HealthSettings,
    /// See [`HealthSettings::turns`]: each reading asks for it.
    turns: u64,
    pub(crate) meters: Vec<Meter>,
    /// Days that are under way or wait for their turn, ascending.
    pub(crate) planes: Vec<Plane>,
    /// Days without a plane that are not published: those of long backlogs, and of clocks that are far ahead.
    pub(crate) fresh: BTreeMap<(i32, u32), Delivered>,
    /// Days that were published with readings missing, and are not final.
    pub(crate) open: BTreeMap<(i32, u32), Delivered>,
    /// When meters were removed, by the topology: from then on nothing is expected of them.
    removed: BTreeMap<MeterId, EventTime>,
    /// The local day of the last tick, and its end.
    pub(crate) today: Option<(i32, EventTime)>,
    /// The local day that the ticks had reached when no more readings could come.
    last_day: Option<i32>,
    /// The days of the readings that came last: to look up a local day for each reading would be slow.
    spans: [Span; 2],
    /// The slots that the last tick has published.
    turned: Vec<u32>,
    /// The stamps since the run began.
    stamps: Stamps,
}

/// When a day is published.
#[derive(Debug, Clone, Copy)]
struct At {
    /// The end of the tick.
    end: EventTime,
    /// Whether the run ends.
    is_last: bool,
}

/// A meter that was silent for so many days has no more rows.
const MOST_SILENT: i32 = 30;

impl Book {
    /// A book without meters.
    pub fn new(settings: HealthSettings) -> Self {
        Self {
            turns: settings.turns(),
            settings,
            meters: Vec::new(),
            planes: Vec::new(),
            fresh: BTreeMap::new(),
            open: BTreeMap::new(),
            removed: BTreeMap::new(),
            today: None,
            last_day: None,
            spans: [Span::NONE; 2],
            turned: Vec::new(),
            stamps: Stamps::default(),
        }
    }

    /// Takes from a topology when meters were removed.
    pub fn place(&mut self, removed: BTreeMap<MeterId, EventTime>) {
        self.removed = removed;
    }

    /// Counts a reading of the meter in a slot. `hash` is that of its name.
    pub fn hear(&mut self, slot: u32, hash: u64, stamp: EventTime, arrived: EventTime) {
        let day = self.span(stamp).day;
        let seconds = seconds(stamp);
        let meter = grown_to(&mut self.meters, slot, Meter::default());
        if meter.last == 0 {
            meter.first = seconds;
        } else if seconds > meter.last {
            meter.rhythm.vote(i64::from(seconds - meter.last));
        }
        // The first stamp of a meter does not show its steps yet.
        if meter.last > 0 {
            self.stamps.count(meter.is_off_grid(stamp, &self.settings));
        }
        meter.last = meter.last.max(seconds);
        if let Some(cell) = self.cell(slot, hash, day) {
            cell.receive(arrived.since(stamp));
        }
    }

    /// Whether the clock of the meter in a slot [runs ahead](runs_ahead).
    pub fn runs_ahead(&self, slot: u32, front: EventTime, stamp: EventTime) -> bool {
        let last = self.meters.get(slot as usize).map(|meter| meter.last).filter(|&last| last > 0);
        runs_ahead(last.map(moment), front, stamp)
    }

    /// Counts a reading of a moment that the meter has sent before.
    pub fn repeat(&mut self, slot: u32, hash: u64, stamp: EventTime) {
        let day = self.span(stamp).day;
        if let Some(cell) = self.cell(slot, hash, day) {
            cell.repeats = cell.repeats.saturating_add(1);
        }
    }

    /// Notes what closed intervals show, each with the slot of its meter.
    pub fn enter(&mut self, slots: &[u32], rows: &[Interval]) {
        const NOTED: u32 = Quality::GAP.0 | Quality::RESET.0 | Quality::SUSPECT.0 | Quality::INTERPOLATED.0;
        for (&slot, row) in slots.iter().zip(rows) {
            if row.quality.0 & NOTED == 0 {
                continue;
            }
            let day = self.span(row.end).day;
            // A reading was lost where the others stand on the grid.
            let is_off_grid = row.quality.has(Quality::INTERPOLATED)
                && self
                    .meters
                    .get(slot as usize)
                    .is_some_and(|meter| meter.is_off_grid(moment(meter.last), &self.settings));
            let Some(cell) = self.cell(slot, row.meter.hash(), day) else { continue };
            let note = |count: &mut u8, holds: bool| *count = count.saturating_add(holds.into());
            note(&mut cell.gaps, row.quality.has(Quality::GAP));
            note(&mut cell.resets, row.quality.has(Quality::RESET));
            note(&mut cell.resets, row.quality.has(Quality::SUSPECT));
            note(&mut cell.off_grid, is_off_grid);
        }
    }

    /// A tick has closed. Appends the days that are published with it, by meter and day.
    pub fn tick(&mut self, end: EventTime, meter_of: impl Fn(u32) -> MeterId, out: &mut Vec<MeterDay>) {
        let today = Span::at(&self.settings.calendar, end);
        let is_new_day = self.today.is_none_or(|(before, _)| before < today.day);
        self.turned.clear();
        self.make_planes(today.day);
        let (known, at) = (out.len(), At { end, is_last: false });
        let due = (end.since(today.start) / self.settings.grid.length() - 1).max(0) as u64;
        let turns = self.turns;
        for mut plane in std::mem::take(&mut self.planes) {
            let upto = match today.day - plane.day {
                ..=1 => 0,
                2 => turns.min(due + 1),
                _ => turns,
            };
            if plane.next_turn < upto {
                self.turn(&plane, plane.next_turn..upto, at, &meter_of, out);
                plane.next_turn = upto;
            }
            if plane.next_turn < turns {
                self.planes.push(plane);
            }
        }
        self.publish_fresh(today.day, is_new_day, at, &meter_of, out);
        self.publish_final(today.day, at, &meter_of, out);
        self.today = Some((today.day, end));
        out[known..].sort_unstable();
    }

    /// The slots whose days the last tick has published: their state has changed.
    pub fn turned(&self) -> &[u32] {
        &self.turned
    }

    /// No more readings come. The ticks from now on differ from book to book: each has those that its meters have
    /// readings of.
    pub fn end(&mut self) {
        self.last_day = self.last_day.or(self.today.map(|(today, _)| today));
    }

    /// The run ends: the days that are not final, as far as they went, of the meters with one of the [turns](Self::turns).
    /// Those of all meters at once would take more memory than the meters. When all turns are over, only
    /// [`Self::summary`] is of use.
    ///
    /// A day that was not reached before [`Self::end`] has no rows, for only the books whose meters have sent readings of
    /// it know of it.
    pub fn finish(&mut self, turn: u64, meter_of: impl Fn(u32) -> MeterId) -> Vec<MeterDay> {
        let mut rows = Vec::new();
        let Some((today, end)) = self.today else { return rows };
        let last_day = self.last_day.unwrap_or(today);
        let at = At { end, is_last: true };
        let turns = self.turns;
        let is_due =
            |&(_, slot): &(i32, u32), _: &mut Delivered| turn_of(meter_of(slot).hash(), turns) == turn;
        let again: Vec<_> = self.open.extract_if(.., is_due).collect();
        let fresh: Vec<_> = self.fresh.extract_if(..(last_day + 1, 0), is_due).collect();
        let days = again.into_iter().map(|day| (day, true)).chain(fresh.into_iter().map(|day| (day, false)));
        for (((day, slot), cell), is_again) in days {
            let row = self.publish(slot, Span::of(&self.settings.calendar, day), cell, at, &meter_of);
            rows.extend(row.map(|row| MeterDay { is_again, ..row }));
        }
        let planes = std::mem::take(&mut self.planes);
        for plane in planes.iter().filter(|plane| plane.day <= last_day && plane.next_turn <= turn) {
            self.turn(plane, turn..turn + 1, at, &meter_of, &mut rows);
        }
        self.planes = planes;
        rows.sort_unstable();
        rows
    }

    /// How many turns there are.
    pub fn turns(&self) -> u64 {
        self.turns
    }

    /// Makes a plane for each day up to today, and moves into it what came before the first tick.
    fn make_planes(&mut self, today: i32) {
        let from = self.today.map_or(today - 1, |(before, _)| (before + 1).max(today - MOST_SILENT));
        for day in from..=today + 1 {
            let has_plane = self.planes.iter().any(|plane| plane.day == day);
            let waits = || self.fresh.range((day, 0)..(day + 1, 0)).next().is_some();
            if has_plane || day > today && !waits() {
                continue;
            }
            let mut plane = Plane { day, ..Plane::default() };
            for ((_, slot), cell) in self.fresh.extract_if((day, 0)..(day + 1, 0), |_, _| true) {
                *grown_to(&mut plane.cells, slot, Delivered::NOTHING) = cell;
            }
            let place = self.planes.partition_point(|other| other.day < day);
            self.planes.insert(place, plane);
        }
    }

    /// Publishes a day of the meters whose turn it is. The turn depends on the name, so that it is the same however
    /// the meters are divided.
    fn turn(
        &mut self,
        plane: &Plane,
        turns: std::ops::Range<u64>,
        at: At,
        meter_of: &impl Fn(u32) -> MeterId,
        out: &mut Vec<MeterDay>,
    ) {
        let span = Span::of(&self.settings.calendar, plane.day);
        for slot in 0..self.meters.len() as u32 {
            if turns.contains(&turn_of(meter_of(slot).hash(), self.turns)) {
                let cell = plane.cells.get(slot as usize).copied().unwrap_or(Delivered::NOTHING);
                out.extend(self.publish(slot, span, cell, at, meter_of));
            }
        }
    }

    /// Publishes days of backlogs once their meters have gone on, and once a day those of the others.
    fn publish_fresh(
        &mut self,
        today: i32,
        is_new_day: bool,
        at: At,
        meter_of: &impl Fn(u32) -> MeterId,
        out: &mut Vec<MeterDay>,
    ) {
        if self.fresh.range(..(today - 1, 0)).next().is_none() {
            return;
        }
        let calendar = self.settings.calendar.clone();
        let mut span = Span::NONE;
        let mut days: Vec<((i32, u32), Delivered)> = Vec::new();
        let meters = &self.meters;
        let due = self.fresh.extract_if(..(today - 1, 0), |&(day, slot), _| {
            if span.day != day || span == Span::NONE {
                span = Span::of(&calendar, day);
            }
            is_new_day || moment(meters[slot as usize].last) > span.end
        });
        days.extend(due);
        for ((day, slot), cell) in days {
            if span.day != day {
                span = Span::of(&calendar, day);
            }
            out.extend(self.publish(slot, span, cell, at, meter_of));
        }
    }

    /// Publishes the days again that become final with this tick.
    fn publish_final(
        &mut self,
        today: i32,
        at: At,
        meter_of: &impl Fn(u32) -> MeterId,
        out: &mut Vec<MeterDay>,
    ) {
        let mut from = i32::MIN;
        while let Some((&(day, _), _)) = self.open.range((from, 0)..).next() {
            let span = Span::of(&self.settings.calendar, day);
            // Totals need the first report of all meters before the last report of any.
            let has_plane = self.planes.iter().any(|plane| plane.day <= day);
            if day >= today || has_plane || at.end < span.end.plus(self.settings.final_after) {
                break;
            }
            let due: Vec<_> = self.open.extract_if((day, 0)..(day + 1, 0), |_, _| true).collect();
            for ((_, slot), cell) in due {
                out.extend(
                    self.publish(slot, span, cell, at, meter_of)
                        .map(|row| MeterDay { is_again: true, ..row }),
                );
            }
            from = day + 1;
        }
    }

    /// A day of a meter as it stands at `end`. It is kept if it is not final. None if the meter is not there on that
    /// day.
    fn publish(
        &mut self,
        slot: u32,
        span: Span,
        cell: Delivered,
        at: At,
        meter_of: &impl Fn(u32) -> MeterId,
    ) -> Option<MeterDay> {
        let At { end, is_last } = at;
        let meter = &mut self.meters[slot as usize];
        let (first, last) = (moment(meter.first), moment(meter.last));
        let name = meter_of(slot);
        let removed = self.removed.get(&name).copied().unwrap_or(EventTime::MAX);
        let is_gone = last < span.start.minus(i64::from(MOST_SILENT) * DAY) || removed <= span.start;
        if meter.last == 0 || cell == Delivered::NOTHING && (first > span.end || is_gone) {
            return None;
        }
        // Of a day under way nobody knows how much of it is over for this meter.
        let step = meter.rhythm.step().filter(|_| end >= span.end);
        let expected = step.map(|step| expected(step * SECOND, first, span, removed));
        let is_complete = expected.is_some_and(|expected| u32::from(cell.received) >= expected);
        // Before its end no day is complete.
        let is_final =
            end >= span.end && (is_complete || end >= span.end.plus(self.settings.final_after.max(DAY)));
        meter.published = meter.published.max(u16::try_from(span.day).unwrap_or(0));
        // Before that, what is missing may still be on its way.
        if is_final || is_last && end >= span.end.plus(DAY) {
            meter.causes.add(Cause::of(&cell, expected, self.settings.intervals()));
        }
        self.turned.push(slot);
        if is_final {
            self.open.remove(&(span.day, slot));
        } else if !is_last {
            self.open.insert((span.day, slot), cell);
        }
        let (meter, day) = (name, span.day);
        let standing = match (is_final, is_last) {
            (true, _) => Standing::Final,
            (false, true) => Standing::Last,
            (false, false) => Standing::Open,
        };
        let (end, last_heard, is_again) = (span.end, last, false);
        Some(MeterDay { meter, day, end, last_heard, expected, delivered: cell, standing, is_again })
    }

    /// What is counted of a day of a meter, if it can still be published.
    fn cell(&mut self, slot: u32, hash: u64, day: i32) -> Option<&mut Delivered> {
        let (turns, today) = (self.turns, self.today);
        let is_near = |day: i32| today.is_some_and(|(today, _)| day == today + 1);
        if self.planes.last().is_some_and(|plane| plane.day < day) && is_near(day) {
            self.planes.push(Plane { day, ..Plane::default() });
        }
        let plane = self.planes.iter_mut().rev().find(|plane| plane.day == day);
        if let Some(plane) = plane
            && (plane.next_turn == 0 || turn_of(hash, turns) >= plane.next_turn)
        {
            return Some(grown_to(&mut plane.cells, slot, Delivered::NOTHING));
        }
        let key = (day, slot);
        if self.open.contains_key(&key) {
            return self.open.get_mut(&key);
        }
        let is_published =
            self.meters.get(slot as usize).is_none_or(|meter| i32::from(meter.published) >= day);
        if is_published && !self.fresh.contains_key(&key) {
            return None;
        }
        Some(self.fresh.entry(key).or_insert(Delivered::NOTHING))
    }

    pub(crate) fn put(&mut self, slot: u32, meter: Meter) {
        *grown_to(&mut self.meters, slot, Meter::default()) = meter;
    }

    /// Puts a stored day into its plane. Without a plane the day has been published since.
    pub(crate) fn put_in_plane(&mut self, slot: u32, day: i32, cell: Delivered) {
        if let Some(plane) = self.planes.iter_mut().find(|plane| plane.day == day) {
            *grown_to(&mut plane.cells, slot, Delivered::NOTHING) = cell;
        }
    }

    fn span(&mut self, time: EventTime) -> Span {
        if !self.spans[0].holds(time) {
            self.spans.swap(0, 1);
            if !self.spans[0].holds(time) {
                self.spans[0] = Span::at(&self.settings.calendar, time);
            }
        }
        self.spans[0]
    }

    /// The bytes that it takes.
    pub fn memory(&self) -> usize {
        let cells: usize = self.planes.iter().map(|plane| plane.cells.capacity()).sum();
        self.meters.capacity() * size_of::<Meter>()
            + (cells + self.fresh.len() + self.open.len()) * size_of::<Delivered>()
            + (self.fresh.len() + self.open.len()) * 16
    }

    /// How many meters have had each cause of bad data.
    pub fn summary(&self, meter_of: impl Fn(u32) -> MeterId) -> Summary {
        let mut summary = Summary::default();
        summary.stamps = self.stamps;
        for (slot, meter) in (0..).zip(&self.meters) {
            meter.causes.iter().for_each(|cause| summary.count(cause, 1, meter_of(slot)));
        }
        summary
    }
}

/// Which of the turns publishes the days of a meter.
fn turn_of(hash: u64, turns: u64) -> u64 {
    (hash >> 32) % turns
}

fn seconds(time: EventTime) -> u32 {
    time.0.div_euclid(SECOND).clamp(1, u32::MAX.into()) as u32
}

fn moment(seconds: u32) -> EventTime {
    EventTime(i64::from(seconds) * SECOND)
}

/// How many readings there should be of a day, of a meter whose first reading is known, up to when it was removed.
/// `step` is in ms.
fn expected(step: i64, first: EventTime, span: Span, removed: EventTime) -> u32 {
    let from = if first > span.start { first.minus(step) } else { span.start };
    let time = span.end.min(removed).since(from).max(0);
    // Rounded: a day of 23 hours has one reading of a meter that sends daily.
    u32::try_from((time + step / 2) / step).unwrap_or(u32::MAX)
}

/// The place of a slot in a vector, which is filled up to there with `empty`. It grows by a quarter: at twice its size,
/// half of it would be empty.
fn grown_to<T: Clone>(all: &mut Vec<T>, slot: u32, empty: T) -> &mut T {
    let slot = slot as usize;
    if all.len() <= slot {
        if all.capacity() <= slot {
            all.reserve_exact(slot + 1 - all.len() + all.len() / 4);
        }
        all.resize(slot + 1, empty);
    }
    &mut all[slot]
}
