//! Columns to readings: a record batch is turned into checked readings, in blocks that stay in the cache.

use crate::field::{Field, Layout};
use crate::names::{Meters, Names};
use crate::numbers::{BLOCK, Block, Numbers, first, valid};
use crate::row_json;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use arrow::error::ArrowError;
use reading::{Batch, EventCode, EventTime, Key, Limits, MeterId, Phases, RawReading, Reason, Span, check};
use std::sync::Arc;
use units::{
    Milliamperes, Millihertz, Millivars, Millivolts, Milliwatts, VarHours, VoltAmpereHours, WattHours,
};

/// The range of a quantity that is kept in 32 bits.
const SMALL: (i64, i64) = (i32::MIN as i64, i32::MAX as i64);
/// The range of a quantity that is kept in 64 bits.
const LARGE: (i64, i64) = (i64::MIN, i64::MAX);

/// Turns record batches into readings. Keeps its memory, and what it learnt of the last dictionary of meters.
#[derive(Debug)]
pub(crate) struct Rows {
    raws: Vec<RawReading>,
    block: Block,
    refused: [Option<Reason>; BLOCK],
    keys: [Key; BLOCK],
    meters: Meters,
}

impl Rows {
    pub(crate) fn new() -> Self {
        let nobody = MeterId::new("-").expect("a dash is a name");
        Self {
            raws: vec![RawReading::new(nobody, EventTime::MIN); BLOCK],
            block: Block::EMPTY,
            refused: [None; BLOCK],
            keys: [Key { hash: 0, at: 0, len: 0 }; BLOCK],
            meters: Meters::default(),
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
        self.meters.start(&columns.names);
        self.forget();
        batch.keys.reserve(rows.num_rows());
        batch.readings.reserve(rows.num_rows());
        for from in (0..rows.num_rows()).step_by(BLOCK) {
            let count = BLOCK.min(rows.num_rows() - from);
            self.fill(&columns, from, count, batch);
            for index in 0..count {
                let refused = self.refused[index].take();
                match refused.map_or_else(|| check(&self.raws[index], limits), Err) {
                    Ok(checked) => batch.push_as(self.keys[index], checked),
                    Err(reason) => bury(layout, rows, from + index, reason, batch),
                }
            }
        }
        Ok(())
    }

    /// Columns that this record batch lacks must not speak from the one before.
    fn forget(&mut self) {
        let nobody = self.raws[0].meter;
        self.raws.fill(RawReading::new(nobody, EventTime::MIN));
    }

    fn fill(&mut self, columns: &Columns, from: usize, count: usize, batch: &mut Batch) {
        self.meters.keys(&columns.names, from, &mut self.keys[..count], &mut self.refused, &mut batch.bytes);
        let Self { raws, block, refused, .. } = self;
        let mut block = Filling { raws: &mut raws[..count], block, refused, from };
        columns.times.fill(&mut block);
        block.whole(columns.imp, |raw, imp| raw.imp = imp.map(WattHours));
        block.whole(columns.exp, |raw, exp| raw.exp = exp.map(WattHours));
        block.whole(columns.lag, |raw, lag| raw.lag = lag.map(VarHours));
        block.whole(columns.lead, |raw, lead| raw.lead = lead.map(VarHours));
        block.whole(columns.vah, |raw, vah| raw.vah = vah.map(VoltAmpereHours));
        block.counter(columns.seq, |raw, seq| raw.seq = seq);
        block.small(columns.neutral, |raw, neutral| raw.neutral = neutral.map(Milliamperes));
        block.small(columns.v_load, |raw, v_load| raw.v_load = v_load.map(Millivolts));
        block.small(columns.f, |raw, f| raw.f = f.map(Millihertz));
        block.phases(&columns.v, SMALL, |raw, v| raw.v = v.map(|v| phases(v, |one| Millivolts(one as i32))));
        block
            .phases(&columns.i, SMALL, |raw, i| raw.i = i.map(|i| phases(i, |one| Milliamperes(one as i32))));
        block.phases(&columns.p, LARGE, |raw, p| raw.p = p.map(|p| phases(p, Milliwatts)));
        block.phases(&columns.q, LARGE, |raw, q| raw.q = q.map(|q| phases(q, Millivars)));
        if let Some(events) = &columns.events {
            events.fill(&mut block);
        }
        if let Some(relay) = &columns.relay {
            relay.fill(&mut block);
        }
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
        let numbers = |field| column(field).and_then(|column| Numbers::of(column));
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
            events: column(Field::Events).map(Events::of).transpose()?,
            relay: column(Field::Relay).map(Relay::of).transpose()?,
        })
    }
}

/// A quantity with a column for the whole meter, columns for the phases, or both.
struct Phased<'a> {
    total: Option<Numbers<'a>>,
    each: [Option<Numbers<'a>>; 3],
}

/// The readings of one block while the columns are written into them, one after another.
struct Filling<'a> {
    raws: &'a mut [RawReading],
    // The numbers of the column at hand.
    block: &'a mut Block,
    refused: &'a mut [Option<Reason>; BLOCK],
    from: usize,
}

