//! What depends only on the end of an interval. It is computed once for all meters.

use crate::rules::{DemandRule, MeteringSettings};
use jiff::civil::Date;
use reading::time::MINUTE;
use reading::{Calendar, EventTime};

/// An interval in local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The number of the interval.
    pub index: u32,
    /// The billing period, in months since year 0.
    pub period: u32,
    /// The tariff zones that it belongs to, one bit each; the lowest is that of all minutes.
    pub zones: u8,
    /// The zones that the whole block ending here belongs to; none if it began in another billing period.
    pub block_zones: u8,
    /// A block of those that stand side by side ends here.
    pub block_ends: bool,
    /// The number of the first interval of the block, of those side by side, that it belongs to.
    pub block_first: u32,
    /// The cell of the profile.
    pub cell: u16,
    /// A slot starts here.
    pub slot_starts: bool,
    /// A local day starts here.
    pub day_starts: bool,
}

impl Moment {
    /// Whether a block ends here that makes a peak of the billing period.
    pub fn counts(&self) -> bool {
        self.block_ends && self.block_zones & 1 == 1
    }
}

/// The last moments that were asked for, by the number of the interval.
#[derive(Debug, Clone)]
pub(crate) struct Moments {
    calendar: Calendar,
    known: Vec<Option<Moment>>,
    periods: Vec<(u32, [EventTime; 2])>,
}

const KNOWN: usize = 1024;
/// No period yet.
pub(crate) const NO_PERIOD: u32 = u32::MAX;

impl Moments {
    pub fn new(calendar: Calendar) -> Self {
        Self { calendar, known: vec![None; KNOWN], periods: Vec::new() }
    }

    /// The calendar of local days.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The interval that ends at `end`.
    #[inline]
    pub fn at(&mut self, settings: &MeteringSettings, end: EventTime) -> Moment {
        let index = index_of(settings, end);
        if let Some(known) = self.known[index as usize % KNOWN].filter(|known| known.index == index) {
            return known;
        }
        let moment = self.work_out(settings, end, index);
        self.known[index as usize % KNOWN] = Some(moment);
        moment
    }

    fn work_out(&mut self, settings: &MeteringSettings, end: EventTime, index: u32) -> Moment {
        let length = settings.grid.length();
        let start = end.minus(length);
        let (day, minute) = (self.calendar.day(start), self.calendar.minute_of_day(start));
        let mut moment = Moment {
            index,
            period: 0,
            zones: 1,
            block_zones: 0,
            block_ends: false,
            block_first: index,
            cell: 0,
            slot_starts: false,
            day_starts: self.calendar.day(start.minus(length)) != day,
        };
        if let Some(demand) = &settings.demand {
            moment.period = period_of(day, demand.billing_day());
            moment.zones = self.zones(settings, start);
            let behind = i64::from(minute) * MINUTE + length;
            let first = end.minus(demand.block());
            // If clocks change within a long block, it may end at a block's end without having begun at a block's
            // start.
            let begins = i64::from(self.calendar.minute_of_day(first)) * MINUTE;
            moment.block_ends = behind % demand.block() == 0 && begins % demand.block() == 0;
            let before = i64::from(minute) * MINUTE % demand.block() / length;
            moment.block_first = index.saturating_sub(before as u32);
            if period_of(self.calendar.day(first), demand.billing_day()) == moment.period {
                let starts = (0..demand.block() / length).map(|back| start.minus(back * length));
                let all = starts.map(|start| self.zones(settings, start));
                moment.block_zones = all.fold(u8::MAX, |all, one| all & one);
            }
        }
        if let Some(profile) = &settings.profile {
            let slot_minutes = (profile.slot() / MINUTE) as u16;
            let of_type = self.calendar.day_type(day) as u16;
            moment.cell = of_type * profile.slots() as u16 + minute / slot_minutes;
            moment.slot_starts = minute % slot_minutes == 0 && !self.comes_again(start);
        }
        moment
    }

    /// Whether clocks have gone back since this local time came first on its day. A slot counts once a day.
    fn comes_again(&self, start: EventTime) -> bool {
        let (day, minute) = (self.calendar.day(start), self.calendar.minute_of_day(start));
        let since_midnight = start.since(self.calendar.start_of(day));
        let first = start.minus(since_midnight - i64::from(minute) * MINUTE);
        first < start && self.calendar.day(first) == day && self.calendar.minute_of_day(first) == minute
    }

    /// The zones of an interval that starts at `start`, one bit each.
    fn zones(&self, settings: &MeteringSettings, start: EventTime) -> u8 {
        let (day, minute) = (self.calendar.day(start), self.calendar.minute_of_day(start));
        let day_type = self.calendar.day_type(day);
        let zones = settings.demand.iter().flat_map(DemandRule::zones).enumerate();
        let held = zones.filter(|(_, zone)| zone.holds(minute, day.month(), day_type));
        held.fold(1, |all, (bit, _)| all | 2 << bit)
    }

    /// The billing period that a moment lies in.
    pub fn period_at(&self, settings: &MeteringSettings, time: EventTime) -> u32 {
        let billing_day = settings.demand.as_ref().map_or(1, DemandRule::billing_day);
        period_of(self.calendar.day(time), billing_day)
    }

    /// Start and end of a billing period.
    pub fn period(&mut self, period: u32, billing_day: i8) -> [EventTime; 2] {
        if let Some((_, known)) = self.periods.iter().find(|(id, _)| *id == period) {
            return *known;
        }
        let first = |month: u32| {
            let (year, month) = ((month / 12) as i16, (month % 12) as i8 + 1);
            let day = Date::new(year, month, billing_day).expect("every month has it");
            self.calendar.start_of(day)
        };
        let bounds = [first(period), first(period + 1)];
        if self.periods.len() == 16 {
            self.periods.remove(0);
        }
        self.periods.push((period, bounds));
        bounds
    }
}

/// The number of the interval that ends at `end`.
#[inline]
pub(crate) fn index_of(settings: &MeteringSettings, end: EventTime) -> u32 {
    // Readings are of 2000 to 2100: even intervals of a minute fit.
    (end.0 / settings.grid.length()) as u32
}

/// Months since year 0, of the period that a day lies in.
fn period_of(day: Date, billing_day: i8) -> u32 {
    let month = day.year() as u32 * 12 + day.month() as u32 - 1;
    if day.day() >= billing_day { month } else { month - 1 }
}
