//! The phase of a current channel against the voltage, set right by delaying samples.

use crate::calibration::Delay;

/// Delays a wave by half a sample to two and a half, and leaves its height as it is at every frequency.
///
/// A first-order all-pass. A linear interpolation would be shorter, but it lowers the fifth harmonic by up to 2 %.
/// Thiran's coefficient (1 - d) / (1 + d) gives the right delay at low frequencies; at 50 Hz and 4,000 samples a second
/// it is right to 0.01 samples, and [`crate::fit_phase`] takes out that rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delayed {
    // 2^-32; the delay is bounded so that it stays within a half.
    coefficient: i32,
    // 2^-6 of a count, which keeps the rounding of the recursion below the converter's own.
    input: i32,
    output: i32,
}

impl Delayed {
    pub fn by(delay: Delay) -> Self {
        let samples = i64::from(delay.samples_q16());
        let coefficient = ((65_536 - samples) << 32) / (65_536 + samples);
        Self { coefficient: coefficient as i32, input: 0, output: 0 }
    }

    /// The next delayed sample.
    #[inline]
    pub fn push(&mut self, sample: i32) -> i32 {
        let input = sample << 6;
        let turn = (i64::from(input - self.output) * i64::from(self.coefficient)) >> 32;
        self.output = self.input + turn as i32;
        self.input = input;
        self.output >> 6
    }

    /// The last delayed sample once more.
    #[inline]
    pub fn now(&self) -> i32 {
        self.output >> 6
    }
}
