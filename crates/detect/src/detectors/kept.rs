//! What a detector keeps of every consumer: it stands by the first row of the meter, so that a tick walks along it.

use grid::{Joined, Topology};
use reading::MeterId;

/// One of each meter of the topology.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Kept<T>(Vec<T>);

impl<T: Copy + Default> Kept<T> {
    /// Makes room for every meter.
    pub(super) fn fit(&mut self, topology: &Topology) {
        self.0.resize(topology.rows().len(), T::default());
    }

    /// What is kept of the meter of an interval, if the topology knows it. There must be room: see [`Self::fit`].
    pub(super) fn of(&mut self, joined: &Joined<'_>) -> Option<&mut T> {
        self.0.get_mut(joined.first()? as usize)
    }

    /// What must be stored.
    pub(super) fn stored(&self, topology: &Topology, is_worth: impl Fn(&T) -> bool) -> Vec<(MeterId, T)> {
        let known = topology.rows().iter().zip(&self.0).filter(|(_, one)| is_worth(one));
        known.map(|(row, one)| (row.meter, *one)).collect()
    }

    /// The same again. Meters that left the topology are forgotten.
    pub(super) fn restored(stored: Vec<(MeterId, T)>, topology: &Topology) -> Self {
        let mut kept = Self::default();
        kept.fit(topology);
        let mut cursor = 0;
        for (meter, one) in stored {
            if let Some(first) = topology.first_row(&meter, cursor) {
                (kept.0[first], cursor) = (one, first);
            }
        }
        kept
    }
}
