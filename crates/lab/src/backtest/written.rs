//! The files of a backtest.

use super::forecasts::Forecasts;
use super::series::Loads;
use crate::cli::Backtest;
use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray, TimestampMillisecondArray};
use columns::Aside;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use shell::Failure;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Writes `backtest.parquet`.
pub fn backtest(args: &Backtest, loads: &Loads, forecasts: &Forecasts) -> Result<(), Failure> {
    let Forecasts { issued, start, actual, .. } = forecasts;
    let lead = start.iter().zip(issued).map(|(start, issued)| ((start - issued) / 1000) as i32);
    let mut columns = intervals(loads, forecasts);
    columns.push(("lead".to_owned(), Arc::new(Int32Array::from_iter_values(lead))));
    columns.push(("actual".to_owned(), numbers(actual)));
    columns.extend(loads_expected(args, forecasts));
    table(&args.load.out.join("backtest.parquet"), columns)
}

/// Writes `forecasts.parquet`.
pub fn forecasts(args: &Backtest, loads: &Loads, forecasts: &Forecasts) -> Result<(), Failure> {
    let mut columns = intervals(loads, forecasts);
    columns.extend(loads_expected(args, forecasts));
    table(&args.load.out.join("forecasts.parquet"), columns)
}

/// Which interval of which series each forecast is of.
fn intervals(loads: &Loads, Forecasts { series, issued, start, .. }: &Forecasts) -> Vec<(String, ArrayRef)> {
    let end = start.iter().map(|start| start + loads.grid.step);
    let names = series.iter().map(|series| loads.series[*series].name.as_str());
    vec![
        ("series".to_owned(), Arc::new(StringArray::from_iter_values(names))),
        ("issued".to_owned(), stamps(issued.iter().copied())),
        ("start".to_owned(), stamps(start.iter().copied())),
        ("end".to_owned(), stamps(end)),
    ]
}

/// The mean and the quantiles.
fn loads_expected(args: &Backtest, Forecasts { mean, quantiles, .. }: &Forecasts) -> Vec<(String, ArrayRef)> {
    let mean = ("mean".to_owned(), numbers(mean));
    let levels = args.load.quantiles.iter().zip(quantiles);
    [mean]
        .into_iter()
        .chain(levels.map(|(level, values)| (format!("q{}", level.text), numbers(values))))
        .collect()
}

/// Columns that may be empty.
const MAY_MISS: [&str; 4] = ["actual", "p_day", "hours", "shed_p95"];

/// A column of moments.
pub fn stamps(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMillisecondArray::from_iter_values(values).with_timezone("UTC"))
}

/// A column of numbers, empty where they are NaN.
pub fn numbers(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from_iter(values.iter().map(|value| (!value.is_nan()).then_some(*value))))
}

/// Writes a table. A file under its name is whole.
pub fn table(path: &Path, columns: Vec<(String, ArrayRef)>) -> Result<(), Failure> {
    let failed =
        |cause: &(dyn Error + 'static)| Failure::failed(format!("cannot write {}", path.display()), cause);
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| {
        let is_nullable = MAY_MISS.contains(&name.as_str());
        (name, values, is_nullable)
    }))
    .map_err(|cause| failed(&cause))?;
    let level = ZstdLevel::try_new(3).map_err(|cause| failed(&cause))?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let file = Aside::create(path).map_err(|cause| failed(&cause))?;
    let mut writer =
        ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(|cause| failed(&cause))?;
    writer.write(&batch).map_err(|cause| failed(&cause))?;
    writer.into_inner().map_err(|cause| failed(&cause))?.finish().map_err(|cause| failed(&cause))
}

/// Writes a text. A file under its name is whole.
pub fn text(path: &Path, text: &str) -> Result<(), Failure> {
    let written = Aside::create(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.finish()
    });
    written.map_err(|cause| Failure::failed(format!("cannot write {}", path.display()), &cause))
}
