//! The state as plain data, to be stored and brought back. A snapshot of one shard or of many restores into any number
//! of shards, and what is restored is stored the same again. What changed since the last one can be stored alone, meter
//! by meter, and laid over the earlier snapshot.

mod order;

pub use order::SequencerV2;

use crate::cell::{Cell, Registers};
use crate::changed::Changed;
use crate::fleet::{Fleet, Lane, NO_EXPORTER, NO_POINT};
use crate::register::Point;
use crate::settle::{Pending, Waiting};
use reading::{Event, EventCode, EventTime, Interval, Key, MeterId, Quality, Sums};
use serde::ser::{SerializeSeq, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::collections::BTreeSet;
use units::WattHours;

/// Why a snapshot is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreError {
    /// A name that no meter can have.
    Name,
    /// More intervals are open than the settings allow: another grid or grace.
    OpenIntervals,
    /// A number that cannot be.
    Value,
}

type PointV1 = (i64, i64);

/// One meter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeterV1 {
    name: Name,
    point: Option<PointV1>,
    export: Option<PointV1>,
    exports: bool,
    doubts: [Option<PointV1>; 2],
    open: Vec<CellV1>,
    waiting: Vec<WaitingV1>,
    told: Option<i64>,
}

/// A name, stored as text.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Name(MeterId);

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <&str>::deserialize(deserializer)?;
        MeterId::new(name).map(Self).ok_or_else(|| de::Error::custom("a name that no meter can have"))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct CellV1 {
    index: i64,
    sums: SumsV1,
    seen: u64,
    odd: Vec<u32>,
    bare: Vec<u32>,
    imp: RegistersV1,
    exp: Option<RegistersV1>,
    listed: [Vec<PointV1>; 2],
    events: Vec<(u32, u16)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct RegistersV1(i64, u32, u32, u32, bool);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SumsV1 {
    power: [i64; 3],
    current: [u32; 4],
    voltage: [i32; 2],
    counts: [u16; 7],
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct WaitingV1 {
    index: i64,
    sums: SumsV1,
    imp: Option<i64>,
    exp: Option<i64>,
    quality: u32,
}

/// A closed interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntervalV1 {
    meter: String,
    start: i64,
    end: i64,
    imp: Option<i64>,
    exp: Option<i64>,
    sums: SumsV1,
    quality: u32,
    instead: Option<i64>,
}

impl From<&Interval> for IntervalV1 {
    fn from(row: &Interval) -> Self {
        Self {
            meter: row.meter.to_string(),
            start: row.start.0,
            end: row.end.0,
            imp: row.imp.map(|wh| wh.0),
            exp: row.exp.map(|wh| wh.0),
            sums: sums_v1(&row.sums),
            quality: row.quality.0,
            instead: row.instead.map(|wh| wh.0),
        }
    }
}

impl IntervalV1 {
    /// The interval again.
    pub fn restore(&self) -> Result<Interval, RestoreError> {
        Ok(Interval {
            meter: MeterId::new(&self.meter).ok_or(RestoreError::Name)?,
            start: EventTime(self.start),
            end: EventTime(self.end),
            imp: self.imp.map(WattHours),
            exp: self.exp.map(WattHours),
            sums: sums_of(&self.sums),
            quality: Quality(self.quality),
            instead: self.instead.map(WattHours),
        })
    }
}

/// What a meter reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventV1(String, i64, u16);

impl From<&Event> for EventV1 {
    fn from(event: &Event) -> Self {
        Self(event.meter.to_string(), event.time.0, event.code.0)
    }
}

impl EventV1 {
    /// The event again.
    pub fn restore(&self) -> Result<Event, RestoreError> {
        let meter = MeterId::new(&self.0).ok_or(RestoreError::Name)?;
        Ok(Event { meter, time: EventTime(self.1), code: EventCode(self.2) })
    }
}

/// The meters of a shard, each with its slot: all of them, or those that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FleetV3 {
    closed: i64,
    meters: Vec<(u32, MeterV1)>,
    swaps: Vec<(String, Vec<i64>)>,
    admitted: u64,
    unplaced: i64,
    counts: CountsV1,
}

/// What is written as a [`FleetV3`], straight from memory: a copy of all meters would take more than the fleet does.
#[derive(Debug)]
pub struct Stored<'a> {
    fleet: &'a Fleet,
    slots: Slots,
}

