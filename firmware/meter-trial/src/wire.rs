//! Trials of the line: what is refused, and whether numbers stay new through power cuts.

mod bench;
mod numbers;
mod threats;

pub use numbers::{Numbers, Used};
pub use threats::{Tally, threats};
