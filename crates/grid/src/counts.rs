//! How many consumers a transformer, a feeder or an area has at a moment.
//!
//! Rows begin and end, so the count changes with time. It must be fast: every balance of every transformer needs it.

use crate::{Role, TopologyRow};
use reading::{AreaId, EventTime, FeederId, Target, TransformerId};
use std::collections::BTreeMap;

/// How many meters of one role there are in one place at a moment, by two binary searches.
#[derive(Debug, Clone, PartialEq, Default)]
struct Head {
    starts: Vec<EventTime>,
    ends: Vec<EventTime>,
    /// All rows hold after the first and up to the second of these: nearly always now. The lists need not be looked at
    /// then, which are far away in memory.
    all: (EventTime, EventTime),
    count: u32,
}

impl Head {
    fn add(&mut self, row: &TopologyRow) {
        self.starts.push(row.starts());
        self.ends.push(row.ends());
    }

    fn sort(&mut self) {
        self.starts.sort_unstable();
        self.ends.sort_unstable();
        let last_start = self.starts.last().copied().unwrap_or(EventTime::MIN);
        self.all = (last_start, self.ends.first().copied().unwrap_or(EventTime::MAX));
        self.count = self.starts.len() as u32;
    }

    fn count_at(&self, time: EventTime) -> u32 {
        if self.all.0 < time && time <= self.all.1 {
            return self.count;
        }
        // Every row that has ended has also started, so the difference is the number of rows that hold.
        let started = self.starts.partition_point(|start| *start < time);
        let ended = self.ends.partition_point(|end| *end < time);
        (started - ended) as u32
    }
}

/// The counts of all places.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Counts {
    /// The consumers of each transformer, by its number.
    consumers: Vec<Head>,
    /// The meters that measure the transformer itself.
    own: Vec<Head>,
    /// The consumers of each feeder, and of all.
    wider: BTreeMap<Target, Head>,
    /// The meters that measure the feeder itself.
    own_of_feeders: BTreeMap<FeederId, Head>,
    areas: BTreeMap<AreaId, Head>,
}

impl Counts {
    /// Counts rows, each with the number of its transformer.
    pub(crate) fn new<'a>(
        rows: impl Iterator<Item = (&'a TopologyRow, u32)>,
        transformers: &[TransformerId],
    ) -> Self {
        let heads = || vec![Head::default(); transformers.len()];
        let mut counts = Self { consumers: heads(), own: heads(), ..Self::default() };
        rows.for_each(|(row, transformer)| counts.add(row, transformer as usize));
        let Self { consumers, own, wider, own_of_feeders, areas } = &mut counts;
        let of_transformers = consumers.iter_mut().chain(own);
        let of_feeders = wider.values_mut().chain(own_of_feeders.values_mut());
        of_transformers.chain(of_feeders).chain(areas.values_mut()).for_each(Head::sort);
        counts
    }

    fn add(&mut self, row: &TopologyRow, transformer: usize) {
        let of_transformers = match row.role {
            Role::Consumer => {
                for target in [row.feeder().map(Target::Feeder), Some(Target::System)].into_iter().flatten() {
                    self.wider.entry(target).or_default().add(row);
                }
                if let Some(area) = row.area() {
                    self.areas.entry(area).or_default().add(row);
                }
                &mut self.consumers
            }
            Role::Transformer => &mut self.own,
            Role::Feeder => {
                if let Some(feeder) = row.feeder() {
                    self.own_of_feeders.entry(feeder).or_default().add(row);
                }
                return;
            }
        };
        // A row without a transformer has a number that no transformer has.
        if let Some(head) = of_transformers.get_mut(transformer) {
            head.add(row);
        }
    }

    /// Consumers of the transformer with a number.
    pub(crate) fn of_transformer(&self, number: usize, time: EventTime) -> u32 {
        self.consumers[number].count_at(time)
    }

    /// Meters that measure the transformer with a number.
    pub(crate) fn own_of_transformer(&self, number: usize, time: EventTime) -> u32 {
        self.own[number].count_at(time)
    }

    /// Consumers of a feeder, or of all.
    pub(crate) fn of_wider(&self, target: Target, time: EventTime) -> u32 {
        self.wider.get(&target).map_or(0, |head| head.count_at(time))
    }

    /// Meters that measure a feeder.
    pub(crate) fn own_of_feeder(&self, feeder: FeederId, time: EventTime) -> u32 {
        self.own_of_feeders.get(&feeder).map_or(0, |head| head.count_at(time))
    }

    pub(crate) fn of_area(&self, area: AreaId, time: EventTime) -> u32 {
        self.areas.get(&area).map_or(0, |head| head.count_at(time))
    }

    pub(crate) fn areas(&self) -> impl Iterator<Item = AreaId> {
        self.areas.keys().copied()
    }
}