#[derive(Debug)]
enum Slots {
    All,
    Changed(Changed),
}

impl Serialize for Stored<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fleet = self.fleet;
        // The fields of `FleetV3` in their order.
        let mut fields = serializer.serialize_struct("FleetV3", 6)?;
        fields.serialize_field("closed", &fleet.closed.0)?;
        fields.serialize_field("meters", &Meters(self))?;
        fields.serialize_field("swaps", &fleet.swaps_v1())?;
        fields.serialize_field("admitted", &fleet.totals.admitted)?;
        fields.serialize_field("unplaced", &fleet.totals.unplaced.0)?;
        fields.serialize_field("counts", &counts_v1(&fleet.totals.counts))?;
        fields.end()
    }
}

struct Meters<'a>(&'a Stored<'a>);

impl Serialize for Meters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Stored { fleet, slots } = self.0;
        match slots {
            Slots::All => one_by_one(fleet, serializer, fleet.len(), 0..fleet.len() as u32),
            Slots::Changed(changed) => one_by_one(fleet, serializer, changed.count(), changed.slots()),
        }
    }
}

fn one_by_one<S: Serializer>(
    fleet: &Fleet,
    serializer: S,
    count: usize,
    slots: impl Iterator<Item = u32>,
) -> Result<S::Ok, S::Error> {
    let mut meters = serializer.serialize_seq(Some(count))?;
    let mut open = Vec::new();
    for slot in slots {
        let element = (slot, fleet.meter_v1(slot, open));
        meters.serialize_element(&element)?;
        open = element.1.open;
    }
    meters.end()
}

type CountsV1 = (Vec<(String, u64)>, Vec<(String, u64)>);

impl Fleet {
    /// The state as plain data.
    pub fn snapshot(&self) -> FleetV3 {
        FleetV3 {
            closed: self.closed.0,
            meters: (0..self.len() as u32).map(|slot| (slot, self.meter_v1(slot, Vec::new()))).collect(),
            swaps: self.swaps_v1(),
            admitted: self.totals.admitted,
            unplaced: self.totals.unplaced.0,
            counts: counts_v1(&self.totals.counts),
        }
    }

