//! Where the voltage rises through zero: blocks begin and end there, and the frequency is counted from it.

/// The top of the converter's range by 128: some 3 V of 400. Below, the wave is noise and crosses nothing.
const HYSTERESIS: i32 = crate::FULL_SCALE / 128;

/// Finds the rising zero crossings of a voltage whose harmonics may cross zero on their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ZeroCrossings {
    // A low-pass at some 1/100 of the sample rate: the fundamental keeps 62 % of its height, the fifth harmonic 15 %.
    smooth: i32,
    before: i32,
    armed: bool,
}

impl ZeroCrossings {
    /// Whether the smoothed voltage has risen through zero with this sample.
    #[inline]
    pub fn rises(&mut self, voltage: i32) -> bool {
        self.before = self.smooth;
        self.smooth += (voltage - self.smooth) >> 4;
        if self.smooth < -HYSTERESIS {
            self.armed = true;
            return false;
        }
        let rises = self.armed && self.smooth >= 0;
        self.armed &= !rises;
        rises
    }

    /// How long before this sample the crossing was, in 256ths of a sample. Only right after [`Self::rises`] said so.
    pub fn ago(&self) -> u32 {
        // The low-pass moves by at most 2^24 / 16 in a sample, so the shift loses nothing.
        let rise = (self.smooth - self.before).max(1) as u32;
        ((self.smooth as u32) << 8) / rise
    }
}
