//! Random moments that a seed reproduces.

use std::time::Duration;

/// SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
pub struct Random(u64);

impl Random {
    /// A random stream for each check, so that the others do not change if one check is left out.
    pub fn new(seed: u64, check: &str) -> Self {
        Self(check.bytes().fold(seed, |state, byte| Self(state ^ u64::from(byte)).bits()))
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of 0 to `count` - 1.
    pub fn below(&mut self, count: u64) -> u64 {
        self.bits() % count
    }

    /// A moment within so many milliseconds.
    pub fn within_ms(&mut self, ms: u64) -> Duration {
        Duration::from_millis(self.below(ms))
    }
}
