//! Samples out of whole numbers alone, the same on every target.

use meter_core::Samples;

/// 47.3 Hz at 4,000 samples a second with harmonics, noise, an offset, and tampering in scenes of some seconds.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    number: u32,
    turns: u32,
    noise: u32,
}

/// 47.3 Hz in 2^-32 turns of a sample.
const STEP: u32 = 50_787_989;

impl Stream {
    /// The next samples.
    pub fn sample(&mut self) -> Samples {
        let second = self.number / 4_000;
        self.number += 1;
        self.turns = self.turns.wrapping_add(STEP);
        // Parabolas have some 4 % of a third harmonic. 30 degrees are a twelfth of a turn.
        let voltage = wave(self.turns, 6_800_000) + self.noise();
        let current = wave(self.turns.wrapping_sub(u32::MAX / 12), 900_000) + self.noise();
        let offset = 12_345;
        let (voltage, phase, neutral) = match second {
            5..35 => (voltage, current, current / 2),
            65..80 => (self.noise(), current, 0),
            85..97 => (voltage, -current, current),
            _ => (voltage, current, current),
        };
        Samples { voltage: voltage - offset, phase: phase + offset, neutral: neutral + offset }
    }

    fn noise(&mut self) -> i32 {
        self.noise = self.noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.noise >> 22) as i32 - 512
    }
}

/// Two parabolas of a height: 4 x (1 - |x|) for a half-wave.
fn wave(turns: u32, height: i32) -> i32 {
    let x = i64::from(turns as i32);
    let parabola = (x * ((1 << 31) - x.abs())) >> 30;
    ((parabola * i64::from(height)) >> 30) as i32
}
