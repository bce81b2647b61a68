//! Rows of `intervals.parquet` with the types of their columns.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float64Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use reading::{EventTime, MeterId};
use std::fs::File;
use std::path::Path;
use units::{Amperes, Ratio, Volts, WattHours, Watts};

/// A row; the fields have the names of the columns.
#[derive(Debug, Clone, PartialEq)]
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

/// All rows of a file, in its order.
pub fn read_intervals(path: &Path) -> Vec<IntervalRow> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    reader.build().unwrap().flat_map(|rows| typed(&rows.unwrap())).collect()
}

fn typed(rows: &RecordBatch) -> Vec<IntervalRow> {
    let column = |name: &str, wanted: &DataType| cast(rows.column_by_name(name).unwrap(), wanted).unwrap();
    let text = |name| column(name, &DataType::Utf8);
    let whole = |name| column(name, &DataType::Int64);
    let number = |name| column(name, &DataType::Float64);
    let (meters, qualities) = (text("meter"), text("quality"));
    let (starts, ends, readings) = (whole("start"), whole("end"), whole("readings"));
    let (imp, exp) = (whole("imp_wh"), whole("exp_wh"));
    let (avg, max, pf) = (number("avg_w"), number("max_w"), number("pf"));
    let (v_min, v_max, i_avg) = (number("v_min"), number("v_max"), number("i_avg"));
    let (imbalance_avg, imbalance_max) = (number("imbalance_avg"), number("imbalance_max"));
    let valid = rows.column_by_name("valid_wh").map(|_| whole("valid_wh"));
    let candidate = rows.column_by_name("candidate").map(AsArray::as_boolean);
    let typed = |row| {
        let float = |column: &ArrayRef| at::<Float64Type>(column, row);
        let time = |column: &ArrayRef| EventTime(at::<Int64Type>(column, row).unwrap());
        IntervalRow {
            meter: MeterId::new(meters.as_string::<i32>().value(row)).unwrap(),
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
            readings: at::<Int64Type>(&readings, row).unwrap() as u32,
            quality: qualities.as_string::<i32>().value(row).to_owned(),
            valid_wh: valid.as_ref().and_then(|valid| at::<Int64Type>(valid, row)).map(WattHours),
            candidate: candidate.map(|candidate| candidate.value(row)),
        }
    };
    (0..rows.num_rows()).map(typed).collect()
}

fn at<T: ArrowPrimitiveType>(column: &ArrayRef, row: usize) -> Option<T::Native> {
    let column = column.as_primitive::<T>();
    column.is_valid(row).then(|| column.value(row))
}
