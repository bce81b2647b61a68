//! What a load or a forecast is of: one meter, or many together.

use crate::{FeederId, MeterId, TransformerId};
use core::fmt;

/// One meter, or many together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Target {
    /// All consumers together.
    System,
    /// The consumers of a feeder.
    Feeder(FeederId),
    /// The consumers of a transformer.
    Transformer(TransformerId),
    /// One meter.
    Meter(MeterId),
}

impl Target {
    /// Reads what `Display` writes. No name holds a `/`, so that nothing is ambiguous.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('/') {
            None => (text == "system").then_some(Self::System),
            Some(("feeder", name)) => FeederId::new(name).map(Self::Feeder),
            Some(("transformer", name)) => TransformerId::new(name).map(Self::Transformer),
            Some(("meter", name)) => MeterId::new(name).map(Self::Meter),
            Some(_) => None,
        }
    }
}

/// `system`, `feeder/F01`, `transformer/T0007`, `meter/M000123`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::Feeder(id) => write!(f, "feeder/{id}"),
            Self::Transformer(id) => write!(f, "transformer/{id}"),
            Self::Meter(id) => write!(f, "meter/{id}"),
        }
    }
}
