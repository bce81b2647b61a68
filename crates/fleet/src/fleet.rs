//! The meters of one shard: admit readings into open intervals.

use crate::cell::{Cell, Registers};
use crate::changed::Changed;
use crate::entries::{Entries, OTHERS, UNKNOWN};
use crate::register::{Point, RegisterRules, energy};
use crate::settle::{Pending, Silence};
use crate::snapshot::RestoreError;
use crate::table::{Table, grow_by_a_quarter};
use reading::issue::Counts;
use reading::{Batch, Event, EventCode, EventTime, Fingerprint, Grid, Issue, MeterId, Reason, Sums};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::ops::Range;
use units::WattHours;

/// Where an interval's energy comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Energy {
    /// From registers; without one, the energy is unknown.
    Registers,
    /// From instantaneous power; registers are ignored.
    Power,
    /// From registers where the meter sends them, else from power.
    Both,
}

/// When registers and power tell energies that differ by more than this, the interval says so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossCheck {
    /// A share of the larger of the two.
    pub share: f64,
    /// But at least this.
    pub floor: WattHours,
}

/// How a fleet counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The intervals.
    pub grid: Grid,
    /// How long after its end an interval stays open, ms.
    pub grace: i64,
    /// Where energy comes from.
    pub energy: Energy,
    /// Compare registers with power.
    pub cross_check: Option<CrossCheck>,
    /// Across a longer silence, energy is not estimated, ms.
    pub longest_gap: i64,
    /// What registers may do.
    pub registers: RegisterRules,
}

impl Settings {
    /// How many intervals are open at once: the one being filled and those inside the grace.
    pub fn open_intervals(&self) -> usize {
        (self.grace as u64).div_ceil(self.grid.length() as u64) as usize + 1
    }

    /// A number of those settings that the state of a [`Fleet`] depends on.
    ///
    /// The others only decide what becomes of it from now on: `cross_check`, `longest_gap`, `rollovers`, `reset_power` and
    /// `most_power` are asked when an interval closes. A register that was in doubt under others is judged again together
    /// with the next one. `most_power` decides also whether an open interval keeps each of its registers or the first and
    /// the last, and either form can be closed under any limit.
    pub fn fingerprint(&self) -> u64 {
        Fingerprint::new("meters")
            // Open and waiting intervals are stored by their number on the grid.
            .whole(self.grid.length())
            // What is open has to find room. Of the grace only this counts.
            .whole(self.open_intervals() as i64)
            // By power alone no register is settled. A meter whose last register was would wait for the next in vain.
            .flag(self.energy == Energy::Power)
            .end()
    }

    /// The most that a register can rise in one interval, Wh.
    fn most_rise(&self) -> u32 {
        u32::try_from(energy(self.registers.most_power, self.grid.length())).unwrap_or(u32::MAX)
    }

    /// Bytes that one single-phase meter takes, growth and indices included, names of up to 15 letters.
    pub fn bytes_per_meter(&self) -> usize {
        // Beside the cells: header, name, order, and 8 bytes in each bucket of a table that is at least 8/15 full.
        self.open_intervals() * size_of::<Cell>() + size_of::<Meter>() + 16 + 4 + 15
    }
}

/// Which meters are this fleet's: every meter belongs to one shard of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which one, from zero.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

impl Shard {
    /// The only one.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Whether a meter with this hash belongs here.
    pub fn owns(self, hash: u64) -> bool {
        // The lower half of the hash, so that the upper half stays even within a shard's table.
        (u64::from(hash as u32) * u64::from(self.of)) >> 32 == u64::from(self.index)
    }
}

/// A reading that cannot be kept, by its index in the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Which reading of the batch.
    pub index: u32,
    /// Why.
    pub reason: Reason,
}

/// What a fleet has counted since it began.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Readings added to an interval.
    pub admitted: u64,
    /// Import energy that registers show and that stands in no interval: across gaps that are too long.
    pub unplaced: WattHours,
    /// What was odd.
    pub counts: Counts,
}

