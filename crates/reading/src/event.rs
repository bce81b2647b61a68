//! Event codes in the numbering of IS 15959: in the paired ranges an odd number is the event, and the next even number
//! its end.

use crate::{EventTime, MeterId};
use core::fmt;

/// A tamper event or another event, as a meter reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct EventCode(pub u16);

/// An event that a meter reported beside its measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// The meter that reported it.
    pub meter: MeterId,
    /// The time of the message that brought it, by the meter's clock.
    pub time: EventTime,
    /// What happened.
    pub code: EventCode,
}

/// The names of the codes. The numbers are those of public head-end code. Vendors differ in some: where yours does,
/// send names.
pub const NAMES: &[(u16, &str)] = &[
    (1, "voltage-missing-a"),
    (2, "voltage-missing-a-restored"),
    (3, "voltage-missing-b"),
    (4, "voltage-missing-b-restored"),
    (5, "voltage-missing-c"),
    (6, "voltage-missing-c-restored"),
    (7, "over-voltage"),
    (8, "over-voltage-restored"),
    (9, "low-voltage"),
    (10, "low-voltage-restored"),
    (11, "voltage-unbalance"),
    (12, "voltage-unbalance-restored"),
    (51, "current-reversed-a"),
    (52, "current-reversed-a-restored"),
    (53, "current-reversed-b"),
    (54, "current-reversed-b-restored"),
    (55, "current-reversed-c"),
    (56, "current-reversed-c-restored"),
    (57, "current-open-a"),
    (58, "current-open-a-restored"),
    (59, "current-open-b"),
    (60, "current-open-b-restored"),
    (61, "current-open-c"),
    (62, "current-open-c-restored"),
    (63, "current-unbalance"),
    (64, "current-unbalance-restored"),
    (65, "current-bypass"),
    (66, "current-bypass-restored"),
    (67, "over-current"),
    (68, "over-current-restored"),
    (69, "earth-loading"),
    (70, "earth-loading-restored"),
    (101, "power-failure"),
    (102, "power-failure-restored"),
    (151, "clock-changed"),
    (152, "demand-period-changed"),
    (153, "capture-period-changed"),
    (154, "billing-date-changed"),
    (155, "calendar-changed"),
    (201, "magnet"),
    (202, "magnet-restored"),
    (203, "neutral-disturbance"),
    (204, "neutral-disturbance-restored"),
    (205, "very-low-power-factor"),
    (206, "very-low-power-factor-restored"),
    (207, "neutral-missing"),
    (208, "neutral-missing-restored"),
    (251, "cover-open"),
    (301, "disconnected"),
    (302, "connected"),
    // IS 15959 has no such events. The numbers are Gridwarden's own, for head-ends that send the names
    // and for Gridwarden's own meter.
    (401, "phase-sequence-reversed"),
    (402, "phase-sequence-reversed-restored"),
    (403, "event-log-overrun"),
    (404, "terminal-cover-open"),
    (405, "high-neutral-current"),
    (406, "high-neutral-current-restored"),
    (407, "load-side-voltage"),
    (408, "load-side-voltage-restored"),
];

impl EventCode {
    /// No meter sends this. The engine makes it when a meter sent readings in an interval that is over, and its row still
    /// waits for a register. Its time is that of the last reading.
    pub const HEARD: Self = Self(0);
    /// The last message of a meter that loses its supply ("last gasp").
    pub const POWER_FAILURE: Self = Self(101);
    /// Supply is back.
    pub const POWER_FAILURE_RESTORED: Self = Self(102);

    /// The phases turn the wrong way round.
    pub const PHASE_SEQUENCE_REVERSED: Self = Self(401);
    /// The meter wrote over entries of its own event log before the head-end had read them.
    pub const EVENT_LOG_OVERRUN: Self = Self(403);

    /// The code with this name.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|&(code, _)| Self(code))
    }

    /// The name of this code, if it has one.
    pub fn name(self) -> Option<&'static str> {
        NAMES.binary_search_by_key(&self.0, |&(code, _)| code).ok().map(|found| NAMES[found].1)
    }
}

impl fmt::Display for EventCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "event-{}", self.0),
        }
    }
}
