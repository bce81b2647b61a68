//! The stored state of meters and groups, and the settings that it depends on.
//!
//! A stored number depends on a setting if it would mean something else under another value. For example, the energy
//! of a tariff zone depends on the hours of that zone, and a cell of a profile depends on the length of a slot. A
//! limit, a half-life or a holiday affects only later intervals. It invalidates nothing: the counts of the current
//! billing period then hold intervals from before and after the change, and the energies and peaks for billing are
//! kept.
//!
//! [`Metering`] stores three parts, so that a new billing day does not lose the profiles of months.

use crate::by_slot::{BySlot, WrittenBySlot};
use crate::candidates::Candidates;
use crate::ended::Ended;
use crate::groups::TownBlock;
use crate::metering::{Head, Strides, ZoneState};
use crate::moment::NO_PERIOD;
use crate::shares::{BlockUse, Share, ShareV1};
use crate::waiting::StoredSums;
use crate::{Groups, Metering, MeteringSettings};
use reading::{Calendar, EventTime, Fingerprint, Target};
use serde::{Deserialize, Serialize};

/// The stored form of the profiles of meters.
pub type ProfilesState = BySlot<MeterProfile>;

/// The stored form of the demand of meters in the current billing period.
pub type DemandState = BySlot<MeterDemand>;

/// The stored form of the classes of the power factor in the current billing period.
pub type PowerFactorState = BySlot<Vec<(u8, u16)>>;

/// One meter's profile. In memory it lies in planes over all meters, and its first fields share a cache line with
/// the demand ([`Head`]); a plane has room for cells that have seen nothing yet, which are not stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeterProfile {
    last: u32,
    slot_sum: f32,
    slot_count: u8,
    day: f32,
    cells: Vec<Cell>,
}

/// A slot of the day that has been seen on some day of a type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Cell {
    number: u16,
    mean: f32,
    variance: f32,
    count: u16,
}

/// One meter's demand, which lies in planes as well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeterDemand {
    last: u32,
    period: u32,
    known: [f64; 4],
    exported: i64,
    hours: u16,
    low_pf: u16,
    estimated: u16,
    running: u8,
    zones: Vec<ZoneState>,
    recent: Vec<f32>,
}

/// [`Groups`] as they are stored: by name, because the numbers of groups and the places of consumers are those of one
/// run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupsState {
    period: u32,
    ended: Vec<Ended>,
    settled_before: u32,
    settled_period: u32,
    settled: EventTime,
    last_final: EventTime,
    waiting: StoredSums,
    candidates: Candidates,
    settled_town: Vec<TownBlock>,
    demand: DemandState,
    /// In the order of their numbers.
    groups: Vec<StoredGroup>,
    consumers: Vec<(String, Share)>,
    classes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredGroup {
    target: Target,
    size: u32,
    block: BlockUse<i64>,
}

/// [`GroupsState`] of version 1. Then every interval was settled in its tick.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct GroupsStateV1 {
    period_before: u32,
    period: u32,
    demand: DemandState,
    groups: Vec<StoredGroupV1>,
    consumers: Vec<(String, ShareV1)>,
    classes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct StoredGroupV1 {
    target: Target,
    size: u32,
    peaks_before: f64,
    block: BlockUse<i64>,
}

impl From<GroupsStateV1> for GroupsState {
    fn from(stored: GroupsStateV1) -> Self {
        let GroupsStateV1 { period_before, period, demand, groups, consumers, classes } = stored;
        let peaks = groups.iter().map(|group| group.peaks_before).collect();
        let ended = (period_before != NO_PERIOD).then(|| Ended { peaks, ..Ended::new(period_before) });
        let group = |StoredGroupV1 { target, size, block, .. }| StoredGroup { target, size, block };
        Self {
            period,
            ended: ended.into_iter().collect(),
            settled_before: period_before,
            settled_period: period,
            settled: EventTime::MIN,
            last_final: EventTime::MIN,
            waiting: Vec::new(),
            candidates: Candidates::default(),
            settled_town: Vec::new(),
            demand,
            groups: groups.into_iter().map(group).collect(),
            consumers: consumers.into_iter().map(|(name, share)| (name, share.in_period(period))).collect(),
            classes,
        }
    }
}

