//! The sums of interruptions and voltages, by area and by local day or month.

use crate::SupplySettings;
use features::{caidi, maifi, med_threshold, saidi, saifi};
use grid::Topology;
use jiff::civil::Date;
use reading::{AreaId, Calendar, EventTime};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Indices of an area and month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IndexRow {
    /// The area, or none in the row of all consumers.
    pub area: Option<AreaId>,
    /// The first day of the month.
    pub month: Date,
    /// Consumers served at the end of the month, or at the last tick if the month is not over.
    pub consumers: u32,
    /// Minutes without supply, mean of all consumers.
    pub saidi: Option<f64>,
    /// Sustained interruptions, mean of all consumers.
    pub saifi: Option<f64>,
    /// Minutes that a sustained interruption lasted, mean of all of them.
    pub caidi: Option<f64>,
    /// Momentary interruptions, mean of all consumers.
    pub maifi: Option<f64>,
    /// The same without major event days. None while there are too few days to know what is usual.
    pub major: Option<Major>,
    /// Hours with voltage below the limit, mean of all consumers.
    pub low_voltage_hours: Option<f64>,
    /// Hours with voltage above the limit, mean of all consumers.
    pub high_voltage_hours: Option<f64>,
    /// Hours with phase voltages too far apart, mean of all consumers.
    pub unbalanced_hours: Option<f64>,
    /// Hours in which voltage was measured, mean of all consumers.
    pub voltage_hours: Option<f64>,
}

/// Major event days, by the 2.5 beta method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Major {
    /// How many days of the month are major event days.
    pub days: u32,
    /// The SAIDI of a day, in minutes, beyond which it is one.
    pub threshold: f64,
    /// SAIDI of the other days.
    pub saidi_without: Option<f64>,
    /// SAIFI of the other days.
    pub saifi_without: Option<f64>,
}

/// Interruptions that began on one local day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Day {
    /// The sum of the durations of sustained interruptions.
    pub(crate) ms: u64,
    pub(crate) sustained: u32,
    pub(crate) momentary: u32,
    /// Consumers served when the first of them began.
    pub(crate) consumers: u32,
}

/// The time for which voltages were beyond their limits, as a sum over consumers, ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Voltage {
    pub(crate) low: u64,
    pub(crate) high: u64,
    pub(crate) unbalanced: u64,
    pub(crate) known: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) days: BTreeMap<LocalDay, Day>,
    /// By the first day of the month.
    pub(crate) voltages: BTreeMap<LocalDay, Voltage>,
}

/// The books of each area, and of all consumers under `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Books {
    pub(crate) all: BTreeMap<Option<AreaId>, Book>,
    /// The current month.
    pub(crate) month: Option<LocalDay>,
    /// Months to publish: the one that has just ended, and earlier ones in which an interruption began that is over
    /// now.
    pub(crate) due: BTreeSet<LocalDay>,
    /// The last tick.
    pub(crate) last: Option<EventTime>,
}

/// IEEE 1366: the threshold of a year comes from the five years before it.
const YEARS: i16 = 5;

/// A day of the local calendar. Stored as year, month and day, because dates have no stored form of their own here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "(i16, i8, i8)", try_from = "(i16, i8, i8)")]
pub(crate) struct LocalDay(Date);

impl LocalDay {
    fn first_of_month(self) -> Self {
        Self(self.0.first_of_month())
    }

    /// The first day of the month after its own.
    fn month_after(self) -> Self {
        let next = self.0.last_of_month().tomorrow();
        Self(next.expect("readings are of 2000 to 2100"))
    }

    /// The first day of its month so many years ago.
    fn years_before(self, years: i16) -> Self {
        let then = Date::new(self.0.year() - years, self.0.month(), 1);
        Self(then.expect("readings are of 2000 to 2100"))
    }
}

impl From<LocalDay> for (i16, i8, i8) {
    fn from(LocalDay(date): LocalDay) -> Self {
        (date.year(), date.month(), date.day())
    }
}

impl TryFrom<(i16, i8, i8)> for LocalDay {
    type Error = &'static str;

    fn try_from((year, month, day): (i16, i8, i8)) -> Result<Self, Self::Error> {
        // Years that are added or subtracted must stay within the calendar.
        let date = Date::new(year, month, day).ok().filter(|_| (1900..=2200).contains(&year));
        date.map(Self).ok_or("a day of a year from 1900 to 2200")
    }
}

impl IndexRow {
    /// The name that files use, `all` for all consumers.
    pub fn area_name(&self) -> String {
        self.area.map_or_else(|| "all".to_owned(), |area| area.to_string())
    }
}

impl Books {
    /// Enters an interruption of one consumer that is over.
    ///
    /// It belongs to the day on which it began, as IEEE 1366 requires, even if that day is in an earlier month.
    pub(crate) fn interrupted(
        &mut self,
        rules: &SupplySettings,
        calendar: &Calendar,
        topology: &Topology,
        area: Option<AreaId>,
        (start, end): (EventTime, EventTime),
    ) {
        if !rules.whole {
            return;
        }
        let day = LocalDay(calendar.day(start));
        let lasted = end.since(start);
        for of in [None].into_iter().chain(area.map(Some)) {
            let consumers = || topology.consumers_in(of, EventTime(start.0.saturating_add(1)));
            let own = self.all.entry(of).or_default().days.entry(day);
            let own = own.or_insert_with(|| Day { consumers: consumers(), ..Day::default() });
            if lasted > rules.momentary {
                own.ms += lasted as u64;
                own.sustained += 1;
            } else {
                own.momentary += 1;
            }
        }
        if self.month.is_some_and(|month| day < month) {
            self.due.insert(day.first_of_month());
        }
    }

