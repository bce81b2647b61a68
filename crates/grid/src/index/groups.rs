//! The consumers of each transformer and phase, as the topology has them.

use crate::join::NONE;
use crate::{Role, Topology, TopologyRow};
use reading::{FeederId, TransformerId};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

/// A transformer has three phases. A fourth spelling in its rows, such as `abc`, is of few consumers.
pub(super) const PHASES: usize = 3;

/// The consumers that one transformer supplies from one phase.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) feeder: FeederId,
    pub(super) transformer: TransformerId,
    /// As the topology writes it. None where it names no phases.
    pub(super) phase: Option<String>,
}

impl Group {
    fn place(&self) -> (FeederId, TransformerId) {
        (self.feeder, self.transformer)
    }

    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

/// The place of a consumer among the groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The first group of its transformer.
    pub(super) own: u32,
    /// Which of that transformer's groups names its phase; [`Place::OTHER`] if none does.
    pub(super) part: u8,
}

impl Place {
    pub(super) const OTHER: u8 = u8::MAX;
    const NOWHERE: Self = Self { own: NONE, part: Self::OTHER };

    /// The number of its group.
    pub(super) fn group(self) -> Option<usize> {
        (self.part != Self::OTHER).then_some(self.own as usize + usize::from(self.part))
    }
}

/// The numbers of groups that belong together, up to and without the last.
#[derive(Debug, Clone, Copy)]
struct Span {
    feeder: (u32, u32),
    /// Behind the groups of its transformer.
    beside: u32,
}

/// All groups, by feeder, then by transformer, then by phase.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    all: Vec<Group>,
    /// By group.
    spans: Vec<Span>,
    /// By row of the topology.
    places: Vec<Place>,
}

impl Groups {
    pub(super) fn new(topology: &Topology) -> Self {
        let all = groups(topology);
        let spans = all.iter().map(|group| {
            let upto = |is_before: &dyn Fn(&Group) -> bool| all.partition_point(is_before) as u32;
            let feeder =
                (upto(&|other| other.feeder < group.feeder), upto(&|other| other.feeder <= group.feeder));
            Span { feeder, beside: upto(&|other| other.place() <= group.place()) }
        });
        let spans = spans.collect();
        let places = topology.rows().iter().map(|row| place(&all, row)).collect();
        Self { all, spans, places }
    }

    pub(super) fn all(&self) -> &[Group] {
        &self.all
    }

    /// The place in the row with a number, if it names the transformer and the feeder of a consumer.
    pub(super) fn place(&self, row: u32) -> Option<Place> {
        self.places.get(row as usize).copied().filter(|place| place.own != NONE)
    }

    /// The groups on the feeder of a group.
    pub(super) fn on_feeder_of(&self, group: u32) -> Range<usize> {
        let (first, behind) = self.spans[group as usize].feeder;
        first as usize..behind as usize
    }

    /// The groups of a transformer, by the first of them.
    pub(super) fn of_transformer(&self, own: u32) -> Range<usize> {
        own as usize..self.spans[own as usize].beside as usize
    }

    /// The number of a group by its names.
    pub(super) fn number_of(&self, group: &Group) -> Option<u32> {
        self.all.binary_search(group).ok().map(|at| at as u32)
    }

    /// Bytes in memory for the places of meters.
    pub(super) fn memory(&self) -> usize {
        self.places.len() * size_of::<Place>()
    }
}

/// The transformers of all consumers with the phases that most of them name.
fn groups(topology: &Topology) -> Vec<Group> {
    let mut counts: BTreeMap<(FeederId, TransformerId), BTreeMap<Option<&str>, u32>> = BTreeMap::new();
    for row in topology.rows().iter().filter(|row| row.role == Role::Consumer) {
        if let (Some(feeder), Some(transformer)) = (row.feeder(), row.transformer()) {
            let phases = counts.entry((feeder, transformer)).or_default();
            *phases.entry(row.phase.as_deref()).or_default() += 1;
        }
    }
    let mut all = Vec::new();
    for ((feeder, transformer), phases) in counts {
        let mut phases: Vec<_> = phases.into_iter().map(|(phase, count)| (Reverse(count), phase)).collect();
        phases.sort_unstable();
        phases.truncate(PHASES);
        all.extend(phases.into_iter().map(|(_, phase)| Group {
            feeder,
            transformer,
            phase: phase.map(str::to_owned),
        }));
    }
    all.sort_unstable();
    all
}

fn place(all: &[Group], row: &TopologyRow) -> Place {
    let (Role::Consumer, Some(feeder), Some(transformer)) = (row.role, row.feeder(), row.transformer())
    else {
        return Place::NOWHERE;
    };
    let own = all.partition_point(|group| group.place() < (feeder, transformer));
    let beside = all[own..].iter().take_while(|group| group.is_beside(&all[own]));
    let part = beside.into_iter().position(|group| group.phase.as_deref() == row.phase.as_deref());
    Place { own: own as u32, part: part.map_or(Place::OTHER, |part| part as u8) }
}
