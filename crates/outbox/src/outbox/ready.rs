//! The messages that can go next, so that nobody walks along all of them to find one.

use crate::{Entry, Moment};
use std::collections::{BTreeMap, BTreeSet};

/// Which gateways a message can go to. All messages with the same choice go to the same gateway at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Choice {
    /// Those of this way: this one, and the next ones while it is gone.
    From(String, u16),
    /// Only this one: it has the first parts, and no phone could join them with parts from another one.
    Only(String, u16),
}

impl Choice {
    fn of(entry: &Entry) -> Self {
        let way = entry.way.clone();
        match entry.receipts.last() {
            Some((gateway, ..)) => Self::Only(way, *gateway),
            None => Self::From(way, entry.gateway),
        }
    }
}

/// Messages in the order of their next try, by their choice of gateways. An entry must not change while it is in here.
#[derive(Debug, Clone, Default)]
pub(super) struct Ready {
    by_choice: BTreeMap<Choice, BTreeSet<(Moment, u64)>>,
    by_age: BTreeSet<(Moment, u64)>,
}

impl Ready {
    pub(super) fn insert(&mut self, entry: &Entry) {
        self.by_choice.entry(Choice::of(entry)).or_default().insert((entry.not_before, entry.number));
        self.by_age.insert((entry.came, entry.number));
    }

    /// False if it was not in here.
    pub(super) fn remove(&mut self, entry: &Entry) -> bool {
        let choice = Choice::of(entry);
        if let Some(places) = self.by_choice.get_mut(&choice) {
            places.remove(&(entry.not_before, entry.number));
            if places.is_empty() {
                self.by_choice.remove(&choice);
            }
        }
        self.by_age.remove(&(entry.came, entry.number))
    }

    /// The first message of each choice, with the time of its try, if that is now or before.
    pub(super) fn due(&self, now: Moment) -> impl Iterator<Item = (&Choice, (Moment, u64))> {
        let firsts = self.by_choice.iter().filter_map(|(choice, places)| Some((choice, *places.first()?)));
        firsts.filter(move |(_, (not_before, _))| *not_before <= now)
    }

    /// When something can go next.
    pub(super) fn next_at(&self) -> Option<Moment> {
        self.by_choice.values().filter_map(|places| Some(places.first()?.0)).min()
    }

    /// The oldest message, if it came no later than this.
    pub(super) fn came_before(&self, moment: Moment) -> Option<u64> {
        self.by_age.first().filter(|(came, _)| *came <= moment).map(|(_, number)| *number)
    }
}
