//! `intervals.parquet`: what the engine made of the readings, a row a meter and interval.

mod reader;

pub use reader::{IntervalRow, read_intervals};

use crate::ColumnsError;
use crate::sheet::Sheet;
use crate::table::{Encode, Table, properties};
use arrow::array::RecordBatch;
use parquet::file::properties::EnabledStatistics;
use reading::Interval;
use std::path::Path;
use units::{Amperes, Ratio};

/// Intervals are turned into columns at most so many at a time: few enough to stay in the cache while every column
/// walks over them.
const CHUNK: usize = 2048;
/// Rows of a page, and of a row group: what waits to be written stays small.
const PAGE: usize = 4 * CHUNK;
const GROUP: usize = 64 * CHUNK;
/// Fewer wait for others: each turn has a price of its own.
const FEW: usize = 256;

/// Writes `intervals.parquet`.
#[derive(Debug)]
pub struct IntervalsWriter {
    table: Table,
    candidate: Option<(Ratio, Amperes)>,
    waiting: Vec<Interval>,
}

impl IntervalsWriter {
    /// Starts the file. With the share and the floor of [`features::candidate`], it has a last column `candidate`.
    pub fn create(path: impl AsRef<Path>, candidate: Option<(Ratio, Amperes)>) -> Result<Self, ColumnsError> {
        let schema = record_batch(&[], candidate).schema();
        // Nobody filters by anything but time, and then a row group has all meters.
        let properties = properties()
            .set_statistics_enabled(EnabledStatistics::None)
            .set_max_row_group_row_count(Some(GROUP))
            .set_data_page_row_count_limit(PAGE);
        let properties = ["start", "end"].into_iter().fold(properties, Encode::bounded);
        // Means are noise to the last bit: snappy would look for a while and keep most of it. Voltages and the largest
        // imbalances are single readings to the thousandth, which repeat.
        let noise = ["avg_w", "max_w", "pf", "i_avg", "imbalance_avg", "candidate"];
        let properties = noise.into_iter().fold(properties, Encode::noise);
        // Snappy would take longer over the names, each of which stands here once an hour, than over all else.
        let properties = properties.lengths_apart("meter").packed("meter");
        let properties = properties.delta("imp_wh").delta("exp_wh");
        let table = Table::create(path.as_ref(), schema, properties.build())?;
        Ok(Self { table, candidate, waiting: Vec::with_capacity(2 * FEW) })
    }

    /// Appends intervals.
    pub fn write(&mut self, intervals: &[Interval]) -> Result<(), ColumnsError> {
        let mut rest = intervals;
        if !self.waiting.is_empty() || rest.len() < FEW {
            let (few, more) = rest.split_at(rest.len().min(FEW));
            self.waiting.extend_from_slice(few);
            rest = more;
            if self.waiting.len() >= FEW {
                self.flush()?;
            }
        }
        rest.chunks(CHUNK).try_for_each(|chunk| self.table.write(&record_batch(chunk, self.candidate)))
    }

    /// Ends the file and says how many intervals it has. Dropped before, there is no file.
    pub fn finish(mut self) -> Result<u64, ColumnsError> {
        self.flush()?;
        self.table.finish()
    }

    fn flush(&mut self) -> Result<(), ColumnsError> {
        if !self.waiting.is_empty() {
            self.table.write(&record_batch(&self.waiting, self.candidate))?;
            self.waiting.clear();
        }
        Ok(())
    }
}

/// The intervals as columns.
pub(crate) fn record_batch(all: &[Interval], candidate: Option<(Ratio, Amperes)>) -> RecordBatch {
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
    match candidate {
        None => sheet.rows(),
        Some((share, floor)) => {
            sheet.flag("candidate", rows().map(|one| features::candidate(one, share, floor))).rows()
        }
    }
}

#[cfg(test)]
mod tests;
