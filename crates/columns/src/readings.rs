//! Readings from Parquet files and into them.

mod pages;
mod reader;
mod sealed;
mod writer;

pub use reader::ParquetReadings;
pub(crate) use reader::{as_parquet, look_at};
pub use writer::ReadingsWriter;
pub(crate) use writer::{Which, record_batch};

#[cfg(test)]
mod tests;