impl Totals {
    pub(crate) fn add(&mut self, other: &Self) {
        self.admitted += other.admitted;
        self.unplaced += other.unplaced;
        self.counts.add(&other.counts);
    }
}

/// Where the memory of a fleet goes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FleetMemory {
    /// Names and the table that finds them.
    pub names: usize,
    /// Last registers.
    pub meters: usize,
    /// Open intervals.
    pub cells: usize,
    /// Everything that few meters need.
    pub rest: usize,
}

impl FleetMemory {
    /// All of it.
    pub fn total(self) -> usize {
        self.names + self.meters + self.cells + self.rest
    }
}

/// What stays of a meter from interval to interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meter {
    /// The last register of the intervals that are closed.
    pub(crate) point: Point,
    /// Which place the meter has among those that export.
    pub(crate) exporter: u32,
}

pub(crate) const NO_POINT: Point = Point { time: EventTime::MIN, wh: 0 };
pub(crate) const NO_EXPORTER: u32 = u32::MAX;

/// One open interval of all meters.
#[derive(Debug, Default)]
pub(crate) struct Plane {
    pub(crate) index: Option<i64>,
    /// By slot; shorter than the fleet while the newest meters have nothing here.
    pub(crate) cells: Vec<Cell>,
    /// By exporter.
    pub(crate) exports: Vec<Registers>,
    /// Moments of readings that stand between the sixtieths: slot and offset.
    pub(crate) odd: BTreeSet<(u32, u32)>,
    /// Moments of readings that measure nothing: they come beside others of the same moment.
    pub(crate) bare: BTreeSet<(u32, u32)>,
    /// All registers of those that do not rise evenly.
    pub(crate) lists: BTreeMap<(u32, Lane), Vec<Point>>,
    /// What meters reported: slot, offset and code.
    pub(crate) events: BTreeSet<(u32, u32, EventCode)>,
}

/// Which register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    Import,
    Export,
}

/// The meters of one shard.
#[derive(Debug)]
pub struct Fleet {
    pub(crate) settings: Settings,
    shard: Shard,
    pub(crate) table: Table,
    pub(crate) meters: Vec<Meter>,
    pub(crate) planes: Vec<Plane>,
    /// Every interval that ends here or before is closed.
    pub(crate) closed: EventTime,
    /// Last export registers, by exporter.
    pub(crate) export_points: Vec<Point>,
    /// Meters whose last intervals wait for a register that closes them.
    pub(crate) pending: BTreeMap<u32, Pending>,
    /// Registers that the next one decides on, by slot.
    pub(crate) doubts: BTreeMap<(u32, Lane), Point>,
    /// When devices were exchanged, by slot; and of meters that were not heard of yet.
    pub(crate) swaps: BTreeMap<MeterId, Vec<EventTime>>,
    /// The intervals that a swap falls into, of any meter: in all others nobody asks who was exchanged.
    swap_intervals: BTreeSet<i64>,
    pub(crate) totals: Totals,
    /// Since they were stored last.
    pub(crate) changed: Changed,
    entries: Entries,
    /// The slots of the rows that were told last.
    pub(crate) told: Vec<u32>,
    /// The silences that those rows came out of.
    pub(crate) silences: Vec<Silence>,
    /// What is told of that meters report, ascending.
    watched: Vec<EventCode>,
    /// Events of the tick that was told last.
    pub(crate) events_told: Vec<Event>,
    /// The readings at hand, each with its slot.
    slots: Vec<(u32, u32)>,
}

/// How many readings are looked up before any is added: enough to keep the memory busy, few enough for the cache.
const STRIDE: usize = 256;

