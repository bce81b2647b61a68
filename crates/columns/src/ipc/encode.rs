//! Readings and intervals into messages.

use crate::outputs::Intervals;
use crate::readings::{self, Which};
use crate::sheet;
use arrow::array::RecordBatch;
use arrow::ipc::writer::StreamWriter;
use reading::{Interval, RawReading};

/// One Arrow IPC stream message with these readings; it has the columns that some of them need.
pub fn encode(readings: &[RawReading]) -> Vec<u8> {
    message(&readings::record_batch(Which::Used, readings))
}

/// One Arrow IPC stream message with these intervals; the columns are those of `intervals.parquet`.
pub fn encode_intervals(intervals: &[Interval], output: &Intervals) -> Vec<u8> {
    message(&sheet::record_batch(output, intervals.iter()))
}

fn message(rows: &RecordBatch) -> Vec<u8> {
    let mut out = Vec::new();
    let written = StreamWriter::try_new(&mut out, &rows.schema()).and_then(|mut stream| {
        stream.write(rows)?;
        stream.finish()
    });
    written.expect("a vector takes all bytes, and the columns are plain ones");
    out
}
