//! Arrow IPC stream messages: the same columns as in a Parquet file, in one message.

mod decode;
mod encode;
mod schema;

pub use decode::decode;
pub use encode::{encode, encode_intervals};

#[cfg(test)]
mod tests;