impl Fleet {
    /// No meters yet.
    pub fn new(settings: Settings, shard: Shard) -> Self {
        let planes = (0..settings.open_intervals()).map(|_| Plane::default()).collect();
        Self {
            settings,
            shard,
            table: Table::default(),
            meters: Vec::new(),
            planes,
            closed: EventTime::MIN,
            export_points: Vec::new(),
            pending: BTreeMap::new(),
            doubts: BTreeMap::new(),
            swaps: BTreeMap::new(),
            swap_intervals: BTreeSet::new(),
            totals: Totals::default(),
            changed: Changed::default(),
            entries: Entries::default(),
            told: Vec::new(),
            silences: Vec::new(),
            watched: Vec::new(),
            events_told: Vec::new(),
            slots: Vec::with_capacity(STRIDE),
        }
    }

    /// From now on, events with these codes are told tick by tick; and with them whom something was heard of whose row
    /// waits for a register ([`EventCode::HEARD`]).
    pub fn watch(&mut self, codes: &[EventCode]) {
        self.watched = codes.to_vec();
        self.watched.sort_unstable();
    }

    pub(crate) fn watches(&self) -> bool {
        !self.watched.is_empty()
    }

    /// The events of the tick that was closed last, by meter and time.
    pub fn events_told(&self) -> &[Event] {
        &self.events_told
    }

    pub(crate) fn shard(&self) -> Shard {
        self.shard
    }

    pub(crate) fn put_meter(&mut self, slot: u32, point: Point, exporter: u32) -> Result<(), RestoreError> {
        // A name that stands twice in a snapshot would give one slot two states.
        if slot as usize != self.meters.len() {
            return Err(RestoreError::Value);
        }
        grow_by_a_quarter(&mut self.meters);
        self.meters.push(Meter { point, exporter });
        Ok(())
    }

    /// How many meters it knows.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// The meter of a slot.
    pub fn meter(&self, slot: u32) -> MeterId {
        self.table.meter(slot)
    }

