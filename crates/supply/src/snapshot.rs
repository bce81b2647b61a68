//! The state as plain data, to be stored and brought back.

use crate::books::{Book, Books, Day, Voltage};
use crate::clusters::Group;
use crate::spells::{NEVER, Spell};
use crate::{Cause, Supply, SupplySettings, Target};
use grid::Topology;
use jiff::civil::Date;
use reading::{AreaId, Calendar, EventTime, FeederId, MeterId, TransformerId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a state is not taken: some of it cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoreError;

type DateV1 = (i16, i8, i8);
type TargetV1 = (u8, String);

/// The supply of all consumers, stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupplyV1 {
    last: i64,
    seats: Vec<(String, i64, u32)>,
    out: Vec<(String, SpellV1)>,
    groups: Vec<(TargetV1, GroupV1)>,
    returned: Vec<(TargetV1, Vec<(String, bool)>)>,
    books: Vec<BookV1>,
    month: Option<DateV1>,
    again: Vec<DateV1>,
    booked: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SpellV1 {
    start: i64,
    cause: u8,
    noticed: i64,
    back: Option<i64>,
    group: Option<TargetV1>,
    told: bool,
    with_others: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct GroupV1 {
    start: i64,
    cause: u8,
    noticed: i64,
    area: Option<String>,
    feeder: Option<String>,
    counts: [u32; 2],
    customer_ms: u64,
    said: Option<i64>,
    heard: Option<i64>,
    told: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct BookV1 {
    area: Option<String>,
    days: Vec<(DateV1, u64, [u32; 3])>,
    voltages: Vec<(DateV1, [u64; 4])>,
}

impl Supply {
    /// The state, to be stored; of the topology that it was made with.
    pub fn snapshot(&self, topology: &Topology) -> SupplyV1 {
        let heard = topology.rows().iter().zip(&self.seats).filter(|(_, seat)| seat.heard != NEVER);
        let returned = self.returned.iter().map(|(target, back)| {
            let back = back.iter().map(|(meter, was_out)| (meter.to_string(), *was_out));
            (target_v1(target), back.collect())
        });
        SupplyV1 {
            last: self.last.0,
            seats: heard.map(|(row, seat)| (row.meter.to_string(), seat.heard.0, seat.wh)).collect(),
            out: self.out.iter().map(|(meter, spell)| (meter.to_string(), spell_v1(spell))).collect(),
            returned: returned.collect(),
            groups: self.groups.iter().map(|(target, group)| (target_v1(target), group_v1(group))).collect(),
            books: self.books.all.iter().map(|(area, book)| book_v1(*area, book)).collect(),
            month: self.books.month.map(date_v1),
            again: self.books.again.iter().copied().map(date_v1).collect(),
            booked: self.books.last.map(|last| last.0),
        }
    }

    /// A supply that goes on from what was stored.
    pub fn restore(
        rules: SupplySettings,
        calendar: Calendar,
        topology: &Topology,
        stored: &SupplyV1,
    ) -> Result<Self, RestoreError> {
        let mut supply = Self::new(rules, calendar, topology);
        supply.last = EventTime(stored.last);
        let mut cursor = 0;
        for (meter, heard, wh) in &stored.seats {
            // Who was taken out of the topology since is nobody's consumer.
            let Some(first) = topology.first_row(&meter_of(meter)?, cursor) else { continue };
            cursor = first;
            let seat = &mut supply.seats[first];
            (seat.heard, seat.wh) = (EventTime(*heard), *wh);
        }
        for (target, group) in &stored.groups {
            supply.groups.insert(target_of(target)?, group_of(group)?);
        }
        for (target, back) in &stored.returned {
            let back = back.iter().map(|(meter, was_out)| Ok((meter_of(meter)?, *was_out)));
            supply.returned.insert(target_of(target)?, back.collect::<Result<_, RestoreError>>()?);
        }
        let mut members = BTreeMap::<Target, u32>::new();
        for (meter, spell) in &stored.out {
            let spell = spell_of(spell)?;
            spell.group.iter().for_each(|target| *members.entry(*target).or_default() += 1);
            supply.out.insert(meter_of(meter)?, spell);
        }
        // Whoever leaves is subtracted.
        let out = supply.groups.iter().map(|(target, group)| (*target, group.out));
        if supply.out.len() != stored.out.len() || !out.filter(|(_, out)| *out > 0).eq(members) {
            return Err(RestoreError);
        }
        supply.books = Books {
            all: stored.books.iter().map(book_of).collect::<Result<_, _>>()?,
            month: stored.month.map(date_of).transpose()?,
            again: stored.again.iter().copied().map(date_of).collect::<Result<_, _>>()?,
            last: stored.booked.map(EventTime),
        };
        Ok(supply)
    }
}

fn meter_of(name: &str) -> Result<MeterId, RestoreError> {
    MeterId::new(name).ok_or(RestoreError)
}

fn date_v1(date: Date) -> DateV1 {
    (date.year(), date.month(), date.day())
}

fn date_of((year, month, day): DateV1) -> Result<Date, RestoreError> {
    // Sums of years stay within the calendar.
    if !(1900..=2200).contains(&year) {
        return Err(RestoreError);
    }
    Date::new(year, month, day).map_err(|_| RestoreError)
}

fn cause_v1(cause: Cause) -> u8 {
    Cause::ALL.iter().position(|one| *one == cause).map_or(0, |at| at as u8)
}

fn cause_of(stored: u8) -> Result<Cause, RestoreError> {
    Cause::ALL.get(usize::from(stored)).copied().ok_or(RestoreError)
}

fn target_v1(target: &Target) -> TargetV1 {
    let kind = match target {
        Target::Consumer(_) => 0,
        Target::Transformer(_) => 1,
        Target::Feeder(_) => 2,
    };
    (kind, target.name().to_owned())
}

fn target_of((kind, name): &TargetV1) -> Result<Target, RestoreError> {
    let target = match kind {
        0 => MeterId::new(name).map(Target::Consumer),
        1 => TransformerId::new(name).map(Target::Transformer),
        2 => FeederId::new(name).map(Target::Feeder),
        _ => None,
    };
    target.ok_or(RestoreError)
}

fn spell_v1(spell: &Spell) -> SpellV1 {
    SpellV1 {
        start: spell.start.0,
        cause: cause_v1(spell.cause),
        noticed: spell.noticed.0,
        back: spell.back.map(|back| back.0),
        group: spell.group.as_ref().map(target_v1),
        told: spell.told,
        with_others: spell.with_others,
    }
}

fn spell_of(stored: &SpellV1) -> Result<Spell, RestoreError> {
    Ok(Spell {
        start: EventTime(stored.start),
        cause: cause_of(stored.cause)?,
        noticed: EventTime(stored.noticed),
        back: stored.back.map(EventTime),
        group: stored.group.as_ref().map(target_of).transpose()?,
        told: stored.told,
        with_others: stored.with_others,
    })
}

fn group_v1(group: &Group) -> GroupV1 {
    GroupV1 {
        start: group.start.0,
        cause: cause_v1(group.cause),
        noticed: group.noticed.0,
        area: group.area.map(|area| area.to_string()),
        feeder: group.feeder.map(|feeder| feeder.to_string()),
        counts: [group.consumers, group.out],
        customer_ms: group.customer_ms,
        said: group.said.map(|time| time.0),
        heard: group.heard.map(|time| time.0),
        told: group.told,
    }
}

fn group_of(stored: &GroupV1) -> Result<Group, RestoreError> {
    let [consumers, out] = stored.counts;
    if out > consumers {
        return Err(RestoreError);
    }
    Ok(Group {
        start: EventTime(stored.start),
        cause: cause_of(stored.cause)?,
        noticed: EventTime(stored.noticed),
        area: area_of(&stored.area)?,
        feeder: stored.feeder.as_ref().map(|name| FeederId::new(name).ok_or(RestoreError)).transpose()?,
        consumers,
        out,
        customer_ms: stored.customer_ms,
        said: stored.said.map(EventTime),
        heard: stored.heard.map(EventTime),
        told: stored.told,
    })
}

fn area_of(stored: &Option<String>) -> Result<Option<AreaId>, RestoreError> {
    stored.as_ref().map(|name| AreaId::new(name).ok_or(RestoreError)).transpose()
}

fn book_v1(area: Option<AreaId>, book: &Book) -> BookV1 {
    let day =
        |(date, day): (&Date, &Day)| (date_v1(*date), day.ms, [day.sustained, day.momentary, day.consumers]);
    let voltage = |(month, voltage): (&Date, &Voltage)| {
        (date_v1(*month), [voltage.low, voltage.high, voltage.unbalanced, voltage.known])
    };
    BookV1 {
        area: area.map(|area| area.to_string()),
        days: book.days.iter().map(day).collect(),
        voltages: book.voltages.iter().map(voltage).collect(),
    }
}

fn book_of(stored: &BookV1) -> Result<(Option<AreaId>, Book), RestoreError> {
    let day = |(date, ms, [sustained, momentary, consumers]): &(DateV1, u64, [u32; 3])| {
        let day = Day { ms: *ms, sustained: *sustained, momentary: *momentary, consumers: *consumers };
        Ok((date_of(*date)?, day))
    };
    let voltage = |(month, [low, high, unbalanced, known]): &(DateV1, [u64; 4])| {
        Ok((date_of(*month)?, Voltage { low: *low, high: *high, unbalanced: *unbalanced, known: *known }))
    };
    let book = Book {
        days: stored.days.iter().map(day).collect::<Result<_, RestoreError>>()?,
        voltages: stored.voltages.iter().map(voltage).collect::<Result<_, RestoreError>>()?,
    };
    Ok((area_of(&stored.area)?, book))
}
