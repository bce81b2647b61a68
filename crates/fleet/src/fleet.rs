//! The meters of one shard, and what is kept of each.

use crate::admit::STRIDE;
use crate::cell::{Cell, Registers};
use crate::changed::Changed;
use crate::entries::Entries;
use crate::register::Point;
use crate::settings::{Settings, Shard};
use crate::settle::{Pending, Silence};
use crate::snapshot::RestoreError;
use crate::table::{Table, grow_by_a_quarter};
use reading::issue::Counts;
use reading::{Event, EventCode, EventTime, MeterId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use units::WattHours;

/// What a fleet has counted since it began.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Readings added to an interval.
    pub admitted: u64,
    /// Import energy that registers show and that stands in no interval, as that of gaps that are too long.
    pub unplaced: WattHours,
    /// How often each issue was met.
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

/// What is kept of a meter from interval to interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meter {
    /// The last register of the intervals that are closed.
    pub(crate) point: Point,
    /// The place of the meter among those that export.
    pub(crate) exporter: u32,
}

pub(crate) const NO_POINT: Point = Point { time: EventTime::MIN, wh: 0 };
pub(crate) const NO_EXPORTER: u32 = u32::MAX;

/// One open interval of all meters. Cells lie by interval, not by meter, so that a closed one is used again for the
/// next interval without moving the others.
#[derive(Debug, Default)]
pub(crate) struct Plane {
    pub(crate) index: Option<i64>,
    /// By slot; shorter than the fleet while the newest meters have nothing here.
    pub(crate) cells: Vec<Cell>,
    /// By the place among those that export.
    pub(crate) exports: Vec<Registers>,
    /// Moments of readings between the sixtieths of the interval, for which a cell has no bit: slot and offset.
    pub(crate) odd: BTreeSet<(u32, u32)>,
    /// Moments of readings that measure nothing. They do not make a repeat of a measurement of the same moment.
    pub(crate) bare: BTreeSet<(u32, u32)>,
    /// All registers of the meters whose registers do not rise evenly.
    pub(crate) lists: BTreeMap<(u32, Lane), Vec<Point>>,
    /// Events that meters reported: slot, offset and code.
    pub(crate) events: BTreeSet<(u32, u32, EventCode)>,
}

/// Which register of a meter.
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
    /// Last export registers, by the place among those that export.
    pub(crate) export_points: Vec<Point>,
    /// Meters whose last intervals wait for a register that closes them.
    pub(crate) pending: BTreeMap<u32, Pending>,
    /// Registers in doubt, on which the next one decides, by slot.
    pub(crate) doubts: BTreeMap<(u32, Lane), Point>,
    /// When devices were exchanged. By name, because a meter may not have sent a reading yet.
    pub(crate) swaps: BTreeMap<MeterId, Vec<EventTime>>,
    /// The intervals that a swap falls into, of any meter. All others skip the question which meters were exchanged.
    pub(crate) swap_intervals: BTreeSet<i64>,
    pub(crate) totals: Totals,
    /// The meters that changed since they were stored last.
    pub(crate) changed: Changed,
    pub(crate) entries: Entries,
    /// The slots of the rows that the last closing has left with the caller.
    pub(crate) row_slots: Vec<u32>,
    /// The silences that those rows came out of.
    pub(crate) silences: Vec<Silence>,
    /// The codes of the events that are kept, ascending.
    pub(crate) watched: Vec<EventCode>,
    /// Events of the tick that was closed last.
    pub(crate) tick_events: Vec<Event>,
    /// The readings at hand, each with its slot.
    pub(crate) slots: Vec<(u32, u32)>,
}

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
            row_slots: Vec::new(),
            silences: Vec::new(),
            watched: Vec::new(),
            tick_events: Vec::new(),
            slots: Vec::with_capacity(STRIDE),
        }
    }

    /// From now on, events with these codes are kept and given out tick by tick. With them comes an
    /// [`EventCode::HEARD`] of each meter that sent readings and whose row waits for a register.
    pub fn watch(&mut self, codes: &[EventCode]) {
        self.watched = codes.to_vec();
        self.watched.sort_unstable();
    }

    pub(crate) fn watches(&self) -> bool {
        !self.watched.is_empty()
    }

    /// The events of the tick that was closed last, by meter and time.
    pub fn tick_events(&self) -> &[Event] {
        &self.tick_events
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

    /// How many intervals are open and have a reading, over all meters. Walks all cells.
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

    /// Takes note that the device of a meter was exchanged at a moment: registers before and after are not compared. A
    /// reading of that very moment belongs to the old device, because rows of a topology hold up to and with their end.
    pub fn swap(&mut self, meter: MeterId, at: EventTime) {
        self.swap_intervals.insert(self.settings.grid.index(at));
        // Each load of a topology brings all swaps again.
        let times = self.swaps.entry(meter).or_default();
        if let Err(place) = times.binary_search(&at) {
            times.insert(place, at);
        }
    }
}
