//! The settings of a fleet, and the meters that belong to a shard.

use crate::cell::{Cell, NearEnd};
use crate::fleet::Meter;
use crate::register::RegisterRules;
use reading::{Fingerprint, Grid};
use units::WattHours;

/// Where an interval's energy comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Energy {
    /// From registers. The energy of a meter without a register is unknown.
    Registers,
    /// From instantaneous power. Registers are ignored.
    Power,
    /// From registers if the meter sends them, otherwise from power.
    Both,
}

/// An interval is flagged when the energies of registers and of power differ by more than this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossCheck {
    /// As a share of the larger of the two.
    pub share: f64,
    /// At least this much.
    pub floor: WattHours,
}

/// The settings of a fleet.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The intervals.
    pub grid: Grid,
    /// How long an interval stays open after its end, ms.
    pub grace: i64,
    /// A reading this near to the end of an interval, before it or after it, counts as the reading at the end, ms.
    pub snap: i64,
    /// The source of energy.
    pub energy: Energy,
    /// Whether and how to compare registers with power.
    pub cross_check: Option<CrossCheck>,
    /// The energy of a longer silence is not estimated, ms.
    pub longest_gap: i64,
    /// The limits of what registers may do.
    pub registers: RegisterRules,
}

impl Settings {
    /// How many intervals are open at once: the one that is being filled and those inside the grace.
    pub fn open_intervals(&self) -> usize {
        (self.grace as u64).div_ceil(self.grid.length() as u64) as usize + 1
    }

    /// The fingerprint of the settings that the state of a [`Fleet`](crate::Fleet) depends on.
    ///
    /// `snap`, `cross_check`, `longest_gap`, `rollovers`, `reset_power` and `most_power` are not in it. They are used only
    /// when an interval closes, and a doubtful register is judged again with the next one. `most_power` also decides
    /// whether an open interval keeps all its register readings or two, but either form can be closed under any
    /// limit.
    pub fn fingerprint(&self) -> u64 {
        Fingerprint::new("meters")
            // Open and waiting intervals are stored by their number on the grid.
            .whole(self.grid.length())
            // Each open interval needs a plane. The grace matters only because it decides how many are open.
            .whole(self.open_intervals() as i64)
            // With energy from power alone, no register is ever settled. A meter with a settled register would wait
            // for the next one forever.
            .flag(self.energy == Energy::Power)
            .end()
    }

    /// Where in an interval a reading counts as the one at the end.
    #[inline]
    pub(crate) fn near_end(&self) -> NearEnd {
        let end = self.grid.length() as u32;
        NearEnd { end, from: end - self.snap as u32 }
    }

    /// Bytes that one single-phase meter takes, growth and indices included, names of up to 15 letters.
    pub fn bytes_per_meter(&self) -> usize {
        // Beside the cells: header, name, order, and 8 bytes in each bucket of a table that is at least 8/15 full.
        self.open_intervals() * size_of::<Cell>() + size_of::<Meter>() + 16 + 4 + 15
    }
}

/// A shard of all meters. Every meter belongs to exactly one shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from zero.
    pub index: u32,
    /// How many shards there are.
    pub of: u32,
}

impl Shard {
    /// The only shard: it has all meters.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Whether a meter with this hash belongs here.
    pub fn owns(self, hash: u64) -> bool {
        // Use the lower half of the hash: the table uses the upper half, which must stay evenly spread within a
        // shard.
        (u64::from(hash as u32) * u64::from(self.of)) >> 32 == u64::from(self.index)
    }
}
