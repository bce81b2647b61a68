//! The stored state of meters and of the current day, and the settings that it depends on.
//!
//! The limits of rules are not among these settings. They affect only later intervals. A run of zeros, a highest
//! energy or a sum that was counted under another limit is still valid.

use crate::findings::{Day, Factors};
use crate::rule::Tally;
use crate::vet::Memory;
use crate::{Findings, Vet};
use metering::BySlot;
use reading::Fingerprint;
use serde::{Deserialize, Serialize};

/// [`Vet`] as it is stored: meters by slot, all of them or those that changed, and how often each rule was met.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct VetState {
    tally: Tally,
    meters: BySlot<Memory>,
}

impl VetState {
    /// Applies later changes to this state.
    pub fn overlay(&mut self, later: Self) {
        self.tally = later.tally;
        self.meters.overlay(later.meters);
    }
}

impl Vet {
    /// The version of [`VetState`].
    pub const STATE_VERSION: u16 = 1;

    /// A number of the settings that the state depends on: the interval alone, because runs are counted in intervals
    /// and the energies are those of one.
    ///
    /// The energy that the profile expects of the current day belongs to a local day, but the time zone is not among
    /// the settings. The energy used on that day is stored with the profiles, which another time zone invalidates. So
    /// nothing is compared until the next day begins.
    pub fn fingerprint(&self) -> u64 {
        Fingerprint::new("vet").whole(self.settings.grid.length()).end()
    }

    /// The meters of these slots, to be written. Slots must ascend. A slot without a meter is left out.
    pub fn stored(&self, slots: impl Iterator<Item = u32>) -> VetState {
        let meter = |slot: u32| Some((slot, *self.meters.get(slot as usize)?));
        VetState { tally: self.tally, meters: slots.filter_map(meter).collect() }
    }

    /// Takes a stored state, which must have been stored under the same [fingerprint](Self::fingerprint).
    pub fn restore(&mut self, stored: &VetState) {
        self.tally = stored.tally;
        for (slot, memory) in stored.meters.iter() {
            self.make_room(slot as usize + 1);
            self.meters[slot as usize] = *memory;
        }
    }
}

/// [`Findings`] as they are stored: the current day, and the ratios of groups, which continue from day to day.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FindingsState {
    tally: Tally,
    day: Day,
    factors: Factors,
}

impl Findings {
    /// The version of [`FindingsState`].
    pub const STATE_VERSION: u16 = 1;

    /// A number of the settings that the state depends on: the interval, because intervals are counted; and the time
    /// zone, because the current day is a local one.
    pub fn fingerprint(&self) -> u64 {
        Fingerprint::new("findings").whole(self.length).text(self.calendar.zone_name()).end()
    }

    /// The state, to be stored.
    pub fn snapshot(&self) -> FindingsState {
        FindingsState { tally: self.tally, day: self.day.clone(), factors: self.factors.clone() }
    }

    /// Takes a stored state, which must have been stored under the same [fingerprint](Self::fingerprint).
    pub fn restore(&mut self, stored: FindingsState) {
        (self.tally, self.day, self.factors) = (stored.tally, stored.day, stored.factors);
    }
}
