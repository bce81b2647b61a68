//! Whether a transformer supplied as much energy as its consumers took.

use crate::{Joined, Role, Topology};
use features::valid_energy;
use reading::{EventTime, Quality, TransformerId};
use units::WattHours;

/// The energy of one transformer in one interval `(start, end]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// The transformer.
    pub transformer: TransformerId,
    /// When the interval starts.
    pub start: EventTime,
    /// When it ends.
    pub end: EventTime,
    /// What the transformer's own meters counted, import less export; `None` unless all of them reported: a part of
    /// the supply would look as if consumers used more than was supplied.
    pub supplied: Option<WattHours>,
    /// What the reporting consumers counted, import less export.
    pub consumed: WattHours,
    /// Supplied less consumed: losses, and use that no meter counted. `None` unless all consumers reported: the use of
    /// those that are missing would look like a loss.
    pub gap: Option<WattHours>,
    /// How many consumers it supplies in this interval, by the topology.
    pub meters: u32,
    /// How many of them have a known energy.
    pub reporting: u32,
    /// How the energy of the intervals that went in came about: the flags of all of them, and `PARTIAL` if a consumer
    /// is missing.
    pub quality: Quality,
}

#[derive(Clone, Default)]
struct Tally {
    start: EventTime,
    supplied: WattHours,
    own: u32,
    consumed: WattHours,
    reporting: u32,
    quality: Quality,
}

/// The balance of every transformer that has a meter with an interval that ends at `end`, by transformer.
///
/// Intervals that end earlier are left out. They belong to balances that were published before, and the other
/// intervals of those balances are no longer known. A replay corrects those balances.
pub fn balance<'a>(
    end: EventTime,
    intervals: impl Iterator<Item = Joined<'a>>,
    topology: &Topology,
) -> Vec<Balance> {
    let mut tallies = vec![None::<Tally>; topology.transformers().len()];
    for joined in intervals.filter(|joined| joined.interval.end == end) {
        let Joined { interval, role, .. } = joined;
        let (Some(role), Some(number)) = (role, joined.transformer()) else { continue };
        if role == Role::Feeder {
            continue;
        }
        let tally = tallies[number as usize].get_or_insert_default();
        tally.start = interval.start;
        tally.quality = tally.quality.with(interval.quality.origin());
        if interval.quality.is_rejected() {
            // An estimate takes its place, so the balance is not measured either.
            tally.quality = tally.quality.with(Quality::ESTIMATED);
        }
        let Some(net) = valid_energy(interval) else { continue };
        if role == Role::Transformer {
            tally.supplied += net;
            tally.own += 1;
        } else {
            tally.consumed += net;
            tally.reporting += 1;
        }
    }
    let balance_of = |(number, tally): (u32, Option<Tally>)| {
        let tally = tally?;
        let (meters, own) = topology.meters_of(number, end);
        let supplied = (tally.own > 0 && tally.own == own).then_some(tally.supplied);
        let is_complete = tally.reporting == meters;
        let missing = if is_complete { Quality::MEASURED } else { Quality::PARTIAL };
        Some(Balance {
            transformer: topology.transformers()[number as usize],
            start: tally.start,
            end,
            supplied,
            consumed: tally.consumed,
            gap: supplied.filter(|_| is_complete).map(|supplied| supplied - tally.consumed),
            meters,
            reporting: tally.reporting,
            quality: tally.quality.with(missing),
        })
    };
    (0..).zip(tallies).filter_map(balance_of).collect()
}
