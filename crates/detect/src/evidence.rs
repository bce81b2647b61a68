//! What speaks for a suspicion, and what was looked at that might have spoken against it.

use reading::{EventTime, MeterId};
use units::{Amperes, Ratio, WattHours};

/// What a detector saw, with its numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// Phase and neutral current of one meter are apart, block after block.
    PhaseNeutral(PhaseNeutralEvidence),
}

/// The numbers of [`Evidence::PhaseNeutral`]. Currents are means over the blocks of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseNeutralEvidence {
    /// Mean phase current.
    pub phase: Amperes,
    /// Mean neutral current.
    pub neutral: Amperes,
    /// How far they are apart.
    pub apart: Amperes,
    /// How far they were allowed to be apart at these loads.
    pub allowed: Amperes,
    /// `apart` as a share of the larger current.
    pub share: Ratio,
    /// The longest distance of one block.
    pub apart_max: Amperes,
    /// How many blocks, one after the other.
    pub blocks: u32,
    /// How many blocks the rule asks for.
    pub needed: u32,
    /// When the first block started.
    pub since: EventTime,
    /// When the last block ended.
    pub until: EventTime,
    /// The energy that `apart` stands for at the supply's voltage over the run: at most what was not counted. `None`
    /// where a block has no voltage.
    pub excess: Option<WattHours>,
    /// The innocent causes that were looked at and did not explain it.
    pub looked_at: Vec<Innocent>,
}

/// An innocent cause of phase and neutral being apart, with the numbers that speak for or against it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Innocent {
    /// Two supplies of one transformer share a neutral: what is missing in one comes back through the other.
    SharedNeutral {
        /// The neighbour that comes nearest to it.
        other: MeterId,
        /// Phase less neutral of that neighbour in the last block; the opposite of ours would explain it.
        apart: Amperes,
    },
    /// At low load the transformers of the meter itself are off by a larger share, so more is allowed.
    LowLoad {
        /// The mean load of the run, the larger of the two currents.
        load: Amperes,
        /// Below this a block counts as low load.
        limit: Amperes,
        /// How many blocks of the run were of low load; they passed the wider allowance.
        blocks: u32,
    },
    /// Phase and neutral of a three-phase supply are not equal; such meters are not examined.
    ThreePhase {
        /// Readings that carry both currents of a single phase: not one of them is three-phase.
        loop_readings: u64,
    },
    /// A short while apart: switching, a fault, a moment of bad contact.
    Brief {
        /// How many blocks the run has.
        blocks: u32,
        /// How many it needs to count.
        needed: u32,
    },
}

impl Innocent {
    /// The name that files and messages use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SharedNeutral { .. } => "shared-neutral",
            Self::LowLoad { .. } => "low-load",
            Self::ThreePhase { .. } => "three-phase",
            Self::Brief { .. } => "brief",
        }
    }
}

impl Evidence {
    /// How many blocks it rests on.
    pub fn blocks(&self) -> u32 {
        match self {
            Self::PhaseNeutral(evidence) => evidence.blocks,
        }
    }

    /// When what it rests on began.
    pub fn since(&self) -> EventTime {
        match self {
            Self::PhaseNeutral(evidence) => evidence.since,
        }
    }

    /// The energy that it stands for, where that is known.
    pub fn excess(&self) -> Option<WattHours> {
        match self {
            Self::PhaseNeutral(evidence) => evidence.excess,
        }
    }

    /// When what it rests on ended.
    pub fn until(&self) -> EventTime {
        match self {
            Self::PhaseNeutral(evidence) => evidence.until,
        }
    }
}
