//! The settings: when a consumer counts as without supply, and when several consumers make one outage.

use reading::{EventCode, Grid};
use units::{Ratio, Volts};

/// The settings of outages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SupplySettings {
    /// The grid of intervals.
    pub grid: Grid,
    /// How long after its end an interval stays open, ms.
    pub grace: i64,
    /// Across a longer silence the energy is unknown, ms.
    pub longest_gap: i64,
    /// A consumer whose meter sends nothing for so long is silent, ms.
    pub silent_after: i64,
    /// An interruption that lasts no longer than this is momentary, ms.
    pub momentary: i64,
    /// If this share of a transformer's consumers is out, the outage is one of the transformer.
    pub transformer_share: Ratio,
    /// If this share of a feeder's consumers is out, the outage is one of the feeder.
    pub feeder_share: Ratio,
    /// Voltage is low below this.
    pub low_voltage: Volts,
    /// Voltage is high above this.
    pub high_voltage: Volts,
    /// Phase voltages are unbalanced if the highest and the lowest differ by more than this share of their mean.
    pub unbalance: Ratio,
    /// Whether all consumers of the town are known. Feeders and areas belong to several parts of a town, so a part
    /// alone has neither outages of feeders nor indices.
    pub whole: bool,
}

impl SupplySettings {
    /// The events that decide about supply.
    pub const EVENTS: [EventCode; 2] = [EventCode::POWER_FAILURE, EventCode::POWER_FAILURE_RESTORED];

    /// Times that are at most so far apart belong to one event, ms. It is two intervals, because each of two silences
    /// may have begun anywhere within its interval.
    pub(crate) fn about(&self) -> i64 {
        2 * self.grid.length()
    }
}
