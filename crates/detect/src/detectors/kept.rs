//! What a detector keeps of every consumer: it stands by the first row of the meter, so that a tick walks along it.

use super::Stored;
use grid::{Joined, Topology};
use reading::MeterId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One of each meter of the topology.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Kept<T>(Vec<T>);

impl<T: Copy + Default + PartialEq> Kept<T> {
    /// Makes room for every meter.
    pub(super) fn fit(&mut self, topology: &Topology) {
        self.0.resize(topology.rows().len(), T::default());
    }

    /// What is kept of the meter of an interval, if the topology knows it. There must be room: see [`Self::fit`].
    pub(super) fn of(&mut self, joined: &Joined<'_>) -> Option<&mut T> {
        self.0.get_mut(joined.first()? as usize)
    }

    /// What must be stored.
    pub(super) fn stored(&self, topology: &Topology) -> Vec<(MeterId, T)> {
        let known = topology.rows().iter().zip(&self.0).filter(|(_, one)| **one != T::default());
        known.map(|(row, one)| (row.meter, *one)).collect()
    }

    /// The same again. Meters that left the topology are forgotten.
    pub(super) fn restored(stored: Vec<(MeterId, T)>, topology: &Topology) -> Self {
        let mut kept = Self::default();
        kept.fit(topology);
        topology.first_rows(stored).for_each(|(first, one)| kept.0[first] = one);
        kept
    }
}

/// What is known of every consumer, and what of those few that are followed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Homes<K, F> {
    pub(super) known: Kept<K>,
    pub(super) followed: BTreeMap<MeterId, F>,
}

/// The stored form of [`Homes`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct HomesState<K, F> {
    known: Vec<(MeterId, K)>,
    followed: BTreeMap<MeterId, F>,
}

impl<K: Serialize + DeserializeOwned, F: Serialize + DeserializeOwned> Stored for HomesState<K, F> {}

impl<K: Copy + Default + PartialEq, F: Clone> Homes<K, F> {
    /// Nothing seen yet.
    pub(super) fn new() -> Self {
        Self { known: Kept::default(), followed: BTreeMap::new() }
    }

    /// What must be stored.
    pub(super) fn state(&self, topology: &Topology) -> HomesState<K, F> {
        HomesState { known: self.known.stored(topology), followed: self.followed.clone() }
    }

    /// The same again. Meters that left the topology are forgotten.
    pub(super) fn restore(&mut self, state: HomesState<K, F>, topology: &Topology) {
        self.known = Kept::restored(state.known, topology);
        self.followed = state.followed;
        self.followed.retain(|meter, _| topology.first_row(meter, 0).is_some());
    }
}
