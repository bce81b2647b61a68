//! Profiles and demand of each meter. The state is kept in arrays over all meters, by slot.

use crate::demand::NO_PEAK;
use crate::moment::{Moment, Moments, NO_PERIOD};
use crate::rows::{MeteringRows, Whose};
use crate::rules::{DemandRule, MeteringSettings};
use features::profile::weights;
use reading::time::DAY;
use reading::{Calendar, Interval, MeterId};
use serde::{Deserialize, Serialize};

/// The state that every meter has, whatever the tariff zones. It takes 64 bytes, which is one cache line. For that
/// reason fields of the demand and of the profile are side by side here, although they are stored as two parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Head {
    /// The number of the last interval.
    pub last: u32,
    /// The billing period under way.
    pub period: u32,
    /// Energies of the period while the meter imports and its reactive power is known: active Wh, apparent VAh,
    /// lagging and leading varh.
    pub known: [f64; 4],
    pub exported: i64,
    /// Intervals of the period whose energy is known.
    pub hours: u16,
    /// Intervals of the period with a low power factor.
    pub low_pf: u16,
    /// The sum of net power over the intervals of the slot under way, W.
    pub slot_sum: f32,
    /// Wh of the local day so far; NaN where some of it is not known, or something was exported.
    pub day: f32,
    /// Intervals of the period whose energy is estimated.
    pub estimated: u16,
    /// How many intervals of the slot there are, or [`BROKEN`].
    pub slot_count: u8,
    /// How many of the last powers follow each other without a hole.
    pub running: u8,
}

const NOTHING: Head = Head {
    last: 0,
    period: NO_PERIOD,
    known: [0.0; 4],
    exported: 0,
    hours: 0,
    low_pf: 0,
    slot_sum: 0.0,
    day: f32::NAN,
    estimated: 0,
    slot_count: BROKEN,
    running: 0,
};

/// Stands for a slot with a missing interval, or one that the profile has learned already.
pub(crate) const BROKEN: u8 = u8::MAX;

/// The use of a meter in one zone of the current period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct ZoneState {
    pub energy: i64,
    pub block: f32,
    pub block_end: u32,
    pub sliding: f32,
    pub sliding_end: u32,
    pub block_va: f32,
    pub sliding_va: f32,
}

pub(crate) const UNUSED: ZoneState = ZoneState {
    energy: 0,
    block: NO_PEAK,
    block_end: 0,
    sliding: NO_PEAK,
    sliding_end: 0,
    block_va: NO_PEAK,
    sliding_va: NO_PEAK,
};

/// Profiles and demand of each meter.
#[derive(Debug, Clone)]
pub struct Metering {
    pub(crate) settings: MeteringSettings,
    /// After how many intervals the profile of a meter is published again. Without a number, it is published only at
    /// the end.
    profile_every: Option<u32>,
    pub(crate) moments: Moments,
    /// The weight of so many observations.
    pub(crate) weights: Vec<f64>,
    pub(crate) heads: Vec<Head>,
    /// By slot, then by zone.
    pub(crate) zones: Vec<ZoneState>,
    /// The last powers, as many as a block has: by slot, then active import, then apparent power.
    pub(crate) recent: Vec<f32>,
    /// How many intervals of the period had which power factor: by slot, then by class.
    pub(crate) pf_counts: Vec<u16>,
    /// The profile: by slot, then by type of day, then by slot of the day.
    pub(crate) means: Vec<f32>,
    pub(crate) variances: Vec<f32>,
    pub(crate) counts: Vec<u16>,
}

/// How many entries a meter has in each plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strides {
    pub zones: usize,
    pub in_block: usize,
    pub pf_classes: usize,
    pub cells: usize,
    /// Intervals of a slot of the day.
    pub in_slot: u8,
}

impl Strides {
    pub fn of(settings: &MeteringSettings) -> Self {
        let length = settings.grid.length();
        Self {
            zones: settings.demand.as_ref().map_or(0, |demand| demand.zones().len() + 1),
            in_block: settings.demand.as_ref().map_or(0, |demand| (demand.block() / length) as usize),
            pf_classes: settings.demand.as_ref().map_or(0, DemandRule::pf_classes),
            cells: settings.profile.as_ref().map_or(0, |profile| 3 * profile.slots()),
            in_slot: settings.profile.as_ref().map_or(0, |profile| (profile.slot() / length) as u8),
        }
    }
}

impl MeteringSettings {
    /// Bytes of memory for each meter.
    pub fn bytes_per_meter(&self) -> usize {
        let strides = Strides::of(self);
        size_of::<Head>()
            + strides.zones * size_of::<ZoneState>()
            + strides.in_block * 2 * size_of::<f32>()
            + strides.pf_classes * size_of::<u16>()
            + strides.cells * (2 * size_of::<f32>() + size_of::<u16>())
    }
}

