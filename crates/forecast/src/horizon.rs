//! The local day to forecast, and for each of its intervals the earlier intervals that are like it.

use jiff::civil::Date;
use reading::{Calendar, EventTime, Grid};
use std::collections::BTreeMap;

/// How many local days back a horizon looks: five weeks, as long as a [`crate::SeasonalMean`] remembers.
const DAYS_BACK: usize = 35;

/// A local day laid out on the grid, once for all targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Horizon {
    day: Date,
    starts_at: EventTime,
    grid: Grid,
    pub(crate) slots: Vec<Slot>,
}

/// One interval of the day, and the intervals of earlier days that began at the same local minute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slot {
    pub(crate) end: EventTime,
    /// The nearest day first. On a day of 25 hours, one minute may have begun two intervals.
    pub(crate) like: Vec<Like>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Like {
    pub(crate) days_back: u16,
    pub(crate) same_type: bool,
    pub(crate) end: EventTime,
}

impl Horizon {
    /// Lays out `day`. An interval belongs to the local day that it starts in.
    pub fn new(day: Date, calendar: &Calendar, grid: Grid) -> Self {
        let day_type = calendar.day_type(day);
        let today = starts_of_day(day, calendar, grid);
        let mut like = BTreeMap::<u16, Vec<Like>>::new();
        let mut earlier = day;
        for days_back in 1..=DAYS_BACK as u16 {
            let Ok(yesterday) = earlier.yesterday() else { break };
            earlier = yesterday;
            let same_type = calendar.day_type(earlier) == day_type;
            for (minute, start) in starts_of_day(earlier, calendar, grid) {
                let end = start.plus(grid.length());
                like.entry(minute).or_default().push(Like { days_back, same_type, end });
            }
        }
        let slot = |(minute, start): (u16, EventTime)| Slot {
            end: start.plus(grid.length()),
            like: like.get(&minute).cloned().unwrap_or_default(),
        };
        let starts_at = calendar.start_of(day);
        Self { day, starts_at, grid, slots: today.into_iter().map(slot).collect() }
    }

    /// The local day.
    pub fn day(&self) -> Date {
        self.day
    }

    /// When the local day starts.
    pub fn starts_at(&self) -> EventTime {
        self.starts_at
    }

    /// The grid that the day is laid out on.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// How many intervals the day has: 46, 48 or 50 half hours.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether the day has no interval. A country skips a day if it moves across the date line.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

/// The intervals that start in a local day, each with its local minute and its start. Between the two midnights time
/// is counted in UTC, so a day of 23 or 25 hours has the right number of intervals.
fn starts_of_day(day: Date, calendar: &Calendar, grid: Grid) -> Vec<(u16, EventTime)> {
    let Ok(tomorrow) = day.tomorrow() else { return Vec::new() };
    let (from, to) = (calendar.start_of(day), calendar.start_of(tomorrow));
    // If midnight of the time zone is inside an interval, the day begins with the next interval.
    let first = -(-from.0).div_euclid(grid.length());
    let usual = to.since(from) == reading::time::DAY && calendar.minute_of_day(from) == 0;
    (first..)
        .map(|index| grid.start(index))
        .take_while(|start| *start < to)
        .map(|start| {
            // If the clock does not change on the day, plain arithmetic gives the local minute. It is thirty times
            // faster.
            let since = (start.since(from) / reading::time::MINUTE) as u16;
            (if usual { since } else { calendar.minute_of_day(start) }, start)
        })
        .collect()
}