    /// All slots, by the names of their meters.
    pub fn by_name(&mut self) -> Vec<u32> {
        let order = self.table.take_order();
        self.table.put_order_back(order.clone());
        order
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it has counted since it began.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// How many intervals are open and have a reading, over all meters. Walks them all.
    pub fn open_cells(&self) -> usize {
        self.planes.iter().flat_map(|plane| &plane.cells).filter(|cell| !cell.is_empty()).count()
            + self.pending.len()
    }

    /// Where its memory goes.
    pub fn memory(&self) -> FleetMemory {
        FleetMemory {
            names: self.table.bytes(),
            meters: self.meters.capacity() * size_of::<Meter>(),
            cells: self.planes.iter().map(|plane| plane.cells.capacity() * size_of::<Cell>()).sum(),
            rest: self
                .planes
                .iter()
                .map(|plane| {
                    plane.exports.capacity() * size_of::<Registers>()
                        + (plane.odd.len() + plane.bare.len()) * 16
                        + plane.events.len() * 24
                        + plane
                            .lists
                            .values()
                            .map(|list| 32 + list.capacity() * size_of::<Point>())
                            .sum::<usize>()
                })
                .sum::<usize>()
                + self.export_points.capacity() * size_of::<Point>()
                + self.doubts.len() * (size_of::<Point>() + 8)
                + self.changed.bytes()
                + self.entries.bytes()
                + self.pending.values().map(Pending::bytes).sum::<usize>(),
        }
    }

    /// Says that the device of a meter was exchanged at a moment: registers before and after are not compared. A
    /// reading of that very moment is the old device's, as rows of a topology hold up to their end and with it.
    pub fn swap(&mut self, meter: MeterId, at: EventTime) {
        self.swap_intervals.insert(self.settings.grid.index(at));
        let times = self.swaps.entry(meter).or_default();
        if let Err(place) = times.binary_search(&at) {
            times.insert(place, at);
        }
    }

    /// Adds those readings of a range that belong to this shard. [`crate::Sequencer`] lets none of them through that lies
    /// outside the open intervals; from elsewhere, such a reading is refused.
    pub fn admit(&mut self, batch: &Batch, range: Range<usize>, refused: &mut Vec<Refusal>) {
        let mut at = range.start;
        while at < range.end {
            let stride = at..(at + STRIDE).min(range.end);
            at = stride.end;
            self.look_up(batch, stride);
            self.touch_cells(batch);
            self.add(batch, refused);
        }
    }

    fn look_up(&mut self, batch: &Batch, stride: Range<usize>) {
        let shard = self.shard;
        let Some((dictionary, entries)) = batch.entries() else {
            self.keep(stride, |at| if shard.owns(batch.key(at).hash) { UNKNOWN } else { OTHERS });
            return self.look_up_names(batch);
        };
        let mut entries_known = std::mem::take(&mut self.entries);
        let slots = entries_known.slots(dictionary, shard);
        self.keep(stride, |at| slots[entries[at] as usize]);
        if self.slots.iter().any(|&(_, slot)| slot == UNKNOWN) {
            self.look_up_names(batch);
            self.slots.iter().for_each(|&(at, slot)| slots[entries[at as usize] as usize] = slot);
        }
        self.entries = entries_known;
    }

    /// Keeps those readings of a stride that are this shard's.
    #[inline]
    fn keep(&mut self, stride: Range<usize>, slot: impl Fn(usize) -> u32) {
        // Whose a reading is cannot be foreseen: each is written, and the next one over it if it is another's.
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
                self.meters.push(Meter { point: NO_POINT, exporter: NO_EXPORTER });
                self.changed.insert(*slot);
            }
        }
    }

    fn touch_cells(&self, batch: &Batch) {
        let Some(&(first, _)) = self.slots.first() else { return };
        // Nearly all of a stride belong to one interval; the others miss the cache once each.
        let index = self.settings.grid.index(batch.readings[first as usize].time());
        let cells = &self.planes[index.rem_euclid(self.planes.len() as i64) as usize].cells;
        let mut sum = 0_u64;
        for &(at, slot) in &self.slots {
            // Another core has written the reading.
            sum = sum.wrapping_add(batch.readings[at as usize].time().0 as u64);
            if let Some(cell) = cells.get(slot as usize) {
                sum = sum.wrapping_add(cell.seen ^ cell.sums.p as u64);
            }
        }
        black_box(sum);
    }

    /// The intervals that may be open at once; all, before anything was closed.
    fn open(&self) -> Range<i64> {
        if self.closed == EventTime::MIN {
            return i64::MIN..i64::MAX;
        }
        let first = self.closed.0.div_euclid(self.settings.grid.length());
        first..first + self.planes.len() as i64
    }

    fn add(&mut self, batch: &Batch, refused: &mut Vec<Refusal>) {
        let grid = self.settings.grid;
        let sixtieth = (grid.length() / 60) as u32;
        // Nearly all readings of a stride are of one moment: what follows from it is worked out when it changes.
        let (mut moment, mut offset, mut bit) = (EventTime::MIN, 0, None);
        let planes = self.planes.len() as i64;
        let open = self.open();
        let most = self.settings.most_rise();
        let has_events = self.watches() && !batch.extras.is_empty();
        let (mut start, mut end) = (EventTime::MAX, EventTime::MIN);
        let mut plane = &mut Plane::default();
        let mut swaps_here = false;
        for &(at, slot) in &self.slots {
            let reading = &batch.readings[at as usize];
            let time = reading.time();
            if time <= start || time > end {
                let index = grid.index(time);
                (start, end) = (grid.start(index), grid.end(index));
                plane = &mut self.planes[index.rem_euclid(planes) as usize];
                if !open.contains(&index) || plane.index.is_some_and(|other| other != index) {
                    (start, end) = (EventTime::MAX, EventTime::MIN);
                    let (issue, reason) = if index < open.end {
                        (Issue::Late, Reason::Late)
                    } else {
                        (Issue::ClockAhead, Reason::ClockAhead)
                    };
                    self.totals.counts.issue(issue);
                    refused.push(Refusal { index: at, reason });
                    continue;
                }
                plane.index = Some(index);
                swaps_here = self.swap_intervals.contains(&index);
            }
            if plane.cells.len() <= slot as usize {
                while plane.cells.len() <= slot as usize {
                    grow_by_a_quarter(&mut plane.cells);
                    plane.cells.push(Cell::EMPTY);
                }
            }
            let cell = &mut plane.cells[slot as usize];
            if time != moment {
                (moment, offset) = (time, time.since(start) as u32);
                bit = Cell::bit(offset, sixtieth);
            }
            let repeat = match bit {
                _ if reading.is_bare() => !plane.bare.insert((slot, offset)),
                Some(bit) => cell.mark(bit),
                None => !plane.odd.insert((slot, offset)),
            };
            if has_events {
                // What a meter reports of one moment may come in several messages.
                add_events(&mut plane.events, &self.watched, batch, at, slot, offset);
                self.changed.insert(slot);
            }
            if repeat {
                self.totals.counts.issue(Issue::Repeat);
                continue;
            }
            if cell.sums.readings == Sums::MOST_READINGS {
                refused.push(Refusal { index: at, reason: Reason::TooMany });
                continue;
            }
            cell.sums.add(reading);
            self.changed.insert(slot);
            self.totals.admitted += 1;
            // Of two devices' registers, however they rise, each has to be kept.
            let two = swaps_here && self.swaps.contains_key(&self.table.meter(slot));
            if let Some(imp) = reading.imp() {
                let lists = &mut plane.lists;
                let point = Point { time, wh: imp.0 };
                add_register(&mut cell.imp, lists, (slot, Lane::Import), two, most, start, point);
            }
            if let Some(exp) = reading.exp() {
                let exporter = &mut self.meters[slot as usize].exporter;
                if *exporter == NO_EXPORTER {
                    *exporter = self.export_points.len() as u32;
                    grow_by_a_quarter(&mut self.export_points);
                    self.export_points.push(NO_POINT);
                }
                let place = *exporter as usize;
                if plane.exports.len() <= place {
                    plane.exports.resize(place + 1, Registers::EMPTY);
                }
                let lists = &mut plane.lists;
                let registers = &mut plane.exports[place];
                let point = Point { time, wh: exp.0 };
                add_register(registers, lists, (slot, Lane::Export), two, most, start, point);
            }
        }
    }
}