    /// The same, to be written.
    pub fn stored(&self) -> Stored<'_> {
        Stored { fleet: self, slots: Slots::All }
    }

    /// What changed since the last call of this or of [`Self::keep_changes`], to be laid over what was stored then.
    pub fn changes(&mut self) -> Stored<'_> {
        let changed = std::mem::take(&mut self.changed);
        Stored { fleet: self, slots: Slots::Changed(changed) }
    }

    /// Which meters changed since then, by slot.
    pub fn changed_slots(&self) -> Vec<u32> {
        self.changed.slots().collect()
    }

    /// How many meters changed since then.
    pub fn changed(&self) -> usize {
        self.changed.count()
    }

    /// All changes up to now are in a snapshot.
    pub fn keep_changes(&mut self) {
        self.changed = Changed::default();
    }

    fn swaps_v1(&self) -> Vec<(String, Vec<i64>)> {
        let swap = |(meter, times): (&MeterId, &Vec<EventTime>)| {
            (meter.to_string(), times.iter().map(|time| time.0).collect())
        };
        self.swaps.iter().map(swap).collect()
    }

    /// Takes those meters of a snapshot that belong here, into a fleet that is still empty.
    pub fn restore(&mut self, stored: &FleetV3) -> Result<(), RestoreError> {
        self.closed = self.closed.max(EventTime(stored.closed));
        for (_, meter) in &stored.meters {
            let hash = meter.name.0.hash();
            if self.shard().owns(hash) {
                self.restore_meter(meter, hash)?;
            }
        }
        for (meter, times) in &stored.swaps {
            let meter = MeterId::new(meter).ok_or(RestoreError::Name)?;
            times.iter().for_each(|&at| self.swap(meter, EventTime(at)));
        }
        // Totals are of the whole; one shard carries them on.
        if self.shard().index == 0 {
            self.totals.admitted += stored.admitted;
            self.totals.unplaced += WattHours(stored.unplaced);
            self.totals.counts.add(&counts_of(&stored.counts));
        }
        Ok(())
    }

    /// A meter, its cells in a vector that another one has done with.
    fn meter_v1(&self, slot: u32, mut open: Vec<CellV1>) -> MeterV1 {
        let meter = self.meters[slot as usize];
        let exporter = (meter.exporter != NO_EXPORTER).then_some(meter.exporter as usize);
        open.clear();
        open.extend(self.planes.iter().filter_map(|plane| {
            let index = plane.index?;
            let cell = plane.cells.get(slot as usize).filter(|cell| !cell.is_empty())?;
            let own = (slot, 0)..=(slot, u32::MAX);
            let offsets = |of: &BTreeSet<(u32, u32)>| {
                of.range(own.clone()).map(|(_, offset)| *offset).collect::<Vec<u32>>()
            };
            let (odd, bare) = (offsets(&plane.odd), offsets(&plane.bare));
            let listed = [Lane::Import, Lane::Export].map(|lane| {
                let mut points: Vec<PointV1> = plane
                    .lists
                    .get(&(slot, lane))
                    .into_iter()
                    .flatten()
                    .map(|&point| point_v1(point))
                    .collect();
                points.sort_unstable();
                points
            });
            let events = plane.events.range((slot, 0, EventCode(0))..=(slot, u32::MAX, EventCode(u16::MAX)));
            let exp = exporter.and_then(|place| plane.exports.get(place)).filter(|exp| exp.last != 0);
            Some(CellV1 {
                index,
                sums: sums_v1(&cell.sums),
                seen: cell.seen,
                odd,
                bare,
                imp: registers_v1(&cell.imp),
                exp: exp.map(registers_v1),
                listed,
                events: events.map(|&(_, offset, code)| (offset, code.0)).collect(),
            })
        }));
        open.sort_unstable_by_key(|cell| cell.index);
        let known = |point: Point| (point != NO_POINT).then(|| point_v1(point));
        MeterV1 {
            name: Name(self.table.meter(slot)),
            point: known(meter.point),
            export: exporter.and_then(|place| known(self.export_points[place])),
            exports: exporter.is_some(),
            doubts: [Lane::Import, Lane::Export]
                .map(|lane| self.doubts.get(&(slot, lane)).map(|&point| point_v1(point))),
            open,
            waiting: self
                .pending
                .get(&slot)
                .into_iter()
                .flat_map(|pending| &pending.waiting)
                .map(|waiting| WaitingV1 {
                    index: waiting.index,
                    sums: sums_v1(&waiting.sums),
                    imp: waiting.imp,
                    exp: waiting.exp,
                    quality: waiting.quality.0,
                })
                .collect(),
            told: self.pending.get(&slot).and_then(|pending| pending.told),
        }
    }

    fn restore_meter(&mut self, stored: &MeterV1, hash: u64) -> Result<(), RestoreError> {
        let name = stored.name.0.as_bytes();
        let slot = self.table.slot_of(Key { hash, at: 0, len: name.len() as u8 }, name);
        let point = |stored: Option<PointV1>| stored.map_or(NO_POINT, point_of);
        let mut exporter = NO_EXPORTER;
        if stored.exports {
            exporter = self.export_points.len() as u32;
            self.export_points.push(point(stored.export));
        }
        self.put_meter(slot, point(stored.point), exporter)?;
        for (lane, doubt) in [Lane::Import, Lane::Export].into_iter().zip(stored.doubts) {
            if let Some(doubt) = doubt {
                self.doubts.insert((slot, lane), point_of(doubt));
            }
        }
        for cell in &stored.open {
            self.restore_cell(slot, exporter, cell)?;
        }
        if !stored.waiting.is_empty() {
            let waiting = stored.waiting.iter().map(|waiting| Waiting {
                index: waiting.index,
                sums: sums_of(&waiting.sums),
                imp: waiting.imp,
                exp: waiting.exp,
                quality: Quality(waiting.quality),
            });
            self.pending.insert(slot, Pending { waiting: waiting.collect(), told: stored.told });
        }
        Ok(())
    }

    fn restore_cell(&mut self, slot: u32, exporter: u32, stored: &CellV1) -> Result<(), RestoreError> {
        let planes = self.planes.len() as i64;
        let plane = &mut self.planes[stored.index.rem_euclid(planes) as usize];
        if plane.index.is_some_and(|open| open != stored.index) {
            return Err(RestoreError::OpenIntervals);
        }
        plane.index = Some(stored.index);
        if plane.cells.len() <= slot as usize {
            plane.cells.resize(slot as usize + 1, Cell::EMPTY);
        }
        plane.cells[slot as usize] =
            Cell { sums: sums_of(&stored.sums), seen: stored.seen, imp: registers_of(stored.imp) };
        if let Some(exp) = stored.exp {
            if exporter == NO_EXPORTER {
                return Err(RestoreError::Value);
            }
            if plane.exports.len() <= exporter as usize {
                plane.exports.resize(exporter as usize + 1, Registers::EMPTY);
            }
            plane.exports[exporter as usize] = registers_of(exp);
        }
        plane.events.extend(stored.events.iter().map(|&(offset, code)| (slot, offset, EventCode(code))));
        plane.odd.extend(stored.odd.iter().map(|&offset| (slot, offset)));
        plane.bare.extend(stored.bare.iter().map(|&offset| (slot, offset)));
        for (lane, points) in [Lane::Import, Lane::Export].into_iter().zip(&stored.listed) {
            if !points.is_empty() {
                plane.lists.insert((slot, lane), points.iter().copied().map(point_of).collect());
            }
        }
        Ok(())
    }
}

