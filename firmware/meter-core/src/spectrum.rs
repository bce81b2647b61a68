//! Harmonics of voltage and phase current up to the eleventh, one in each block: ten blocks make a spectrum.

use crate::arithmetic::square_root;
use crate::correlation::Correlation;
use crate::oscillator::{Oscillator, Step};

/// The highest harmonic that is measured.
pub const HIGHEST_HARMONIC: usize = 11;

const HARMONICS: usize = HIGHEST_HARMONIC - 1;

/// Heights of the 2nd to the 11th harmonic, in ten-thousandths of the fundamental's.
///
/// Each is as old as up to ten blocks. That is the price of one correlation a sample instead of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spectrum {
    voltage: [u16; HARMONICS],
    current: [u16; HARMONICS],
    last: u8,
}

/// The correlation with one harmonic during a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tone {
    oscillator: Oscillator,
    voltage: Correlation,
    current: Correlation,
}

impl Tone {
    #[inline]
    pub fn push(&mut self, voltage: i32, current: i32) {
        let harmonic = self.oscillator.next();
        self.voltage.push(voltage, harmonic);
        self.current.push(current, harmonic);
    }

    pub fn flush(&mut self, samples: u32) {
        self.voltage.flush(samples);
        self.current.flush(samples);
    }
}

impl Spectrum {
    /// The `order`th harmonic of voltage and current, in ten-thousandths of the fundamental; 0 for orders without one.
    pub fn harmonic(&self, order: usize) -> (u16, u16) {
        match order.checked_sub(2) {
            Some(place) if place < HARMONICS => (self.voltage[place], self.current[place]),
            _ => (0, 0),
        }
    }

    /// Total harmonic distortion of voltage and current, in ten-thousandths of the fundamental. That of the voltage is 0
    /// when there has been no voltage for ten blocks.
    pub fn distortion(&self) -> (u32, u32) {
        let total =
            |heights: &[u16]| square_root(heights.iter().map(|&one| u64::from(one).pow(2)).sum()) as u32;
        (total(&self.voltage), total(&self.current))
    }

    /// The next harmonic's correlation; none where it is too near to half the sample rate.
    pub(crate) fn next_tone(&mut self, turns: u32) -> Option<Tone> {
        self.last = (self.last + 1) % HARMONICS as u8;
        let oscillator = Oscillator::start(Step::of(turns, u32::from(self.last) + 2)?);
        Some(Tone { oscillator, voltage: Correlation::default(), current: Correlation::default() })
    }

    /// Takes the harmonic of a block, beside the block's fundamentals. A fundamental of zero has no harmonics.
    pub(crate) fn take(&mut self, tone: &Tone, voltage: [i64; 2], current: [i64; 2]) {
        let place = usize::from(self.last);
        self.voltage[place] = share(tone.voltage.whole(), voltage);
        self.current[place] = share(tone.current.whole(), current);
    }
}

/// The height of one wave in ten-thousandths of another's.
fn share(tone: [i64; 2], fundamental: [i64; 2]) -> u16 {
    let whole = height(fundamental);
    let share = (height(tone) * 10_000).checked_div(whole).unwrap_or(0);
    share.min(u64::from(u16::MAX)) as u16
}

fn height(wave: [i64; 2]) -> u64 {
    // 2^-7, so that the squares of a full range still fit; a hundred counts leave some 3,000.
    square_root(wave.iter().map(|sum| (sum >> 7).unsigned_abs().pow(2)).sum())
}
