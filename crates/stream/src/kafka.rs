//! What a plan says about Apache Kafka: its own sections, as they are written and as they are used.

mod settings;
mod written;

pub use settings::{Exchange, IntervalsFormat, KafkaPlan, MessageFormat};
