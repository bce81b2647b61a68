//! What a meter delivered of one day, in 20 bytes.

use serde::{Deserialize, Serialize};

/// The upper edges of the classes of delays up to eight hours, s. The first is of readings without any delay, as in
/// files.
pub(crate) const EDGES: [i64; 8] = [0, 5, 30, 300, 900, 3600, 3 * 3600, EIGHT_HOURS];
pub(crate) const EIGHT_HOURS: i64 = 8 * 3600;
pub(crate) const A_DAY: i64 = 24 * 3600;

/// A step of the clock's offset, s. In 16 bits it reaches 18 hours.
pub(crate) const OFFSET_STEP: i64 = 2;
/// Beyond this offset, s, only that it is so much or more is known.
pub(crate) const MOST_OFFSET: i64 = i16::MAX as i64 * OFFSET_STEP;
/// No reading has shown the clock.
pub(crate) const NO_OFFSET: i16 = i16::MIN;

/// What a meter delivered of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Delivered {
    /// Readings, without repeats.
    pub(crate) received: u16,
    /// Those of them that took at most eight hours.
    pub(crate) within_8h: u16,
    /// Those of them that took at most 24 hours.
    pub(crate) within_24h: u16,
    /// By how much the clock was ahead at most, in steps of two seconds.
    pub(crate) offset: i16,
    /// How the delays up to eight hours spread over [`EDGES`]. Only their proportions count.
    pub(crate) delays: [u8; EDGES.len()],
    pub(crate) repeats: u8,
    pub(crate) resets: u8,
    /// Intervals without any reading.
    pub(crate) gaps: u8,
    /// Intervals with no reading at their end, of a meter whose stamps are off the grid.
    pub(crate) off_grid: u8,
}

impl Delivered {
    pub(crate) const NOTHING: Self = Self {
        received: 0,
        within_8h: 0,
        within_24h: 0,
        offset: NO_OFFSET,
        delays: [0; EDGES.len()],
        repeats: 0,
        resets: 0,
        gaps: 0,
        off_grid: 0,
    };

    /// Counts a reading that arrived so many milliseconds after its stamp. The number is negative if the meter's clock
    /// is ahead.
    pub(crate) fn receive(&mut self, delay_ms: i64) {
        let delay = delay_ms.div_euclid(1000);
        let ahead = (-delay / OFFSET_STEP).clamp(i64::from(NO_OFFSET) + 1, i64::from(i16::MAX));
        self.offset = self.offset.max(ahead as i16);
        self.received = self.received.saturating_add(1);
        if delay <= A_DAY {
            self.within_24h = self.within_24h.saturating_add(1);
        }
        if let Some(class) = EDGES.iter().position(|&edge| delay <= edge) {
            self.within_8h = self.within_8h.saturating_add(1);
            if self.delays[class] == u8::MAX {
                // Half of all counts keeps the proportions. A class of one stays, so that no delay is forgotten.
                self.delays.iter_mut().for_each(|count| *count -= *count / 2);
            }
            self.delays[class] += 1;
        }
    }

    /// By how much the clock was ahead at most, s. Of a meter whose messages all came late it is negative.
    pub(crate) fn offset(&self) -> Option<i64> {
        (self.offset != NO_OFFSET).then(|| i64::from(self.offset) * OFFSET_STEP)
    }
}
