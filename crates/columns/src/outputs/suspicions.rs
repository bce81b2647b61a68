use crate::ColumnsError;
use crate::outputs::days_since_1970;
use crate::sheet::Sheet;
use crate::table::{CHUNK_ROWS, Encode, Table, properties};
use arrow::array::RecordBatch;
use detect::DailySuspicion;
use std::path::Path;

/// Writes `suspicions.parquet`: a row a meter and local day, a column a detector.
#[derive(Debug)]
pub struct SuspicionsWriter(Table);

impl SuspicionsWriter {
    /// Starts the file.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, ColumnsError> {
        let properties = properties().dictionary("meter").dictionary("day").build();
        Table::create(path.as_ref(), record_batch(&[]).schema(), properties).map(Self)
    }

    /// Appends days.
    pub fn write(&mut self, days: &[DailySuspicion]) -> Result<(), ColumnsError> {
        days.chunks(CHUNK_ROWS).try_for_each(|chunk| self.0.write(&record_batch(chunk)))
    }

    /// Ends the file and says how many rows it has. Dropped before, there is no file.
    pub fn finish(self) -> Result<u64, ColumnsError> {
        self.0.finish()
    }
}

fn record_batch(all: &[DailySuspicion]) -> RecordBatch {
    let rows = || all.iter();
    Sheet::new()
        .text("meter", rows().map(|one| one.meter.to_string()))
        .day("day", rows().map(|one| days_since_1970(one.day)))
        .number("score", rows().map(|one| one.score))
        .number("phase_neutral", rows().map(|one| one.phase_neutral))
        .count("blocks", rows().map(|one| one.blocks))
        .rows()
}
