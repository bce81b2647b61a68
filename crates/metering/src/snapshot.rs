//! The state as plain data, to be stored and brought back, meter by meter.

use crate::metering::{Head, Strides, ZoneState};
use crate::shares::{Part, Share};
use crate::{Groups, Metering};
use reading::Target;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};

type HeadV1 = (u32, u32, [f64; 4], i64, [u16; 3], [f32; 2], u8, u8);
type ZoneV1 = (i64, f32, u32, f32, u32, f32, f32);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct MeterV1 {
    head: HeadV1,
    zones: Vec<ZoneV1>,
    recent: Vec<f32>,
    /// Classes of the power factor that have seen anything, each with its number.
    pf_counts: Vec<(u8, u16)>,
    /// Mean, variance and count of the cells that have seen anything, each with its number.
    cells: Vec<(u16, f32, f32, u16)>,
}

/// Meters by slot: all of them, or those that changed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MeteringV1(Vec<(u32, MeterV1)>);

/// [`Groups`] as they are stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupsV1 {
    /// Of the settings that the demand depends on.
    fingerprint: u64,
    periods: [u32; 2],
    demand: MeteringV1,
    /// By number: name, size, sum of the highest blocks in the period before.
    groups: Vec<(String, u32, f64, Part<i64>)>,
    meters: Vec<(String, Share)>,
    classes: Vec<String>,
}

/// What is written as a [`MeteringV1`], straight from memory.
#[derive(Debug)]
pub struct Stored<'a> {
    metering: &'a Metering,
    slots: Vec<u32>,
}

impl Serialize for Stored<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut meters = serializer.serialize_seq(Some(self.slots.len()))?;
        for &slot in &self.slots {
            meters.serialize_element(&(slot, self.metering.meter_v1(slot as usize)))?;
        }
        meters.end()
    }
}

impl MeteringV1 {
    /// Lays the changes that came after it over a snapshot; both are by slot.
    pub fn overlay(&mut self, later: Self) {
        let mut known = std::mem::take(&mut self.0).into_iter().peekable();
        for (slot, meter) in later.0 {
            self.0.extend(std::iter::from_fn(|| known.next_if(|(other, _)| *other < slot)));
            known.next_if(|(other, _)| *other == slot);
            self.0.push((slot, meter));
        }
        self.0.extend(known);
    }
}