    /// Enters voltages of a month, by area; those under `None` are of all consumers.
    pub(crate) fn enter_voltages(
        &mut self,
        month: LocalDay,
        of: impl Iterator<Item = (Option<AreaId>, Voltage)>,
    ) {
        for (area, more) in of.filter(|(_, more)| more.known > 0) {
            let own = self.all.entry(area).or_default().voltages.entry(month).or_default();
            own.low += more.low;
            own.high += more.high;
            own.unbalanced += more.unbalanced;
            own.known += more.known;
            if self.month.is_some_and(|current| month < current) {
                self.due.insert(month);
            }
        }
    }

    /// When a month begins.
    pub(crate) fn start_of(calendar: &Calendar, month: LocalDay) -> EventTime {
        calendar.start_of(month.0)
    }

    /// The first day of the local month to which a tick belongs.
    pub(crate) fn month_of(calendar: &Calendar, end: EventTime) -> LocalDay {
        LocalDay(calendar.day_of_interval(end)).first_of_month()
    }

    /// Ends a tick. If it is the first of a month, publishes the month before.
    pub(crate) fn tick(
        &mut self,
        calendar: &Calendar,
        topology: &Topology,
        end: EventTime,
        out: &mut Vec<IndexRow>,
    ) {
        let month = Self::month_of(calendar, end);
        match self.month {
            Some(before) if before >= month => {}
            Some(before) => {
                self.month = Some(month);
                self.due.insert(before);
                self.publish_due(calendar, topology, out);
                // Keep a year more than thresholds need, so that an outage of several months still finds its day.
                let oldest = month.years_before(YEARS + 1);
                for book in self.all.values_mut() {
                    book.days = book.days.split_off(&oldest);
                    book.voltages = book.voltages.split_off(&oldest);
                }
            }
            None => self.month = Some(month),
        }
        self.last = Some(end);
    }

    /// Ends the run: publishes the current month as far as it went.
    pub(crate) fn finish(&mut self, calendar: &Calendar, topology: &Topology, out: &mut Vec<IndexRow>) {
        self.due.extend(self.month);
        self.publish_due(calendar, topology, out);
    }

    fn publish_due(&mut self, calendar: &Calendar, topology: &Topology, out: &mut Vec<IndexRow>) {
        for month in std::mem::take(&mut self.due) {
            let over = calendar.start_of(month.month_after().0);
            let at = self.last.map_or(over, |last| over.min(last));
            let nothing = Book::default();
            let usual = self.all.get(&None).and_then(|book| book.major_days(month));
            for area in [None].into_iter().chain(topology.areas().map(Some)) {
                let book = self.all.get(&area).unwrap_or(&nothing);
                out.push(book.indices(area, month, topology.consumers_in(area, at), usual.as_ref()));
            }
        }
    }
}

/// Major event days of a month, by the 2.5 beta method of IEEE 1366.
struct MajorDays {
    threshold: f64,
    days: BTreeSet<LocalDay>,
}

impl Book {
    /// The major event days, from the book of all consumers. A day is a major event day for all areas or for none.
    fn major_days(&self, month: LocalDay) -> Option<MajorDays> {
        let before = self.days.range(month.years_before(YEARS)..month);
        let threshold = med_threshold(before.filter_map(|(_, day)| day.saidi()))?;
        let own = self.days.range(month..month.month_after());
        let days = own.filter(|(_, day)| day.saidi().is_some_and(|saidi| saidi > threshold));
        Some(MajorDays { threshold, days: days.map(|(date, _)| *date).collect() })
    }

    fn indices(
        &self,
        area: Option<AreaId>,
        month: LocalDay,
        consumers: u32,
        major: Option<&MajorDays>,
    ) -> IndexRow {
        let days = || self.days.range(month..month.month_after()).map(|(_, day)| day);
        let minutes = |ms: u64| ms as f64 / 60_000.0;
        let sum = |of: &dyn Fn(&Day) -> u64| days().map(of).sum::<u64>();
        let (ms, sustained) = (sum(&|day| day.ms), sum(&|day| day.sustained.into()));
        let major = major.map(|MajorDays { threshold, days: beyond }| {
            let of_major = |of: &dyn Fn(&Day) -> u64| {
                beyond.iter().filter_map(|date| self.days.get(date)).map(of).sum::<u64>()
            };
            Major {
                days: beyond.len() as u32,
                threshold: *threshold,
                saidi_without: saidi(minutes(ms - of_major(&|day| day.ms)), consumers),
                saifi_without: saifi(sustained - of_major(&|day| day.sustained.into()), consumers),
            }
        });
        let voltage = self.voltages.get(&month).copied().unwrap_or_default();
        let hours = |ms: u64| (consumers > 0).then(|| ms as f64 / 3_600_000.0 / f64::from(consumers));
        IndexRow {
            area,
            month: month.0,
            consumers,
            saidi: saidi(minutes(ms), consumers),
            saifi: saifi(sustained, consumers),
            caidi: caidi(minutes(ms), sustained),
            maifi: maifi(sum(&|day| day.momentary.into()), consumers),
            major,
            low_voltage_hours: hours(voltage.low),
            high_voltage_hours: hours(voltage.high),
            unbalanced_hours: hours(voltage.unbalanced),
            voltage_hours: hours(voltage.known),
        }
    }
}

impl Day {
    fn saidi(&self) -> Option<f64> {
        saidi(self.ms as f64 / 60_000.0, self.consumers)
    }
}
