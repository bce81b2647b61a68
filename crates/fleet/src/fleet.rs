//! The meters of one shard, and the state of each.

use crate::admit::STRIDE;
use crate::behind::Behind;
use crate::cell::{ApartCell, Cell, Registers};
use crate::entries::Entries;
use crate::register::{MostPower, Point, energy};
use crate::settings::{Settings, Shard};
use crate::settle::{Pending, Silence};
use crate::slot_set::SlotSet;
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
    /// Import energy that registers show but that is in no interval, such as the energy across a gap that is too
    /// long.
    pub unplaced: WattHours,
    /// How often each issue occurred.
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
    /// What only few meters need, such as export registers and events.
    pub rest: usize,
}

impl FleetMemory {
    /// The sum.
    pub fn total(self) -> usize {
        self.names + self.meters + self.cells + self.rest
    }
}

/// The state of a meter between intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meter {
    /// The last register of the intervals that are closed.
    pub(crate) point: Point,
    /// The place of the meter among those that export.
    pub(crate) exporter: u32,
    /// The number of the last interval that is closed for this meter. Readings of it, or before, are late.
    pub(crate) closed: i32,
}

/// Stands for no closed interval.
pub(crate) const NO_INDEX: i32 = i32::MIN;

/// The number of an interval in half the bytes: minutes since 1970 are enough for 4,000 years.
pub(crate) fn number(index: i64) -> i32 {
    index.clamp(i64::from(NO_INDEX), i64::from(i32::MAX)) as i32
}

pub(crate) const NO_POINT: Point = Point { time: EventTime::MIN, wh: 0 };
pub(crate) const NO_EXPORTER: u32 = u32::MAX;

/// One open interval of all meters. Cells are grouped by interval and not by meter, so that the memory of a closed
/// interval is used for the next one without moving any other cell.
#[derive(Debug, Default)]
pub(crate) struct Plane {
    pub(crate) index: Option<i64>,
    /// Cells by slot. The vector is shorter than the fleet while the newest meters have no reading in this interval.
    pub(crate) cells: Vec<Cell>,
    /// By the index among the meters that export.
    pub(crate) exports: Vec<Registers>,
    /// Times of readings that do not fall on a sixtieth of the interval, so that a cell has no bit for them: slot,
    /// offset.
    pub(crate) odd: BTreeSet<(u32, u32)>,
    /// Times of messages without a measurement. A later measurement of the same moment is then no repeat.
    pub(crate) bare: BTreeSet<(u32, u32)>,
    /// All register readings of meters whose registers do not rise evenly.
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
    /// Every tick that ends here or before is closed.
    pub(crate) closed: EventTime,
    /// No further reading will come.
    pub(crate) has_ended: bool,
    /// Open intervals of closed ticks, of meters that are behind.
    pub(crate) behind: Behind,
    /// Open intervals that no plane has room for yet, because their meters are ahead of the others: by interval, then
    /// by slot.
    pub(crate) far: BTreeMap<i64, BTreeMap<u32, ApartCell>>,
    /// Events of backlogs. They come with the next tick.
    pub(crate) behind_events: Vec<Event>,
    /// The last export register of each meter that exports.
    pub(crate) export_points: Vec<Point>,
    /// Meters whose last intervals wait for a register reading.
    pub(crate) pending: BTreeMap<u32, Pending>,
    /// Doubtful register readings, by slot. The next reading shows whether they are true.
    pub(crate) doubts: BTreeMap<(u32, Lane), Point>,
    /// Times of swaps of devices. They are kept by name, because a meter may not have sent a reading yet.
    pub(crate) swaps: BTreeMap<MeterId, Vec<EventTime>>,
    /// The intervals that hold a swap of any meter. All other intervals need no look-up of swaps.
    pub(crate) swap_intervals: BTreeSet<i64>,
    /// How much power each meter can use.
    pub(crate) most_power: MostPower,
    pub(crate) totals: Totals,
    /// The meters that changed since they were stored last.
    pub(crate) changed: SlotSet,
    pub(crate) entries: Entries,
    /// The slots of the rows that the last close has left with the caller.
    pub(crate) row_slots: Vec<u32>,
    /// The silences that ended with those rows.
    pub(crate) silences: Vec<Silence>,
    /// The codes of the events that are kept, ascending.
    pub(crate) watched: Vec<EventCode>,
    /// Events of the tick that was closed last.
    pub(crate) tick_events: Vec<Event>,
    /// The current readings, each with its slot.
    pub(crate) slots: Vec<(u32, u32)>,
    /// What the last call of [`Self::admit`] took, if somebody asked for it.
    pub(crate) heard: Option<Heard>,
}

/// The readings that were taken last, each with the slot of its meter.
#[derive(Debug, Default)]
pub struct Heard {
    /// Index in the batch and slot of all readings, by index.
    pub(crate) all: Vec<(u32, u32)>,
    /// The indices of those that are no new measurement, ascending, each with whether it is a repeat. Others are
    /// refused.
    pub(crate) not_new: Vec<(u32, bool)>,
}

