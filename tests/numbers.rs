//! Random numbers that are the same in every run: SplitMix64 (Steele, Lea and Flood, 2014).

/// A seeded sequence of numbers.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number from `from` up to, but not with, `to`.
    pub fn within(&mut self, from: i64, to: i64) -> i64 {
        from + (self.next() % (to - from) as u64) as i64
    }

    /// True in `times` of a hundred calls.
    pub fn percent(&mut self, times: i64) -> bool {
        self.within(0, 100) < times
    }
}
