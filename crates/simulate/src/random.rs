//! Random numbers: one independent stream for each purpose and meter, so that adding a meter changes no other.

/// What a stream is for. A new purpose gets a new number, so that it changes none of the others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Seats = 1,
    Traits = 2,
    Load = 3,
    Days = 4,
    Weeks = 5,
    Weather = 6,
    Meter = 7,
    Tamper = 8,
    TamperDays = 9,
    Faults = 10,
    Mishap = 11,
    Transformer = 12,
    Blackout = 13,
    Concentrator = 14,
    LvDeal = 15,
    LvStory = 16,
    LvTraits = 17,
    LvLoad = 18,
    LvDays = 19,
    LvMeter = 20,
    LvTransformer = 21,
    LvSource = 22,
}

/// SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Random(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// The stream of one purpose and one meter (transformer, day of the town).
    pub(crate) fn stream(seed: u64, stream: Stream, index: u64) -> Self {
        let one = mix(seed.wrapping_add(GOLDEN)) ^ mix((stream as u64).wrapping_mul(GOLDEN));
        Self(mix(one ^ mix(index.wrapping_add(GOLDEN))))
    }

    /// The stream of one purpose, one meter and one of its days (weeks, kinds of fault).
    pub(crate) fn of_part(seed: u64, stream: Stream, index: u64, part: u64) -> Self {
        Self(mix(Self::stream(seed, stream, index).0 ^ mix(part.wrapping_mul(GOLDEN) ^ 1)))
    }

    #[inline]
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// From 0 up to 1, without 1.
    #[inline]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    #[inline]
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// From 0 up to `n`, without `n`.
    #[inline]
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    pub(crate) fn whole(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// -1 to 1, most often near 0: the sum of two evenly spread numbers, from one draw.
    #[inline]
    pub(crate) fn noise(&mut self) -> f64 {
        let bits = self.bits();
        ((bits >> 32) as f64 + (bits & 0xffff_ffff) as f64) * (1.0 / (1_u64 << 32) as f64) - 1.0
    }
}

#[cfg(test)]
mod tests;
