//! The rules that look at one interval by itself, and beside the intervals before it.

use crate::rough::Rough;
use crate::settings::{MOST_FLAT, VetSettings};
use crate::vet::{ENOUGH, Memory};
use reading::time::HOUR;
use reading::{Interval, Quality};

/// The limits of the rules, in the units that are compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    zeros: u16,
    flat: u16,
    /// A share, of 65,536: whole numbers are compared exactly, and fast.
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
    pub fn of(settings: &VetSettings) -> Self {
        let length = settings.grid.length();
        let hours = length as f64 / HOUR as f64;
        Self {
            zeros: (settings.zero_run / length) as u16,
            flat: (settings.flat.run / length) as u16,
            spread: (settings.flat.spread.0 * 65_536.0).round() as i64,
            flat_floor: settings.flat.floor.0,
            spike: settings.spike.times,
            spike_floor: (settings.spike.floor.0 * hours) as i64,
            wh_of_mw: hours / 1000.0,
            reverse: settings.reverse.0 as f64,
            // Power in mW, voltage in mV, current in mA.
            least: settings.power_factor.least.0 / 1000.0,
            most: settings.power_factor.most.0 / 1000.0,
            amperes_floor: f64::from(settings.power_factor.floor.0),
        }
    }
}

impl Limits {
    /// Flags of what power and currents of an interval show about each other, and about its energy.
    #[inline]
    pub fn of_power(&self, row: &Interval, imp: i64) -> u32 {
        let sums = &row.sums;
        if sums.p_count == 0 || row.quality.has(Quality::POWER) {
            return 0;
        }
        let mut flags = 0;
        let (p, count) = (sums.p as f64, f64::from(sums.p_count));
        let no_export = row.exp.is_none_or(|exp| exp.0 == 0);
        // Energies are compared times the number of readings, so that nothing has to be divided.
        let by_power = p * self.wh_of_mw;
        if by_power < -self.reverse * count && no_export {
            flags |= Quality::REVERSE.0;
        }
        // Power is net of what was exported, so the energy beside it has to be too.
        let net = imp - row.exp.unwrap_or_default().0;
        let by_registers = net as f64 * count;
        if net >= LEAST_FOR_UNIT
            && (is_thousand(by_power, by_registers) || is_thousand(by_registers, by_power))
        {
            // Power that is a thousand times off fits no current either: one mistake, one flag.
            return flags | Quality::UNIT.0;
        }
        if sums.loop_count == sums.p_count && sums.i_count == sums.p_count && sums.v_min > 0 && no_export {
            let (i, neutral) = (f64::from(sums.i), f64::from(sums.neutral));
            let too_much = p > self.most * f64::from(sums.v_max) * i.max(neutral) + SMALL * count;
            let asked = p >= 0.0 && i >= self.amperes_floor * count;
            // A solar roof covers the active power of a house and not its reactive power: current flows, and little
            // active power. So where reactive power is known, both together have to explain the current.
            let carried =
                if sums.q_count == sums.p_count { (p * p + (sums.q as f64).powi(2)).sqrt() } else { p };
            let too_little = asked && carried < self.least * f64::from(sums.v_min) * i;
            if sums.v_min <= sums.v_max && (too_much || too_little) {
                flags |= Quality::POWER_FACTOR.0;
            }
        }
        flags
    }

    /// Flags of what the energy of an interval shows beside those before it, which it then joins.
    #[inline]
    pub fn of_energy(&self, memory: &mut Memory, imp: i64) -> u32 {
        let mut flags = 0;
        memory.zeros = if imp == 0 { memory.zeros.saturating_add(1) } else { 0 };
        if memory.zeros >= self.zeros {
            flags |= Quality::ZERO_RUN.0;
        }
        let base = memory.base.wh();
        let near = (imp - base).abs() <= self.flat_floor.max((base * self.spread) >> 16);
        if near && memory.flat & MOST_FLAT > 0 {
            memory.flat += u16::from(memory.flat & MOST_FLAT < MOST_FLAT);
            // A run of zeros is also flat, but another rule judges it.
            let flat = memory.flat & MOST_FLAT;
            if flat >= self.flat && memory.zeros < flat && flags == 0 {
                flags |= Quality::FLAT.0;
            }
        } else {
            memory.base = Rough::of(imp);
            memory.flat = memory.flat & !MOST_FLAT | 1;
        }
        // Compare with the third-highest, as is usual in validation (VEE): two outliers do not raise it.
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

/// Below so many Wh, rounding alone can make a factor of a thousand.
const LEAST_FOR_UNIT: i64 = 20;
/// By how much power may be off because readings are rounded, mW: to whole watts, tenths of volts and hundredths of
/// amperes at 230 V.
const SMALL: f64 = 5_000.0;

/// Whether one number is about a thousandth of another.
fn is_thousand(less: f64, more: f64) -> bool {
    less * 500.0 < more && more < less * 2000.0
}
