//! What is stored of the index, by the names of meters and groups.

use super::groups::Group;
use super::hand::Hand;
use super::{Day, Index};
use crate::{Topology, TopologyRow};
use reading::{EventTime, MeterId};
use serde::{Deserialize, Serialize};

/// What an [`Index`] stores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexState {
    date: Option<u16>,
    first: EventTime,
    last: EventTime,
    ticks: u16,
    /// The names behind the numbers.
    groups: Vec<Group>,
    squares: Vec<(u32, u16)>,
    hands: Vec<(MeterId, Hand)>,
}

impl Index {
    /// What is to be stored. `topology` is the one in use.
    pub fn snapshot(&self, topology: &Topology) -> IndexState {
        let known = topology.rows().iter().zip(&self.hands).filter(|(_, hand)| **hand != Hand::default());
        let Day { date, first, last, ticks, ref squares } = self.day;
        IndexState {
            date,
            first,
            last,
            ticks,
            groups: self.groups.all().to_vec(),
            squares: squares.clone(),
            hands: known.map(|(row, hand)| (row.meter, *hand)).collect(),
        }
    }

    /// Takes what was stored, into an index without any state. A meter that left the topology is forgotten.
    pub fn restore(&mut self, topology: &Topology, state: IndexState) {
        let is_same = state.groups == self.groups.all();
        let numbers: Vec<Option<u32>> =
            state.groups.iter().map(|group| self.groups.number_of(group)).collect();
        let IndexState { date, first, last, ticks, squares, .. } = state;
        let squares = if is_same { squares } else { vec![(0, 0); self.groups.all().len()] };
        self.day = Day { date, first, last, ticks, squares };
        for (at, mut hand) in topology.first_rows(state.hands) {
            if !is_same {
                // The sums are beside groups that have other places now.
                hand.forget_day();
            }
            match numbers.get(hand.run.group as usize) {
                Some(Some(number)) => hand.run.group = *number,
                _ => hand.run = Default::default(),
            }
            self.hands[at] = hand;
        }
    }

    /// Takes another topology. A consumer with another place begins its day again.
    pub fn place(&mut self, before: &Topology, topology: &Topology) {
        let state = self.snapshot(before);
        *self = Self::new(self.settings.clone(), topology);
        self.restore(topology, state);
        for (at, row) in topology.first_rows(before.rows().iter().map(|row| (row.meter, row))) {
            let (old, new) = (before.rows_of(&row.meter), topology.rows_of(&row.meter));
            if !old.map(place).eq(new.map(place)) {
                self.hands[at].forget_day();
            }
        }
    }
}

/// What a row says of the place of its meter.
fn place(row: &TopologyRow) -> impl PartialEq + '_ {
    (row.role, row.feeder(), row.transformer(), row.phase.as_deref(), row.from, row.to)
}

#[cfg(test)]
impl IndexState {
    /// What earlier days said of each meter.
    pub(super) fn runs(&self) -> Vec<(MeterId, super::hand::Run)> {
        self.hands.iter().map(|(meter, hand)| (*meter, hand.run)).collect()
    }
}
