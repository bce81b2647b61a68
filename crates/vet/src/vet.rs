//! Closed intervals, judged one after another, with a few bytes of memory for each meter.

use crate::rough::Rough;
use crate::rule::Tally;
use crate::settings::{MOST_FLAT, VetSettings};
use metering::Metering;
use reading::time::HOUR;
use reading::{Calendar, DayType, EventTime, Interval, Quality};
use serde::{Deserialize, Serialize};
use units::WattHours;

/// What is remembered of a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// The first energy of the run.
    pub base: Rough,
    /// Below, how many energies have been near it; in the two highest bits, how many Mondays have passed, up to two.
    pub flat: u16,
    /// How many energies have been zero.
    pub zeros: u16,
    /// The three highest energies, the highest first.
    pub peaks: [Rough; 3],
    /// What the profile had for the local day at its beginning; zero if it did not know.
    pub usual: Rough,
}

/// A Monday, in `Memory::flat`.
const MONDAY: u16 = MOST_FLAT + 1;
/// From so many Mondays on, the peaks are those of a whole week at least.
const ENOUGH: u16 = 2 * MONDAY;

/// Judges intervals.
#[derive(Debug, Clone)]
pub struct Vet {
    pub(crate) rules: VetSettings,
    limits: Limits,
    moments: Moments,
    pub(crate) tally: Tally,
    pub(crate) meters: Vec<Memory>,
}

/// The rules in the numbers that are compared.
#[derive(Debug, Clone, Copy)]
struct Limits {
    zeros: u16,
    flat: u16,
    /// Of 65,536.
    spread: i64,
    flat_floor: i64,
    spike: f64,
    spike_floor: i64,
    /// Wh of one mW over an interval.
    wh_of_mw: f64,
    reverse: f64,
    least: f64,
    most: f64,
    amperes_floor: f64,
}

impl Limits {
    fn of(rules: &VetSettings) -> Self {
        let length = rules.grid.length();
        let hours = length as f64 / HOUR as f64;
        Self {
            zeros: (rules.zero_run / length) as u16,
            flat: (rules.flat.run / length) as u16,
            spread: (rules.flat.spread.0 * 65_536.0).round() as i64,
            flat_floor: rules.flat.floor.0,
            spike: rules.spike.times,
            spike_floor: (rules.spike.floor.0 * hours) as i64,
            wh_of_mw: hours / 1000.0,
            reverse: rules.reverse.0 as f64,
            // Power in mW, voltage in mV, current in mA.
            least: rules.power_factor.least.0 / 1000.0,
            most: rules.power_factor.most.0 / 1000.0,
            amperes_floor: f64::from(rules.power_factor.floor.0),
        }
    }
}

impl VetSettings {
    /// Bytes that they take for each meter.
    pub const BYTES_PER_METER: usize = size_of::<Memory>();
}

impl Vet {
    /// No meters yet.
    pub fn new(rules: VetSettings, calendar: Calendar) -> Self {
        Self {
            limits: Limits::of(&rules),
            rules,
            moments: Moments::new(calendar, rules.grid.length()),
            tally: Tally::default(),
            meters: Vec::new(),
        }
    }

