//! The scale on which models work: a logarithm with an offset where load is never negative, else the load itself.

use super::known::Known;

/// A load so many times as far from zero as the mean is looked at, in case it is a spike.
const FAR: f64 = 20.0;
/// A spike is so many times as far from zero as all but one in `RARE` of the loads.
const SPIKE: f64 = 10.0;
/// A year of hours has 43 that are rarer, so a load that has grown for two days is no spike any more.
const RARE: usize = 200;

/// A scale and its inverse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// What is added before the logarithm; 0 means that there is no logarithm.
    offset: f64,
    /// Forecasts stay between these, in units of the load.
    lowest: f64,
    highest: f64,
    /// Loads further from zero count as so far.
    spike: f64,
}

impl Scale {
    /// The scale for what is known: of the last year, or of as much as there is.
    pub fn of(known: Known<'_>) -> Self {
        let rows = 366 * known.grid().day() as i64;
        let first = (known.issued() - rows).max(0);
        let loads = || (first..known.issued()).filter_map(|row| known.load(row));
        let spike = spike(loads);
        let (mut count, mut sum) = (0.0, 0.0);
        let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in loads().filter(|load| load.abs() <= spike) {
            count += 1.0;
            sum += value;
            lowest = value.min(lowest);
            highest = value.max(highest);
        }
        if count == 0.0 {
            return Self { offset: 0.0, lowest: f64::NEG_INFINITY, highest: f64::INFINITY, spike };
        }
        if lowest == highest {
            // A load that never changed is forecast as it is, without the rounding of a model.
            return Self { offset: 0.0, lowest, highest, spike };
        }
        let mean: f64 = sum / count;
        let room = 0.5 * (highest - lowest);
        let is_positive = lowest >= 0.0 && mean > 0.0;
        Self {
            // Small enough that a night of a fifth of the mean is seen as such, and large enough for loads of zero.
            offset: if is_positive { 0.3 * mean } else { 0.0 },
            lowest: if lowest >= 0.0 { 0.0 } else { lowest - room },
            highest: highest + room,
            spike,
        }
    }

    /// From load to the scale. A missing load stays missing.
    pub fn to(self, load: f64) -> f64 {
        // `clamp` lets NaN through; with `max`, it would be a load of zero.
        if self.offset > 0.0 {
            (load.clamp(0.0, self.spike) + self.offset).ln()
        } else {
            load.clamp(-self.spike, self.spike)
        }
    }

    /// Whether a load is garbled, as far as anyone can know.
    pub fn is_spike(self, load: f64) -> bool {
        load.abs() > self.spike
    }

    /// Whether a load is beyond all that a forecast on this scale can be.
    pub fn is_beyond(self, load: f64) -> bool {
        load < self.lowest || load > self.highest
    }

    /// From the scale to load, kept within what is plausible.
    pub fn from(self, scaled: f64) -> f64 {
        let load = if self.offset > 0.0 { scaled.exp() - self.offset } else { scaled };
        load.max(self.lowest).min(self.highest)
    }
}

/// Beyond which distance from zero a load is a spike: one garbled value would bend a linear model for a year.
fn spike<L: Iterator<Item = f64>>(loads: impl Fn() -> L) -> f64 {
    let (mut count, mut sum, mut most) = (0_usize, 0.0, 0.0_f64);
    for load in loads() {
        count += 1;
        sum += load.abs();
        most = most.max(load.abs());
    }
    // Most loads have no spike, and need no sorting.
    if count < RARE || most * count as f64 <= FAR * sum {
        return f64::INFINITY;
    }
    let mut sizes: Vec<f64> = loads().map(f64::abs).collect();
    let usual = *sizes.select_nth_unstable_by(count - 1 - count / RARE, f64::total_cmp).1;
    // A load that is nearly always zero has no usual size.
    if usual > 0.0 { SPIKE * usual } else { f64::INFINITY }
}
