//! When a consumer is without supply, and when that is one outage of many.

use reading::{EventCode, Grid};
use units::{Ratio, Volts};

/// How outages are told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SupplySettings {
    /// The intervals that come.
    pub grid: Grid,
    /// How long after its end an interval stays open, ms.
    pub grace: i64,
    /// Across a longer silence nobody knows how much energy moved, ms.
    pub longest_gap: i64,
    /// A consumer that nothing is heard of for so long is silent, ms.
    pub silent_after: i64,
    /// An interruption that lasts no longer is a moment, ms.
    pub momentary: i64,
    /// So large a share of a transformer's consumers makes one outage of it.
    pub transformer_share: Ratio,
    /// And of a feeder's.
    pub feeder_share: Ratio,
    /// Voltage is low below this,
    pub low_voltage: Volts,
    /// and high above this.
    pub high_voltage: Volts,
    /// Phase voltages further apart than this share of them are unbalanced.
    pub unbalance: Ratio,
    /// Whether all consumers are known: feeders and areas go across the parts of a town.
    pub whole: bool,
}

impl SupplySettings {
    /// What meters report that decides about supply.
    pub const EVENTS: [EventCode; 2] = [EventCode::POWER_FAILURE, EventCode::POWER_FAILURE_RESTORED];

    /// Times that are no further apart than this are of one event, as far as intervals can tell, ms.
    pub(crate) fn about(&self) -> i64 {
        2 * self.grid.length()
    }
}
