use crate::ColumnsError;
use crate::sheet::Sheet;
use crate::table::{CHUNK_ROWS, Encode, Table, properties};
use arrow::array::RecordBatch;
use forecast::Forecast;
use std::path::Path;

/// Writes `forecasts.parquet`: a row a target, time of issue and interval; mean and quantiles in W.
#[derive(Debug)]
pub struct ForecastsWriter {
    table: Table,
    quantiles: Vec<f64>,
}

impl ForecastsWriter {
    /// Starts the file. `quantiles` are those that each forecast has, in their order: 0.1 becomes column `q10`.
    pub fn create(path: impl AsRef<Path>, quantiles: &[f64]) -> Result<Self, ColumnsError> {
        let properties = properties().dictionary("target").dictionary("issued");
        let properties = properties.dictionary("start").dictionary("end").build();
        let table = Table::create(path.as_ref(), record_batch(&[], quantiles).schema(), properties)?;
        Ok(Self { table, quantiles: quantiles.to_vec() })
    }

    /// Appends forecasts; a quantile that one of them lacks is null.
    pub fn write(&mut self, forecasts: &[Forecast]) -> Result<(), ColumnsError> {
        let mut chunks = forecasts.chunks(CHUNK_ROWS);
        chunks.try_for_each(|chunk| self.table.write(&record_batch(chunk, &self.quantiles)))
    }

    /// Ends the file and says how many rows it has. Dropped before, there is no file.
    pub fn finish(self) -> Result<u64, ColumnsError> {
        self.table.finish()
    }
}

fn record_batch(all: &[Forecast], quantiles: &[f64]) -> RecordBatch {
    let rows = || all.iter();
    let sheet = Sheet::new()
        .text("target", rows().map(|one| one.target.to_string()))
        .time("issued", rows().map(|one| one.issued))
        .time("start", rows().map(|one| one.start))
        .time("end", rows().map(|one| one.end))
        .number("mean", rows().map(|one| one.mean.0));
    let columns = quantiles.iter().enumerate();
    let sheet = columns.fold(sheet, |sheet, (index, &quantile)| {
        let values = rows().map(|one| one.quantiles.get(index).map(|power| power.0));
        sheet.optional_number(&quantile_column(quantile), values)
    });
    sheet.rows()
}

/// `q10` of 0.1, `q2.5` of 0.025. Rounded, because 0.07 times 100 is 7.000000000000001.
pub fn quantile_column(quantile: f64) -> String {
    format!("q{}", (quantile * 1e5).round() / 1e3)
}
