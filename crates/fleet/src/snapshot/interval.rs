//! Intervals on their way from one stage to the next, as plain data.

use super::RestoreError;
use ::reading::{EventTime, Interval, MeterId, Quality, Sums};
use serde::{Deserialize, Serialize};
use units::WattHours;

/// A closed interval. A twin of [`Interval`], which is part of what the engine gives out and has no stored form of its
/// own: a column that is added there must not change what stages exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntervalV1 {
    meter: MeterId,
    start: EventTime,
    end: EventTime,
    imp: Option<WattHours>,
    exp: Option<WattHours>,
    sums: Sums,
    quality: Quality,
    instead: Option<WattHours>,
}

impl From<&Interval> for IntervalV1 {
    fn from(row: &Interval) -> Self {
        let Interval { meter, start, end, imp, exp, sums, quality, instead } = *row;
        Self { meter, start, end, imp, exp, sums, quality, instead }
    }
}

impl IntervalV1 {
    /// The interval again. One that ends before it starts would make power of it the wrong way round, or infinite.
    pub fn restore(&self) -> Result<Interval, RestoreError> {
        let Self { meter, start, end, imp, exp, sums, quality, instead } = *self;
        if end <= start {
            return Err(RestoreError::Value);
        }
        Ok(Interval { meter, start, end, imp, exp, sums, quality, instead })
    }
}
