//! How a fleet counts, and which meters are its own.

use crate::cell::Cell;
use crate::fleet::Meter;
use crate::register::{RegisterRules, energy};
use reading::{Fingerprint, Grid};
use units::WattHours;

/// Where an interval's energy comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Energy {
    /// From registers; the energy of a meter without one is unknown.
    Registers,
    /// From instantaneous power; registers are ignored.
    Power,
    /// From registers where the meter sends them, else from power.
    Both,
}

/// An interval is flagged when the energies of registers and of power differ by more than this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossCheck {
    /// A share of the larger of the two.
    pub share: f64,
    /// But at least this.
    pub floor: WattHours,
}

/// How a fleet counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The intervals.
    pub grid: Grid,
    /// How long an interval stays open after its end, ms.
    pub grace: i64,
    /// Where energy comes from.
    pub energy: Energy,
    /// Compare registers with power.
    pub cross_check: Option<CrossCheck>,
    /// The energy of a longer silence is not estimated, ms.
    pub longest_gap: i64,
    /// How registers may move.
    pub registers: RegisterRules,
}

impl Settings {
    /// How many intervals are open at once: the one that is being filled and those inside the grace.
    pub fn open_intervals(&self) -> usize {
        (self.grace as u64).div_ceil(self.grid.length() as u64) as usize + 1
    }

    /// A number of those settings that the state of a [`Fleet`](crate::Fleet) depends on.
    ///
    /// The others only decide what becomes of it from now on: `cross_check`, `longest_gap`, `rollovers`, `reset_power`
    /// and `most_power` are asked when an interval closes. A register that was in doubt under others is judged again
    /// together with the next one. `most_power` decides also whether an open interval keeps each of its registers or
    /// the first and the last, and either form can be closed under any limit.
    pub fn fingerprint(&self) -> u64 {
        Fingerprint::new("meters")
            // Open and waiting intervals are stored by their number on the grid.
            .whole(self.grid.length())
            // Each open interval needs a place of its own. The grace matters only by their number.
            .whole(self.open_intervals() as i64)
            // By power alone no register is ever settled. A meter that has a settled one would wait for the next in
            // vain.
            .flag(self.energy == Energy::Power)
            .end()
    }

    /// The most that a register can rise in one interval, Wh.
    pub(crate) fn most_rise(&self) -> u32 {
        u32::try_from(energy(self.registers.most_power, self.grid.length())).unwrap_or(u32::MAX)
    }

    /// Bytes that one single-phase meter takes, growth and indices included, names of up to 15 letters.
    pub fn bytes_per_meter(&self) -> usize {
        // Beside the cells: header, name, order, and 8 bytes in each bucket of a table that is at least 8/15 full.
        self.open_intervals() * size_of::<Cell>() + size_of::<Meter>() + 16 + 4 + 15
    }
}

/// Which meters a fleet has: every meter belongs to one shard of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which one, from zero.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

impl Shard {
    /// The only one.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Whether a meter with this hash belongs here.
    pub fn owns(self, hash: u64) -> bool {
        // The lower half of the hash, so that the upper half stays even within a shard's table.
        (u64::from(hash as u32) * u64::from(self.of)) >> 32 == u64::from(self.index)
    }
}
