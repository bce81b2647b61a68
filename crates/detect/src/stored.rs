//! What detectors store, version 1: plain names and numbers. Change nothing here; add a version beside it.

use crate::phase_neutral::Run;
use crate::{
    DailyScores, DailySuspicion, Evidence, Innocent, PhaseNeutral, PhaseNeutralEvidence, PhaseNeutralRuns,
};
use jiff::civil::Date;
use reading::{EventTime, MeterId};
use serde::{Deserialize, Serialize};
use units::{Amperes, Ratio, WattHours};

/// Why something stored cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// No meter has this name.
    #[error("stored meter `{name}` is no name of a meter")]
    Meter {
        /// What was stored.
        name: String,
    },
    /// No day is so.
    #[error("stored day {year}-{month}-{day} is no day")]
    Day {
        /// The year.
        year: i16,
        /// The month.
        month: i8,
        /// The day of the month.
        day: i8,
    },
}

fn meter(name: String) -> Result<MeterId, RestoreError> {
    MeterId::new(&name).ok_or(RestoreError::Meter { name })
}

/// What [`PhaseNeutralRuns::snapshot`] keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhaseNeutralRunsV1 {
    /// By meter.
    pub runs: Vec<RunV1>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunV1 {
    /// Whose.
    pub meter: String,
    /// Start of the first block, ms.
    pub since: i64,
    /// End of the last block, ms.
    pub until: i64,
    /// How many blocks.
    pub blocks: u32,
    /// Those of low load.
    pub low_blocks: u32,
    /// Readings with both currents.
    pub readings: u64,
    /// Sum of the blocks' mean phase currents, A.
    pub phase_sum: f64,
    /// Sum of the blocks' mean neutral currents, A.
    pub neutral_sum: f64,
    /// Sum of what the blocks were allowed, A.
    pub allowed_sum: f64,
    /// The longest distance, A.
    pub apart_max: f64,
    /// Energy that the distance stands for, Wh.
    pub excess: Option<f64>,
}

impl PhaseNeutralRuns {
    /// What must be stored to go on later.
    pub fn snapshot(&self) -> PhaseNeutralRunsV1 {
        let stored = |(meter, run): (&MeterId, &Run)| RunV1 {
            meter: meter.to_string(),
            since: run.since.0,
            until: run.until.0,
            blocks: run.blocks,
            low_blocks: run.low_blocks,
            readings: run.readings,
            phase_sum: run.phase_sum,
            neutral_sum: run.neutral_sum,
            allowed_sum: run.allowed_sum,
            apart_max: run.apart_max,
            excess: run.excess,
        };
        PhaseNeutralRunsV1 { runs: self.runs.iter().map(stored).collect() }
    }

    /// Goes on from what was stored, under this rule.
    pub fn restore(rule: PhaseNeutral, stored: PhaseNeutralRunsV1) -> Result<Self, RestoreError> {
        let mut restored = Self::new(rule);
        for run in stored.runs {
            let of_meter = Run {
                since: EventTime(run.since),
                until: EventTime(run.until),
                blocks: run.blocks,
                low_blocks: run.low_blocks,
                readings: run.readings,
                phase_sum: run.phase_sum,
                neutral_sum: run.neutral_sum,
                allowed_sum: run.allowed_sum,
                apart_max: run.apart_max,
                excess: run.excess,
            };
            restored.runs.insert(meter(run.meter)?, of_meter);
        }
        Ok(restored)
    }
}

/// What [`DailyScores::snapshot`] keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DailyScoresV1 {
    /// Year, month and day under way.
    pub day: Option<(i16, i8, i8)>,
    /// Meter, score, score of phase-neutral, blocks.
    pub meters: Vec<(String, f64, f64, u32)>,
}

impl DailyScores {
    /// What must be stored to go on later.
    pub fn snapshot(&self) -> DailyScoresV1 {
        let row = |row: &DailySuspicion| (row.meter.to_string(), row.score, row.phase_neutral, row.blocks);
        DailyScoresV1 {
            day: self.day.map(|day| (day.year(), day.month(), day.day())),
            meters: self.by_meter.values().map(row).collect(),
        }
    }

