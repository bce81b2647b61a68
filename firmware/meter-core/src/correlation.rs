//! Sums of 64 bits at the price of 32: samples are gathered in short parts, and a part is added to the whole.

use crate::arithmetic::upper_half;

/// Samples in a part. Of 32 products of 25.5 bits, 31 bits are made.
pub(crate) const PART: u32 = 32;

/// The sum of a wave's samples.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sum {
    part: i32,
    whole: i64,
}

/// The products of a wave with a cosine and a sine, in halves of a count.
///
/// On a core of 32 bits the upper half of a product and a sum of 32 bits take four instructions. The whole product and a
/// sum of 64 bits take ten, and there are six of them in a sample set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Correlation {
    part: [i32; 2],
    whole: [i64; 2],
    samples: u32,
}

impl Sum {
    #[inline]
    pub fn push(&mut self, sample: i32) {
        self.part += sample;
    }

    /// At least with every [`PART`] samples.
    pub fn flush(&mut self) {
        self.whole += i64::from(core::mem::take(&mut self.part));
    }

    pub fn whole(&self) -> i64 {
        self.whole
    }
}

impl Correlation {
    /// Cosine and sine are 2^30 high.
    #[inline]
    pub fn push(&mut self, sample: i32, (cosine, sine): (i32, i32)) {
        let sample = sample << 3;
        self.part[0] += upper_half(sample, cosine);
        self.part[1] += upper_half(sample, sine);
    }

    /// Adds a part of so many samples.
    pub fn flush(&mut self, samples: u32) {
        self.samples += samples;
        for (whole, part) in self.whole.iter_mut().zip(&mut self.part) {
            *whole += i64::from(core::mem::take(part));
        }
    }

    /// Both sums. Each product was rounded down, by a quarter of a count on the average.
    pub fn whole(&self) -> [i64; 2] {
        self.whole.map(|sum| sum + i64::from(self.samples / 2))
    }
}
