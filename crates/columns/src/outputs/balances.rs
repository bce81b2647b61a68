use crate::ColumnsError;
use crate::sheet::Sheet;
use crate::table::{CHUNK_ROWS, Encode, Table, properties};
use arrow::array::RecordBatch;
use grid::Balance;
use std::path::Path;

/// Writes `balance.parquet`: a row a transformer and interval.
#[derive(Debug)]
pub struct BalancesWriter(Table);

impl BalancesWriter {
    /// Starts the file.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, ColumnsError> {
        let properties = properties().dictionary("transformer").dictionary("start").dictionary("end");
        let properties = properties.dictionary("quality").build();
        Table::create(path.as_ref(), record_batch(&[]).schema(), properties).map(Self)
    }

    /// Appends balances.
    pub fn write(&mut self, balances: &[Balance]) -> Result<(), ColumnsError> {
        balances.chunks(CHUNK_ROWS).try_for_each(|chunk| self.0.write(&record_batch(chunk)))
    }

    /// Ends the file and says how many rows it has. Dropped before, there is no file.
    pub fn finish(self) -> Result<u64, ColumnsError> {
        self.0.finish()
    }
}

fn record_batch(all: &[Balance]) -> RecordBatch {
    let rows = || all.iter();
    Sheet::new()
        .text("transformer", rows().map(|one| one.transformer.to_string()))
        .time("start", rows().map(|one| one.start))
        .time("end", rows().map(|one| one.end))
        .optional_whole("supplied_wh", rows().map(|one| one.supplied.map(|energy| energy.0)))
        .whole("consumed_wh", rows().map(|one| one.consumed.0))
        .optional_whole("gap_wh", rows().map(|one| one.gap.map(|energy| energy.0)))
        .count("meters", rows().map(|one| one.meters))
        .count("reporting", rows().map(|one| one.reporting))
        .quality("quality", rows().map(|one| one.quality))
        .rows()
}
