//! A sine and a cosine that turn by a fixed angle with each sample: four multiplications, no table.

use crate::arithmetic::upper_half;

const ONE: i32 = 1 << 30;

/// The largest angle between two samples, in 2^-30 radians: the series of [`sine_cosine`] is right to 2^-30 up to here.
pub(crate) const LARGEST_STEP: u64 = 1_180_000_000;

/// 2 pi in 2^-30.
pub(crate) const TURN: u64 = 6_746_518_852;

/// A point that walks round the unit circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Oscillator {
    cosine: i32,
    sine: i32,
    step_cosine: i32,
    step_sine: i32,
}

impl Oscillator {
    /// Starts at angle zero and turns by `step` with each sample. It is restarted with every block, so the rounding of
    /// at most 10,000 steps (2^-28 each) is all that it ever gathers.
    pub fn start(step: Step) -> Self {
        let (step_sine, step_cosine) = sine_cosine(step.0);
        Self { cosine: ONE, sine: 0, step_cosine, step_sine }
    }

    /// Cosine and sine in 2^-30, then the turn to the next sample.
    #[inline]
    pub fn next(&mut self) -> (i32, i32) {
        let now = (self.cosine, self.sine);
        let cosine = upper_half(self.cosine, self.step_cosine) - upper_half(self.sine, self.step_sine);
        let sine = upper_half(self.sine, self.step_cosine) + upper_half(self.cosine, self.step_sine);
        (self.cosine, self.sine) = (cosine << 2, sine << 2);
        now
    }
}

/// The angle between two samples of a wave, in 2^-30 radians.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step(i32);

impl Step {
    /// A fortieth of a degree; what is slower is no wave.
    pub const SLOWEST: Self = Self(1 << 19);

    /// The step of the `order`th harmonic, where `turns` are the 2^-32 turns of the fundamental in a sample. `None` if
    /// it is too fast for this sample rate.
    pub fn of(turns: u32, order: u32) -> Option<Self> {
        let radians = (u64::from(turns) * u64::from(order) * (TURN >> 4)) >> 28;
        (radians <= LARGEST_STEP).then_some(Self(radians as i32))
    }
}

fn times(a: i32, b: i32) -> i32 {
    ((i64::from(a) * i64::from(b)) >> 30) as i32
}

/// Sine and cosine of an angle of 0 to 1.1 radians, all in 2^-30, by the first terms of their series.
fn sine_cosine(angle: i32) -> (i32, i32) {
    let square = times(angle, angle);
    // Each term is 1 - square / divisor * (the terms after it).
    let series =
        |divisors: [i32; 6]| divisors.iter().fold(ONE, |rest, divisor| ONE - times(square, rest) / divisor);
    (times(angle, series([156, 110, 72, 42, 20, 6])), series([132, 90, 56, 30, 12, 2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_is_right_to_four_billionths() {
        for angle in (0..=LARGEST_STEP as i32).step_by(10_000_019) {
            let (sine, cosine) = sine_cosine(angle);
            let (scale, exact) = (f64::from(ONE), f64::from(angle) / f64::from(ONE));
            assert!((f64::from(sine) / scale - exact.sin()).abs() < 4e-9, "sine of {exact}");
            assert!((f64::from(cosine) / scale - exact.cos()).abs() < 4e-9);
        }
    }

    #[test]
    fn twenty_thousand_steps_stay_on_the_circle() {
        let mut wave = Oscillator::start(Step::of((1u64 << 32).div_ceil(80) as u32, 1).unwrap());
        (0..20_000).for_each(|_| {
            wave.next();
        });
        let (cosine, sine) = wave.next();
        // 20,000 samples of an 80th of a turn are 250 turns.
        assert!((cosine - ONE).abs() < 1 << 16 && sine.abs() < 1 << 17, "{cosine} {sine}");
    }
}
