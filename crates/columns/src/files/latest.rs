//! A Parquet file of rows that change: each is written as it stands at the end.

use super::{OutputFile, TableFile};
use crate::ColumnsError;
use crate::outputs::Output;
use pipeline::Outputs;
use std::collections::BTreeMap;
use std::path::Path;

/// An output whose rows may change until the end.
pub trait Latest: for<'a> Output<Row<'a> = &'a Self::Owned> {
    /// Which row it is; rows stand in the file in this order.
    type Id: Ord;
    /// A row that is kept.
    type Owned: Clone + 'static;

    /// Rows as they are now, or `None` for a row that is withdrawn.
    fn changes(out: &Outputs) -> impl Iterator<Item = (Self::Id, Option<&Self::Owned>)>;
}

/// The file, and the rows until its end.
#[derive(Debug)]
pub struct LatestFile<O: Latest> {
    file: TableFile<O>,
    rows: BTreeMap<O::Id, O::Owned>,
}

impl<O: Latest> LatestFile<O> {
    /// The rows as they stand.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &O::Owned> {
        self.rows.values()
    }
}

impl<O: Latest<File = Self>> OutputFile<O> for LatestFile<O> {
    fn create(path: &Path, output: O) -> Result<Self, ColumnsError> {
        Ok(Self { file: TableFile::create(path, output)?, rows: BTreeMap::new() })
    }

    fn take(&mut self, out: &Outputs) -> Result<(), ColumnsError> {
        for (id, row) in O::changes(out) {
            match row {
                Some(row) => drop(self.rows.insert(id, row.clone())),
                None => drop(self.rows.remove(&id)),
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<bool, ColumnsError> {
        let Self { mut file, rows } = self;
        file.write(&rows.values().collect::<Vec<_>>())?;
        file.finish()
    }
}
