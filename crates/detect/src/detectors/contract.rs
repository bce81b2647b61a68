//! What the list asks of each detector. What most of them do alike is written here once.

use crate::SettingsError;
use crate::weigh::{Comparing, Findings};
use grid::{Joined, Topology};
use reading::MeterId;
use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize};

/// The settings of a detector, beside the keys that `keys!` makes of them.
pub trait DetectorRule {
    /// Refuses keys that do not go together.
    fn check(&self) -> Result<(), SettingsError> {
        Ok(())
    }

    /// The fingerprint of exactly those settings that the stored state depends on.
    fn fingerprint(&self) -> u64;

    /// What it made of a meter that has no case, in sentences: from its intervals among those of its neighbours, in the
    /// order of time. Nothing where intervals do not carry what it looks at.
    fn why_no_case<'a>(
        &self,
        _meter: MeterId,
        _rows: impl Iterator<Item = Joined<'a>> + Clone,
    ) -> Vec<String> {
        Vec::new()
    }
}

/// The stored state of a detector. It holds meters by name: the numbers of a topology do not outlive it.
pub trait Stored: Serialize + DeserializeOwned {
    /// Goes up when the form changes.
    const VERSION: u16 = 1;
    /// Earlier versions that can be read.
    const READS: &'static [u16] = &[];

    /// Reads the form of a version.
    fn read<'de, D: Deserializer<'de>>(_version: u16, stored: D) -> Result<Self, D::Error> {
        Self::deserialize(stored)
    }
}

/// A detector at work. A tick begins, then every row of a consumer comes, in any order, and then the tick ends.
pub trait Work {
    /// What of it is stored.
    type State: Stored;

    /// What must be stored to go on later. `topology` is the one in use.
    fn state(&self, topology: &Topology) -> Self::State;

    /// Goes on from what was stored. Meters that left the topology are forgotten.
    fn restore(&mut self, state: Self::State, topology: &Topology);

    /// A tick begins.
    fn begin(&mut self, _comparing: &Comparing<'_>) {}

    /// A row of a consumer, of the tick or late.
    fn see(&mut self, _comparing: &Comparing<'_>, _joined: &Joined<'_>, _out: &mut Findings) {}

    /// All rows of the tick have come.
    fn end(&mut self, _comparing: &Comparing<'_>, _out: &mut Findings) {}
}

/// How sure the length of a run makes: 0.5 where it is just long enough, near 1 after many times as much.
pub(super) fn persistence(needed: u32, seen: u32) -> f64 {
    1.0 - f64::from(needed) / (2.0 * f64::from(seen.max(needed)))
}
