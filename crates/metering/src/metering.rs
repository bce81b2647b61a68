//! The state of all meters of a fleet, by slot.

use crate::moment::{Moment, Moments, NO_PERIOD};
use crate::rows::{Among, DemandRow, MeteringRows, Peak, PfSpread, ProfileRow, Whole};
use crate::rules::{DemandRule, MeteringSettings};
use features::profile::{Learned, learn, weights};
use features::{apparent_power, load_factor_of, mean_reactive_power, net_energy, percentile, power_factor};
use reading::time::{DAY, HOUR, MINUTE};
use reading::{Calendar, DayType, EventTime, Interval, MeterId, Quality, Target};
use serde::{Deserialize, Serialize};
use units::{Ratio, VoltAmperes, WattHours, Watts};

/// What every meter has, whatever the zones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Head {
    /// The number of the last interval.
    pub last: u32,
    pub period: u32,
    /// Energies of the period while it imports and reactive power is known: active, apparent, lagging and leading; Wh, VAh, varh.
    pub known: [f64; 4],
    pub exported: i64,
    /// Intervals of the period whose energy is known.
    pub hours: u16,
    pub low_pf: u16,
    /// The sum of net power over the slot, W.
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

/// How often a stream tells a profile.
const FOUR_WEEKS: i64 = 28 * DAY;

/// A profile of fewer days of a type says little of one.
pub const ENOUGH_DAYS: u16 = 4;

/// A slot with a hole.
const BROKEN: u8 = u8::MAX;

/// What a meter has used in one zone of the period under way; a peak of -infinity is none.
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

/// A twentieth of the time is below what [`PfSpread`] calls low.
const LOW_END: f64 = 0.05;
const NO_PEAK: f32 = f32::NEG_INFINITY;
const UNUSED: ZoneState = ZoneState {
    energy: 0,
    block: NO_PEAK,
    block_end: 0,
    sliding: NO_PEAK,
    sliding_end: 0,
    block_va: NO_PEAK,
    sliding_va: NO_PEAK,
};

/// What closed intervals add up to, meter by meter.
#[derive(Debug, Clone)]
pub struct Metering {
    pub(crate) settings: MeteringSettings,
    /// After so many intervals the profile of a meter is told again, if at all.
    tell_after: Option<u32>,
    pub(crate) moments: Moments,
    /// What so many observations are worth.
    pub(crate) weights: Vec<f64>,
    pub(crate) heads: Vec<Head>,
    /// By slot, then by zone.
    pub(crate) zones: Vec<ZoneState>,
    /// The last powers of a block, by slot: import, then apparent power.
    pub(crate) recent: Vec<f32>,
    /// How many intervals of the period had which power factor, by slot, then by class.
    pub(crate) pf_counts: Vec<u16>,
    /// The profile, by slot, then by type of day and slot of the day.
    pub(crate) means: Vec<f32>,
    pub(crate) variances: Vec<f32>,
    pub(crate) counts: Vec<u16>,
}

/// How many of each there are for a meter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strides {
    pub zones: usize,
    pub in_block: usize,
    pub pf_classes: usize,
    pub cells: usize,
    in_slot: u8,
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
    /// Bytes that they take for each meter.
    pub fn bytes_per_meter(&self) -> usize {
        let strides = Strides::of(self);
        size_of::<Head>()
            + strides.zones * size_of::<ZoneState>()
            + strides.in_block * 2 * size_of::<f32>()
            + strides.pf_classes * size_of::<u16>()
            + strides.cells * (2 * size_of::<f32>() + size_of::<u16>())
    }
}

