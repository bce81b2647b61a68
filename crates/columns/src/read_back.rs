//! Files of outputs read back, row by row: for tests, and for people who compare files.

use crate::ColumnsError;
use crate::readings::{as_parquet, look_at};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimestampMillisecondType};
use arrow::error::ArrowError;
use jiff::ToSpan;
use jiff::civil::date;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use reading::EventTime;
use serde_json::{Map, Value};
use std::path::Path;

/// A row: the columns in the order of the file, each with its value as in a message of the same output.
pub type Row = Map<String, Value>;

/// The names of the columns and all rows of a Parquet file that the engine wrote, in its order.
pub fn read_back(path: impl AsRef<Path>) -> Result<(Vec<String>, Vec<Row>), ColumnsError> {
    let mut all = Vec::new();
    let names = each_row(path.as_ref(), |names, cells| {
        all.push(names.iter().cloned().zip(cells).collect());
        Ok(())
    })?;
    Ok((names, all))
}

/// Hands on the names of the columns and the values of each row, and returns the names.
pub(crate) fn each_row(
    path: &Path,
    mut to: impl FnMut(&[String], Vec<Value>) -> Result<(), ColumnsError>,
) -> Result<Vec<String>, ColumnsError> {
    let file = look_at(path)?;
    let footer = |source| ColumnsError::Footer { path: path.to_owned(), source };
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, as_parquet()).map_err(footer)?;
    let names: Vec<String> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut count = 0;
    for batch in reader.build().map_err(footer)? {
        let read = batch.and_then(|batch| Ok((batch.num_rows(), columns(&batch)?)));
        let damaged = |source| ColumnsError::Damaged { path: path.to_owned(), rows: count, source };
        let (rows, columns) = read.map_err(damaged)?;
        let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
        for _ in 0..rows {
            to(&names, columns.iter_mut().filter_map(Iterator::next).collect())?;
        }
        count += rows as u64;
    }
    Ok(names)
}

fn columns(batch: &RecordBatch) -> Result<Vec<Vec<Value>>, ArrowError> {
    batch.columns().iter().map(values).collect()
}

fn values(column: &ArrayRef) -> Result<Vec<Value>, ArrowError> {
    let rows = 0..column.len();
    let each = |value: &dyn Fn(usize) -> Value| {
        rows.clone().map(|row| if column.is_null(row) { Value::Null } else { value(row) }).collect()
    };
    Ok(match column.data_type() {
        DataType::Boolean => each(&|row| column.as_boolean().value(row).into()),
        DataType::Float64 => each(&|row| column.as_primitive::<Float64Type>().value(row).into()),
        DataType::Int32 | DataType::Int64 => {
            let wide = cast(column, &DataType::Int64)?;
            each(&|row| wide.as_primitive::<Int64Type>().value(row).into())
        }
        DataType::Timestamp(..) => {
            let times = column.as_primitive::<TimestampMillisecondType>();
            each(&|row| EventTime(times.value(row)).to_string().into())
        }
        DataType::Date32 => {
            let days = column.as_primitive::<Date32Type>();
            each(&|row| (date(1970, 1, 1) + days.value(row).days()).to_string().into())
        }
        DataType::List(_) => {
            let lists = column.as_list::<i32>();
            each(&|row| lists.value(row).as_primitive::<Float64Type>().values().to_vec().into())
        }
        _ => {
            let texts = cast(column, &DataType::Utf8)?;
            each(&|row| texts.as_string::<i32>().value(row).into())
        }
    })
}