impl FleetV3 {
    /// How many meters it holds.
    pub fn meters(&self) -> usize {
        self.meters.len()
    }

    /// Lays the changes that came after it over a snapshot of one whole shard.
    pub fn overlay(&mut self, later: Self) -> Result<(), RestoreError> {
        let mut meters = std::mem::take(&mut self.meters);
        for (slot, meter) in later.meters {
            if (slot as usize) < meters.len() {
                meters[slot as usize].1 = meter;
            } else if slot as usize == meters.len() {
                meters.push((slot, meter));
            } else {
                return Err(RestoreError::Value);
            }
        }
        *self = Self { meters, ..later };
        Ok(())
    }
}

fn point_v1(point: Point) -> PointV1 {
    (point.time.0, point.wh)
}

fn point_of((time, wh): PointV1) -> Point {
    Point { time: EventTime(time), wh }
}

fn registers_v1(registers: &Registers) -> RegistersV1 {
    RegistersV1(registers.wh_last, registers.wh_between, registers.first, registers.last, registers.listed)
}

fn registers_of(RegistersV1(wh_last, wh_between, first, last, listed): RegistersV1) -> Registers {
    Registers { wh_last, wh_between, first, last, listed }
}

fn sums_v1(sums: &Sums) -> SumsV1 {
    SumsV1 {
        power: [sums.p, sums.p_max, sums.q],
        current: [sums.i, sums.neutral, sums.imbalance, sums.imbalance_max],
        voltage: [sums.v_min, sums.v_max],
        counts: [
            sums.readings,
            sums.p_count,
            sums.q_count,
            sums.i_count,
            sums.loop_count,
            sums.three_count,
            sums.unbalance,
        ],
    }
}

fn sums_of(stored: &SumsV1) -> Sums {
    let [p, p_max, q] = stored.power;
    let [i, neutral, imbalance, imbalance_max] = stored.current;
    let [v_min, v_max] = stored.voltage;
    let [readings, p_count, q_count, i_count, loop_count, three_count, unbalance] = stored.counts;
    Sums {
        p,
        p_max,
        q,
        i,
        neutral,
        imbalance,
        imbalance_max,
        v_min,
        v_max,
        readings,
        p_count,
        q_count,
        i_count,
        loop_count,
        three_count,
        unbalance,
    }
}

fn counts_v1(counts: &reading::issue::Counts) -> CountsV1 {
    let issues = reading::Issue::ALL.iter().map(|&issue| (issue.name().to_owned(), counts.of_issue(issue)));
    let reasons =
        reading::Reason::ALL.iter().map(|&reason| (reason.name().to_owned(), counts.of_reason(reason)));
    (issues.filter(|(_, count)| *count > 0).collect(), reasons.filter(|(_, count)| *count > 0).collect())
}

fn counts_of((issues, reasons): &CountsV1) -> reading::issue::Counts {
    let mut counts = reading::issue::Counts::default();
    // A name that this version does not know any more is dropped from the tally, nothing else depends on it.
    for (name, count) in issues {
        if let Some(&issue) = reading::Issue::ALL.iter().find(|issue| issue.name() == name) {
            counts.issues(issue, *count);
        }
    }
    for (name, count) in reasons {
        if let Some(&reason) = reading::Reason::ALL.iter().find(|reason| reason.name() == name) {
            counts.reasons(reason, *count);
        }
    }
    counts
}