impl MeteringSettings {
    /// The settings of profiles: the interval, because a slot is a number of intervals; the time zone and the slot,
    /// because a cell is a slot of the local day. The half-life is not among them, because it weighs only later days.
    /// Holidays are not among them, because they decide only the type of later days.
    fn profiles_fingerprint(&self, calendar: &Calendar) -> Option<u64> {
        let profile = self.profile?;
        let interval = Fingerprint::new("profiles").whole(self.grid.length());
        Some(interval.text(calendar.zone_name()).whole(profile.slot()).end())
    }

    /// The settings of demand, added to those of a part: the interval, because blocks and hours are counted in
    /// intervals; the time zone and the billing day, because they decide when a billing period begins; the block,
    /// because peaks are those of blocks; and when each tariff zone holds. A zone's energy is stored by the place of
    /// the zone in the plan, so its name may change. The limit of a low power factor and the holidays affect only
    /// later intervals.
    fn with_demand(&self, part: Fingerprint, calendar: &Calendar) -> Option<Fingerprint> {
        let demand = self.demand.as_ref()?;
        let period =
            part.whole(self.grid.length()).text(calendar.zone_name()).whole(demand.billing_day().into());
        let zones = period.whole(demand.block()).whole(demand.zones().len() as i64);
        Some(demand.zones().iter().fold(zones, |zones, zone| {
            let hours = zones.whole(zone.from.into()).whole(zone.to.into());
            hours.whole(zone.months.into()).whole(zone.days.into())
        }))
    }
}

impl Metering {
    /// The version of [`ProfilesState`].
    pub const PROFILES_VERSION: u16 = 1;
    /// The version of [`DemandState`].
    pub const DEMAND_VERSION: u16 = 1;
    /// The version of [`PowerFactorState`].
    pub const POWER_FACTOR_VERSION: u16 = 1;

    /// A number of the settings that stored profiles depend on; none if there are no profiles.
    pub fn profiles_fingerprint(&self) -> Option<u64> {
        self.settings.profiles_fingerprint(self.moments.calendar())
    }

    /// A number of the settings that stored demand depends on; none if there is no demand.
    pub fn demand_fingerprint(&self) -> Option<u64> {
        let demand = self.settings.with_demand(Fingerprint::new("demand"), self.moments.calendar());
        demand.map(Fingerprint::end)
    }

    /// A number of the settings that stored classes of the power factor depend on; none if they are not counted.
    /// These are the settings of demand, because the counts begin anew with each billing period, and the number of
    /// classes.
    pub fn power_factor_fingerprint(&self) -> Option<u64> {
        let classes = self.settings.demand.as_ref()?.pf_classes();
        let demand = self.settings.with_demand(Fingerprint::new("power-factor"), self.moments.calendar())?;
        (classes > 0).then(|| demand.whole(classes as i64).end())
    }

    /// The profiles of the meters in these slots, to be written. Slots must ascend. A slot without a meter is left
    /// out.
    pub fn stored_profiles(&self, slots: impl Iterator<Item = u32>) -> impl Serialize {
        WrittenBySlot { slots: self.known(slots), meter: |slot| self.profile_of(slot as usize) }
    }

    /// Their demand.
    pub fn stored_demand(&self, slots: impl Iterator<Item = u32>) -> impl Serialize {
        WrittenBySlot { slots: self.known(slots), meter: |slot| self.demand_of(slot as usize) }
    }

    /// Their classes of the power factor.
    pub fn stored_power_factors(&self, slots: impl Iterator<Item = u32>) -> impl Serialize {
        WrittenBySlot { slots: self.known(slots), meter: |slot| self.power_factor_of(slot as usize) }
    }

