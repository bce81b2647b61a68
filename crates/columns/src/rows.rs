//! Columns to readings: a record batch is turned into checked readings, in blocks that stay in the cache.

mod beside;
mod filling;
mod side;

use crate::field::{Field, Layout};
use crate::names::{Meters, Names};
use crate::numbers::{BLOCK, Block, Numbers, bits, first, valid};
use crate::row_json;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use arrow::error::ArrowError;
use beside::Beside;
use filling::Filling;
use reading::{
    Batch, Checked, Draft, EachPhase, EventCode, EventTime, Key, Limits, Phases, Reading, Reason, Span,
};
use side::Side;
use std::sync::Arc;
use units::{Milliamperes, Millivars, Millivolts, Milliwatts, WattHours};

/// The range of a quantity that is kept in 32 bits.
const SMALL: (i64, i64) = (i32::MIN as i64, i32::MAX as i64);
/// The range of a quantity that is kept in 64 bits.
const LARGE: (i64, i64) = (i64::MIN, i64::MAX);

/// Turns record batches into readings. Keeps its memory, and what it learnt of the last dictionary of meters.
#[derive(Debug)]
pub(crate) struct Rows {
    drafts: [Draft; BLOCK],
    beside: Beside,
    /// A column, or the phases of one and its total.
    blocks: [Block; 4],
    side: Side,
    refused: [Option<Reason>; BLOCK],
    keys: [Key; BLOCK],
    entries: [u32; BLOCK],
    /// Of a file. A message may have a dictionary for each part, and all parts are one batch: there each row has its
    /// own key.
    meters: Option<Meters>,
}

impl Rows {
    /// For the rows of a file, each record batch into an empty batch of its own.
    pub(crate) fn of_file() -> Self {
        Self { meters: Some(Meters::default()), ..Self::of_message() }
    }

    /// For the rows of a message, behind what a batch already holds.
    pub(crate) fn of_message() -> Self {
        Self {
            drafts: [Draft::new(EventTime::MIN); BLOCK],
            beside: Beside::new(),
            blocks: [Block::EMPTY; 4],
            side: Side::EMPTY,
            refused: [None; BLOCK],
            keys: [Key { hash: 0, at: 0, len: 0 }; BLOCK],
            entries: [0; BLOCK],
            meters: None,
        }
    }

    /// Adds every row to `batch`: as a reading, or as a dead letter that holds the row as a JSON object.
    pub(crate) fn append(
        &mut self,
        layout: &Layout,
        rows: &RecordBatch,
        limits: &Limits,
        batch: &mut Batch,
    ) -> Result<(), ArrowError> {
        let columns = Columns::of(layout, rows)?;
        let by_entry = match (&columns.names, &mut self.meters) {
            (Names::Dictionary(names), Some(meters)) => {
                batch.name_by(meters.dictionary(names));
                true
            }
            _ => false,
        };
        batch.readings.reserve(rows.num_rows());
        for from in (0..rows.num_rows()).step_by(BLOCK) {
            let count = BLOCK.min(rows.num_rows() - from);
            self.name(&columns.names, from, count, &mut batch.bytes);
            if self.refused[..count].iter().all(Option::is_none)
                && let Some(times) = columns.times.plain(from, count)
                && let Some(readings) = self.side.plain(&columns, times, from, limits)
            {
                let entries = by_entry.then_some(&self.entries[..count]);
                extend(batch, entries, &self.keys[..count], readings);
                continue;
            }
            self.fill(&columns, from, count, limits);
            let odd = self.odd(count);
            let mut at = 0;
            while at < count {
                let plain = ((odd >> at).trailing_zeros() as usize).min(count - at);
                if plain > 0 {
                    let rows = at..at + plain;
                    let readings = self.drafts[rows.clone()].iter().map(|draft| *draft.reading());
                    let entries = by_entry.then(|| &self.entries[rows.clone()]);
                    extend(batch, entries, &self.keys[rows], readings);
                    at += plain;
                    continue;
                }
                match self.refused[at].take().map_or_else(|| self.drafts[at].done(), Err) {
                    Ok((reading, issues)) => {
                        let checked = Checked::new(reading, self.beside.take(at), issues);
                        match by_entry {
                            true => batch.push_entry(self.entries[at], checked),
                            false => batch.push_as(self.keys[at], checked),
                        }
                    }
                    Err(reason) => bury(layout, rows, from + at, reason, batch),
                }
                at += 1;
            }
        }
        Ok(())
    }

