//! The tamper rules of a usual meter, in the numbers of IS 15959: what it sees decides, whatever the cause.
//!
//! Thresholds are those that firmware usually has; the meter of this project has its own
//! (`docs/reference/meter-events.md`).

use super::meter::{Seen, residual};
use reading::EventCode;

/// The occurrence's code, and whether the rule must hold for two steps.
const RULES: [(u16, bool); 16] = [
    (1, false),
    (3, false),
    (5, false),
    (7, false),
    (9, false),
    (51, true),
    (53, true),
    (55, true),
    (57, true),
    (59, true),
    (61, true),
    (65, true),
    (69, true),
    (205, true),
    (207, false),
    (407, false),
];
/// Sensors and the relay: codes of beginning and end, if it has one.
const SENSORS: [(u16, Option<u16>); 3] = [(201, Some(202)), (251, None), (301, Some(302))];

/// What a meter remembers of its rules.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Firmware {
    occurred: u32,
    before: u32,
    sensed: u32,
}

impl Firmware {
    /// The events of a step.
    pub(crate) fn observe(&mut self, seen: &Seen, exports: bool, events: &mut Vec<EventCode>) {
        let now = holds(seen, exports);
        for (bit, &(code, twice)) in RULES.iter().enumerate() {
            let bit = 1 << bit;
            let held = self.before & bit != 0;
            let occurs = now & bit != 0 && (held || !twice);
            let is_over = now & bit == 0 && (!held || !twice);
            if occurs && self.occurred & bit == 0 {
                self.occurred |= bit;
                events.push(EventCode(code));
            } else if is_over && self.occurred & bit != 0 {
                self.occurred &= !bit;
                events.push(EventCode(code + 1));
            }
        }
        self.before = now;
        let sensed = u32::from(seen.magnet) | u32::from(seen.cover) << 1 | u32::from(!seen.relay) << 2;
        for (bit, &(begins, ends)) in SENSORS.iter().enumerate() {
            let bit = 1 << bit;
            if sensed & bit != 0 && self.sensed & bit == 0 {
                events.push(EventCode(begins));
            } else if sensed & bit == 0 && self.sensed & bit != 0 {
                events.extend(ends.map(EventCode));
            }
        }
        self.sensed = sensed;
    }
}

/// Which rules hold now, a bit each in the order of [`RULES`].
fn holds(seen: &Seen, exports: bool) -> u32 {
    let mut bits = 0;
    let mut set = |bit: u32, holds: bool| bits |= u32::from(holds) << bit;
    let three = seen.phases == 3;
    let largest = seen.v[..seen.phases].iter().fold(0.0, |largest: f64, v| largest.max(*v));
    let apart = residual(seen);
    for phase in 0..seen.phases {
        let (v, i) = (seen.v[phase], seen.i[phase]);
        let shift = phase as u32;
        set(shift, three && v < 50.0 && largest > 100.0);
        // The mean of an interval is above 120 % of nominal, or below 70 %.
        set(3, v > 276.0);
        set(4, v < 161.0 && v > 50.0);
        set(5 + shift, seen.p[phase] < -50.0 && !exports);
        set(8 + shift, three && i < 0.05 && apart > 2.0);
        set(13, v > 50.0 && i > 2.0 && seen.p[phase].abs() < 0.5 * v * i);
    }
    if !three {
        let (i, neutral) = (seen.i[0], seen.neutral);
        let larger = i.max(neutral);
        // 6.25 % above 2 A, 25 % below, and half an ampere at least.
        let apart = apart > 0.5 && apart > larger * if larger < 2.0 { 0.25 } else { 0.0625 };
        let has_voltage = seen.v[0] > 50.0;
        set(11, apart && has_voltage && neutral > i);
        set(12, apart && has_voltage && i > neutral);
        set(14, !has_voltage && i > 0.5);
        set(15, !seen.relay && seen.v_load > 100.0);
    }
    bits
}

#[cfg(test)]
mod tests;