    fn known(&self, slots: impl Iterator<Item = u32>) -> Vec<u32> {
        slots.filter(|slot| (*slot as usize) < self.len()).collect()
    }

    /// Takes stored profiles, which must have been stored under the same [`profiles_fingerprint`]. Returns whether
    /// they can be.
    ///
    /// [`profiles_fingerprint`]: Self::profiles_fingerprint
    pub fn restore_profiles(&mut self, stored: &ProfilesState) -> bool {
        let strides = Strides::of(&self.settings);
        stored.iter().all(|(slot, meter)| {
            let fits = meter.cells.iter().all(|cell| usize::from(cell.number) < strides.cells);
            if fits {
                self.restore_profile(slot as usize, meter, strides);
            }
            fits
        })
    }

    /// The same of demand.
    pub fn restore_demand(&mut self, stored: &DemandState) -> bool {
        let strides = Strides::of(&self.settings);
        stored.iter().all(|(slot, meter)| {
            let fits = meter.zones.len() == strides.zones && meter.recent.len() == strides.in_block * 2;
            if fits {
                self.restore_demand_of(slot as usize, meter, strides);
            }
            fits
        })
    }

    /// The same of classes of the power factor.
    pub fn restore_power_factors(&mut self, stored: &PowerFactorState) -> bool {
        let classes = Strides::of(&self.settings).pf_classes;
        stored.iter().all(|(slot, counts)| {
            let slot = slot as usize;
            self.make_room(slot + 1);
            let own = &mut self.pf_counts[slot * classes..(slot + 1) * classes];
            counts
                .iter()
                .all(|&(class, count)| own.get_mut(usize::from(class)).map(|known| *known = count).is_some())
        })
    }

    fn profile_of(&self, slot: usize) -> MeterProfile {
        let Head { last, slot_sum, slot_count, day, .. } = self.heads[slot];
        let cells = Strides::of(&self.settings).cells;
        let cell = |(number, at): (usize, usize)| {
            let seen = self.counts[at] > 0;
            let (mean, variance, count) = (self.means[at], self.variances[at], self.counts[at]);
            seen.then_some(Cell { number: number as u16, mean, variance, count })
        };
        let cells = (slot * cells..(slot + 1) * cells).enumerate().filter_map(cell).collect();
        MeterProfile { last, slot_sum, slot_count, day, cells }
    }

    fn restore_profile(&mut self, slot: usize, stored: &MeterProfile, strides: Strides) {
        self.make_room(slot + 1);
        let head = &mut self.heads[slot];
        (head.last, head.day) = (stored.last, stored.day);
        (head.slot_sum, head.slot_count) = (stored.slot_sum, stored.slot_count);
        for cell in &stored.cells {
            let at = slot * strides.cells + usize::from(cell.number);
            // With a shorter half-life, fewer days have a weight of their own.
            let count = usize::from(cell.count).min(self.weights.len() - 1) as u16;
            (self.means[at], self.variances[at], self.counts[at]) = (cell.mean, cell.variance, count);
        }
    }

    fn demand_of(&self, slot: usize) -> MeterDemand {
        let strides = Strides::of(&self.settings);
        let Head { last, period, known, exported, hours, low_pf, estimated, running, .. } = self.heads[slot];
        let zones = self.zones[slot * strides.zones..(slot + 1) * strides.zones].to_vec();
        let recent = self.recent[slot * strides.in_block * 2..(slot + 1) * strides.in_block * 2].to_vec();
        MeterDemand { last, period, known, exported, hours, low_pf, estimated, running, zones, recent }
    }

    fn restore_demand_of(&mut self, slot: usize, stored: &MeterDemand, strides: Strides) {
        self.make_room(slot + 1);
        let MeterDemand { last, period, known, exported, hours, low_pf, estimated, running, .. } = *stored;
        let Head { slot_sum, day, slot_count, .. } = self.heads[slot];
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
        self.zones[slot * strides.zones..][..strides.zones].copy_from_slice(&stored.zones);
        self.recent[slot * strides.in_block * 2..][..strides.in_block * 2].copy_from_slice(&stored.recent);
    }

