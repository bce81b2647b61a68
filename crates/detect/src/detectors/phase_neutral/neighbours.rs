//! The neighbours of a meter: the others on its transformer, in the same block.

use super::evidence_currents;
use grid::{Joined, Role, TopologyRow};
use reading::{EventTime, Interval, MeterId, TransformerId};
use std::collections::BTreeMap;
use units::Amperes;

/// Phase less neutral of every consumer on the transformers of interest, by transformer and block.
pub(super) struct Neighbours {
    // Sorted by difference, so that the nearest to any number is found by halving.
    differences: BTreeMap<(TransformerId, EventTime), Vec<(f64, MeterId)>>,
}

impl Neighbours {
    /// The neighbours of these intervals, out of all rows of the tick.
    pub(super) fn of<'a>(
        interesting: impl Iterator<Item = (&'a Interval, Option<&'a TopologyRow>)>,
        rows: impl Iterator<Item = Joined<'a>>,
    ) -> Self {
        let mut differences = BTreeMap::<_, Vec<_>>::new();
        for (interval, row) in interesting {
            if let Some(transformer) = row.and_then(|row| row.transformer) {
                differences.entry((transformer, interval.end)).or_default();
            }
        }
        if differences.is_empty() {
            return Self { differences };
        }
        for Joined { interval, row, .. } in rows {
            let Some(row) = row.filter(|row| row.role == Role::Consumer) else { continue };
            let Some(transformer) = row.transformer else { continue };
            let Some(block) = differences.get_mut(&(transformer, interval.end)) else { continue };
            if let Some(currents) = evidence_currents(interval) {
                block.push((currents.difference().0, interval.meter));
            }
        }
        for block in differences.values_mut() {
            block.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        }
        Self { differences }
    }

    /// The neighbour whose difference is nearest to the opposite of this one, with its difference.
    pub(super) fn nearest_opposite(
        &self,
        interval: &Interval,
        row: Option<&TopologyRow>,
        difference: Amperes,
    ) -> Option<(MeterId, Amperes)> {
        let block = self.differences.get(&(row?.transformer?, interval.end))?;
        let wanted = -difference.0;
        let middle = block.partition_point(|(theirs, _)| *theirs < wanted);
        let is_other = |entry: &&(f64, MeterId)| entry.1 != interval.meter;
        let below = block[..middle].iter().rev().find(is_other);
        let above = block[middle..].iter().find(is_other);
        let distance = |entry: &&(f64, MeterId)| (entry.0 - wanted).abs();
        let nearest = match (below, above) {
            (Some(below), Some(above)) if distance(&below) <= distance(&above) => below,
            (below, above) => above.or(below)?,
        };
        Some((nearest.1, Amperes(nearest.0)))
    }
}
