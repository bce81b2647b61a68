use crate::ColumnsError;
use crate::sheet::Sheet;
use crate::table::{CHUNK_ROWS, Encode, Table, properties};
use arrow::array::RecordBatch;
use metering::ProfileRow;
use std::path::Path;

/// Writes `profiles.parquet`: a row a meter, type of day and slot of the day.
#[derive(Debug)]
pub struct ProfilesWriter(Table);

impl ProfilesWriter {
    /// Starts the file.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, ColumnsError> {
        let properties = properties().dictionary("meter").dictionary("day_type").dictionary("slot");
        Table::create(path.as_ref(), record_batch(&[]).schema(), properties.build()).map(Self)
    }

    /// Appends rows.
    pub fn write(&mut self, rows: &[ProfileRow]) -> Result<(), ColumnsError> {
        rows.chunks(CHUNK_ROWS).try_for_each(|chunk| self.0.write(&record_batch(chunk)))
    }

    /// Ends the file and says how many rows it has. Dropped before, there is no file.
    pub fn finish(self) -> Result<u64, ColumnsError> {
        self.0.finish()
    }
}

fn record_batch(all: &[ProfileRow]) -> RecordBatch {
    let rows = || all.iter();
    Sheet::new()
        .text("meter", rows().map(|row| row.meter.to_string()))
        .text("day_type", rows().map(|row| row.day_type.name()))
        .text("slot", rows().map(ProfileRow::slot))
        .number("mean_w", rows().map(|row| row.mean.0))
        .number("spread_w", rows().map(|row| row.spread.0))
        .number("weight", rows().map(|row| row.weight))
        .rows()
}