/// One interval on its way into the books of its meter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'a> {
    pub slot: usize,
    pub row: &'a Interval,
    pub moment: Moment,
    pub strides: Strides,
    /// Whether it follows the last interval of the meter directly.
    pub follows: bool,
}

/// How often a stream publishes a profile.
const FOUR_WEEKS: i64 = 28 * DAY;

impl Metering {
    /// A metering without meters.
    pub fn new(settings: MeteringSettings, calendar: Calendar) -> Self {
        let keep = settings.profile.map_or(0.0, |profile| profile.keep());
        Self {
            profile_every: None,
            moments: Moments::new(calendar),
            weights: weights(keep, usize::from(u16::MAX)),
            settings,
            heads: Vec::new(),
            zones: Vec::new(),
            recent: Vec::new(),
            pf_counts: Vec::new(),
            means: Vec::new(),
            variances: Vec::new(),
            counts: Vec::new(),
        }
    }

    /// From now on each meter's profile is published every four weeks, and not only at the end, because a stream has
    /// no end. The meters take turns over the four weeks: all profiles at once would be far more rows than the
    /// intervals.
    pub fn publish_profiles_every_four_weeks(&mut self) {
        self.profile_every = u32::try_from(FOUR_WEEKS / self.settings.grid.length()).ok();
    }

    /// How many slots there are, up to the last meter that has an interval.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether no meter has an interval.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.heads.capacity() * size_of::<Head>()
            + self.zones.capacity() * size_of::<ZoneState>()
            + (self.recent.capacity() + self.means.capacity() + self.variances.capacity()) * 4
            + (self.pf_counts.capacity() + self.counts.capacity()) * size_of::<u16>()
    }

    /// Takes closed intervals, each with the slot of its meter. Intervals of a meter come in the order of their ends.
    /// Billing periods that are over are added to `out`.
    pub fn take(&mut self, slots: &[u32], rows: &[Interval], out: &mut MeteringRows) {
        self.take_of(slots, rows, |_, row| Whose::Meter(row.meter), out);
    }

    /// The same for intervals of another target than their meter, such as a group.
    pub(crate) fn take_of(
        &mut self,
        slots: &[u32],
        rows: &[Interval],
        whose: impl Fn(u32, &Interval) -> Whose,
        out: &mut MeteringRows,
    ) {
        debug_assert_eq!(slots.len(), rows.len(), "a slot for each row");
        if let Some(&most) = slots.iter().max() {
            self.make_room(most as usize + 1);
        }
        let strides = Strides::of(&self.settings);
        for (&slot, row) in slots.iter().zip(rows) {
            let moment = self.moments.at(&self.settings, row.end);
            let follows = self.heads[slot as usize].last + 1 == moment.index;
            let step = Step { slot: slot as usize, row, moment, strides, follows };
            if strides.zones > 0 {
                self.turn_period(&step, || whose(slot, row), &mut out.demand);
                self.take_demand(&step);
            }
            self.heads[step.slot].last = moment.index;
            if strides.cells > 0 {
                self.take_profile(&step);
            }
            if self.profile_every.is_some_and(|every| moment.index % every == slot % every) {
                self.push_profile(step.slot, row.meter, &mut out.profiles);
            }
        }
    }

    /// Ends the run for these meters: adds the billing period under way, as far as it went, and the profiles to
    /// `out`.
    pub fn finish(&mut self, meters: impl Iterator<Item = (u32, MeterId)>, out: &mut MeteringRows) {
        for (slot, meter) in meters {
            let slot = slot as usize;
            if slot < self.heads.len() {
                self.push_demand(slot, Whose::Meter(meter), false, &mut out.demand);
                self.push_profile(slot, meter, &mut out.profiles);
            }
        }
    }

    pub(crate) fn make_room(&mut self, meters: usize) {
        if meters <= self.heads.len() {
            return;
        }
        let strides = Strides::of(&self.settings);
        grow(&mut self.heads, meters, NOTHING);
        grow(&mut self.zones, meters * strides.zones, UNUSED);
        grow(&mut self.recent, meters * strides.in_block * 2, 0.0);
        grow(&mut self.pf_counts, meters * strides.pf_classes, 0);
        grow(&mut self.means, meters * strides.cells, 0.0);
        grow(&mut self.variances, meters * strides.cells, 0.0);
        grow(&mut self.counts, meters * strides.cells, 0);
    }
}

/// Grows by an eighth: with millions of meters, doubling would waste a gigabyte.
fn grow<T: Clone>(all: &mut Vec<T>, len: usize, empty: T) {
    if len > all.capacity() {
        all.reserve_exact((all.len() / 8).max(len - all.len()));
    }
    all.resize(len.max(all.len()), empty);
}
