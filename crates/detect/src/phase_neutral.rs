//! Phase and neutral current of a single-phase supply apart for several blocks: the rule of the meters' firmware.
//!
//! What goes out through the phase comes back through the neutral. Where it does not, some current takes a way round
//! the meter, or two supplies share a neutral, or the load is so low that the meter itself is unsure. Only the first
//! is worth a visit, so the others are looked at before a suspicion is raised.

use crate::shared_neutral::Neighbours;
use crate::{Evidence, Innocent, PhaseNeutralEvidence, Suspicion, weigh};
use features::{LoopCurrents, loop_currents, mean_voltage};
use grid::{Joined, Role, TopologyRow};
use reading::time::HOUR;
use reading::{EventTime, Interval, MeterId, Quality};
use std::collections::BTreeMap;
use units::{Amperes, Ratio, WattHours};

/// What the rule allows. Firmware thresholds in the field: 6.25 %, 25 % at low load, floor 0.5 A, five blocks running.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PhaseNeutral {
    share: Ratio,
    floor: Amperes,
    low_load: Amperes,
    low_load_share: Ratio,
    pub(crate) blocks: u32,
}

/// Why these settings make no rule.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// A share that is no share.
    #[error("`{field}` must be above 0 and at most 1, found {found}")]
    Share {
        /// Which.
        field: &'static str,
        /// What was given.
        found: f64,
    },
    /// A current that is no limit.
    #[error("`{field}` must be a current of 0 A or more, found {found}")]
    Current {
        /// Which.
        field: &'static str,
        /// What was given.
        found: f64,
    },
    /// At low load less would be allowed than at high load.
    #[error("`low_load_share` ({low}) must be at least `share` ({share})")]
    LowLoadStricter {
        /// At low load.
        low: f64,
        /// Else.
        share: f64,
    },
    /// No run at all.
    #[error("`blocks` must be 1 or more")]
    NoBlocks,
}

impl PhaseNeutral {
    /// A rule, if the settings make sense. `share` of the larger current, but never less than `floor`, may be apart;
    /// below `low_load` it is `low_load_share`. A suspicion needs `blocks` blocks, one after the other.
    ///
    /// With the thresholds of the field the floor is as much as 25 % of 2 A, so below that load the floor decides;
    /// `low_load_share` begins to matter with a lower floor or a higher limit.
    pub fn new(
        share: Ratio,
        floor: Amperes,
        low_load: Amperes,
        low_load_share: Ratio,
        blocks: u32,
    ) -> Result<Self, SettingsError> {
        for (field, found) in [("share", share.0), ("low_load_share", low_load_share.0)] {
            if !(found > 0.0 && found <= 1.0) {
                return Err(SettingsError::Share { field, found });
            }
        }
        for (field, found) in [("floor", floor.0), ("low_load", low_load.0)] {
            if !(found >= 0.0 && found.is_finite()) {
                return Err(SettingsError::Current { field, found });
            }
        }
        if low_load_share < share {
            return Err(SettingsError::LowLoadStricter { low: low_load_share.0, share: share.0 });
        }
        if blocks == 0 {
            return Err(SettingsError::NoBlocks);
        }
        Ok(Self { share, floor, low_load, low_load_share, blocks })
    }

    /// How far apart the currents may be.
    pub fn allowed(&self, currents: &LoopCurrents) -> Amperes {
        let share = if self.is_low(currents) { self.low_load_share } else { self.share };
        self.floor.max(currents.load() * share.0)
    }

    fn is_low(&self, currents: &LoopCurrents) -> bool {
        currents.load() < self.low_load
    }

    /// The share of the larger current that phase and neutral may be apart.
    pub fn share(&self) -> Ratio {
        self.share
    }

    /// What they may be apart at any load.
    pub fn floor(&self) -> Amperes {
        self.floor
    }

    /// Below this current the load is low.
    pub fn low_load(&self) -> Amperes {
        self.low_load
    }

    /// The share that they may be apart then.
    pub fn low_load_share(&self) -> Ratio {
        self.low_load_share
    }

    /// How many blocks running a suspicion needs.
    pub fn blocks(&self) -> u32 {
        self.blocks
    }

    /// The block of an interval, if it can be evidence and its currents are apart.
    pub(crate) fn apart<'a>(&self, joined: Joined<'a>) -> Option<Block<'a>> {
        let Joined { interval, row, .. } = joined;
        if row.is_some_and(|row| row.role != Role::Consumer) {
            return None;
        }
        let currents = evidence_currents(interval)?;
        let (allowed, low) = (self.allowed(&currents), self.is_low(&currents));
        (currents.apart > allowed).then_some(Block { interval, row, currents, allowed, low })
    }
}

/// Blocks of one meter, one after the other, each of them apart to the same side. Sums in time order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Run {
    pub(crate) since: EventTime,
    pub(crate) until: EventTime,
    pub(crate) blocks: u32,
    pub(crate) low_blocks: u32,
    pub(crate) readings: u64,
    pub(crate) phase_sum: f64,
    pub(crate) neutral_sum: f64,
    pub(crate) allowed_sum: f64,
    pub(crate) apart_max: f64,
    // Watt-hours, before rounding.
    pub(crate) excess: Option<f64>,
}

