//! `intervals.parquet`, the one file that is as long as the input: its pages are made by hand, see `pages.rs`.

mod group;

use crate::files::OutputFile;
use crate::outputs::Intervals;
use crate::pages::PagedFile;
use crate::sheet::record_batch;
use crate::{ColumnsError, Whole};
use group::Group;
use pipeline::{Compression, Outputs};
use reading::Interval;
use std::path::Path;

/// Intervals are turned into columns at most so many at a time: few enough to stay in the cache while every column
/// walks over them.
const CHUNK: usize = 2048;
/// Rows of a row group: what waits to be written stays small.
const GROUP: usize = 64 * CHUNK;

/// The file on its way.
#[derive(Debug)]
pub struct IntervalsFile {
    output: Intervals,
    file: PagedFile,
    group: Group,
}

impl IntervalsFile {
    /// Appends intervals.
    pub fn write(&mut self, intervals: &[Interval]) -> Result<(), ColumnsError> {
        let mut rest = intervals;
        while !rest.is_empty() {
            let (chunk, more) = rest.split_at(rest.len().min(CHUNK).min(GROUP - self.group.rows()));
            self.group.append(&self.output, chunk);
            if self.group.rows() == GROUP {
                self.group.write(&mut self.file)?;
            }
            rest = more;
        }
        Ok(())
    }
}

impl OutputFile<Intervals> for IntervalsFile {
    fn create(path: &Path, output: Intervals, compression: Compression) -> Result<Self, ColumnsError> {
        let schema = record_batch(&output, std::iter::empty()).schema();
        let file = PagedFile::create(path, &schema, compression)?;
        Ok(Self { file, group: Group::new(&output, compression), output })
    }

    fn take(&mut self, out: &Outputs) -> Result<(), ColumnsError> {
        self.write(&out.intervals)
    }

    fn end(mut self) -> Result<Option<Whole>, ColumnsError> {
        if self.group.rows() > 0 {
            self.group.write(&mut self.file)?;
        }
        self.file.end().map(|(whole, _)| Some(whole))
    }
}

#[cfg(test)]
mod tests;
