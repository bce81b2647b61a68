//! What outages and voltages add up to, by area and day.

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
    /// Which area; all consumers without one.
    pub area: Option<AreaId>,
    /// The first day of the month.
    pub month: Date,
    /// Consumers served at its end, or as far as it went.
    pub consumers: u32,
    /// Minutes without supply of a consumer.
    pub saidi: Option<f64>,
    /// Sustained interruptions of a consumer.
    pub saifi: Option<f64>,
    /// Minutes of a sustained interruption.
    pub caidi: Option<f64>,
    /// Momentary interruptions of a consumer.
    pub maifi: Option<f64>,
    /// What there is to say once days beyond the usual are left out.
    pub major: Option<Major>,
    /// Hours of a consumer with voltage below the limit,
    pub low_voltage_hours: Option<f64>,
    /// above the limit,
    pub high_voltage_hours: Option<f64>,
    /// with phase voltages too far apart,
    pub unbalanced_hours: Option<f64>,
    /// and known at all.
    pub voltage_hours: Option<f64>,
}

/// Major event days, by the 2.5 beta method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Major {
    /// How many days of the month are major.
    pub days: u32,
    /// Beyond so many minutes of a consumer.
    pub threshold: f64,
    /// SAIDI of the other days.
    pub saidi_without: Option<f64>,
    /// SAIFI of the other days.
    pub saifi_without: Option<f64>,
}

/// Interruptions that began on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Day {
    /// Of sustained ones, together.
    pub(crate) ms: u64,
    pub(crate) sustained: u32,
    pub(crate) momentary: u32,
    /// Who was served then.
    pub(crate) consumers: u32,
}

/// How long voltage was beyond its limits, together, ms.
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

/// The books of all areas, and of everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Books {
    pub(crate) all: BTreeMap<Option<AreaId>, Book>,
    /// The month at hand.
    pub(crate) month: Option<LocalDay>,
    /// Months before that are to be told again: an interruption that began in them is over.
    pub(crate) again: BTreeSet<LocalDay>,
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
    /// The name that files use: `all` is everybody.
    pub fn area_name(&self) -> String {
        self.area.map_or_else(|| "all".to_owned(), |area| area.to_string())
    }
}

impl Books {
    /// An interruption of one consumer is over.
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
            self.again.insert(day.first_of_month());
        }
    }

    /// Voltages of the tick at hand, by area; the first is of everybody.
    pub(crate) fn voltages(&mut self, month: LocalDay, of: impl Iterator<Item = (Option<AreaId>, Voltage)>) {
        for (area, more) in of.filter(|(_, more)| more.known > 0) {
            let own = self.all.entry(area).or_default().voltages.entry(month).or_default();
            own.low += more.low;
            own.high += more.high;
            own.unbalanced += more.unbalanced;
            own.known += more.known;
        }
    }

    /// The first day of the month that the tick at hand belongs to.
    pub(crate) fn month_of(calendar: &Calendar, end: EventTime) -> LocalDay {
        LocalDay(calendar.day_of_interval(end)).first_of_month()
    }

    /// A tick is done: a month may be over.
    pub(crate) fn ticked(
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
                self.again.insert(before);
                self.tell(calendar, topology, out);
                // Outages that go on for longer than a month still find their day.
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

    /// No tick will come any more: the month at hand as far as it went.
    pub(crate) fn finish(&mut self, calendar: &Calendar, topology: &Topology, out: &mut Vec<IndexRow>) {
        self.again.extend(self.month);
        self.tell(calendar, topology, out);
    }

    fn tell(&mut self, calendar: &Calendar, topology: &Topology, out: &mut Vec<IndexRow>) {
        for month in std::mem::take(&mut self.again) {
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

/// Days of a month beyond the usual, and what is usual.
struct MajorDays {
    threshold: f64,
    days: BTreeSet<LocalDay>,
}

impl Book {
    /// Of the book of all consumers: a day is major for everybody, or for nobody.
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
