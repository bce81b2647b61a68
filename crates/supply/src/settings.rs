//! When a consumer counts as without supply, and when several are one outage.

use reading::{EventCode, Grid};
use units::{Ratio, Volts};

/// How outages are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SupplySettings {
    /// The grid of intervals.
    pub grid: Grid,
    /// How long after its end an interval stays open, ms.
    pub grace: i64,
    /// Across a longer silence the energy is not known, ms.
    pub longest_gap: i64,
    /// A consumer of which nothing is heard for so long is silent, ms.
    pub silent_after: i64,
    /// An interruption that lasts no longer than this is momentary, ms.
    pub momentary: i64,
    /// The share of a transformer's consumers that makes one outage of it.
    pub transformer_share: Ratio,
    /// The share of a feeder's consumers that makes one outage of it.
    pub feeder_share: Ratio,
    /// Voltage is low below this.
    pub low_voltage: Volts,
    /// Voltage is high above this.
    pub high_voltage: Volts,
    /// Phase voltages that are further apart than this share of their middle are unbalanced.
    pub unbalance: Ratio,
    /// Whether all consumers of the town are known. Feeders and areas lie across its parts, so a part has neither outages
    /// of feeders nor indices.
    pub whole: bool,
}

impl SupplySettings {
    /// The events that decide about supply.
    pub const EVENTS: [EventCode; 2] = [EventCode::POWER_FAILURE, EventCode::POWER_FAILURE_RESTORED];

    /// Times that are no further apart than this belong to one event, as exactly as intervals show it, ms. Two intervals,
    /// because each of two silences begins anywhere within one.
    pub(crate) fn about(&self) -> i64 {
        2 * self.grid.length()
    }
}
