//! Phase less neutral of the consumers of one transformer in one interval.

use reading::MeterId;
use units::Amperes;

/// The differences, each with its meter. They are sorted, so that the nearest to any number is found by halving.
#[derive(Debug, Default)]
pub(super) struct Differences(Vec<(f64, MeterId)>);

impl Differences {
    pub(super) fn new(all: impl Iterator<Item = (Amperes, MeterId)>) -> Self {
        let mut all: Vec<(f64, MeterId)> = all.map(|(difference, meter)| (difference.0, meter)).collect();
        all.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        Self(all)
    }

    /// The neighbour of `meter` whose difference is nearest to the opposite of this one, with its difference.
    pub(super) fn nearest_opposite(&self, meter: MeterId, difference: Amperes) -> Option<(MeterId, Amperes)> {
        let wanted = -difference.0;
        let middle = self.0.partition_point(|(theirs, _)| *theirs < wanted);
        let is_other = |entry: &&(f64, MeterId)| entry.1 != meter;
        let below = self.0[..middle].iter().rev().find(is_other);
        let above = self.0[middle..].iter().find(is_other);
        let distance = |entry: &&(f64, MeterId)| (entry.0 - wanted).abs();
        let nearest = match (below, above) {
            (Some(below), Some(above)) if distance(&below) <= distance(&above) => below,
            (below, above) => above.or(below)?,
        };
        Some((nearest.1, Amperes(nearest.0)))
    }
}
