//! One consumer with supply: when its meter was heard of last, and how late it usually delivers.

use features::measured_import;
use reading::time::{MINUTE, SECOND};
use reading::{EventTime, Interval};
use serde::{Deserialize, Serialize};
use units::WattHours;

/// The state of a consumer that has supply, in 16 bytes. There is one for each row of the topology. A meter with
/// several rows uses that of the first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    /// The end of the last interval in which the meter sent something, in minutes; `i32::MIN` is never.
    heard: i32,
    /// The energy of the last measured interval, Wh; [`NO_ENERGY`] if there is none.
    wh: u32,
    /// The number of the area of the row, and above it how many intervals late the meter usually delivers.
    area_and_late: u32,
    rhythm: Rhythm,
}

/// How often a meter reads, and how long before the end of the interval its last reading was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Rhythm {
    /// How many readings an interval has: as many as two in a row had last. Zero is not known.
    usual: u8,
    /// How many the last row with registers at both ends had.
    last: u8,
    /// How long before the end of the last interval that was heard its last reading was, s.
    before: u16,
}

/// A seat as it is stored: until when the meter was heard, the energy of the last measured interval, how many intervals
/// late it delivers, and its rhythm.
pub(crate) type Stored = (EventTime, u32, u16, Rhythm);

/// How many bits the number of an area has: a million areas. The others are enough for 4,095 intervals.
const AREA_BITS: u32 = 20;

pub(crate) const NEVER: EventTime = EventTime::MIN;
pub(crate) const NO_ENERGY: u32 = u32::MAX;

impl Seat {
    /// The seat of a meter that has not sent anything.
    pub(crate) fn empty(area: u32) -> Self {
        // A consumer of the millionth area would count in the indices of all, and in those of no area.
        let area = if area >> AREA_BITS == 0 { area } else { 0 };
        Self { heard: i32::MIN, wh: NO_ENERGY, area_and_late: area, rhythm: Rhythm::default() }
    }

    /// What the meter has sent so far, in this place of the topology.
    pub(crate) fn take(&mut self, (heard, wh, late, rhythm): Stored) {
        (self.wh, self.rhythm) = (wh, rhythm);
        self.heard = minutes(heard);
        self.set_late(late.into());
    }

    /// What is to be stored, if the meter was heard.
    pub(crate) fn stored(&self) -> Option<Stored> {
        self.was_heard().then(|| (self.heard(), self.wh, self.late() as u16, self.rhythm))
    }

    pub(crate) fn was_heard(&self) -> bool {
        self.heard != i32::MIN
    }

    /// The end of the last interval in which the meter sent something.
    #[inline]
    pub(crate) fn heard(&self) -> EventTime {
        if self.was_heard() { EventTime(i64::from(self.heard) * MINUTE) } else { NEVER }
    }

    /// The meter was heard of until `end`, and sent the last reading so many milliseconds before.
    #[inline]
    pub(crate) fn hear(&mut self, end: EventTime, before: i64) {
        self.heard = minutes(end);
        self.rhythm.before = seconds(before);
    }

    /// The same once more: the last reading was so many milliseconds before, if that is later.
    pub(crate) fn hear_again(&mut self, before: i64) {
        self.rhythm.before = self.rhythm.before.min(seconds(before));
    }

    /// When the meter sent its last reading, as far as is known.
    #[inline]
    pub(crate) fn last_reading(&self) -> EventTime {
        self.heard().minus(i64::from(self.rhythm.before) * SECOND)
    }

    /// How much of an interval is missing if it has so many readings, ms.
    #[inline]
    pub(crate) fn missing(&self, readings: u16, length: i64) -> i64 {
        let (usual, own) = (i64::from(self.rhythm.usual), i64::from(readings));
        if own < usual { length * (usual - own) / usual } else { 0 }
    }

    /// How long a silence is at least that may show something, ms: a reading, or two where an interval has three or more.
    #[inline]
    pub(crate) fn least_silence(&self, length: i64) -> i64 {
        match self.rhythm.usual {
            0 | 1 => length,
            2 => length / 2,
            usual => 2 * length / i64::from(usual),
        }
    }

    /// How much is missing within an interval whose ends are known, ms, if it is half of its readings or more.
    #[inline]
    pub(crate) fn missing_within(&self, row: &Interval) -> Option<i64> {
        let (usual, own) = (self.rhythm.usual.into(), row.sums.readings);
        let is_half = own < usual && 2 * own <= usual && !row.quality.is_spread();
        is_half.then(|| self.missing(own, row.length()))
    }

    /// How many readings an interval has.
    pub(crate) fn readings(&self) -> i64 {
        self.rhythm.usual.max(1).into()
    }

    #[inline]
    pub(crate) fn area(&self) -> usize {
        (self.area_and_late & ((1 << AREA_BITS) - 1)) as usize
    }

    /// How many intervals late the meter usually delivers: the latest of its last deliveries, fading.
    #[inline]
    pub(crate) fn late(&self) -> u32 {
        self.area_and_late >> AREA_BITS
    }

    fn set_late(&mut self, late: u32) {
        self.area_and_late = self.area() as u32 | late.min((1 << (32 - AREA_BITS)) - 1) << AREA_BITS;
    }

    /// The meter delivered what it had measured since it was heard of last, so many intervals late. A delivery in
    /// time lowers the usual delay by a thirty-second part, and by one interval at least.
    #[inline]
    pub(crate) fn delivered(&mut self, late: i64) {
        if late > 0 || self.late() > 0 {
            let faded = self.late() - self.late().div_ceil(32);
            self.set_late(faded.max(u32::try_from(late).unwrap_or(u32::MAX)));
        }
    }

    /// The meter delivers a backlog that began so many intervals late, and may not be whole yet.
    pub(crate) fn delivered_a_part(&mut self, late: i64) {
        self.set_late(self.late().max(u32::try_from(late).unwrap_or(0)));
    }

    /// Until when nothing is odd about hearing nothing of the meter.
    #[inline]
    pub(crate) fn expected(&self, length: i64) -> EventTime {
        EventTime(self.heard().0.saturating_add(i64::from(self.late()) * length))
    }

    /// The energy of the last measured interval.
    pub(crate) fn energy(&self) -> Option<WattHours> {
        (self.wh != NO_ENERGY).then_some(WattHours(self.wh.into()))
    }

    #[inline]
    pub(crate) fn measured(&mut self, row: &Interval) {
        // A row without a register at one end says nothing of how many readings an interval has.
        if !row.quality.is_spread() {
            let readings = u8::try_from(row.sums.readings).unwrap_or(u8::MAX);
            if readings == self.rhythm.last && readings > 0 {
                self.rhythm.usual = readings;
            }
            self.rhythm.last = readings;
        }
        if let Some(imported) = measured_import(row) {
            self.wh = u32::try_from(imported.0).unwrap_or(NO_ENERGY - 1).min(NO_ENERGY - 1);
        }
    }
}

/// Milliseconds as whole seconds.
fn seconds(ms: i64) -> u16 {
    u16::try_from(ms / SECOND).unwrap_or(u16::MAX)
}

/// The minute of the end of an interval.
fn minutes(end: EventTime) -> i32 {
    if end == NEVER {
        i32::MIN
    } else {
        (end.0 / MINUTE).clamp(i64::from(i32::MIN) + 1, i64::from(i32::MAX)) as i32
    }
}
