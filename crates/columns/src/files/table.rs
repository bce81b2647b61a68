//! A Parquet file with a row for each row of the output, as they come.

use super::OutputFile;
use crate::outputs::Output;
use crate::sheet::record_batch;
use crate::table::{CHUNK_ROWS, Table, properties_of};
use crate::{ColumnsError, Whole};
use pipeline::{Compression, Outputs};
use std::path::Path;

/// The file and what its columns need.
#[derive(Debug)]
pub struct TableFile<O> {
    output: O,
    table: Table,
}

impl<O: Output> TableFile<O> {
    /// Appends rows.
    pub(crate) fn write<'a>(&'a mut self, rows: &[O::Row<'a>]) -> Result<(), ColumnsError> {
        let Self { output, table } = self;
        let mut chunks = rows.chunks(CHUNK_ROWS);
        chunks.try_for_each(|chunk| table.write(&record_batch(output, chunk.iter().copied())))
    }
}

impl<O: Output> OutputFile<O> for TableFile<O> {
    fn create(path: &Path, output: O, compression: Compression) -> Result<Self, ColumnsError> {
        let schema = record_batch(&output, std::iter::empty()).schema();
        let properties = properties_of(&schema, compression);
        Ok(Self { table: Table::create(path, schema, properties)?, output })
    }

    fn take(&mut self, out: &Outputs) -> Result<(), ColumnsError> {
        let rows: Vec<_> = O::rows(out).filter(|row| O::in_file(*row)).collect();
        self.write(&rows)
    }

    fn end(self) -> Result<Option<Whole>, ColumnsError> {
        self.table.end().map(|(whole, _)| Some(whole))
    }
}