/// The most events of one meter and interval that are told.
pub(crate) const MOST_EVENTS: usize = 16;

/// Keeps the earliest events of a meter, in whatever order they come; one more than are told, to know that there are more.
fn add_events(
    events: &mut BTreeSet<(u32, u32, EventCode)>,
    watched: &[EventCode],
    batch: &Batch,
    at: u32,
    slot: u32,
    offset: u32,
) {
    let Ok(found) = batch.extras.binary_search_by_key(&at, |(at, _)| *at) else { return };
    let mut codes = batch.extras[found].1.events.clone();
    codes.sort_unstable();
    codes.dedup();
    for code in codes.into_iter().filter(|code| watched.binary_search(code).is_ok()) {
        events.insert((slot, offset, code));
        let own = || events.range((slot, 0, EventCode(0))..=(slot, u32::MAX, EventCode(u16::MAX)));
        if own().count() > MOST_EVENTS + 1
            && let Some(&last) = own().next_back()
        {
            events.remove(&last);
        }
    }
}

#[inline]
fn add_register(
    registers: &mut Registers,
    lists: &mut BTreeMap<(u32, Lane), Vec<Point>>,
    whose: (u32, Lane),
    each: bool,
    most: u32,
    start: EventTime,
    point: Point,
) {
    let offset = point.time.since(start) as u32;
    if each && !registers.is_empty() || registers.add(offset, point.wh, most).is_err() {
        list_register(registers, lists.entry(whose).or_default(), start, point);
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
