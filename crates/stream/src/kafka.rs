//! The sections of a plan about Apache Kafka: as they are written, and as they are used.

mod settings;
mod written;

pub use settings::{Exchange, IntervalsFormat, KafkaPlan, MessageFormat};