    /// How often each rule was met since it began.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.meters.capacity() * size_of::<Memory>()
    }

    /// Judges closed intervals, each with the slot of its meter; those of a meter come in the order of their ends. What
    /// is known of usual days is that of before the day. Says whether some energy among them is not believed.
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
                let usual = known.and_then(|known| known.usual_day(slot, moment.day_type));
                memory.usual = Rough::of(usual.unwrap_or_default().round() as i64);
            }
            if !row.quality.is_whole() {
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
            // Without doubling: with millions of meters, that would waste much.
            self.meters.reserve_exact((self.meters.len() / 8).max(meters - self.meters.len()));
        }
        if meters > self.meters.len() {
            self.meters.resize(meters, Memory::default());
        }
    }

    /// The day that ends with this interval, against what the profile had for it when it began.
    fn of_day(&self, slot: u32, row: &Interval, imp: WattHours, usual: i64, known: Option<&Metering>) -> u32 {
        let (Some(rule), Some(known)) = (self.rules.day, known) else { return 0 };
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

impl Limits {
    /// What power and currents of an interval say about each other and about its energy.
    #[inline]
    fn of_power(&self, row: &Interval, imp: i64) -> u32 {
        let sums = &row.sums;
        if sums.p_count == 0 || row.quality.has(Quality::POWER) {
            return 0;
        }
        let mut flags = 0;
        let (p, count) = (sums.p as f64, f64::from(sums.p_count));
        let no_export = row.exp.is_none_or(|exp| exp.0 == 0);
        // Energies, each times the number of readings: nothing is divided.
        let (by_power, by_register) = (p * self.wh_of_mw, imp as f64 * count);
        if by_power < -self.reverse * count && no_export {
            flags |= Quality::REVERSE.0;
        }
        if imp >= LEAST_FOR_UNIT && (is_thousand(by_power, by_register) || is_thousand(by_register, by_power))
        {
            // Power that is a thousand times off fits no current.
            return flags | Quality::UNIT.0;
        }
        if sums.loop_count == sums.p_count && sums.i_count == sums.p_count && sums.v_min > 0 && no_export {
            let (i, neutral) = (f64::from(sums.i), f64::from(sums.neutral));
            let too_much = p > self.most * f64::from(sums.v_max) * i.max(neutral) + SMALL * count;
            let asked = p >= 0.0 && i >= self.amperes_floor * count;
            // What the sun gives covers the active power of a house, and leaves its reactive power.
            let carried =
                if sums.q_count == sums.p_count { (p * p + (sums.q as f64).powi(2)).sqrt() } else { p };
            let too_little = asked && carried < self.least * f64::from(sums.v_min) * i;
            if sums.v_min <= sums.v_max && (too_much || too_little) {
                flags |= Quality::POWER_FACTOR.0;
            }
        }
        flags
    }

    /// What the energy of an interval says beside those before it.
    #[inline]
    fn of_energy(&self, memory: &mut Memory, imp: i64) -> u32 {
        let mut flags = 0;
        memory.zeros = if imp == 0 { memory.zeros.saturating_add(1) } else { 0 };
        if memory.zeros >= self.zeros {
            flags |= Quality::ZERO_RUN.0;
        }
        let base = memory.base.wh();
        let near = (imp - base).abs() <= self.flat_floor.max((base * self.spread) >> 16);
        if near && memory.flat & MOST_FLAT > 0 {
            memory.flat += u16::from(memory.flat & MOST_FLAT < MOST_FLAT);
            // Of nothing but zeros, the other run decides.
            let flat = memory.flat & MOST_FLAT;
            if flat >= self.flat && memory.zeros < flat && flags == 0 {
                flags |= Quality::FLAT.0;
            }
        } else {
            memory.base = Rough::of(imp);
            memory.flat = memory.flat & !MOST_FLAT | 1;
        }
        let third = memory.peaks[2].wh();
        if imp > third {
            if memory.flat >= ENOUGH && imp > self.spike_floor && imp as f64 > self.spike * third as f64 {
                flags |= Quality::SPIKE.0;
            }
            memory.see(Rough::of(imp));
        }
        flags
    }
}

/// Below so many Wh, rounding makes thousands out of little.
const LEAST_FOR_UNIT: i64 = 20;
/// mW: what readings are rounded by, to whole watts, tenths of volts and hundredths of amperes at 230 V.
const SMALL: f64 = 5_000.0;

/// Whether one number is about a thousandth of another.
fn is_thousand(less: f64, more: f64) -> bool {
    less * 500.0 < more && more < less * 2000.0
}

impl Memory {
    /// Another Monday: what was seen before counts for less.
    fn fade(&mut self) {
        for peak in &mut self.peaks {
            *peak = Rough::of(peak.wh() * 15 / 16);
        }
        if self.flat < ENOUGH && self.peaks[2] > Rough::ZERO {
            self.flat += MONDAY;
        }
    }

    /// Another energy above the third.
    fn see(&mut self, imp: Rough) {
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

/// What follows from the end of an interval alone.
#[derive(Debug, Clone, Copy)]
struct Moment {
    end: EventTime,
    /// The first interval of a local Monday.
    week_starts: bool,
    /// The first and the last interval of a local day.
    day_starts: bool,
    day_ends: bool,
    day_type: DayType,
}

/// The moments of late, by the number of the interval.
#[derive(Debug, Clone)]
struct Moments {
    calendar: Calendar,
    length: i64,
    /// The last one: nearly all intervals of a tick have the same.
    last: Moment,
    known: Vec<Moment>,
}

const KNOWN: usize = 1024;

impl Moments {
    fn new(calendar: Calendar, length: i64) -> Self {
        let none = Moment {
            end: EventTime::MIN,
            week_starts: false,
            day_starts: false,
            day_ends: false,
            day_type: DayType::Weekday,
        };
        Self { calendar, length, last: none, known: vec![none; KNOWN] }
    }

    #[inline]
    fn at(&mut self, end: EventTime) -> Moment {
        if self.last.end != end {
            self.last = self.look_up(end);
        }
        self.last
    }

    fn look_up(&mut self, end: EventTime) -> Moment {
        let place = (end.0 / self.length) as usize % KNOWN;
        if self.known[place].end != end {
            self.known[place] = self.work_out(end);
        }
        self.known[place]
    }

    fn work_out(&self, end: EventTime) -> Moment {
        let start = end.minus(self.length);
        let day = self.calendar.day(start);
        let starts = self.calendar.day(start.minus(self.length)) != day;
        Moment {
            end,
            week_starts: starts && self.calendar.is_monday(day),
            day_starts: starts,
            day_ends: self.calendar.day(end) != day,
            day_type: self.calendar.day_type(day),
        }
    }
}
