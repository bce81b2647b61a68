//! What depends only on the end of an interval. It is computed once for all meters.

use reading::{Calendar, DayType, EventTime};

/// An interval in local time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    end: EventTime,
    /// It is the first interval of a local Monday.
    pub week_starts: bool,
    /// It is the first interval of a local day.
    pub day_starts: bool,
    /// It is the last interval of a local day.
    pub day_ends: bool,
    pub day_type: DayType,
}

/// The last moments that were asked for, by the number of the interval.
#[derive(Debug, Clone)]
pub(crate) struct Moments {
    calendar: Calendar,
    length: i64,
    /// The last one: nearly all intervals of a tick have the same end.
    last: Moment,
    known: Vec<Moment>,
}

const KNOWN: usize = 1024;

impl Moments {
    pub fn new(calendar: Calendar, length: i64) -> Self {
        let none = Moment {
            end: EventTime::MIN,
            week_starts: false,
            day_starts: false,
            day_ends: false,
            day_type: DayType::Weekday,
        };
        Self { calendar, length, last: none, known: vec![none; KNOWN] }
    }

    #[inline]
    pub fn at(&mut self, end: EventTime) -> Moment {
        if self.last.end != end {
            self.last = self.look_up(end);
        }
        self.last
    }

    fn look_up(&mut self, end: EventTime) -> Moment {
        let place = (end.0 / self.length) as usize % KNOWN;
        if self.known[place].end != end {
            self.known[place] = self.work_out(end);
        }
        self.known[place]
    }

    fn work_out(&self, end: EventTime) -> Moment {
        let start = end.minus(self.length);
        let day = self.calendar.day(start);
        let starts = self.calendar.day(start.minus(self.length)) != day;
        Moment {
            end,
            week_starts: starts && self.calendar.is_monday(day),
            day_starts: starts,
            day_ends: self.calendar.day(end) != day,
            day_type: self.calendar.day_type(day),
        }
    }
}