/// A reading that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Its index in the batch.
    pub index: u32,
    /// The slot of its meter.
    pub slot: u32,
    /// Whether it is of a moment that the meter had sent before.
    pub is_repeat: bool,
}

impl Heard {
    /// The readings that were not refused, by index.
    pub fn taken(&self) -> impl Iterator<Item = Taken> {
        let mut not_new = self.not_new.iter().peekable();
        self.all.iter().filter_map(move |&(index, slot)| {
            match not_new.next_if(|(other, _)| *other == index) {
                None => Some(Taken { index, slot, is_repeat: false }),
                Some((_, true)) => Some(Taken { index, slot, is_repeat: true }),
                Some((_, false)) => None,
            }
        })
    }
}

impl Fleet {
    /// A fleet without meters.
    pub fn new(settings: Settings, shard: Shard) -> Self {
        let planes = (0..settings.open_intervals()).map(|_| Plane::default()).collect();
        Self {
            most_power: MostPower::new(settings.registers.most_power, BTreeMap::new()),
            settings,
            shard,
            table: Table::default(),
            meters: Vec::new(),
            planes,
            closed: EventTime::MIN,
            has_ended: false,
            behind: Behind::default(),
            far: BTreeMap::new(),
            behind_events: Vec::new(),
            export_points: Vec::new(),
            pending: BTreeMap::new(),
            doubts: BTreeMap::new(),
            swaps: BTreeMap::new(),
            swap_intervals: BTreeSet::new(),
            totals: Totals::default(),
            changed: SlotSet::default(),
            entries: Entries::default(),
            row_slots: Vec::new(),
            silences: Vec::new(),
            watched: Vec::new(),
            tick_events: Vec::new(),
            slots: Vec::with_capacity(STRIDE),
            heard: None,
        }
    }

    /// From now on, [`Self::heard`] has what was taken last.
    pub fn listen(&mut self) {
        self.heard = Some(Heard::default());
    }

    /// What the last call of [`Self::admit`] took. None unless [`Self::listen`] was called.
    pub fn heard(&self) -> Option<&Heard> {
        self.heard.as_ref()
    }

    /// Every tick that ends here or before is closed.
    pub fn closed(&self) -> EventTime {
        self.closed
    }

    /// Counts meters as changed, because what is kept of them elsewhere has changed.
    pub fn touch(&mut self, slots: &[u32]) {
        for &slot in slots {
            self.changed.insert(slot);
        }
    }

    /// From now on, events with these codes are kept, and returned tick by tick. An [`EventCode::HEARD`] comes with
    /// them for each meter that sent readings but whose row waits for a register: otherwise it would seem silent.
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

    /// Which of the meters are here.
    pub fn shard(&self) -> Shard {
        self.shard
    }

    pub(crate) fn put_meter(
        &mut self,
        slot: u32,
        point: Point,
        exporter: u32,
        closed: i32,
    ) -> Result<(), RestoreError> {
        // If a name were in a snapshot twice, one slot would get two states.
        if slot as usize != self.meters.len() {
            return Err(RestoreError::Value);
        }
        grow_by_a_quarter(&mut self.meters);
        self.meters.push(Meter { point, exporter, closed });
        Ok(())
    }

    /// How many meters there are.
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

    /// Whether there are no meters.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it has counted since it began.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// How many open intervals with a reading there are, over all meters. This walks all cells.
    pub fn open_cells(&self) -> usize {
        self.planes.iter().flat_map(|plane| &plane.cells).filter(|cell| !cell.is_empty()).count()
            + self.behind.len()
            + self.far.values().map(BTreeMap::len).sum::<usize>()
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
                + self.behind.bytes()
                + self.far.values().map(|cells| 32 + cells.len() * size_of::<ApartCell>()).sum::<usize>()
                + self.changed.bytes()
                + self.entries.bytes()
                + self.pending.values().map(Pending::bytes).sum::<usize>(),
        }
    }

    /// Records that the device of a meter was swapped at a moment. Registers before and after are not compared.
    ///
    /// A reading of exactly that moment belongs to the old device, because a row of a topology includes its end.
    pub fn swap(&mut self, meter: MeterId, at: EventTime) {
        self.swap_intervals.insert(self.settings.grid.index(at));
        // Every load of a topology brings all swaps again, so a known swap is skipped.
        let times = self.swaps.entry(meter).or_default();
        if let Err(place) = times.binary_search(&at) {
            times.insert(place, at);
        }
    }

    /// Sets the most power that some meters can use, W. For all others it is the `most_power` of the settings. A
    /// register that rises faster is doubtful.
    pub fn limit_power(&mut self, own: BTreeMap<MeterId, i64>) {
        self.most_power = MostPower::new(self.settings.registers.most_power, own);
    }

    /// The most that a register can rise in one interval, Wh.
    pub(crate) fn most_rise(&self) -> u32 {
        let wh = energy(self.most_power.greatest, self.settings.grid.length());
        u32::try_from(wh).unwrap_or(u32::MAX)
    }
}
