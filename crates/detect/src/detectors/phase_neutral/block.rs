//! One interval of a meter, and intervals of it that follow one another.

use super::{Rule, evidence_currents};
use features::{LoopCurrents, mean_reactive_power, mean_voltage};
use reading::time::HOUR;
use reading::{EventTime, Interval};
use serde::{Deserialize, Serialize};
use units::{Amperes, Ratio, Volts};

/// One interval of a meter that may be evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Block {
    pub(super) start: EventTime,
    pub(super) end: EventTime,
    pub(super) readings: u32,
    pub(super) currents: LoopCurrents,
    pub(super) volts: Option<Volts>,
    /// Mean active and reactive power, W and var, if every reading has both.
    pub(super) power: Option<(f64, f64)>,
}

impl Block {
    /// The block of an interval that was really measured, with both currents.
    pub(super) fn new(interval: &Interval) -> Option<Self> {
        let currents = evidence_currents(interval)?;
        let Interval { start, end, .. } = *interval;
        Some(Self {
            start,
            end,
            readings: interval.sums.loop_count.into(),
            currents,
            volts: mean_voltage(interval),
            power: power(interval),
        })
    }

    /// Phase less neutral.
    pub(super) fn difference(&self) -> Amperes {
        self.currents.difference()
    }

    /// The share of the phase current that the meter counts: apparent power over voltage times current.
    pub(super) fn counted(&self) -> Option<Ratio> {
        let ((p, q), volts) = self.power.zip(self.volts)?;
        let carried = (volts * self.currents.phase).0;
        (carried > 0.0).then(|| Ratio((p * p + q * q).sqrt() / carried))
    }

    /// The energy that may have gone beside the meter, Wh, if the voltage is known.
    fn excess(&self) -> Option<f64> {
        let hours = self.end.since(self.start) as f64 / HOUR as f64;
        self.volts.map(|volts| (volts * self.currents.apart).0 * hours)
    }
}

fn power(interval: &Interval) -> Option<(f64, f64)> {
    let sums = &interval.sums;
    let reactive = mean_reactive_power(interval).filter(|_| sums.p_count == sums.loop_count)?;
    Some((sums.p as f64 / f64::from(sums.p_count) / 1000.0, reactive.0))
}

/// Blocks of one meter, one after the other, each of them apart to the same side. Sums in time order.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) since: EventTime,
    pub(super) until: EventTime,
    pub(super) blocks: u32,
    pub(super) low_blocks: u32,
    pub(super) readings: u64,
    pub(super) phase_sum: f64,
    pub(super) neutral_sum: f64,
    pub(super) allowed_sum: f64,
    pub(super) apart_max: f64,
    // Watt-hours, before rounding.
    pub(super) excess: Option<f64>,
}

impl Run {
    pub(super) fn new(since: EventTime) -> Self {
        Self {
            since,
            until: since,
            blocks: 0,
            low_blocks: 0,
            readings: 0,
            phase_sum: 0.0,
            neutral_sum: 0.0,
            allowed_sum: 0.0,
            apart_max: 0.0,
            excess: Some(0.0),
        }
    }

    pub(super) fn add(&mut self, block: &Block, rule: &Rule) {
        self.until = block.end;
        self.blocks += 1;
        self.low_blocks += u32::from(rule.is_low(&block.currents));
        self.readings += u64::from(block.readings);
        self.phase_sum += block.currents.phase.0;
        self.neutral_sum += block.currents.neutral.0;
        self.allowed_sum += rule.allowed(&block.currents).0;
        self.apart_max = self.apart_max.max(block.currents.apart.0);
        self.excess = self.excess.zip(block.excess()).map(|(sum, excess)| sum + excess);
    }

    /// Whether a block is apart to the other side, if there was one before it.
    pub(super) fn turns(&self, block: &Block) -> bool {
        let side = self.phase_sum > self.neutral_sum;
        self.blocks > 0 && side != (block.difference().0 > 0.0)
    }
}