    /// The rows of a block that are not a plain reading alone.
    fn odd(&self, count: usize) -> u64 {
        let rows = self.drafts[..count].iter().zip(&self.refused).rev();
        let bit = |(draft, refused): (&Draft, &Option<Reason>)| !draft.is_plain() | refused.is_some();
        self.beside.rows() | rows.fold(0, |bits, row| bits << 1 | u64::from(bit(row)))
    }

    fn name(&mut self, names: &Names, from: usize, count: usize, bytes: &mut Vec<u8>) {
        match (names, &self.meters) {
            (Names::Dictionary(names), Some(meters)) => {
                meters.entries(names, from, &mut self.entries[..count], &mut self.refused);
            }
            (names, _) => names.keys(from, &mut self.keys[..count], &mut self.refused, bytes),
        }
    }

    fn fill(&mut self, columns: &Columns, from: usize, count: usize, limits: &Limits) {
        let Self { drafts, beside, blocks, refused, .. } = self;
        beside.clear();
        let mut block = Filling { drafts: &mut drafts[..count], beside, blocks, refused, from };
        columns.times.fill(&mut block);
        block.whole(columns.imp, |draft, imp| draft.imp(WattHours(imp)));
        block.whole(columns.exp, |draft, exp| draft.exp(WattHours(exp)));
        for numbers in [columns.lag, columns.lead, columns.vah] {
            block.whole(numbers, |draft, _| draft.more());
        }
        block.counter(columns.seq, |_, _| ());
        block.small(columns.neutral, |draft, neutral| draft.neutral(Milliamperes(neutral), limits));
        block.small(columns.f, |draft, _| draft.more());
        block.v_load(columns.v_load, limits);
        let volts = |one| Millivolts(one as i32);
        let keep = |each: &mut EachPhase, v| each.v = Some(v);
        block.phases(&columns.v, SMALL, keep, |draft, v| match v {
            Phases::One(v) => {
                draft.v(volts(v), limits);
                None
            }
            Phases::Three(v) => draft.v_of_three(v.map(volts), limits),
        });
        let amperes = |one| Milliamperes(one as i32);
        let keep = |each: &mut EachPhase, i| each.i = Some(i);
        block.phases(&columns.i, SMALL, keep, |draft, i| match i {
            Phases::One(i) => {
                draft.i(amperes(i), limits);
                None
            }
            Phases::Three(i) => draft.i_of_three(i.map(amperes), limits),
        });
        let keep = |each: &mut EachPhase, p| each.p = Some(p);
        block.phases(&columns.p, LARGE, keep, |draft, p| match p {
            Phases::One(p) => {
                draft.p(Milliwatts(p), limits);
                None
            }
            Phases::Three(p) => draft.p_of_three(p.map(Milliwatts), limits),
        });
        let keep = |each: &mut EachPhase, q| each.q = Some(q);
        block.phases(&columns.q, LARGE, keep, |draft, q| match q {
            Phases::One(q) => {
                draft.q(Millivars(q), limits);
                None
            }
            Phases::Three(q) => draft.q_of_three(q.map(Millivars), limits),
        });
        if let Some(events) = &columns.events {
            events.fill(&mut block);
        }
        if let Some(relay) = &columns.relay {
            relay.fill(&mut block);
        }
    }
}

/// Adds plain readings, each under its entry of the dictionary if there is one, else under its key.
fn extend(batch: &mut Batch, entries: Option<&[u32]>, keys: &[Key], readings: impl Iterator<Item = Reading>) {
    match entries {
        Some(entries) => batch.extend_entries(entries, readings),
        None => batch.extend_as(keys, readings),
    }
}

/// The time of the first row that has one.
pub(crate) fn first_time(layout: &Layout, rows: &RecordBatch) -> Option<EventTime> {
    let times = Times::of(rows.column(layout.at(Field::Time)?)).ok()?;
    (0..rows.num_rows()).find_map(|row| times.at(row))
}

#[cold]
fn bury(layout: &Layout, rows: &RecordBatch, row: usize, reason: Reason, batch: &mut Batch) {
    let at = batch.bytes.len();
    row_json::write(layout, rows, row, &mut batch.bytes);
    let span = Span { at: at as u32, len: (batch.bytes.len() - at) as u32 };
    batch.bury(span, reason);
}

