//! Readings into columns: a Parquet file, or one record batch for a message.

use crate::ColumnsError;
use crate::field::{Field, Kind, timestamp};
use crate::table::{CHUNK_ROWS, Encode, Table, properties};
use arrow::array::{
    ArrayRef, BooleanArray, Decimal64Array, Float64Array, Int64Array, ListBuilder, RecordBatch, StringArray,
    TimestampMillisecondArray, UInt16Builder, UInt64Array,
};
use arrow::datatypes::{DataType, Field as Column, Schema};
use parquet::file::properties::WriterPropertiesBuilder;
use pipeline::Compression;
use reading::{Phases, RawReading};
use std::path::Path;
use std::sync::Arc;

/// Writes readings to a Parquet file, in the order in which they come. Every file has the same columns, one for
/// each field of the wire format and one for each phase, so that files can be read together.
#[derive(Debug)]
pub struct ReadingsWriter {
    table: Table,
}

impl ReadingsWriter {
    /// Starts the file.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, ColumnsError> {
        let schema = Arc::new(Schema::new(columns(Which::All, &[])));
        let layout = |properties: WriterPropertiesBuilder, field: &Field| match field.kind() {
            // All meters speak at the same times.
            Kind::Name | Kind::Time => properties.dictionary(field.name()),
            // Registers grow by little from row to row where rows are by meter.
            Kind::Whole => properties.delta(field.name()),
            // Thousandths of one meter, or of all at one moment, need few bits. Nothing is left for snappy to find.
            Kind::Measured => properties.delta(field.name()).packed(field.name()),
            Kind::Events | Kind::Relay => properties,
        };
        let properties = Field::ALL.iter().fold(properties(Compression::Snappy), layout);
        Ok(Self { table: Table::create(path.as_ref(), schema, properties.build())? })
    }

    /// Appends readings.
    pub fn write(&mut self, readings: &[RawReading]) -> Result<(), ColumnsError> {
        readings.chunks(CHUNK_ROWS).try_for_each(|chunk| self.table.write(&record_batch(Which::All, chunk)))
    }

    /// Ends the file and says how many readings it has. Dropped before, there is no file.
    pub fn finish(self) -> Result<u64, ColumnsError> {
        self.table.finish()
    }
}

/// Measured numbers in files are thousandths, exactly: decimals of so many digits in all.
const DIGITS: u8 = 18;
const DECIMALS: i8 = 3;

/// Which columns to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// All that there are, for a file.
    All,
    /// Those that some reading has a value for, for a message: measured numbers as floats.
    Used,
}

/// The readings as columns.
pub(crate) fn record_batch(which: Which, readings: &[RawReading]) -> RecordBatch {
    let columns = columns(which, readings);
    let arrays = columns.iter().map(|column| {
        let field = Field::ALL.iter().copied().find(|field| field.name() == column.name());
        array(which, field.expect("columns are made of fields"), readings)
    });
    let arrays = arrays.collect();
    RecordBatch::try_new(Arc::new(Schema::new(columns)), arrays).expect("each array is made for its column")
}

fn columns(which: Which, readings: &[RawReading]) -> Vec<Column> {
    let wanted = |field: Field| which == Which::All || readings.iter().any(|raw| has(raw, field));
    let wanted = Field::ALL.iter().filter(|&&field| wanted(field));
    wanted
        .map(|&field| {
            Column::new(
                field.name(),
                data_type(which, field),
                field.kind() != Kind::Name && field != Field::Time,
            )
        })
        .collect()
}

fn data_type(which: Which, field: Field) -> DataType {
    match field.kind() {
        Kind::Name => DataType::Utf8,
        Kind::Time => timestamp(),
        Kind::Whole if field == Field::Seq => DataType::UInt64,
        Kind::Whole => DataType::Int64,
        Kind::Measured if which == Which::All => DataType::Decimal64(DIGITS, DECIMALS),
        Kind::Measured => DataType::Float64,
        Kind::Events => DataType::List(Arc::new(Column::new_list_field(DataType::UInt16, true))),
        Kind::Relay => DataType::Boolean,
    }
}

