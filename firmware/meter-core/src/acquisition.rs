//! From sample to block: what is done for every sample, and nothing else.

use crate::arithmetic::product_over;
use crate::block::{Block, Clipped, CurrentSums};
use crate::calibration::Calibration;
use crate::correlation::{Correlation, PART, Sum};
use crate::oscillator::{Oscillator, Step};
use crate::phase::Delayed;
use crate::spectrum::{Spectrum, Tone};
use crate::zero_crossing::ZeroCrossings;

/// The top of a converter's range in counts. Drivers of 12 and 16 bits shift their samples up to it.
pub const FULL_SCALE: i32 = 1 << 23;

/// A sample this near to the end of the range counts as clipped: 0.4 % of it.
const CLIPPED: i32 = FULL_SCALE - FULL_SCALE / 256;

/// One sample set: voltage, phase current and neutral current at one moment, as signed numbers of 24 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Samples {
    /// Phase against neutral.
    pub voltage: i32,
    /// In the phase conductor; positive flows to the load.
    pub phase: i32,
    /// Back in the neutral conductor; positive flows from the load, so an honest load gives two equal currents.
    pub neutral: i32,
}

/// Takes sample sets and gives a [`Block`] for about each second of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acquisition {
    voltage_line: [i32; 2],
    voltage_delay: usize,
    voltage_offset: i32,
    currents: [Current; 2],
    crossings: ZeroCrossings,
    /// 2^-32 turns of the fundamental in a sample, by the last block that had a frequency.
    turns: u32,
    fundamental: Oscillator,
    tone: Option<Tone>,
    spectrum: Spectrum,
    sums: Sums,
    sample_rate: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Current {
    delayed: Delayed,
    offset: i32,
    sums: CurrentPart,
}

/// What a block gathers of a current.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct CurrentPart {
    sum: Sum,
    square: i64,
    product: i64,
    wave: Correlation,
}

/// What a block gathers of the voltage, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Sums {
    samples: u32,
    sum: Sum,
    square: i64,
    wave: Correlation,
    cycles: u32,
    /// The first and the last rising zero crossing, in 256ths of a sample after the block's begin.
    crossed: Option<(i32, i32)>,
    clipped: Clipped,
}

impl Acquisition {
    /// Begins with the first sample after power-up. Frequency is taken as 50 Hz until the first block has ended.
    pub fn new(calibration: &Calibration) -> Self {
        let turns = ((50u64 << 32) / u64::from(calibration.sample_rate)) as u32;
        Self {
            voltage_line: [0; 2],
            voltage_delay: usize::from(calibration.voltage_delay.clamp(1, 2)) - 1,
            voltage_offset: 0,
            currents: calibration.current_delay.map(|delay| Current {
                delayed: Delayed::by(delay),
                offset: 0,
                sums: CurrentPart::default(),
            }),
            crossings: ZeroCrossings::default(),
            turns,
            fundamental: Oscillator::start(fundamental(turns)),
            tone: None,
            spectrum: Spectrum::default(),
            sums: Sums::default(),
            sample_rate: calibration.sample_rate,
        }
    }

    /// The harmonics of the last ten blocks.
    pub fn spectrum(&self) -> &Spectrum {
        &self.spectrum
    }

    /// Takes one sample set, and gives the block that it completes. No sample is left out, and none counts twice.
    #[inline]
    pub fn push(&mut self, samples: Samples) -> Option<Block> {
        let [voltage, phase, neutral] = [samples.voltage, samples.phase, samples.neutral].map(within_24_bits);
        self.sums.clipped.count([voltage, phase, neutral].map(is_clipped));

        let now = self.voltage_line[self.voltage_delay] - self.voltage_offset;
        self.voltage_line = [voltage, self.voltage_line[0]];
        let fundamental = self.fundamental.next();
        self.sums.samples += 1;
        self.sums.sum.push(now);
        self.sums.square += times(now, now);
        self.sums.wave.push(now, fundamental);
        for (current, sample) in self.currents.iter_mut().zip([phase, neutral]) {
            current.push(sample, now, fundamental);
        }
        if let Some(tone) = &mut self.tone {
            tone.push(now, self.currents[0].delayed.now() - self.currents[0].offset);
        }

        if self.sums.samples.is_multiple_of(PART) {
            self.flush(PART);
        }
        let rises = self.crossings.rises(now);
        if rises {
            self.sums.cross(self.crossings.ago());
        }
        let full = self.sums.samples >= self.sample_rate;
        // Without voltage nothing rises; then a block ends after a quarter more, which is over two cycles at 40 Hz.
        let ended = full && (rises || self.sums.samples >= self.sample_rate + self.sample_rate / 4);
        ended.then(|| self.close(rises))
    }