impl Run {
    fn new(since: EventTime) -> Self {
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

    fn add(&mut self, block: &Block) {
        self.until = block.interval.end;
        self.blocks += 1;
        self.low_blocks += u32::from(block.low);
        self.readings += u64::from(block.interval.sums.loop_count);
        self.phase_sum += block.currents.phase.0;
        self.neutral_sum += block.currents.neutral.0;
        self.allowed_sum += block.allowed.0;
        self.apart_max = self.apart_max.max(block.currents.apart.0);
        let hours = block.interval.length() as f64 / HOUR as f64;
        let volts = mean_voltage(block.interval);
        let power = volts.map(|volts| (volts * block.currents.apart).0);
        self.excess = self.excess.zip(power).map(|(sum, power)| sum + power * hours);
    }

    /// Whether phase was above neutral.
    fn side(&self) -> bool {
        self.phase_sum > self.neutral_sum
    }
}

/// One interval whose currents are apart by more than is allowed.
pub(crate) struct Block<'a> {
    pub(crate) interval: &'a Interval,
    pub(crate) row: Option<&'a TopologyRow>,
    pub(crate) currents: LoopCurrents,
    allowed: Amperes,
    low: bool,
}

/// The rule at work: a run for every meter that has one, and for no other.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseNeutralRuns {
    pub(crate) rule: PhaseNeutral,
    pub(crate) runs: BTreeMap<MeterId, Run>,
}

impl PhaseNeutralRuns {
    /// No run yet.
    pub fn new(rule: PhaseNeutral) -> Self {
        Self { rule, runs: BTreeMap::new() }
    }

    /// How many meters have a run.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether no meter has one.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Examines the tick that ends at `end`: every closed interval of the town with its place, in any order, with the
    /// back-filled older ones of meters that came back. Adds a suspicion, by meter, for every run that is long enough
    /// and reaches to `end`.
    ///
    /// Who has no known transformer has no known neighbours: whether a neutral is shared cannot be looked at, so such
    /// an interval is no evidence. Returns how many were apart and held back for that.
    pub fn examine<'a>(
        &mut self,
        end: EventTime,
        rows: impl Iterator<Item = Joined<'a>> + Clone,
        out: &mut Vec<Suspicion>,
    ) -> u64 {
        let mut blocks: Vec<Block<'a>> = rows.clone().filter_map(|joined| self.rule.apart(joined)).collect();
        let apart = blocks.len();
        blocks.retain(|block| block.row.is_some_and(|row| row.transformer.is_some()));
        let held_back = (apart - blocks.len()) as u64;
        blocks.sort_by_key(|block| (block.interval.meter, block.interval.end));
        let neighbours = Neighbours::of(blocks.iter().map(|block| (block.interval, block.row)), rows);
        for block in &blocks {
            let meter = block.interval.meter;
            let difference = block.currents.difference();
            let nearest = neighbours.nearest_opposite(block.interval, block.row, difference);
            if nearest.is_some_and(|(_, apart)| explains(difference, apart)) {
                continue;
            }
            let start = block.interval.start;
            let run = self.runs.entry(meter).or_insert_with(|| Run::new(start));
            if block.interval.end <= run.until {
                // Back-filled, but the run has long passed it.
                continue;
            }
            let other_side = run.blocks > 0 && run.side() != (difference.0 > 0.0);
            if start != run.until || other_side {
                *run = Run::new(start);
            }
            run.add(block);
            if block.interval.end == end {
                let nearest = nearest.map(|(other, apart)| Innocent::SharedNeutral { other, apart });
                self.raise(end, block, nearest, out);
            }
        }
        // Missing, honest, explained or held back: in all cases the run did not reach the end of this tick.
        self.runs.retain(|_, run| run.until == end);
        held_back
    }

    fn raise(&self, end: EventTime, block: &Block<'_>, nearest: Option<Innocent>, out: &mut Vec<Suspicion>) {
        let meter = block.interval.meter;
        let Some(run) = self.runs.get(&meter).filter(|run| run.blocks >= self.rule.blocks) else { return };
        let evidence = Evidence::PhaseNeutral(self.evidence(run, nearest));
        out.push(weigh(meter, block.row, end, evidence));
    }

    fn evidence(&self, run: &Run, nearest: Option<Innocent>) -> PhaseNeutralEvidence {
        let mean = |sum: f64| Amperes(sum / f64::from(run.blocks));
        let (phase, neutral) = (mean(run.phase_sum), mean(run.neutral_sum));
        let apart = (phase - neutral).abs();
        let load = phase.max(neutral);
        let (blocks, needed) = (run.blocks, self.rule.blocks);
        let mut looked_at: Vec<Innocent> = nearest.into_iter().collect();
        looked_at.push(Innocent::LowLoad { load, limit: self.rule.low_load, blocks: run.low_blocks });
        looked_at.push(Innocent::ThreePhase { loop_readings: run.readings });
        looked_at.push(Innocent::Brief { blocks, needed });
        PhaseNeutralEvidence {
            phase,
            neutral,
            apart,
            allowed: mean(run.allowed_sum),
            share: apart / load,
            apart_max: Amperes(run.apart_max),
            blocks,
            needed,
            since: run.since,
            until: run.until,
            excess: run.excess.map(|sum| WattHours(sum.round() as i64)),
            looked_at,
        }
    }
}

/// The currents of an interval, if it may be evidence: estimates, gaps and the day of a meter swap may not.
pub(crate) fn evidence_currents(interval: &Interval) -> Option<LoopCurrents> {
    let unsure = [Quality::ESTIMATED, Quality::GAP, Quality::SWAP];
    let sure = !unsure.into_iter().any(|flag| interval.quality.has(flag));
    loop_currents(interval).filter(|_| sure)
}

/// Whether a neighbour's difference is the opposite of ours, within 20 % or 0.3 A, whichever is more: two meters of
/// class 1 that measure one current disagree by less, and loads move between two readings.
pub(crate) fn explains(ours: Amperes, theirs: Amperes) -> bool {
    const SHARE: f64 = 0.2;
    const FLOOR: Amperes = Amperes(0.3);
    (ours + theirs).abs() <= FLOOR.max(ours.abs() * SHARE)
}
