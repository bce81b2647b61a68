//! Judges closed intervals one after another, with a few bytes of memory for each meter.

use crate::limits::Limits;
use crate::moment::Moments;
use crate::rough::Rough;
use crate::rule::Tally;
use crate::settings::{MOST_FLAT, VetSettings};
use metering::Metering;
use reading::{Calendar, Interval, Quality};
use serde::{Deserialize, Serialize};
use units::WattHours;

/// The memory of a meter, in 14 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// The first energy of the current run of nearly equal energies.
    pub base: Rough,
    /// In the lower 14 bits, how many energies in a row have been near it; in the two highest, how many Mondays have
    /// passed, up to two.
    pub flat: u16,
    /// How many energies in a row have been zero.
    pub zeros: u16,
    /// The three highest energies of the last weeks, the highest first.
    pub peaks: [Rough; 3],
    /// The energy that the profile expected of the local day when the day began, or zero if it expected none.
    pub usual: Rough,
}

/// One Monday, in `Memory::flat`.
const MONDAY: u16 = MOST_FLAT + 1;
/// After two Mondays, the peaks cover at least a whole week. Before that, a usual Sunday could count as a spike.
pub(crate) const ENOUGH: u16 = 2 * MONDAY;

/// Judges closed intervals, meter by meter.
#[derive(Debug, Clone)]
pub struct Vet {
    pub(crate) settings: VetSettings,
    limits: Limits,
    moments: Moments,
    pub(crate) tally: Tally,
    pub(crate) meters: Vec<Memory>,
}

impl VetSettings {
    /// Bytes of memory for each meter.
    pub const BYTES_PER_METER: usize = size_of::<Memory>();
}

impl Vet {
    /// No meters yet.
    pub fn new(settings: VetSettings, calendar: Calendar) -> Self {
        Self {
            limits: Limits::of(&settings),
            settings,
            moments: Moments::new(calendar, settings.grid.length()),
            tally: Tally::default(),
            meters: Vec::new(),
        }
    }

    /// How often each rule was met since the state began.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.meters.capacity() * size_of::<Memory>()
    }

    /// Judges closed intervals, each with the slot of its meter, and sets flags of their quality. Intervals of a
    /// meter come in the order of their ends, and `known` has not taken them yet. Returns whether any energy among
    /// them is rejected.
    pub fn judge(&mut self, slots: &[u32], rows: &mut [Interval], known: Option<&Metering>) -> bool {
        let mut rejected = false;
        debug_assert_eq!(slots.len(), rows.len(), "a slot for each row");
        if let Some(&most) = slots.iter().max() {
            self.make_room(most as usize + 1);
        }
        for (&slot, row) in slots.iter().zip(rows) {
            let moment = self.moments.at(row.end);
            let memory = &mut self.meters[slot as usize];
            if moment.week_starts {
                memory.fade();
            }
            if moment.day_starts {
                // Keep this value for the whole day. The profile learns during the day, and would then expect what it
                // has just seen.
                let usual = known.and_then(|known| known.usual_day(slot, moment.day_type));
                memory.usual = Rough::of(usual.unwrap_or_default().round() as i64);
            }
            if !row.quality.is_whole() {
                // An estimate does not end a run, and is not a part of it.
                rejected |= row.quality.is_rejected();
                continue;
            }
            let Some(imp) = row.imp else { continue };
            let mut flags = self.limits.of_power(row, imp.0) | self.limits.of_energy(memory, imp.0);
            if moment.day_ends {
                let usual = memory.usual.wh();
                flags |= self.of_day(slot, row, imp, usual, known);
            }
            if flags != 0 {
                row.quality = row.quality.with(Quality(flags));
                rejected |= row.quality.is_rejected();
                self.tally.flags(Quality(flags));
            }
        }
        rejected
    }

    pub(crate) fn make_room(&mut self, meters: usize) {
        if meters > self.meters.capacity() {
            // Grow by an eighth: with millions of meters, doubling would waste many megabytes.
            self.meters.reserve_exact((self.meters.len() / 8).max(meters - self.meters.len()));
        }
        if meters > self.meters.len() {
            self.meters.resize(meters, Memory::default());
        }
    }

    /// Compares the day that ends with this interval with what the profile expected of it when it began.
    fn of_day(&self, slot: u32, row: &Interval, imp: WattHours, usual: i64, known: Option<&Metering>) -> u32 {
        let (Some(rule), Some(known)) = (self.settings.day, known) else { return 0 };
        if usual == 0 || usual < rule.floor.0 {
            return 0;
        }
        let before = known.day_before(slot, row.end).filter(|_| row.exp.is_none_or(|exp| exp.0 == 0));
        let Some(before) = before else { return 0 };
        let share = (before.0 + imp.0) as f64 / usual as f64;
        if share > rule.high.0 {
            Quality::HIGH.0
        } else if share < rule.low.0 {
            Quality::LOW.0
        } else {
            0
        }
    }
}

impl Memory {
    /// A Monday has passed: the peaks fade, and lose half of their height in eleven weeks.
    fn fade(&mut self) {
        for peak in &mut self.peaks {
            *peak = Rough::of(peak.wh() * 15 / 16);
        }
        if self.flat < ENOUGH && self.peaks[2] > Rough::ZERO {
            self.flat += MONDAY;
        }
    }

    /// Takes an energy above the third-highest.
    pub fn see(&mut self, imp: Rough) {
        let [first, second, _] = self.peaks;
        self.peaks = if imp > first {
            [imp, first, second]
        } else if imp > second {
            [first, imp, second]
        } else {
            [first, second, imp]
        };
    }
}