    #[inline(never)]
    fn flush(&mut self, samples: u32) {
        self.sums.sum.flush();
        self.sums.wave.flush(samples);
        for current in &mut self.currents {
            current.sums.sum.flush();
            current.sums.wave.flush(samples);
        }
        if let Some(tone) = &mut self.tone {
            tone.flush(samples);
        }
    }

    /// Ends the block with this sample and begins the next.
    #[inline(never)]
    fn close(&mut self, at_crossing: bool) -> Block {
        self.flush(self.sums.samples % PART);
        let block = self.block();
        let frequency = block.turns_per_sample(self.sample_rate);
        if let Some(tone) = &self.tone {
            // Without a frequency there is no voltage to be distorted, only noise.
            let voltage = frequency.map_or([0; 2], |_| self.sums.wave.whole());
            self.spectrum.take(tone, voltage, self.currents[0].sums.wave.whole());
        }
        self.turns = frequency.unwrap_or(self.turns);
        // An offset that drifts is followed block by block; what is left within a block is taken out of its sums.
        self.voltage_offset += mean(self.sums.sum.whole(), self.sums.samples);
        for current in &mut self.currents {
            current.offset += mean(current.sums.sum.whole(), self.sums.samples);
            current.sums = CurrentPart::default();
        }
        let crossed = at_crossing.then(|| {
            let ago = -(self.crossings.ago() as i32);
            (ago, ago)
        });
        self.sums = Sums { crossed, ..Sums::default() };
        self.fundamental = Oscillator::start(fundamental(self.turns));
        self.tone = self.spectrum.next_tone(self.turns);
        block
    }

    fn block(&self) -> Block {
        let sums = &self.sums;
        let samples = u64::from(sums.samples);
        let sum = sums.sum.whole();
        // The sum of products less the product of the sums: what flows at a constant voltage or current, or is an
        // offset of the converter, is in neither.
        let without_dc = |products: i64, sum: i64, other: i64| products - product_over(sum, other, samples);
        Block {
            samples: sums.samples,
            cycles: sums.cycles,
            span_q8: sums.crossed.map_or(0, |(first, last)| (last - first) as u32),
            voltage_square: without_dc(sums.square, sum, sum),
            currents: [0, 1].map(|channel| {
                let current = &self.currents[channel].sums;
                let own = current.sum.whole();
                CurrentSums {
                    square: without_dc(current.square, own, own),
                    product: without_dc(current.product, sum, own),
                    reactive: reactive(sums.wave.whole(), current.wave.whole(), samples),
                }
            }),
            clipped: sums.clipped,
        }
    }
}

impl Current {
    #[inline]
    fn push(&mut self, sample: i32, voltage: i32, fundamental: (i32, i32)) {
        let now = self.delayed.push(sample) - self.offset;
        self.sums.sum.push(now);
        self.sums.square += times(now, now);
        self.sums.product += times(voltage, now);
        self.sums.wave.push(now, fundamental);
    }
}

impl Sums {
    fn cross(&mut self, ago: u32) {
        let at = (self.samples << 8) as i32 - ago as i32;
        match &mut self.crossed {
            Some((_, last)) => {
                *last = at;
                self.cycles += 1;
            }
            None => self.crossed = Some((at, at)),
        }
    }
}

/// The sum of the reactive products at the fundamental, in square counts: positive if the current lags.
///
/// Of the fundamental alone: definitions of the "reactive power" of harmonics differ, and no customer is billed for it.
fn reactive(voltage: [i64; 2], current: [i64; 2], samples: u64) -> i64 {
    // The waves are in halves of a count.
    let samples = 2 * samples;
    product_over(voltage[0], current[1], samples) - product_over(voltage[1], current[0], samples)
}

fn fundamental(turns: u32) -> Step {
    // Bounded by 70 Hz at 2,000 samples a second, which is far below the largest step.
    Step::of(turns, 1).unwrap_or(Step::SLOWEST)
}

fn mean(sum: i64, samples: u32) -> i32 {
    (sum / i64::from(samples.max(1))) as i32
}

#[inline]
fn times(a: i32, b: i32) -> i64 {
    i64::from(a) * i64::from(b)
}

/// The lower 24 bits with their sign, so that whatever a driver hands over stays within the bounds of the sums.
#[inline]
fn within_24_bits(sample: i32) -> i32 {
    sample << 8 >> 8
}

#[inline]
fn is_clipped(sample: i32) -> bool {
    // Both ends in one comparison.
    (sample + CLIPPED) as u32 > 2 * CLIPPED as u32
}
