//! Columns in and out: the only home of Arrow and Parquet.
//!
//! [`ParquetReadings`] reads meter readings from files, [`ipc`] from messages; both give the same
//! [`Batch`](reading::Batch) that JSON lines give, through the same [`check`](reading::check). The writers put what
//! the engine found into Parquet files, each in one function that names its columns.
//!
//! A file under its final name is whole: every output is written [`aside`] and renamed. This crate never computes a
//! feature, never schedules anything, and knows no data frame library. A bad row becomes a dead letter, a bad
//! message too; a bad file is an error that says which column or byte is wrong and what to do.
//!
//! Read `field.rs` first (which columns readings have), then `rows.rs` (columns to readings), then [`intervals`].

pub mod aside;
mod catalogue;
mod error;
mod field;
mod guard;
pub mod intervals;
pub mod ipc;
mod names;
mod numbers;
mod outputs;
mod pages;
mod readings;
mod row_json;
mod rows;
#[cfg(test)]
mod sample;
mod sheet;
mod table;

pub use aside::Aside;
pub use catalogue::COLUMNS;
pub use error::ColumnsError;
pub use guard::is_guarded;
pub use intervals::{Asked, IntervalRow, IntervalsWriter, read_intervals};
pub use outputs::{
    BalancesWriter, CasesWriter, DemandWriter, ForecastsWriter, OutagesWriter, ProfilesWriter, SupplyWriter,
    SuspicionsWriter, demand_name, quantile_column,
};
pub use readings::{ParquetReadings, ReadingsWriter};
