//! Shows a Parquet file as text, so that people can read differences.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimestampMillisecondType};
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use reading::EventTime;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// The names of the columns, and the rows. Times are RFC 3339, floats are rounded to thousandths, and null is `-`.
pub fn read(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let file = File::open(path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let names = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut rows = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        for row in 0..batch.num_rows() {
            rows.push(batch.columns().iter().map(|column| cell(column.as_ref(), row)).collect());
        }
    }
    (names, rows)
}

/// The rows, each as a map from columns to values.
pub fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let (names, rows) = read(path);
    rows.into_iter().map(|row| names.iter().cloned().zip(row).collect()).collect()
}

/// The table as lines of comma-separated values.
pub fn text(path: &Path) -> String {
    let (names, rows) = read(path);
    let mut text = names.join(",") + "\n";
    for row in rows {
        text += &(row.join(",") + "\n");
    }
    text
}

fn cell(column: &dyn Array, row: usize) -> String {
    if column.is_null(row) {
        return "-".to_owned();
    }
    match column.data_type() {
        DataType::Float64 => {
            let rounded = (column.as_primitive::<Float64Type>().value(row) * 1000.0).round() / 1000.0;
            // Avoid `-0`.
            format!("{}", rounded + 0.0)
        }
        DataType::Timestamp(..) => {
            EventTime(column.as_primitive::<TimestampMillisecondType>().value(row)).to_string()
        }
        DataType::Dictionary(_, values) => {
            let plain = cast(&column.slice(row, 1), values).unwrap();
            cell(plain.as_ref(), 0)
        }
        _ => array_value_to_string(column, row).unwrap(),
    }
}
