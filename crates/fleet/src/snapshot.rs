//! The state of a fleet, to be stored and brought back. A snapshot of one shard or of many restores into any number of
//! shards, and what is restored is stored the same again. What changed since the last one can be stored alone, meter by
//! meter, and laid over the earlier snapshot.

mod interval;
mod meter;
pub(crate) mod reading;

pub use interval::IntervalV1;
pub use meter::MeterState;

use crate::changed::Changed;
use crate::fleet::{Fleet, Totals};
use ::reading::{EventTime, MeterId};
use serde::ser::{SerializeSeq, SerializeStruct};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// Why a snapshot is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreError {
    /// More intervals are open than the settings allow: another grid or grace.
    OpenIntervals,
    /// A number that no fleet stores.
    Value,
}

/// The meters of a shard, each with its slot: all of them, or those that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FleetState {
    closed: EventTime,
    meters: Vec<(u32, MeterState)>,
    swaps: BTreeMap<MeterId, Vec<EventTime>>,
    totals: Totals,
}

/// What is written as a [`FleetState`], straight from memory: a copy of all meters would take more than the fleet does.
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
        // The fields of `FleetState` in their order.
        let mut fields = serializer.serialize_struct("FleetState", 4)?;
        fields.serialize_field("closed", &fleet.closed)?;
        fields.serialize_field("meters", &Meters(self))?;
        fields.serialize_field("swaps", &fleet.swaps)?;
        fields.serialize_field("totals", &fleet.totals)?;
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
    pub const STATE_VERSION: u16 = 1;

    /// A number of those settings that the state depends on.
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
        }
    }

    /// The same, to be written without a copy of it.
    pub fn stored(&self) -> Stored<'_> {
        Stored { fleet: self, slots: Slots::All }
    }

    /// The meters that changed since the last call of this or of [`Self::keep_changes`], to be laid over what was
    /// stored then.
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

    /// Takes note that a snapshot holds all changes up to now.
    pub fn keep_changes(&mut self) {
        self.changed = Changed::default();
    }

    /// Takes those meters of a snapshot that belong here, into a fleet that is still empty.
    pub fn restore(&mut self, stored: &FleetState) -> Result<(), RestoreError> {
        self.closed = self.closed.max(stored.closed);
        for (_, meter) in &stored.meters {
            let hash = meter.name.hash();
            if self.shard().owns(hash) {
                self.restore_meter(meter, hash)?;
            }
        }
        self.restore_rest(stored);
        Ok(())
    }

    /// Takes only the names of the meters, each with its slot, and what was counted: under other settings their open
    /// intervals and registers cannot be used. Whatever is kept elsewhere by slot stays good.
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
        // Totals are of the whole; one shard carries them on.
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

    /// Lays the changes that came after it over a snapshot of one whole shard. A new meter has the next slot.
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
