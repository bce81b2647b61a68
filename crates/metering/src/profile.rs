//! The load profile of a meter: mean and spread of each slot of the local day, by type of day.

use crate::metering::{BROKEN, Metering, Step, Strides};
use crate::rows::ProfileRow;
use features::net_energy;
use features::profile::{Learned, learn};
use reading::time::{HOUR, MINUTE};
use reading::{DayType, EventTime, MeterId};
use units::{WattHours, Watts};

/// A profile that has seen fewer days of a type than this is not used to judge such a day.
pub const ENOUGH_DAYS: u16 = 4;

impl Metering {
    /// The mean power in a meter's profile for the slot of an interval, or none if it has not seen the slot.
    pub fn usual(&mut self, slot: u32, end: EventTime) -> Option<Watts> {
        let cells = Strides::of(&self.settings).cells;
        let moment = self.moments.at(&self.settings, end);
        let at = slot as usize * cells + usize::from(moment.cell);
        (cells > 0 && *self.counts.get(at)? > 0).then(|| Watts(f64::from(self.means[at])))
    }

    /// The energy that a meter's profile expects of a whole day of a type, Wh; none until each slot has seen
    /// [`ENOUGH_DAYS`], and none for a meter that exports.
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

    /// The energy that a meter has used on the local day before the interval that ends at `end`, or none if a part is
    /// unknown.
    pub fn day_before(&self, slot: u32, end: EventTime) -> Option<WattHours> {
        let head = self.heads.get(slot as usize)?;
        let follows = i64::from(head.last) + 1 == end.0 / self.settings.grid.length();
        (follows && !head.day.is_nan()).then_some(WattHours(head.day as i64))
    }

    /// Adds an interval to the current slot and day. When a slot is complete, the profile learns it.
    #[inline]
    pub(crate) fn take_profile(&mut self, step: &Step<'_>) {
        let Step { slot, row, moment, strides, follows } = *step;
        let head = &mut self.heads[slot];
        if moment.day_starts {
            head.day = 0.0;
        } else if !follows {
            head.day = f32::NAN;
        }
        let used = row.imp.filter(|_| row.quality.is_whole() && row.exp.is_none_or(|exp| exp.0 == 0));
        // After an unknown interval the sum is NaN, and stays NaN until the next day starts.
        head.day += used.map_or(f32::NAN, |used| used.0 as f32);
        if moment.slot_starts {
            (head.slot_sum, head.slot_count) = (0.0, 0);
        } else if !follows {
            head.slot_count = BROKEN;
        }
        let Some(net) = net_energy(row).filter(|_| row.quality.is_typical()) else {
            head.slot_count = BROKEN;
            return;
        };
        if head.slot_count == BROKEN {
            return;
        }
        head.slot_sum += net.mean_over(self.settings.grid.length()).0 as f32;
        head.slot_count += 1;
        if head.slot_count == strides.in_slot {
            let seen = f64::from(head.slot_sum) / f64::from(strides.in_slot);
            head.slot_count = BROKEN;
            self.learn(slot * strides.cells + usize::from(moment.cell), seen);
        }
    }

    fn learn(&mut self, cell: usize, seen: f64) {
        let (mean, variance) = (f64::from(self.means[cell]), f64::from(self.variances[cell]));
        // The weight of a profile has a limit. Above it, more counting would change nothing.
        let count = (usize::from(self.counts[cell]) + 1).min(self.weights.len() - 1);
        let learned = learn(Learned { mean, variance }, seen, self.weights[count]);
        (self.means[cell], self.variances[cell]) = (learned.mean as f32, learned.variance as f32);
        self.counts[cell] = count as u16;
    }

    /// The mean of the days of a week, slot by slot, if the profile has seen all of them.
    pub(crate) fn typical_day(&self, slot: usize) -> Option<Vec<Watts>> {
        let slots = self.settings.profile.as_ref()?.slots();
        let mean = |at: usize| (self.counts[at] > 0).then(|| Watts(f64::from(self.means[at])));
        let of = |kind: usize| (0..slots).map(|at| mean((slot * 3 + kind) * slots + at)).collect::<Vec<_>>();
        let [weekday, saturday, sunday] = [of(0), of(1), of(2)];
        features::typical_day([&weekday, &saturday, &sunday])
    }

    /// Adds the profile of a meter to `out`, one row for each cell that has seen a day.
    pub(crate) fn push_profile(&self, slot: usize, meter: MeterId, out: &mut Vec<ProfileRow>) {
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
