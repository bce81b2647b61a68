//! Follows every kind from block to block.

use crate::kind::{Code, Kind};
use crate::rules::{Limits, Observation, Verdict, lopsided};
use meter_core::BilledBy;

const KINDS: usize = Kind::ALL.len();

/// How long a wave has to be lopsided until it counts as a magnet: half an hour, since hair dryers run shorter.
const LOPSIDED_BLOCKS: u16 = 360;

/// The state of all rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    limits: Limits,
    // Bits in the order of the kinds.
    active: u16,
    running: [u16; KINDS],
    lopsided: u16,
}

/// What a block changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes {
    occurred: u16,
    restored: u16,
}

impl Watch {
    /// Nothing has occurred yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, active: 0, running: [0; KINDS], lopsided: 0 }
    }

    /// Whether an event has occurred and is not restored. Without a restoration: whether its switch is open.
    pub fn is_active(&self, kind: Kind) -> bool {
        self.active & bit(kind) != 0
    }

    /// Looks at the next five seconds.
    pub fn look(&mut self, seen: &Observation) -> Changes {
        let mut changes = Changes::default();
        self.lopsided = match lopsided(seen) {
            Verdict::Met => self.lopsided.saturating_add(1),
            Verdict::Clear => 0,
            Verdict::Unknown => self.lopsided,
        };
        for kind in Kind::ALL {
            let active = self.is_active(kind);
            let mut verdict = self.limits.judge(kind, seen, active);
            if kind == Kind::Magnet && self.lopsided >= LOPSIDED_BLOCKS {
                verdict = Verdict::Met;
            }
            let times = kind.times();
            let (awaited, enough) = match active {
                false => (Verdict::Met, times.occurs),
                true => (Verdict::Clear, times.restored.max(1)),
            };
            let running = &mut self.running[kind as usize];
            *running = match verdict {
                Verdict::Unknown => *running,
                verdict if verdict == awaited => *running + 1,
                _ => 0,
            };
            if *running >= enough {
                *running = 0;
                self.active ^= bit(kind);
                if !active {
                    changes.occurred |= bit(kind);
                } else if times.restored > 0 {
                    changes.restored |= bit(kind);
                }
            }
        }
        changes
    }

    /// By which current the meter bills: the larger one while they differ, and at nominal voltage without a neutral.
    pub fn billed_by(&self) -> BilledBy {
        if self.is_active(Kind::NeutralMissing) {
            BilledBy::Nominal
        } else if self.is_active(Kind::CurrentBypass) || self.is_active(Kind::CurrentReversed) {
            // A reversed phase leaves the neutral as it was.
            BilledBy::Neutral
        } else {
            BilledBy::Phase
        }
    }
}

impl Changes {
    /// The codes of what occurred and of what was restored, in the order of [`Kind::ALL`].
    pub fn codes(self) -> impl Iterator<Item = (Kind, Code)> {
        Kind::ALL.into_iter().filter_map(move |kind| {
            let code = if self.occurred & bit(kind) != 0 {
                Some(kind.occurs())
            } else if self.restored & bit(kind) != 0 {
                kind.restored()
            } else {
                None
            };
            Some((kind, code?))
        })
    }
}

fn bit(kind: Kind) -> u16 {
    1 << kind as u16
}
