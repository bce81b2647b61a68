//! The stored form of closed intervals, as they pass from the first stage to the second.

use super::RestoreError;
use ::reading::{EventTime, Interval, MeterId, Quality, Sums};
use serde::{Deserialize, Serialize};
use units::WattHours;

/// The stored form of a closed interval. It is separate from [`Interval`], which is an output: a new column there
/// must not change the format of what stages exchange.
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
    /// Restores the interval. It refuses one that ends before it starts, because its power would be negative or
    /// infinite.
    pub fn restore(&self) -> Result<Interval, RestoreError> {
        let Self { meter, start, end, imp, exp, sums, quality, instead } = *self;
        if end <= start {
            return Err(RestoreError::Value);
        }
        Ok(Interval { meter, start, end, imp, exp, sums, quality, instead })
    }
}