/// The columns of one record batch, each looked into once.
struct Columns<'a> {
    names: Names,
    times: Times,
    imp: Option<Numbers<'a>>,
    exp: Option<Numbers<'a>>,
    lag: Option<Numbers<'a>>,
    lead: Option<Numbers<'a>>,
    vah: Option<Numbers<'a>>,
    seq: Option<Numbers<'a>>,
    neutral: Option<Numbers<'a>>,
    v_load: Option<Numbers<'a>>,
    f: Option<Numbers<'a>>,
    v: Phased<'a>,
    i: Phased<'a>,
    p: Phased<'a>,
    q: Phased<'a>,
    events: Option<Events>,
    relay: Option<Relay>,
}

impl<'a> Columns<'a> {
    fn of(layout: &Layout, rows: &'a RecordBatch) -> Result<Self, ArrowError> {
        let column = |field| layout.at(field).map(|at| rows.column(at));
        // A column without a value in these rows is as good as none.
        let there = |field| column(field).filter(|column| column.null_count() < column.len());
        let numbers = |field| there(field).and_then(|column| Numbers::of(column));
        let phased = |[total, a, b, c]: [Field; 4]| Phased {
            total: numbers(total),
            each: [numbers(a), numbers(b), numbers(c)],
        };
        let missing = |field: Field| ArrowError::SchemaError(format!("no column `{}`", field.name()));
        Ok(Self {
            names: Names::of(column(Field::Meter).ok_or_else(|| missing(Field::Meter))?)?,
            times: Times::of(column(Field::Time).ok_or_else(|| missing(Field::Time))?)?,
            imp: numbers(Field::Imp),
            exp: numbers(Field::Exp),
            lag: numbers(Field::Lag),
            lead: numbers(Field::Lead),
            vah: numbers(Field::Vah),
            seq: numbers(Field::Seq),
            neutral: numbers(Field::Neutral),
            v_load: numbers(Field::VLoad),
            f: numbers(Field::F),
            v: phased([Field::V, Field::VA, Field::VB, Field::VC]),
            i: phased([Field::I, Field::IA, Field::IB, Field::IC]),
            p: phased([Field::P, Field::PA, Field::PB, Field::PC]),
            q: phased([Field::Q, Field::QA, Field::QB, Field::QC]),
            events: there(Field::Events).map(Events::of).transpose()?,
            relay: there(Field::Relay).map(Relay::of).transpose()?,
        })
    }
}

impl Columns<'_> {
    /// Whether there is a column that few files have a value in.
    fn has_rare(&self) -> bool {
        let phased = [&self.v, &self.i, &self.p, &self.q];
        phased.iter().any(|phased| phased.each.iter().any(Option::is_some))
            || [self.v_load, self.lag, self.lead, self.vah, self.f].iter().any(Option::is_some)
            || self.events.is_some()
            || self.relay.is_some()
    }
}

/// A quantity with a column for the whole meter, columns for the phases, or both.
struct Phased<'a> {
    total: Option<Numbers<'a>>,
    each: [Option<Numbers<'a>>; 3],
}

/// The column `time`: whole numbers, and how many milliseconds one of them is.
struct Times {
    column: ArrayRef,
    unit: Unit,
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Multiple(i64),
    Fraction(i64),
}

