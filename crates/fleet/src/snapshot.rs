//! The stored state of a fleet. A snapshot restores into any number of shards, and a restored fleet is stored as the
//! same bytes. The meters that changed since the last snapshot can be stored alone, and applied to that snapshot
//! later.

mod interval;
mod meter;
pub(crate) mod reading;

pub use interval::IntervalV1;
pub use meter::{MeterState, MeterStateV3};

use crate::fleet::{Fleet, NO_INDEX, Totals, number};
use crate::slot_set::SlotSet;
use ::reading::{Event, EventTime, MeterId};
use serde::ser::{SerializeSeq, SerializeStruct};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// Why a snapshot cannot be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreError {
    /// It holds a number that no fleet stores.
    Value,
}

/// The meters of a shard, each with its slot: all of them, or those that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FleetState {
    closed: EventTime,
    meters: Vec<(u32, MeterState)>,
    swaps: BTreeMap<MeterId, Vec<EventTime>>,
    totals: Totals,
    /// For each of `meters`: the number of the last interval that is closed.
    orders: Vec<i32>,
    /// Events of backlogs that wait for the next tick.
    events: Vec<Event>,
}

/// The form before rows that could wait no longer had an estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FleetStateV3 {
    closed: EventTime,
    meters: Vec<(u32, MeterStateV3)>,
    swaps: BTreeMap<MeterId, Vec<EventTime>>,
    totals: Totals,
    orders: Vec<i32>,
    events: Vec<Event>,
}

impl From<FleetStateV3> for FleetState {
    fn from(from: FleetStateV3) -> Self {
        let FleetStateV3 { closed, meters, swaps, totals, orders, events } = from;
        let meters = meters.into_iter().map(|(slot, meter)| (slot, meter.into())).collect();
        Self { closed, meters, swaps, totals, orders, events }
    }
}

/// The form before events of backlogs were kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FleetStateV2 {
    closed: EventTime,
    meters: Vec<(u32, MeterStateV3)>,
    swaps: BTreeMap<MeterId, Vec<EventTime>>,
    totals: Totals,
    orders: Vec<i32>,
}

impl From<FleetStateV2> for FleetState {
    fn from(from: FleetStateV2) -> Self {
        let FleetStateV2 { closed, meters, swaps, totals, orders } = from;
        FleetStateV3 { closed, meters, swaps, totals, orders, events: Vec::new() }.into()
    }
}

/// The form before each meter had an order of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FleetStateV1 {
    closed: EventTime,
    meters: Vec<(u32, MeterStateV3)>,
    swaps: BTreeMap<MeterId, Vec<EventTime>>,
    totals: Totals,
}

impl From<FleetStateV1> for FleetState {
    fn from(from: FleetStateV1) -> Self {
        let FleetStateV1 { closed, meters, swaps, totals } = from;
        FleetStateV2 { closed, meters, swaps, totals, orders: Vec::new() }.into()
    }
}

/// A [`FleetState`] that is written straight from memory, because a copy of all meters would take more than the
/// fleet.
#[derive(Debug)]
pub struct Stored<'a> {
    fleet: &'a Fleet,
    slots: Slots,
}

#[derive(Debug)]
enum Slots {
    All,
    Changed(SlotSet),
}

impl Serialize for Stored<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fleet = self.fleet;
        // The fields of `FleetState` in their order.
        let mut fields = serializer.serialize_struct("FleetState", 6)?;
        fields.serialize_field("closed", &fleet.closed)?;
        fields.serialize_field("meters", &Meters(self))?;
        fields.serialize_field("swaps", &fleet.swaps)?;
        fields.serialize_field("totals", &fleet.totals)?;
        let order = |slot: u32| fleet.meters[slot as usize].closed;
        let orders: Vec<i32> = match &self.slots {
            Slots::All => (0..fleet.len() as u32).map(order).collect(),
            Slots::Changed(changed) => changed.slots().map(order).collect(),
        };
        fields.serialize_field("orders", &orders)?;
        fields.serialize_field("events", &fleet.behind_events)?;
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
    let mut cells = Vec::new();
    for slot in slots {
        let element = (slot, fleet.meter_state(slot, cells));
        meters.serialize_element(&element)?;
        cells = element.1.into_cells();
    }
    meters.end()
}

