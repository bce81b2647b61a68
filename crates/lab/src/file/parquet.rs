//! Parquet, with columns of any type that can be read as a time, a name or a number.

use super::csv::number;
use super::{Rows, Stamp, Unread, Wanted, cannot_read, places};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimeUnit, TimestampMillisecondType};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use shell::Failure;
use std::fs::File;
use std::path::Path;

/// Reads the wanted columns.
pub fn read(path: &Path, wanted: &Wanted) -> Result<Rows, Failure> {
    let file = File::open(path).map_err(|cause| cannot_read(path, &cause))?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|cause| cannot_read(path, &cause))?;
    let header: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let (time, others) = places(path, &header, wanted)?;
    let roots = others.iter().copied().chain([time]);
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder.with_projection(mask).build().map_err(|cause| cannot_read(path, &cause))?;
    let mut rows = Rows {
        names: vec![Vec::new(); wanted.names.len()],
        numbers: vec![Vec::new(); wanted.numbers.len()],
        ..Rows::default()
    };
    let mut before = 0;
    for batch in reader {
        let batch = batch.map_err(|cause| cannot_read(path, &cause))?;
        add((before, &batch), &header[time], wanted, &mut rows).map_err(|cause| cannot_read(path, &cause))?;
        before += batch.num_rows();
    }
    Ok(rows)
}

/// Adds a batch with so many rows of the file before it.
fn add(
    (before, batch): (usize, &RecordBatch),
    time: &str,
    wanted: &Wanted,
    rows: &mut Rows,
) -> Result<(), ArrowError> {
    let column = |name: &str| batch.column_by_name(name).expect("the column was asked for");
    let stamps = times(column(time), (before, time), &mut rows.unread)?;
    rows.times.extend(stamps.iter().flatten());
    let is_timed = |index: &usize| stamps[*index].is_some();
    for (to, name) in rows.names.iter_mut().zip(&wanted.names) {
        let text = cast(column(name), &DataType::Utf8)?;
        let text = text.as_string::<i32>();
        let cell =
            |index: usize| if text.is_null(index) { String::new() } else { text.value(index).to_owned() };
        to.extend((0..text.len()).filter(is_timed).map(cell));
    }
    for (to, name) in rows.numbers.iter_mut().zip(&wanted.numbers) {
        let values = numbers(column(name), (before, name), &mut rows.unread)?;
        to.extend((0..values.len()).filter(is_timed).map(|index| values[index]));
    }
    Ok(())
}

/// The times of a column; none where a row has no time.
fn times(
    column: &dyn Array,
    (before, name): (usize, &str),
    unread: &mut Unread,
) -> Result<Vec<Option<i64>>, ArrowError> {
    let mut stamps = Vec::with_capacity(column.len());
    match column.data_type() {
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
            // A time with a zone is stored in UTC, and one without it is read as UTC.
            let cast = cast(column, &DataType::Timestamp(TimeUnit::Millisecond, None))?;
            let is_time = |ms: &i64| jiff::Timestamp::from_millisecond(*ms).is_ok();
            let times = cast.as_primitive::<TimestampMillisecondType>();
            stamps.extend(times.iter().map(|time| time.filter(is_time)));
        }
        _ => {
            let text = cast(column, &DataType::Utf8)?;
            let text = text.as_string::<i32>();
            stamps.extend(text.iter().map(|text| Some(Stamp::parse(text?)?.0)));
        }
    }
    for (row, _) in stamps.iter().enumerate().filter(|(_, stamp)| stamp.is_none()) {
        unread.add(|| format!("row {}, `{name}` is no time", before + row));
    }
    Ok(stamps)
}

/// The numbers of a column. Numbers that are written as text are read as in a CSV file.
fn numbers(
    column: &dyn Array,
    (before, name): (usize, &str),
    unread: &mut Unread,
) -> Result<Vec<f64>, ArrowError> {
    let is_text = match column.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => matches!(**values, DataType::Utf8 | DataType::LargeUtf8),
        _ => false,
    };
    if is_text {
        let text = cast(column, &DataType::Utf8)?;
        let text = text.as_string::<i32>();
        let cell = |(row, text): (usize, Option<&str>)| {
            number(text.unwrap_or_default().trim(), unread, || format!("row {}, `{name}`", before + row))
        };
        return Ok(text.iter().enumerate().map(cell).collect());
    }
    let numbers = cast(column, &DataType::Float64)?;
    let numbers = numbers.as_primitive::<Float64Type>();
    Ok(numbers.iter().map(|number| number.unwrap_or(f64::NAN)).collect())
}
