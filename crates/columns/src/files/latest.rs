//! A Parquet file of rows that change: each is written as it stands at the end.

use super::{OutputFile, TableFile};
use crate::outputs::Output;
use crate::{ColumnsError, Whole};
use pipeline::{Compression, Outputs};
use std::collections::BTreeMap;
use std::path::Path;

/// An output whose rows may change until the end.
pub trait Latest: Output {
    /// Which one it is; they stand in the file in this order.
    type Id: Ord;
    /// What is kept until the end.
    type Owned: Clone + 'static;

    /// Those that have changed, as they are now, or `None` for one that is withdrawn.
    fn changes(out: &Outputs) -> impl Iterator<Item = (Self::Id, Option<&Self::Owned>)>;

    /// The rows of one: itself, or as many as it has.
    fn rows_of(kept: &Self::Owned) -> impl Iterator<Item = Self::Row<'_>>;
}

/// The file, and what is kept until its end.
#[derive(Debug)]
pub struct LatestFile<O: Latest> {
    file: TableFile<O>,
    kept: BTreeMap<O::Id, O::Owned>,
}

impl<O: Latest> LatestFile<O> {
    /// All that is kept, as it stands.
    pub fn kept(&self) -> impl ExactSizeIterator<Item = &O::Owned> {
        self.kept.values()
    }
}

impl<O: Latest<File = Self>> OutputFile<O> for LatestFile<O> {
    fn create(path: &Path, output: O, compression: Compression) -> Result<Self, ColumnsError> {
        Ok(Self { file: TableFile::create(path, output, compression)?, kept: BTreeMap::new() })
    }

    fn take(&mut self, out: &Outputs) -> Result<(), ColumnsError> {
        for (id, row) in O::changes(out) {
            match row {
                Some(row) => drop(self.kept.insert(id, row.clone())),
                None => drop(self.kept.remove(&id)),
            }
        }
        Ok(())
    }

    fn end(self) -> Result<Option<Whole>, ColumnsError> {
        let Self { mut file, kept } = self;
        file.write(&kept.values().flat_map(O::rows_of).collect::<Vec<_>>())?;
        file.end()
    }
}