impl Fleet {
    /// Goes up when the stored form changes.
    pub const STATE_VERSION: u16 = 4;

    /// The fingerprint of the settings that the state depends on.
    pub fn fingerprint(&self) -> u64 {
        self.settings.fingerprint()
    }

    /// The state as plain data.
    pub fn snapshot(&self) -> FleetState {
        FleetState {
            closed: self.closed,
            meters: (0..self.len() as u32).map(|slot| (slot, self.meter_state(slot, Vec::new()))).collect(),
            swaps: self.swaps.clone(),
            totals: self.totals.clone(),
            orders: self.meters.iter().map(|meter| meter.closed).collect(),
            events: self.behind_events.clone(),
        }
    }

    /// The same state, to be written without a copy.
    pub fn stored(&self) -> Stored<'_> {
        Stored { fleet: self, slots: Slots::All }
    }

    /// The meters that changed since the last call of this or of [`Self::keep_changes`]. On restore they are applied
    /// to what was stored then.
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

    /// Records that a snapshot holds all changes up to now.
    pub fn keep_changes(&mut self) {
        self.changed = SlotSet::default();
    }

    /// Restores the meters of a snapshot that belong to this shard. The fleet must be empty.
    pub fn restore(&mut self, stored: &FleetState) -> Result<(), RestoreError> {
        self.closed = self.closed.max(stored.closed);
        if !stored.orders.is_empty() && stored.orders.len() != stored.meters.len() {
            return Err(RestoreError::Value);
        }
        // Without orders, in the first version, an interval was closed for all meters at once.
        let closed = match stored.closed {
            EventTime::MIN => NO_INDEX,
            closed => number(self.settings.grid.index(closed)),
        };
        for (place, (_, meter)) in stored.meters.iter().enumerate() {
            let hash = meter.name.hash();
            if self.shard().owns(hash) {
                let closed = stored.orders.get(place).copied().unwrap_or(closed);
                self.restore_meter(meter, closed, hash)?;
            }
        }
        let shard = self.shard();
        let own = stored.events.iter().filter(|event| shard.owns(event.meter.hash()));
        self.behind_events = own.copied().collect();
        self.restore_rest(stored);
        Ok(())
    }

    /// Restores only the names of the meters with their slots, and the counts.
    ///
    /// Under other settings, open intervals and registers cannot be used. But the books keep profiles and bills by
    /// slot: with the same slots, they stay valid.
    pub fn restore_names(&mut self, stored: &FleetState) -> Result<(), RestoreError> {
        for (_, meter) in &stored.meters {
            let hash = meter.name.hash();
            if self.shard().owns(hash) {
                self.restore_name(meter, hash)?;
            }
        }
        self.restore_rest(stored);
        Ok(())
    }

    fn restore_rest(&mut self, stored: &FleetState) {
        for (&meter, times) in &stored.swaps {
            times.iter().for_each(|&at| self.swap(meter, at));
        }
        // The totals are those of all shards. Only one shard takes them, or they would count several times.
        if self.shard().index == 0 {
            self.totals.add(&stored.totals);
        }
    }
}

impl FleetState {
    /// How many meters it holds.
    pub fn meters(&self) -> usize {
        self.meters.len()
    }

    /// Applies later changes to a snapshot of one whole shard. A new meter must have the next slot.
    pub fn overlay(&mut self, mut later: Self) -> Result<(), RestoreError> {
        let (mut meters, mut orders) = (std::mem::take(&mut self.meters), std::mem::take(&mut self.orders));
        let mut later_orders = std::mem::take(&mut later.orders).into_iter();
        for (slot, meter) in std::mem::take(&mut later.meters) {
            let place = slot as usize;
            if place > meters.len() {
                return Err(RestoreError::Value);
            }
            put(&mut meters, place, (slot, meter));
            if let Some(order) = later_orders.next() {
                put(&mut orders, place, order);
            }
        }
        let Self { closed, swaps, totals, events, .. } = later;
        *self = Self { closed, meters, swaps, totals, orders, events };
        Ok(())
    }
}

/// Replaces an element, or appends the next one.
fn put<T>(all: &mut Vec<T>, place: usize, value: T) {
    match all.get_mut(place) {
        Some(known) => *known = value,
        None => all.push(value),
    }
}