fn has(raw: &RawReading, field: Field) -> bool {
    match field.kind() {
        Kind::Name | Kind::Time => true,
        Kind::Whole if field == Field::Seq => raw.seq.is_some(),
        Kind::Whole => whole(raw, field).is_some(),
        Kind::Measured => measured(raw, field).is_some(),
        Kind::Events => !raw.events.is_empty(),
        Kind::Relay => raw.relay.is_some(),
    }
}

fn array(which: Which, field: Field, readings: &[RawReading]) -> ArrayRef {
    match field.kind() {
        Kind::Name => {
            Arc::new(StringArray::from_iter_values(readings.iter().map(|raw| raw.meter.as_str().to_owned())))
        }
        Kind::Time => {
            let times = TimestampMillisecondArray::from_iter_values(readings.iter().map(|raw| raw.time.0));
            Arc::new(times.with_timezone("UTC"))
        }
        Kind::Whole if field == Field::Seq => {
            Arc::new(readings.iter().map(|raw| raw.seq).collect::<UInt64Array>())
        }
        Kind::Whole => Arc::new(readings.iter().map(|raw| whole(raw, field)).collect::<Int64Array>()),
        Kind::Measured if which == Which::All => {
            let thousandths = readings.iter().map(|raw| measured(raw, field)).collect::<Decimal64Array>();
            Arc::new(thousandths.with_data_type(data_type(which, field)))
        }
        Kind::Measured => {
            let units = |raw| measured(raw, field).map(|thousandths| thousandths as f64 / 1000.0);
            Arc::new(readings.iter().map(units).collect::<Float64Array>())
        }
        Kind::Events => {
            let mut lists = ListBuilder::new(UInt16Builder::new());
            for raw in readings {
                raw.events.iter().for_each(|code| lists.values().append_value(code.0));
                lists.append(!raw.events.is_empty());
            }
            Arc::new(lists.finish())
        }
        Kind::Relay => Arc::new(readings.iter().map(|raw| raw.relay).collect::<BooleanArray>()),
    }
}

fn whole(raw: &RawReading, field: Field) -> Option<i64> {
    match field {
        Field::Imp => raw.imp.map(|one| one.0),
        Field::Exp => raw.exp.map(|one| one.0),
        Field::Lag => raw.lag.map(|one| one.0),
        Field::Lead => raw.lead.map(|one| one.0),
        Field::Vah => raw.vah.map(|one| one.0),
        _ => None,
    }
}

/// In thousandths.
fn measured(raw: &RawReading, field: Field) -> Option<i64> {
    let small = |one: i32| i64::from(one);
    match field {
        Field::V => total(raw.v, |one| small(one.0)),
        Field::VA => phase(raw.v, 0, |one| small(one.0)),
        Field::VB => phase(raw.v, 1, |one| small(one.0)),
        Field::VC => phase(raw.v, 2, |one| small(one.0)),
        Field::I => total(raw.i, |one| small(one.0)),
        Field::IA => phase(raw.i, 0, |one| small(one.0)),
        Field::IB => phase(raw.i, 1, |one| small(one.0)),
        Field::IC => phase(raw.i, 2, |one| small(one.0)),
        Field::P => total(raw.p, |one| one.0),
        Field::PA => phase(raw.p, 0, |one| one.0),
        Field::PB => phase(raw.p, 1, |one| one.0),
        Field::PC => phase(raw.p, 2, |one| one.0),
        Field::Q => total(raw.q, |one| one.0),
        Field::QA => phase(raw.q, 0, |one| one.0),
        Field::QB => phase(raw.q, 1, |one| one.0),
        Field::QC => phase(raw.q, 2, |one| one.0),
        Field::Neutral => raw.neutral.map(|one| small(one.0)),
        Field::VLoad => raw.v_load.map(|one| small(one.0)),
        Field::F => raw.f.map(|one| small(one.0)),
        _ => None,
    }
}

fn total<T>(phases: Option<Phases<T>>, number: impl Fn(T) -> i64) -> Option<i64> {
    match phases? {
        Phases::One(one) => Some(number(one)),
        Phases::Three(_) => None,
    }
}

fn phase<T>(phases: Option<Phases<T>>, index: usize, number: impl Fn(T) -> i64) -> Option<i64> {
    match phases? {
        Phases::One(_) => None,
        Phases::Three(three) => three.into_iter().nth(index).map(number),
    }
}