impl Metering {
    /// The meters of these slots, ascending, to be written; slots that nothing was heard of are left out.
    pub fn stored(&self, slots: impl Iterator<Item = u32>) -> Stored<'_> {
        Stored { metering: self, slots: slots.filter(|slot| (*slot as usize) < self.len()).collect() }
    }

    /// Takes the meters of a snapshot. What was stored under other rules is not taken; says whether all was.
    pub fn restore(&mut self, stored: &MeteringV1) -> bool {
        let strides = Strides::of(&self.rules);
        for (slot, meter) in &stored.0 {
            let fits = meter.zones.len() == strides.zones
                && meter.recent.len() == strides.in_block * 2
                && meter.pf_counts.iter().all(|(class, _)| usize::from(*class) < strides.pf_classes)
                && meter.cells.iter().all(|(cell, ..)| usize::from(*cell) < strides.cells);
            if !fits {
                return false;
            }
            self.restore_meter(*slot as usize, meter, strides);
        }
        true
    }

    fn meter_v1(&self, slot: usize) -> MeterV1 {
        let strides = Strides::of(&self.rules);
        let Head { last, period, known, exported, hours, low_pf, estimated, .. } = self.heads[slot];
        let Head { slot_sum, day, slot_count, running, .. } = self.heads[slot];
        let zone = |zone: &ZoneState| {
            let ZoneState { energy, block, block_end, sliding, sliding_end, block_va, sliding_va } = *zone;
            (energy, block, block_end, sliding, sliding_end, block_va, sliding_va)
        };
        let cells = slot * strides.cells..(slot + 1) * strides.cells;
        let cell = |(cell, at): (usize, usize)| {
            let seen = self.counts[at] > 0;
            seen.then(|| (cell as u16, self.means[at], self.variances[at], self.counts[at]))
        };
        let classes = &self.pf_counts[slot * strides.pf_classes..(slot + 1) * strides.pf_classes];
        let pf_counts = (0..).zip(classes.iter().copied()).filter(|(_, count)| *count > 0).collect();
        MeterV1 {
            pf_counts,
            head: (
                last,
                period,
                known,
                exported,
                [hours, low_pf, estimated],
                [slot_sum, day],
                slot_count,
                running,
            ),
            zones: self.zones[slot * strides.zones..(slot + 1) * strides.zones].iter().map(zone).collect(),
            recent: self.recent[slot * strides.in_block * 2..(slot + 1) * strides.in_block * 2].to_vec(),
            cells: cells.enumerate().filter_map(cell).collect(),
        }
    }

    fn restore_meter(&mut self, slot: usize, stored: &MeterV1, strides: Strides) {
        self.make_room(slot + 1);
        let (last, period, known, exported, counts, [slot_sum, day], slot_count, running) = stored.head;
        let [hours, low_pf, estimated] = counts;
        self.heads[slot] = Head {
            last,
            period,
            known,
            exported,
            hours,
            low_pf,
            slot_sum,
            day,
            estimated,
            slot_count,
            running,
        };
        for (place, zone) in (slot * strides.zones..).zip(&stored.zones) {
            let (energy, block, block_end, sliding, sliding_end, block_va, sliding_va) = *zone;
            self.zones[place] =
                ZoneState { energy, block, block_end, sliding, sliding_end, block_va, sliding_va };
        }
        let recent = slot * strides.in_block * 2;
        self.recent[recent..recent + stored.recent.len()].copy_from_slice(&stored.recent);
        for &(class, count) in &stored.pf_counts {
            self.pf_counts[slot * strides.pf_classes + usize::from(class)] = count;
        }
        for &(cell, mean, variance, count) in &stored.cells {
            let at = slot * strides.cells + usize::from(cell);
            // With a shorter half-life, fewer count.
            let count = usize::from(count).min(self.weights.len() - 1) as u16;
            (self.means[at], self.variances[at], self.counts[at]) = (mean, variance, count);
        }
    }
}

impl Groups {
    /// The state, to be stored.
    pub fn snapshot(&self) -> GroupsV1 {
        let groups = self.names.iter().enumerate().map(|(number, name)| {
            (name.to_string(), self.sizes[number], self.peaks_before[number], self.groups[number])
        });
        let meters = self.consumers.names.iter().zip(&self.consumers.shares);
        let slots = 0..self.demand.len();
        GroupsV1 {
            fingerprint: self.demand.fingerprint(),
            periods: [self.period_before, self.period],
            demand: MeteringV1(slots.map(|slot| (slot as u32, self.demand.meter_v1(slot))).collect()),
            groups: groups.collect(),
            meters: meters.map(|(meter, share)| (meter.to_owned(), *share)).collect(),
            classes: self.classes.clone(),
        }
    }

    /// Takes what was stored, into groups at their beginning. What was stored under other settings is left; says whether
    /// it can be.
    pub fn restore(&mut self, stored: GroupsV1) -> bool {
        if stored.fingerprint != self.demand.fingerprint() {
            return true;
        }
        [self.period_before, self.period] = stored.periods;
        self.classes = stored.classes;
        for (name, size, peaks, part) in stored.groups {
            let Some(target) = Target::parse(&name) else { return false };
            let number = self.number(target) as usize;
            (self.sizes[number], self.peaks_before[number]) = (size, peaks);
            self.groups[number] = part;
        }
        self.consumers.make_room(stored.meters.iter().map(|(name, _)| name.len()));
        for (name, share) in stored.meters {
            self.consumers.names.push(&name);
            self.consumers.shares.push(share);
        }
        let fits = stored.demand.0.iter().all(|(slot, _)| (*slot as usize) < self.names.len());
        fits && self.consumers.names.iter().is_sorted() && self.demand.restore(&stored.demand)
    }
}
