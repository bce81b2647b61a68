//! Columns in and out: the only home of Arrow and Parquet.
//!
//! [`ParquetReadings`] reads meter readings from files, [`ipc`] from messages; both give the same
//! [`Batch`](reading::Batch) that JSON lines give, through the same [`check`](reading::check). [`outputs`] is the list of
//! everything that the engine writes: each output is declared once, and becomes files, messages and reference pages.
//!
//! A file under its final name is whole: every output is written [`aside`] and renamed. This crate never computes a
//! feature, never schedules anything, and knows no data frame library. A bad row becomes a dead letter, a bad
//! message too; a bad file is an error that says which column or byte is wrong and what to do.
//!
//! Read `outputs.rs` first (the list, and how to add one), then `field.rs` (which columns readings have) and `rows.rs`
//! (columns to readings).

pub mod aside;
mod catalogue;
mod csv;
mod error;
mod field;
pub mod files;
mod guard;
mod intervals;
pub mod ipc;
mod json;
mod letter;
mod names;
mod notice;
mod numbers;
pub mod outputs;
mod pages;
mod read_back;
mod readings;
mod row_json;
mod rows;
#[cfg(test)]
mod sample;
mod sheet;
mod table;
pub mod value;

pub use crate::csv::{csv_path, write_csv};
pub use aside::{Aside, Whole};
pub use catalogue::{ColumnEntry, OutputEntry, catalogue};
pub use error::ColumnsError;
pub use guard::is_guarded;
pub use intervals::IntervalsFile;
pub use json::{Encoder, Message};
pub use letter::Letter;
// `each_output!` names it: the list of outputs holds that of channels.
pub use notice::{NotANotice, read_notice};
pub use notify::each_channel;
pub use read_back::{Row, read_back};
pub use readings::{ParquetReadings, ReadingsWriter};