impl Filling<'_> {
    #[inline(always)]
    fn whole(&mut self, numbers: Option<Numbers>, put: impl Fn(&mut RawReading, Option<i64>)) {
        if let Some(numbers) = numbers {
            numbers.whole(self.from, self.raws.len(), self.block);
            self.put(put);
        }
    }

    #[inline(always)]
    fn counter(&mut self, numbers: Option<Numbers>, put: impl Fn(&mut RawReading, Option<u64>)) {
        if let Some(numbers) = numbers {
            numbers.counter(self.from, self.raws.len(), self.block);
            self.put(|raw, one| put(raw, one.map(|one| one as u64)));
        }
    }

    #[inline(always)]
    fn small(&mut self, numbers: Option<Numbers>, put: impl Fn(&mut RawReading, Option<i32>)) {
        if let Some(numbers) = numbers {
            numbers.thousandths(self.from, self.raws.len(), SMALL, self.block);
            self.put(|raw, one| put(raw, one.map(|one| one as i32)));
        }
    }

    #[inline(always)]
    fn phases(
        &mut self,
        phased: &Phased,
        range: (i64, i64),
        put: impl Fn(&mut RawReading, Option<Phases<i64>>),
    ) {
        if phased.each.iter().all(Option::is_none) {
            if let Some(numbers) = &phased.total {
                numbers.thousandths(self.from, self.raws.len(), range, self.block);
                self.put(|raw, one| put(raw, one.map(Phases::One)));
            }
        } else {
            self.three_phases(phased, range, put);
        }
    }

    fn three_phases(
        &mut self,
        phased: &Phased,
        range: (i64, i64),
        put: impl Fn(&mut RawReading, Option<Phases<i64>>),
    ) {
        let mut total = Block::EMPTY;
        if let Some(numbers) = &phased.total {
            numbers.thousandths(self.from, self.raws.len(), range, &mut total);
        }
        let mut each = [Block::EMPTY; 3];
        for (block, numbers) in each.iter_mut().zip(&phased.each) {
            if let Some(numbers) = numbers {
                numbers.thousandths(self.from, self.raws.len(), range, block);
            }
            self.refuse(block.beyond, Reason::NumberRange);
        }
        self.refuse(total.beyond, Reason::NumberRange);
        for (row, raw) in self.raws.iter_mut().enumerate() {
            let has = |block: &Block| block.valid >> row & 1 == 1;
            let [a, b, c] = each.each_ref().map(|block| has(block).then_some(block.numbers[row]));
            let total = has(&total).then_some(total.numbers[row]);
            let value = match (total, a, b, c) {
                (total, None, None, None) => Ok(total.map(Phases::One)),
                (None, Some(a), Some(b), Some(c)) => Ok(Some(Phases::Three([a, b, c]))),
                // A single-phase meter in a file of three-phase ones has its only phase in the first column.
                (None, Some(a), None, None) => Ok(Some(Phases::One(a))),
                (None, ..) => Err(Reason::FieldType),
                (Some(_), ..) => Err(Reason::FieldTwice),
            };
            match value {
                Ok(value) => put(raw, value),
                Err(reason) => {
                    self.refused[row].get_or_insert(reason);
                }
            }
        }
    }

    #[inline(always)]
    fn put(&mut self, put: impl Fn(&mut RawReading, Option<i64>)) {
        self.refuse(self.block.beyond, Reason::NumberRange);
        let valid = self.block.valid;
        let rows = self.raws.iter_mut().zip(&self.block.numbers);
        if valid == u64::MAX {
            rows.for_each(|(raw, &one)| put(raw, Some(one)));
        } else {
            rows.enumerate().for_each(|(row, (raw, &one))| put(raw, (valid >> row & 1 == 1).then_some(one)));
        }
    }

    #[inline(always)]
    fn refuse(&mut self, rows: u64, reason: Reason) {
        if rows != 0 {
            for row in (0..self.raws.len()).filter(|row| rows >> row & 1 == 1) {
                self.refused[row].get_or_insert(reason);
            }
        }
    }
}

fn phases<T>(phases: Phases<i64>, quantity: impl Fn(i64) -> T) -> Phases<T> {
    match phases {
        Phases::One(one) => Phases::One(quantity(one)),
        Phases::Three(three) => Phases::Three(three.map(quantity)),
    }
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
        let there = valid(times.nulls(), block.from, block.raws.len());
        block.refuse(first(block.raws.len()) & !there, Reason::TimeMissing);
        let values = &times.values()[block.from..];
        match self.unit {
            Unit::Multiple(1) => {
                block.raws.iter_mut().zip(values).for_each(|(raw, &one)| raw.time = EventTime(one));
            }
            unit => block.raws.iter_mut().zip(values).for_each(|(raw, &one)| raw.time = Self::ms(unit, one)),
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
        for (row, raw) in block.raws.iter_mut().enumerate() {
            raw.events.clear();
            if self.lists.is_null(block.from + row) {
                continue;
            }
            let list = self.lists.value(block.from + row);
            let read = match list.data_type() {
                DataType::Int64 => numbered(&list, &mut raw.events),
                _ => named(list.as_string::<i32>(), &mut raw.events),
            };
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

fn named(list: &StringArray, events: &mut Vec<EventCode>) -> Result<(), Reason> {
    for name in list {
        events.push(name.and_then(EventCode::named).ok_or(Reason::FieldType)?);
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
        for (row, raw) in block.raws.iter_mut().enumerate() {
            let at = block.from + row;
            let said = match self {
                Self::Switch(switch) => Ok(switch.is_valid(at).then(|| switch.value(at))),
                Self::Text(text) if text.is_null(at) => Ok(None),
                Self::Text(text) => match text.value(at) {
                    "on" => Ok(Some(true)),
                    "off" => Ok(Some(false)),
                    _ => Err(Reason::FieldType),
                },
            };
            match said {
                Ok(relay) => raw.relay = relay,
                Err(reason) => {
                    block.refused[row].get_or_insert(reason);
                }
            }
        }
    }
}