    /// Goes on from what was stored.
    pub fn restore(stored: DailyScoresV1) -> Result<Self, RestoreError> {
        let Some((year, month, day)) = stored.day else { return Ok(Self::new()) };
        let Ok(day) = Date::new(year, month, day) else { return Err(RestoreError::Day { year, month, day }) };
        let mut restored = Self { day: Some(day), by_meter: Default::default() };
        for (name, score, phase_neutral, blocks) in stored.meters {
            let meter = meter(name)?;
            let row = DailySuspicion { meter, day, score, phase_neutral, blocks };
            restored.by_meter.insert(meter, row);
        }
        Ok(restored)
    }
}

/// [`Evidence`], stored with the case that it opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum EvidenceV1 {
    /// [`Evidence::PhaseNeutral`].
    PhaseNeutral {
        /// A.
        phase: f64,
        /// A.
        neutral: f64,
        /// A.
        apart: f64,
        /// A.
        allowed: f64,
        /// Of the larger current.
        share: f64,
        /// A.
        apart_max: f64,
        /// How many.
        blocks: u32,
        /// Of how many.
        needed: u32,
        /// ms.
        since: i64,
        /// ms.
        until: i64,
        /// Wh.
        excess: Option<i64>,
        /// The innocent causes.
        looked_at: Vec<InnocentV1>,
    },
}

/// [`Innocent`], stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum InnocentV1 {
    /// Neighbour and its difference in A.
    SharedNeutral(String, f64),
    /// Load in A, limit in A, blocks of low load.
    LowLoad(f64, f64, u32),
    /// Readings with both currents.
    ThreePhase(u64),
    /// Blocks, and how many are needed.
    Brief(u32, u32),
}

impl From<&Evidence> for EvidenceV1 {
    fn from(evidence: &Evidence) -> Self {
        let Evidence::PhaseNeutral(numbers) = evidence;
        Self::PhaseNeutral {
            phase: numbers.phase.0,
            neutral: numbers.neutral.0,
            apart: numbers.apart.0,
            allowed: numbers.allowed.0,
            share: numbers.share.0,
            apart_max: numbers.apart_max.0,
            blocks: numbers.blocks,
            needed: numbers.needed,
            since: numbers.since.0,
            until: numbers.until.0,
            excess: numbers.excess.map(|energy| energy.0),
            looked_at: numbers.looked_at.iter().map(InnocentV1::from).collect(),
        }
    }
}

impl TryFrom<EvidenceV1> for Evidence {
    type Error = RestoreError;

    fn try_from(stored: EvidenceV1) -> Result<Self, RestoreError> {
        let EvidenceV1::PhaseNeutral {
            phase,
            neutral,
            apart,
            allowed,
            share,
            apart_max,
            blocks,
            needed,
            since,
            until,
            excess,
            looked_at,
        } = stored;
        let looked_at: Result<Vec<_>, _> = looked_at.into_iter().map(Innocent::try_from).collect();
        Ok(Self::PhaseNeutral(PhaseNeutralEvidence {
            phase: Amperes(phase),
            neutral: Amperes(neutral),
            apart: Amperes(apart),
            allowed: Amperes(allowed),
            share: Ratio(share),
            apart_max: Amperes(apart_max),
            blocks,
            needed,
            since: EventTime(since),
            until: EventTime(until),
            excess: excess.map(WattHours),
            looked_at: looked_at?,
        }))
    }
}

impl From<&Innocent> for InnocentV1 {
    fn from(innocent: &Innocent) -> Self {
        match *innocent {
            Innocent::SharedNeutral { other, apart } => Self::SharedNeutral(other.to_string(), apart.0),
            Innocent::LowLoad { load, limit, blocks } => Self::LowLoad(load.0, limit.0, blocks),
            Innocent::ThreePhase { loop_readings } => Self::ThreePhase(loop_readings),
            Innocent::Brief { blocks, needed } => Self::Brief(blocks, needed),
        }
    }
}

impl TryFrom<InnocentV1> for Innocent {
    type Error = RestoreError;

    fn try_from(stored: InnocentV1) -> Result<Self, RestoreError> {
        Ok(match stored {
            InnocentV1::SharedNeutral(name, apart) => {
                Self::SharedNeutral { other: meter(name)?, apart: Amperes(apart) }
            }
            InnocentV1::LowLoad(load, limit, blocks) => {
                Self::LowLoad { load: Amperes(load), limit: Amperes(limit), blocks }
            }
            InnocentV1::ThreePhase(loop_readings) => Self::ThreePhase { loop_readings },
            InnocentV1::Brief(blocks, needed) => Self::Brief { blocks, needed },
        })
    }
}