impl Times {
    fn of(column: &ArrayRef) -> Result<Self, ArrowError> {
        let unit = match column.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => Unit::Multiple(1000),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Unit::Fraction(1000),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Unit::Fraction(1_000_000),
            _ => Unit::Multiple(1),
        };
        // A cast between 64-bit numbers of the same meaning is free. What does not fit becomes null: no time.
        Ok(Self { column: cast(column, &DataType::Int64)?, unit })
    }

    /// The times of some rows, if all of them have one and it is whole milliseconds.
    fn plain(&self, from: usize, count: usize) -> Option<&[i64]> {
        let times = self.column.as_primitive::<Int64Type>();
        let plain =
            matches!(self.unit, Unit::Multiple(1)) && valid(times.nulls(), from, count) == first(count);
        plain.then(|| &times.values()[from..from + count])
    }

    fn ms(unit: Unit, one: i64) -> EventTime {
        EventTime(match unit {
            Unit::Multiple(by) => one.saturating_mul(by),
            // Parts of a millisecond are cut off, as RFC 3339 times are.
            Unit::Fraction(by) => one.div_euclid(by),
        })
    }

    fn at(&self, row: usize) -> Option<EventTime> {
        let times = self.column.as_primitive::<Int64Type>();
        times.is_valid(row).then(|| Self::ms(self.unit, times.value(row)))
    }

    fn fill(&self, block: &mut Filling) {
        let times = self.column.as_primitive::<Int64Type>();
        let there = valid(times.nulls(), block.from, block.drafts.len());
        block.refuse(first(block.drafts.len()) & !there, Reason::TimeMissing);
        let values = &times.values()[block.from..];
        match self.unit {
            Unit::Multiple(1) => {
                block
                    .drafts
                    .iter_mut()
                    .zip(values)
                    .for_each(|(draft, &one)| *draft = Draft::new(EventTime(one)));
            }
            unit => {
                let drafts = block.drafts.iter_mut().zip(values);
                drafts.for_each(|(draft, &one)| *draft = Draft::new(Self::ms(unit, one)));
            }
        }
    }
}

/// The column `ev`: lists of numbers, or of names.
struct Events {
    lists: ListArray,
}

impl Events {
    fn of(column: &ArrayRef) -> Result<Self, ArrowError> {
        let (DataType::List(of) | DataType::LargeList(of)) = column.data_type() else {
            return Err(ArrowError::SchemaError("`ev` is no list".to_owned()));
        };
        let wanted = if of.data_type().is_integer() { DataType::Int64 } else { DataType::Utf8 };
        let of = Arc::new(of.as_ref().clone().with_data_type(wanted).with_nullable(true));
        Ok(Self { lists: cast(column, &DataType::List(of))?.as_list::<i32>().clone() })
    }

    fn fill(&self, block: &mut Filling) {
        for row in bits(valid(self.lists.nulls(), block.from, block.drafts.len())) {
            let list = self.lists.value(block.from + row);
            if list.is_empty() {
                continue;
            }
            let (draft, events) = (&mut block.drafts[row], &mut block.beside.of(row).events);
            let read = match list.data_type() {
                DataType::Int64 => numbered(&list, events),
                _ => named(list.as_string::<i32>(), events, draft),
            };
            if !events.is_empty() {
                draft.more();
            }
            if let Err(reason) = read {
                block.refused[row].get_or_insert(reason);
            }
        }
    }
}

fn numbered(list: &ArrayRef, events: &mut Vec<EventCode>) -> Result<(), Reason> {
    for code in list.as_primitive::<Int64Type>() {
        let code = code.ok_or(Reason::FieldType)?;
        events.push(EventCode(u16::try_from(code).map_err(|_| Reason::NumberRange)?));
    }
    Ok(())
}

fn named(list: &StringArray, events: &mut Vec<EventCode>, draft: &mut Draft) -> Result<(), Reason> {
    for name in list {
        match EventCode::named(name.ok_or(Reason::FieldType)?) {
            Some(code) => events.push(code),
            None => draft.unknown_event(),
        }
    }
    Ok(())
}

/// The column `relay`.
enum Relay {
    Switch(BooleanArray),
    Text(StringArray),
}

impl Relay {
    fn of(column: &ArrayRef) -> Result<Self, ArrowError> {
        Ok(match column.as_boolean_opt() {
            Some(switch) => Self::Switch(switch.clone()),
            None => Self::Text(cast(column, &DataType::Utf8)?.as_string().clone()),
        })
    }

    fn fill(&self, block: &mut Filling) {
        let nulls = match self {
            Self::Switch(switch) => switch.nulls(),
            Self::Text(text) => text.nulls(),
        };
        for row in bits(valid(nulls, block.from, block.drafts.len())) {
            let at = block.from + row;
            let is_on = match self {
                Self::Switch(switch) => Some(switch.value(at)),
                Self::Text(text) => match text.value(at) {
                    "on" => Some(true),
                    "off" => Some(false),
                    _ => None,
                },
            };
            if is_on.is_none() {
                block.drafts[row].unknown_event();
                continue;
            }
            block.beside.of(row).relay = is_on;
            block.drafts[row].more();
        }
    }
}
