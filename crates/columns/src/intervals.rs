//! `intervals.parquet`: what the engine made of the readings, a row a meter and interval.

mod group;
mod reader;

pub use reader::{IntervalRow, read_intervals};

use crate::ColumnsError;
use crate::pages::PagedFile;
use crate::sheet::Sheet;
use arrow::array::RecordBatch;
use group::Group;
use reading::Interval;
use std::path::Path;
use units::{Amperes, Ratio};

/// Intervals are turned into columns at most so many at a time: few enough to stay in the cache while every column
/// walks over them.
const CHUNK: usize = 2048;
/// Rows of a row group: what waits to be written stays small.
const GROUP: usize = 64 * CHUNK;

/// Columns that a plan may ask for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked {
    /// `valid_wh`: the imported energy to bill by, see [`Interval::valid`].
    pub valid: bool,
    /// `pf_true`, see [`features::true_power_factor`].
    pub pf_true: bool,
    /// `unbalance`, see [`features::voltage_unbalance`].
    pub unbalance: bool,
    /// `candidate`, with the share and the floor of [`features::candidate`].
    pub candidate: Option<(Ratio, Amperes)>,
}

impl Asked {
    /// None of them.
    pub const NONE: Self = Self { valid: false, pf_true: false, unbalance: false, candidate: None };
}

/// Writes `intervals.parquet`.
#[derive(Debug)]
pub struct IntervalsWriter {
    file: PagedFile,
    group: Group,
}

impl IntervalsWriter {
    /// Starts the file; what is asked for stands behind the other columns.
    pub fn create(path: impl AsRef<Path>, asked: Asked) -> Result<Self, ColumnsError> {
        let schema = record_batch(&[], asked).schema();
        let file = PagedFile::create(path.as_ref(), &schema)?;
        Ok(Self { file, group: Group::new(asked) })
    }

    /// Appends intervals.
    pub fn write(&mut self, intervals: &[Interval]) -> Result<(), ColumnsError> {
        let mut rest = intervals;
        while !rest.is_empty() {
            let (chunk, more) = rest.split_at(rest.len().min(CHUNK).min(GROUP - self.group.rows()));
            self.group.append(chunk);
            if self.group.rows() == GROUP {
                self.group.write(&mut self.file)?;
            }
            rest = more;
        }
        Ok(())
    }

    /// Ends the file and says how many intervals it has. Dropped before, there is no file.
    pub fn finish(mut self) -> Result<u64, ColumnsError> {
        if self.group.rows() > 0 {
            self.group.write(&mut self.file)?;
        }
        self.file.finish()
    }
}

/// The intervals as columns of Arrow, for messages; the file has the same, see [`Group`].
pub(crate) fn record_batch(all: &[Interval], asked: Asked) -> RecordBatch {
    let rows = || all.iter();
    let sheet = Sheet::new()
        .text("meter", rows().map(|one| one.meter.as_bytes()))
        .time("start", rows().map(|one| one.start))
        .time("end", rows().map(|one| one.end))
        .optional_whole("imp_wh", rows().map(|one| one.imp.map(|imp| imp.0)))
        .optional_whole("exp_wh", rows().map(|one| one.exp.map(|exp| exp.0)))
        .optional_number("avg_w", rows().map(|one| features::mean_power(one).map(|p| p.0)))
        .optional_number("max_w", rows().map(|one| features::max_power(one).map(|p| p.0)))
        .optional_number("pf", rows().map(|one| features::power_factor(one).map(|pf| pf.0)))
        .optional_number("v_min", rows().map(|one| features::v_min(one).map(|v| v.0)))
        .optional_number("v_max", rows().map(|one| features::v_max(one).map(|v| v.0)))
        .optional_number("i_avg", rows().map(|one| features::mean_current(one).map(|i| i.0)))
        .optional_number("imbalance_avg", rows().map(|one| features::mean_imbalance(one).map(|i| i.0)))
        .optional_number("imbalance_max", rows().map(|one| features::max_imbalance(one).map(|i| i.0)))
        .count("readings", rows().map(|one| u32::from(one.sums.readings)))
        .quality("quality", rows().map(|one| one.quality));
    let sheet = match asked.valid {
        false => sheet,
        true => sheet.optional_whole("valid_wh", rows().map(|one| one.valid().map(|wh| wh.0))),
    };
    let sheet = match asked.pf_true {
        false => sheet,
        true => sheet
            .optional_number("pf_true", rows().map(|one| features::true_power_factor(one).map(|pf| pf.0))),
    };
    let sheet = match asked.unbalance {
        false => sheet,
        true => sheet.optional_number(
            "unbalance",
            rows().map(|one| features::voltage_unbalance(one).map(|one| one.0)),
        ),
    };
    match asked.candidate {
        None => sheet.rows(),
        Some((share, floor)) => {
            sheet.flag("candidate", rows().map(|one| features::candidate(one, share, floor))).rows()
        }
    }
}

#[cfg(test)]
mod tests;
