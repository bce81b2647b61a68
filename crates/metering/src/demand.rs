//! Demand by billing period: energy by tariff zone, peaks, and the power factor.

use crate::metering::{Head, Metering, Step, UNUSED};
use crate::moment::NO_PERIOD;
use crate::rows::{Among, DemandRow, Peak, PfSpread, Whole, Whose};
use crate::rules::DemandRule;
use features::{apparent_power, load_factor_of, mean_reactive_power, percentile, power_factor};
use reading::time::HOUR;
use reading::{EventTime, Quality};
use units::{Ratio, VoltAmperes, WattHours, Watts};

/// The share of the time below the low power factor of [`PfSpread`]: a twentieth.
const LOW_END: f64 = 0.05;
/// Stands for no peak yet: any power is above it.
pub(crate) const NO_PEAK: f32 = f32::NEG_INFINITY;

impl Metering {
    /// Begins a billing period of a meter if the interval belongs to a later period than the last one. The rows of
    /// the period before are added to `out`.
    #[inline]
    pub(crate) fn turn_period(
        &mut self,
        step: &Step<'_>,
        name: impl Fn() -> Whose,
        out: &mut Vec<DemandRow>,
    ) {
        let period = self.heads[step.slot].period;
        // If clocks go back past midnight, an hour of the day before comes twice. Its period must not begin again.
        if period == NO_PERIOD || step.moment.period > period {
            if period != NO_PERIOD {
                self.push_demand(step.slot, name(), true, out);
            }
            self.begin_period(step.slot, step.moment.period, step.strides.zones, step.strides.pf_classes);
        }
    }

    fn begin_period(&mut self, slot: usize, period: u32, zones: usize, pf_classes: usize) {
        self.zones[slot * zones..(slot + 1) * zones].fill(UNUSED);
        self.pf_counts[slot * pf_classes..(slot + 1) * pf_classes].fill(0);
        let head = &mut self.heads[slot];
        (head.period, head.known, head.exported) = (period, [0.0; 4], 0);
        (head.hours, head.low_pf, head.estimated) = (0, 0, 0);
    }

    /// Adds an interval to the billing period under way.
    pub(crate) fn take_demand(&mut self, step: &Step<'_>) {
        let Step { slot, row, moment, strides, .. } = *step;
        let length = self.settings.grid.length();
        let active = features::mean_power(row).filter(|active| active.0 >= 0.0);
        let apparent = apparent_power(row);
        // A meter that exports has no power factor for billing.
        if let (Some(active), Some(apparent)) = (active, apparent) {
            self.count_power_factor(step, active, apparent);
        }
        let head = &mut self.heads[slot];
        let zones = &mut self.zones[slot * strides.zones..(slot + 1) * strides.zones];
        head.exported += row.exp.map_or(0, |exp| exp.0);
        // Bill what is believed. Rejected energy without a stand-in is billed as its register shows it, unless the
        // interval is a spike: no use explains that.
        let spike = row.quality.has(Quality::SPIKE);
        if let Some(imp) = row.valid().or(row.imp.filter(|_| !spike)) {
            head.hours += 1;
            let stands_in = row.quality.is_rejected() && row.instead.is_some();
            head.estimated += u16::from(stands_in || row.quality.has(Quality::ESTIMATED));
            for zone in bits(moment.zones) {
                zones[zone].energy += imp.0;
            }
        }
        // Only measured energy makes a peak, and a block with a missing interval makes none.
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
        head.running = if step.follows { head.running.saturating_add(1).min(width as u8) } else { 1 };
        if usize::from(head.running) < width {
            return;
        }
        // If the apparent power of one interval is unknown, the mean is NaN. A comparison with NaN is false, so it
        // makes no peak.
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

    /// Counts an interval that imports, if its reactive power is known.
    #[inline]
    fn count_power_factor(&mut self, step: &Step<'_>, active: Watts, apparent: VoltAmperes) {
        let Some(reactive) = mean_reactive_power(step.row) else { return };
        let head = &mut self.heads[step.slot];
        let hours = self.settings.grid.length() as f64 / HOUR as f64;
        let [lag, lead] = if reactive.0 < 0.0 { [0.0, -reactive.0] } else { [reactive.0, 0.0] };
        for (sum, one) in head.known.iter_mut().zip([active.0, apparent.0, lag, lead]) {
            *sum += one * hours;
        }
        let limit = self.settings.demand.as_ref().map_or(0.0, |demand| demand.low_pf().0);
        let pf = power_factor(step.row);
        head.low_pf += u16::from(pf.is_some_and(|pf| pf.0 < limit));
        let classes = step.strides.pf_classes;
        if let Some(pf) = pf.filter(|_| classes > 0) {
            let class = (pf.0 * classes as f64) as usize;
            let counts = &mut self.pf_counts[step.slot * classes..(step.slot + 1) * classes];
            counts[class.min(classes - 1)] += 1;
        }
    }

    /// Adds the rows of a billing period to `out`, one for each zone. A period that is not over ends with the last
    /// interval.
    pub(crate) fn push_demand(&mut self, slot: usize, whose: Whose, is_over: bool, out: &mut Vec<DemandRow>) {
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
        for (number, zone) in self.zones[slot * count..(slot + 1) * count].iter().enumerate() {
            let (block, energy) = (peak(zone.block, zone.block_end), WattHours(zone.energy));
            out.push(DemandRow {
                whose: whose.clone(),
                start,
                end,
                zone: number as u8,
                block,
                sliding: peak(zone.sliding, zone.sliding_end),
                block_va: va(zone.block_va),
                sliding_va: va(zone.sliding_va),
                energy,
                is_final: is_over,
                whole: (number == 0).then(|| self.whole(slot, block, energy)),
            });
        }
    }

    /// The columns about the period as a whole, beside its energy and its highest block.
    fn whole(&self, slot: usize, block: Option<Peak>, energy: WattHours) -> Whole {
        let Head { known: [active, apparent, lag, lead], exported, low_pf, estimated, hours, .. } =
            self.heads[slot];
        let length = self.settings.grid.length();
        let hours_of = |count: u16| f64::from(count) * length as f64 / HOUR as f64;
        let hours = hours_of(hours);
        let classes = self.settings.demand.as_ref().map_or(0, DemandRule::pf_classes);
        let counts = &self.pf_counts[slot * classes..(slot + 1) * classes];
        let day = self.typical_day(slot).unwrap_or_default();
        Whole {
            exported: WattHours(exported),
            // With estimates the value can be above 1: the mean then exceeds the measured peak, because the real peak
            // was not measured.
            load_factor: block
                .and_then(|block| load_factor_of(energy, hours, block.demand))
                .filter(|factor| factor.0 <= 1.0 || estimated == 0),
            pf: (apparent > 0.0).then(|| Ratio(active / apparent)),
            reactive: (apparent > 0.0).then_some((lag, lead)),
            low_pf_hours: hours_of(low_pf),
            pf_spread: percentile(counts, LOW_END)
                .map(|low| PfSpread { low, hours: counts.iter().map(|&count| hours_of(count)).collect() }),
            hours,
            estimated_hours: hours_of(estimated),
            base: day.iter().copied().min_by(|one, other| one.0.total_cmp(&other.0)),
            night_share: features::night_share(&day),
            among: Among::default(),
        }
    }
}

pub(crate) fn mean(powers: &[f32]) -> f32 {
    let sum: f64 = powers.iter().map(|&power| f64::from(power)).sum();
    (sum / powers.len() as f64) as f32
}

fn bits(mask: u8) -> impl Iterator<Item = usize> {
    (0..8).filter(move |bit| mask >> bit & 1 == 1)
}
