//! Our own intervals again, for those who explain or compare them.

use crate::ColumnsError;
use crate::readings::{as_parquet, look_at};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use reading::{EventTime, MeterId};
use std::path::Path;
use units::{Amperes, Ratio, Volts, WattHours, Watts};

/// A row of `intervals.parquet`, under the names of its columns.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "they are the columns of the file")]
pub struct IntervalRow {
    pub meter: MeterId,
    pub start: EventTime,
    pub end: EventTime,
    pub imp_wh: Option<WattHours>,
    pub exp_wh: Option<WattHours>,
    pub avg_w: Option<Watts>,
    pub max_w: Option<Watts>,
    pub pf: Option<Ratio>,
    pub v_min: Option<Volts>,
    pub v_max: Option<Volts>,
    pub i_avg: Option<Amperes>,
    pub imbalance_avg: Option<Amperes>,
    pub imbalance_max: Option<Amperes>,
    pub readings: u32,
    pub quality: String,
    pub valid_wh: Option<WattHours>,
    pub candidate: Option<bool>,
}

/// All rows of a file that an [`IntervalsWriter`](super::IntervalsWriter) wrote, in its order.
pub fn read_intervals(path: impl AsRef<Path>) -> Result<Vec<IntervalRow>, ColumnsError> {
    let path = path.as_ref();
    let file = look_at(path)?;
    let mut all = Vec::new();
    let footer = |source| ColumnsError::Footer { path: path.to_owned(), source };
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, as_parquet())
        .and_then(ParquetRecordBatchReaderBuilder::build);
    for rows in reader.map_err(footer)? {
        let read = rows.and_then(|rows| append(&rows, &mut all));
        read.map_err(|source| ColumnsError::Damaged {
            path: path.to_owned(),
            rows: all.len() as u64,
            source,
        })?;
    }
    Ok(all)
}

fn append(rows: &RecordBatch, all: &mut Vec<IntervalRow>) -> Result<(), ArrowError> {
    let column = |name: &str, wanted: &DataType| -> Result<ArrayRef, ArrowError> {
        let missing = || ArrowError::SchemaError(format!("no column `{name}`"));
        cast(rows.column_by_name(name).ok_or_else(missing)?, wanted)
    };
    let text = |name| column(name, &DataType::Utf8);
    let whole = |name| column(name, &DataType::Int64);
    let number = |name| column(name, &DataType::Float64);
    let (meters, qualities) = (text("meter")?, text("quality")?);
    let (starts, ends, readings) = (whole("start")?, whole("end")?, whole("readings")?);
    let (imp, exp) = (whole("imp_wh")?, whole("exp_wh")?);
    let (avg, max, pf) = (number("avg_w")?, number("max_w")?, number("pf")?);
    let (v_min, v_max, i_avg) = (number("v_min")?, number("v_max")?, number("i_avg")?);
    let (imbalance_avg, imbalance_max) = (number("imbalance_avg")?, number("imbalance_max")?);
    let valid = match rows.column_by_name("valid_wh") {
        Some(_) => Some(whole("valid_wh")?),
        None => None,
    };
    let candidate = rows.column_by_name("candidate").and_then(|column| column.as_boolean_opt());
    for row in 0..rows.num_rows() {
        let no_name = || ArrowError::ParseError(format!("row {row} has no meter"));
        let float = |column: &ArrayRef| at::<Float64Type>(column, row);
        let time = |column: &ArrayRef| at::<Int64Type>(column, row).map_or(EventTime::MIN, EventTime);
        all.push(IntervalRow {
            meter: MeterId::new(meters.as_string::<i32>().value(row)).ok_or_else(no_name)?,
            start: time(&starts),
            end: time(&ends),
            imp_wh: at::<Int64Type>(&imp, row).map(WattHours),
            exp_wh: at::<Int64Type>(&exp, row).map(WattHours),
            avg_w: float(&avg).map(Watts),
            max_w: float(&max).map(Watts),
            pf: float(&pf).map(Ratio),
            v_min: float(&v_min).map(Volts),
            v_max: float(&v_max).map(Volts),
            i_avg: float(&i_avg).map(Amperes),
            imbalance_avg: float(&imbalance_avg).map(Amperes),
            imbalance_max: float(&imbalance_max).map(Amperes),
            readings: at::<Int64Type>(&readings, row).unwrap_or_default() as u32,
            quality: qualities.as_string::<i32>().value(row).to_owned(),
            valid_wh: valid.as_ref().and_then(|valid| at::<Int64Type>(valid, row)).map(WattHours),
            candidate: candidate.map(|candidate| candidate.value(row)),
        });
    }
    Ok(())
}

fn at<T: arrow::datatypes::ArrowPrimitiveType>(column: &ArrayRef, row: usize) -> Option<T::Native> {
    let column = column.as_primitive::<T>();
    column.is_valid(row).then(|| column.value(row))
}
