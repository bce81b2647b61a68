//! What a detector keeps of every consumer: it stands by the first row of the meter, so that a tick walks along it.

use super::{Stored, Work};
use crate::weigh::{Comparing, Findings};
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
pub struct Homes<K, F> {
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
    fn new() -> Self {
        Self { known: Kept::default(), followed: BTreeMap::new() }
    }

    /// What must be stored.
    fn state(&self, topology: &Topology) -> HomesState<K, F> {
        HomesState { known: self.known.stored(topology), followed: self.followed.clone() }
    }

    /// The same again. Meters that left the topology are forgotten.
    fn restore(&mut self, state: HomesState<K, F>, topology: &Topology) {
        self.known = Kept::restored(state.known, topology);
        self.followed = state.followed;
        self.followed.retain(|meter, _| topology.first_row(meter, 0).is_some());
    }
}

/// The rule of a detector that keeps something of every home, and more of those few that it follows.
pub trait WatchHomes<K, F> {
    /// A tick begins. There is room for every meter.
    fn begin(&self, _homes: &mut Homes<K, F>, _comparing: &Comparing<'_>) {}

    /// A row of a consumer, of the tick or late.
    fn see(&self, homes: &mut Homes<K, F>, joined: &Joined<'_>, out: &mut Findings);

    /// All rows of the tick have come.
    fn end(&self, _homes: &mut Homes<K, F>, _comparing: &Comparing<'_>) {}
}

/// Such a rule at work.
#[derive(Debug, Clone, PartialEq)]
pub struct WithHomes<R, K, F> {
    rule: R,
    homes: Homes<K, F>,
}

impl<R, K: Copy + Default + PartialEq, F: Clone> WithHomes<R, K, F> {
    /// Nothing seen yet.
    pub fn new(rule: R) -> Self {
        Self { rule, homes: Homes::new() }
    }
}

impl<R, K, F> Work for WithHomes<R, K, F>
where
    R: WatchHomes<K, F>,
    K: Copy + Default + PartialEq + Serialize + DeserializeOwned,
    F: Clone + Serialize + DeserializeOwned,
{
    type State = HomesState<K, F>;

    fn state(&self, topology: &Topology) -> Self::State {
        self.homes.state(topology)
    }

    fn restore(&mut self, state: Self::State, topology: &Topology) {
        self.homes.restore(state, topology);
    }

    fn begin(&mut self, comparing: &Comparing<'_>) {
        self.homes.known.fit(comparing.topology);
        self.rule.begin(&mut self.homes, comparing);
    }

    #[inline]
    fn see(&mut self, _comparing: &Comparing<'_>, joined: &Joined<'_>, out: &mut Findings) {
        self.rule.see(&mut self.homes, joined, out);
    }

    fn end(&mut self, comparing: &Comparing<'_>, _out: &mut Findings) {
        self.rule.end(&mut self.homes, comparing);
    }
}
