//! The sums of about a second, free of offsets: all that measuring needs, and they can be added up.

use core::ops::AddAssign;

/// About a second of samples, as a rule from one rising zero crossing of the voltage to another.
///
/// Sums of products of counts, each without its constant part. Blocks that follow one another can be added: five of
/// them make a reading of five seconds. Up to eight fit, even at the end of the converter's range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Block {
    /// Sample sets.
    pub samples: u32,
    /// Whole cycles of the voltage between the first and the last zero crossing.
    pub cycles: u32,
    /// How long these cycles took, in 256ths of a sample.
    pub span_q8: u32,
    /// Of voltage with itself.
    pub voltage_square: i64,
    /// Of phase and neutral current.
    pub currents: [CurrentSums; 2],
    /// Samples at the end of the converter's range.
    pub clipped: Clipped,
}

/// The sums of one current.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CurrentSums {
    /// Of the current with itself.
    pub square: i64,
    /// Of voltage and current: active energy.
    pub product: i64,
    /// The same with the fundamental a quarter of a turn away: reactive energy; positive if the current lags.
    pub reactive: i64,
}

/// Samples at the end of the range: a voltage too high, a short circuit, or a magnet at a current transformer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clipped {
    /// Of the voltage.
    pub voltage: u16,
    /// Of phase and neutral current.
    pub currents: [u16; 2],
}

impl Clipped {
    #[inline]
    pub(crate) fn count(&mut self, [voltage, phase, neutral]: [bool; 3]) {
        self.voltage += u16::from(voltage);
        self.currents[0] += u16::from(phase);
        self.currents[1] += u16::from(neutral);
    }
}

impl Block {
    /// Turns of the voltage in a sample, in 2^-32, if the voltage had a frequency that a grid can have.
    pub(crate) fn turns_per_sample(&self, sample_rate: u32) -> Option<u32> {
        let turns = (u64::from(self.cycles) << 40).checked_div(u64::from(self.span_q8))?;
        let hertz = (turns * u64::from(sample_rate)) >> 32;
        (40..70).contains(&hertz).then_some(turns as u32)
    }
}

impl AddAssign<&Block> for Block {
    fn add_assign(&mut self, next: &Block) {
        self.samples += next.samples;
        self.cycles += next.cycles;
        self.span_q8 += next.span_q8;
        self.voltage_square = self.voltage_square.saturating_add(next.voltage_square);
        for (sums, next) in self.currents.iter_mut().zip(&next.currents) {
            sums.square = sums.square.saturating_add(next.square);
            sums.product = sums.product.saturating_add(next.product);
            sums.reactive = sums.reactive.saturating_add(next.reactive);
        }
        self.clipped.voltage = self.clipped.voltage.saturating_add(next.clipped.voltage);
        for (count, next) in self.clipped.currents.iter_mut().zip(next.clipped.currents) {
            *count = count.saturating_add(next);
        }
    }
}
