//! One consumer with supply: when its meter was heard of last, and how late it usually delivers.

use features::measured_import;
use reading::{EventTime, Interval};
use units::WattHours;

/// The state of a consumer that has supply, in 16 bytes. There is one for each row of the topology. A meter with
/// several rows uses that of the first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    /// The end of the last interval in which the meter sent something.
    pub(crate) heard: EventTime,
    /// The energy of the last measured interval, Wh; [`NO_ENERGY`] if there is none.
    pub(crate) wh: u32,
    /// The number of the area of the row, and above it how many intervals late the meter usually delivers.
    area_and_late: u32,
}

/// How many bits the number of an area has: a million areas. The others are enough for 4,095 intervals.
const AREA_BITS: u32 = 20;

pub(crate) const NEVER: EventTime = EventTime::MIN;
pub(crate) const NO_ENERGY: u32 = u32::MAX;

impl Seat {
    /// The seat of a meter that has not sent anything.
    pub(crate) fn empty(area: u32) -> Self {
        // A consumer of the millionth area would count in the indices of all, and in those of no area.
        let area = if area >> AREA_BITS == 0 { area } else { 0 };
        Self { heard: NEVER, wh: NO_ENERGY, area_and_late: area }
    }

    /// What the meter has sent so far, in this place of the topology.
    pub(crate) fn take(&mut self, (heard, wh, late): (EventTime, u32, u16)) {
        (self.heard, self.wh) = (heard, wh);
        self.set_late(late.into());
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
        EventTime(self.heard.0.saturating_add(i64::from(self.late()) * length))
    }

    /// The energy of the last measured interval.
    pub(crate) fn energy(&self) -> Option<WattHours> {
        (self.wh != NO_ENERGY).then_some(WattHours(self.wh.into()))
    }

    #[inline]
    pub(crate) fn measured(&mut self, row: &Interval) {
        if let Some(imported) = measured_import(row) {
            self.wh = u32::try_from(imported.0).unwrap_or(NO_ENERGY - 1).min(NO_ENERGY - 1);
        }
    }
}