    /// Classes that have seen anything, each with its number.
    fn power_factor_of(&self, slot: usize) -> Vec<(u8, u16)> {
        let classes = Strides::of(&self.settings).pf_classes;
        let counts = &self.pf_counts[slot * classes..(slot + 1) * classes];
        (0..).zip(counts.iter().copied()).filter(|(_, count)| *count > 0).collect()
    }
}

impl Groups {
    /// The version of [`GroupsState`].
    pub const STATE_VERSION: u16 = 2;

    /// A number of the settings that the state depends on: those of [demand](Metering::demand_fingerprint), because
    /// groups have demand of their own and consumers have highest blocks; and which groups there are. The share of
    /// consumers that has to report and the share of the sanctioned load affect only later blocks. A consumer that
    /// was reported once in a billing period is not reported again in it, even if the share has changed.
    pub fn fingerprint(&self) -> u64 {
        let groups = Fingerprint::new("groups").flag(self.rule.is_some());
        let groups = groups.flag(self.rule.is_some_and(|rule| rule.whole_town));
        let demand = self.demand.settings.with_demand(groups, self.demand.moments.calendar());
        demand.unwrap_or(groups).end()
    }

    /// The state, to be stored.
    pub fn snapshot(&self) -> GroupsState {
        let group = |(number, &target): (usize, &Target)| StoredGroup {
            target,
            size: self.sizes[number],
            block: self.groups[number],
        };
        let consumers = self.consumers.names.iter().zip(&self.consumers.shares);
        let slots = 0..self.demand.len() as u32;
        GroupsState {
            period: self.period,
            ended: self.ended.clone(),
            settled_before: self.settled_before,
            settled_period: self.settled_period,
            settled: self.waiting.settled(),
            last_final: self.last_final,
            waiting: self.waiting.stored(),
            candidates: self.candidates,
            settled_town: self.settled_town.clone(),
            demand: slots.map(|slot| (slot, self.demand.demand_of(slot as usize))).collect(),
            groups: self.names.iter().enumerate().map(group).collect(),
            consumers: consumers.map(|(meter, share)| (meter.to_owned(), *share)).collect(),
            classes: self.classes.clone(),
        }
    }

    /// Takes a stored state, which must have been stored under the same [fingerprint](Self::fingerprint), into groups
    /// at their beginning. Returns whether it can be.
    pub fn restore(&mut self, stored: GroupsState) -> bool {
        (self.period, self.ended) = (stored.period, stored.ended);
        (self.settled_before, self.settled_period) = (stored.settled_before, stored.settled_period);
        self.last_final = stored.last_final;
        (self.candidates, self.settled_town) = (stored.candidates, stored.settled_town);
        self.classes = stored.classes;
        for StoredGroup { target, size, block } in stored.groups {
            let number = self.number(target) as usize;
            (self.sizes[number], self.groups[number]) = (size, block);
        }
        self.consumers.make_room(stored.consumers.iter().map(|(name, _)| name.len()));
        for (name, share) in stored.consumers {
            self.consumers.names.push(&name);
            self.consumers.shares.push(share);
        }
        let fits = stored.demand.iter().all(|(slot, _)| (slot as usize) < self.names.len());
        // Version 1 did not store it.
        let last = stored.demand.iter().map(|(_, group)| i64::from(group.last)).max();
        let at_least =
            last.map_or(EventTime::MIN, |last| EventTime(last * self.demand.settings.grid.length()));
        let settled = stored.settled.max(at_least);
        fits && self.waiting.restore(settled, stored.waiting, self.names.len())
            && self.consumers.names.iter().is_sorted()
            && self.demand.restore_demand(&stored.demand)
    }
}