impl Metering {
    /// No meters yet.
    pub fn new(settings: MeteringSettings, calendar: Calendar) -> Self {
        let keep = settings.profile.map_or(0.0, |profile| profile.keep());
        Self {
            tell_after: None,
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

    /// From now on each meter's profile is told every four weeks, at an interval of its own, and not at the end alone: for
    /// streams, which have none. All at once would be more than their intervals by far.
    pub fn publish_profiles_every_four_weeks(&mut self) {
        self.tell_after = u32::try_from(FOUR_WEEKS / self.settings.grid.length()).ok();
    }

    /// How many meters it has heard of; slots up to the last one count.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether it has heard of none.
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

    /// Takes closed intervals, each with the slot of its meter; those of a meter come in the order of their ends. Tells
    /// billing periods that are over.
    pub fn take(&mut self, slots: &[u32], rows: &[Interval], told: &mut MeteringRows) {
        self.take_of(slots, rows, |_, row| Target::Meter(row.meter), told);
    }

    /// The same, of what somebody else names.
    pub(crate) fn take_of(
        &mut self,
        slots: &[u32],
        rows: &[Interval],
        name: impl Fn(u32, &Interval) -> Target,
        told: &mut MeteringRows,
    ) {
        debug_assert_eq!(slots.len(), rows.len(), "a slot for each row");
        if let Some(&most) = slots.iter().max() {
            self.make_room(most as usize + 1);
        }
        let strides = Strides::of(&self.settings);
        for (&slot, row) in slots.iter().zip(rows) {
            let moment = self.moments.at(&self.settings, row.end);
            self.take_one(slot as usize, row, moment, strides, || name(slot, row), told);
            if self.tell_after.is_some_and(|after| moment.index % after == slot % after) {
                self.tell_profile(slot as usize, row.meter, &mut told.profiles);
            }
        }
    }

    /// The mean power that a meter's profile has for the slot of an interval; none while it has seen none.
    pub fn usual(&mut self, slot: u32, end: EventTime) -> Option<Watts> {
        let cells = Strides::of(&self.settings).cells;
        let moment = self.moments.at(&self.settings, end);
        let at = slot as usize * cells + usize::from(moment.cell);
        (cells > 0 && *self.counts.get(at)? > 0).then(|| Watts(f64::from(self.means[at])))
    }

    /// What a meter's profile has for a whole day of a type, Wh; none until each slot has seen [`ENOUGH_DAYS`], and none
    /// for a meter that exports.
    pub fn usual_day(&self, slot: u32, day_type: DayType) -> Option<f64> {
        let profile = self.settings.profile.as_ref()?;
        let first = (slot as usize * 3 + day_type as usize) * profile.slots();
        let cells = first..first + profile.slots();
        if self.counts.get(cells.clone())?.iter().any(|&count| count < ENOUGH_DAYS) {
            return None;
        }
        let means = &self.means[cells];
        let sum: f64 = means.iter().map(|&mean| f64::from(mean)).sum();
        let imports = means.iter().all(|&mean| mean >= 0.0);
        imports.then(|| sum * profile.slot() as f64 / HOUR as f64)
    }

    /// What a meter has used of its local day before the interval that ends so, if that follows on what is known.
    pub fn day_before(&self, slot: u32, end: EventTime) -> Option<WattHours> {
        let head = self.heads.get(slot as usize)?;
        let follows = i64::from(head.last) + 1 == end.0 / self.settings.grid.length();
        (follows && !head.day.is_nan()).then_some(WattHours(head.day as i64))
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

    fn take_one(
        &mut self,
        slot: usize,
        row: &Interval,
        moment: Moment,
        strides: Strides,
        name: impl Fn() -> Target,
        told: &mut MeteringRows,
    ) {
        let length = self.settings.grid.length();
        let follows = self.heads[slot].last + 1 == moment.index;
        if strides.zones > 0 {
            let period = self.heads[slot].period;
            // Where clocks go back past midnight, the period before is not begun again.
            if period == NO_PERIOD || moment.period > period {
                if period != NO_PERIOD {
                    self.tell_demand(slot, name(), true, &mut told.demand);
                }
                self.begin_period(slot, moment.period);
            }
            self.take_demand(slot, row, moment, strides, follows, length);
        }
        let head = &mut self.heads[slot];
        head.last = moment.index;
        if strides.cells == 0 {
            return;
        }
        if moment.day_starts {
            head.day = 0.0;
        } else if !follows {
            head.day = f32::NAN;
        }
        let used = row.imp.filter(|_| row.quality.is_whole() && row.exp.is_none_or(|exp| exp.0 == 0));
        head.day += used.map_or(f32::NAN, |used| used.0 as f32);
        if moment.slot_starts {
            (head.slot_sum, head.slot_count) = (0.0, 0);
        } else if !follows {
            head.slot_count = BROKEN;
        }
        let Some(net) = net_energy(row).filter(|_| row.quality.is_whole()) else {
            head.slot_count = BROKEN;
            return;
        };
        if head.slot_count == BROKEN {
            return;
        }
        head.slot_sum += net.mean_over(length).0 as f32;
        head.slot_count += 1;
        if head.slot_count == strides.in_slot {
            let seen = f64::from(head.slot_sum) / f64::from(strides.in_slot);
            head.slot_count = BROKEN;
            self.learn(slot * strides.cells + usize::from(moment.cell), seen);
        }
    }

    fn learn(&mut self, cell: usize, seen: f64) {
        let (mean, variance) = (f64::from(self.means[cell]), f64::from(self.variances[cell]));
        // Where one more is worth no more, nobody counts on.
        let count = (usize::from(self.counts[cell]) + 1).min(self.weights.len() - 1);
        let learned = learn(Learned { mean, variance }, seen, self.weights[count]);
        (self.means[cell], self.variances[cell]) = (learned.mean as f32, learned.variance as f32);
        self.counts[cell] = count as u16;
    }

    fn begin_period(&mut self, slot: usize, period: u32) {
        let Strides { zones, pf_classes, .. } = Strides::of(&self.settings);
        self.zones[slot * zones..(slot + 1) * zones].fill(UNUSED);
        self.pf_counts[slot * pf_classes..(slot + 1) * pf_classes].fill(0);
        let head = &mut self.heads[slot];
        (head.period, head.known, head.exported) = (period, [0.0; 4], 0);
        (head.hours, head.low_pf, head.estimated) = (0, 0, 0);
    }

    fn take_demand(
        &mut self,
        slot: usize,
        row: &Interval,
        moment: Moment,
        strides: Strides,
        follows: bool,
        length: i64,
    ) {
        let head = &mut self.heads[slot];
        let zones = &mut self.zones[slot * strides.zones..(slot + 1) * strides.zones];
        head.exported += row.exp.map_or(0, |exp| exp.0);
        // Billed is what is believed; of a register that moved as no use can, what it counted otherwise is.
        let spike = row.quality.has(Quality::SPIKE);
        if let Some(imp) = row.valid().or(row.imp.filter(|_| !spike)) {
            head.hours += 1;
            let stands_in = row.quality.is_rejected() && row.instead.is_some();
            head.estimated += u16::from(stands_in || row.quality.has(Quality::ESTIMATED));
            for zone in bits(moment.zones) {
                zones[zone].energy += imp.0;
            }
        }
        let apparent = apparent_power(row);
        let active = features::mean_power(row).filter(|active| active.0 >= 0.0);
        // Whoever exports has no power factor to be billed by.
        if let (Some(active), Some(apparent), Some(reactive)) = (active, apparent, mean_reactive_power(row)) {
            let hours = length as f64 / HOUR as f64;
            let [lag, lead] = if reactive.0 < 0.0 { [0.0, -reactive.0] } else { [reactive.0, 0.0] };
            for (sum, one) in head.known.iter_mut().zip([active.0, apparent.0, lag, lead]) {
                *sum += one * hours;
            }
            let limit = self.settings.demand.as_ref().map_or(0.0, |demand| demand.low_pf().0);
            let pf = power_factor(row);
            head.low_pf += u16::from(pf.is_some_and(|pf| pf.0 < limit));
            if let Some(pf) = pf.filter(|_| strides.pf_classes > 0) {
                let class = (pf.0 * strides.pf_classes as f64) as usize;
                let counts = &mut self.pf_counts[slot * strides.pf_classes..(slot + 1) * strides.pf_classes];
                counts[class.min(strides.pf_classes - 1)] += 1;
            }
        }
        let Some(imp) = row.imp.filter(|_| row.quality.is_whole()) else {
            head.running = 0;
            return;
        };
        let width = strides.in_block;
        let recent = &mut self.recent[slot * width * 2..(slot + 1) * width * 2];
        let (powers, apparents) = recent.split_at_mut(width);
        let place = moment.index as usize % width;
        powers[place] = imp.mean_over(length).0 as f32;
        let either_way = self.settings.demand.as_ref().is_some_and(DemandRule::either_way);
        apparents[place] = match apparent {
            None => f32::NAN,
            Some(_) if active.is_none() && !either_way => 0.0,
            Some(apparent) => apparent.0 as f32,
        };
        head.running = if follows { head.running.saturating_add(1).min(width as u8) } else { 1 };
        if usize::from(head.running) < width {
            return;
        }
        // NaN, where the apparent power of one is not known, is above no peak.
        let (demand, apparent) = (mean(powers), mean(apparents));
        for zone in bits(moment.block_zones) {
            let zone = &mut zones[zone];
            if demand > zone.sliding {
                (zone.sliding, zone.sliding_end) = (demand, moment.index);
            }
            if apparent > zone.sliding_va {
                zone.sliding_va = apparent;
            }
            if moment.block_ends && demand > zone.block {
                (zone.block, zone.block_end) = (demand, moment.index);
            }
            if moment.block_ends && apparent > zone.block_va {
                zone.block_va = apparent;
            }
        }
    }

    pub(crate) fn tell_demand(
        &mut self,
        slot: usize,
        target: Target,
        is_over: bool,
        out: &mut Vec<DemandRow>,
    ) {
        let Some(rule) = &self.settings.demand else { return };
        let (length, count) = (self.settings.grid.length(), rule.zones().len() + 1);
        let head = self.heads[slot];
        if head.period == NO_PERIOD {
            return;
        }
        let time = |index: u32| EventTime(i64::from(index) * length);
        let [start, end] = self.moments.period(head.period, rule.billing_day());
        let end = if is_over { end } else { time(head.last) };
        let peak = |demand: f32, index| {
            (demand > NO_PEAK).then(|| Peak { demand: Watts(f64::from(demand)), end: time(index) })
        };
        let va = |most: f32| (most > NO_PEAK).then(|| VoltAmperes(f64::from(most)));
        let hours_of = |count: u16| f64::from(count) * length as f64 / HOUR as f64;
        let hours = hours_of(head.hours);
        let classes = rule.pf_classes();
        let counts = &self.pf_counts[slot * classes..(slot + 1) * classes];
        let day = self.typical_day(slot).unwrap_or_default();
        for (number, zone) in self.zones[slot * count..(slot + 1) * count].iter().enumerate() {
            let (block, energy) = (peak(zone.block, zone.block_end), WattHours(zone.energy));
            let [active, apparent, lag, lead] = head.known;
            let whole = (number == 0).then(|| Whole {
                exported: WattHours(head.exported),
                // A mean above the peak says that the peak was not measured.
                load_factor: block
                    .and_then(|block| load_factor_of(energy, hours, block.demand))
                    .filter(|factor| factor.0 <= 1.0 || head.estimated == 0),
                pf: (apparent > 0.0).then(|| Ratio(active / apparent)),
                reactive: (apparent > 0.0).then_some((lag, lead)),
                low_pf_hours: hours_of(head.low_pf),
                pf_spread: percentile(counts, LOW_END).map(|low| PfSpread {
                    low,
                    hours: counts.iter().map(|&count| hours_of(count)).collect(),
                }),
                hours,
                estimated_hours: hours_of(head.estimated),
                base: day.iter().copied().min_by(|one, other| one.0.total_cmp(&other.0)),
                night_share: features::night_share(&day),
                among: Among::default(),
            });
            out.push(DemandRow {
                target,
                start,
                end,
                zone: number as u8,
                block,
                sliding: peak(zone.sliding, zone.sliding_end),
                block_va: va(zone.block_va),
                sliding_va: va(zone.sliding_va),
                energy,
                whole,
            });
        }
    }

    fn typical_day(&self, slot: usize) -> Option<Vec<Watts>> {
        let slots = self.settings.profile.as_ref()?.slots();
        let mean = |at: usize| (self.counts[at] > 0).then(|| Watts(f64::from(self.means[at])));
        let of = |kind: usize| (0..slots).map(|at| mean((slot * 3 + kind) * slots + at)).collect::<Vec<_>>();
        let [weekday, saturday, sunday] = [of(0), of(1), of(2)];
        features::typical_day([&weekday, &saturday, &sunday])
    }

    /// Nothing more will come of these meters: tells the billing period under way as far as it went, and the profiles.
    pub fn finish(&mut self, meters: impl Iterator<Item = (u32, MeterId)>, told: &mut MeteringRows) {
        for (slot, meter) in meters {
            let slot = slot as usize;
            if slot < self.heads.len() {
                self.tell_demand(slot, Target::Meter(meter), false, &mut told.demand);
                self.tell_profile(slot, meter, &mut told.profiles);
            }
        }
    }

    fn tell_profile(&self, slot: usize, meter: MeterId, out: &mut Vec<ProfileRow>) {
        let Some(profile) = &self.settings.profile else { return };
        let slots = profile.slots();
        let cells = slot * 3 * slots..(slot + 1) * 3 * slots;
        for (cell, at) in cells.enumerate().filter(|(_, at)| self.counts[*at] > 0) {
            let day_type = DayType::ALL[cell / slots];
            out.push(ProfileRow {
                meter,
                day_type,
                minute: ((cell % slots) as i64 * profile.slot() / MINUTE) as u16,
                mean: Watts(f64::from(self.means[at])),
                spread: Watts(f64::from(self.variances[at]).sqrt()),
                weight: self.weights[usize::from(self.counts[at])],
            });
        }
    }
}

fn mean(powers: &[f32]) -> f32 {
    let sum: f64 = powers.iter().map(|&power| f64::from(power)).sum();
    (sum / powers.len() as f64) as f32
}

fn bits(mask: u8) -> impl Iterator<Item = usize> {
    (0..8).filter(move |bit| mask >> bit & 1 == 1)
}

/// Makes room without doubling: with millions of meters, doubling would waste a gigabyte.
pub(crate) fn grow<T: Clone>(all: &mut Vec<T>, len: usize, empty: T) {
    if len > all.capacity() {
        all.reserve_exact((all.len() / 8).max(len - all.len()));
    }
    all.resize(len.max(all.len()), empty);
}
