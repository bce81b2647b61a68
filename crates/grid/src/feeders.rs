//! What each feeder with a meter of its own supplied, and what all consumers on it used.
//!
//! > Example: feeder `F1` supplies ten transformers and a factory. Its meter counted 4,000 kWh in an hour, and the meters of
//! > all consumers together 3,700 kWh. The lines, the transformers and what no meter counted took 300 kWh.

use crate::balance::Balance;
use crate::{Joined, Role, Topology};
use features::valid_energy;
use reading::{EventTime, FeederId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Bound;
use units::WattHours;

/// What is known of a feeder in one interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tally {
    supplied: i64,
    consumed: i64,
    /// Consumers whose energy is known.
    reporting: u32,
    /// Meters of the feeder itself whose energy is known.
    own: u32,
}

/// The energy of one feeder in one interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeederBalance {
    /// The feeder.
    pub feeder: FeederId,
    /// When the interval ends.
    pub end: EventTime,
    /// What its own meters counted, import less export; `None` unless all of them reported.
    pub supplied: Option<WattHours>,
    /// What the reporting consumers counted, import less export.
    pub consumed: WattHours,
    /// What the missing consumers probably used by the balances of their transformers; `None` if one of them has no
    /// estimate.
    pub estimated: Option<WattHours>,
    /// Whether every consumer has a known energy.
    pub is_complete: bool,
}

/// Feeders that rows may still join.
#[derive(Debug, Clone, Default)]
pub(crate) struct Feeders {
    /// By end of the interval, then by number of the feeder.
    open: BTreeMap<EventTime, Vec<Tally>>,
}

/// What is stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FeedersState {
    /// The names behind the numbers.
    feeders: Vec<FeederId>,
    /// By end of the interval, then by number of the feeder.
    open: Vec<(EventTime, Vec<Tally>)>,
}

impl Feeders {
    /// Takes a row, if it belongs to a feeder with a meter of its own. The interval must not be final.
    #[inline]
    pub(crate) fn take(&mut self, joined: &Joined<'_>, topology: &Topology) {
        let (Some(feeder), Some(role)) = (joined.feeder(), joined.role) else { return };
        if role == Role::Transformer || !topology.measures_feeder(feeder) {
            return;
        }
        let Some(net) = valid_energy(joined.interval) else { return };
        let tallies = self.open.entry(joined.interval.end);
        let tallies = tallies.or_insert_with(|| vec![Tally::default(); topology.feeders().len()]);
        let tally = &mut tallies[feeder as usize];
        if role == Role::Feeder {
            tally.supplied += net.0;
            tally.own += 1;
        } else {
            tally.consumed += net.0;
            tally.reporting += 1;
        }
    }

    /// The feeders of an interval that is final, beside the balances of its transformers. They are forgotten.
    pub(crate) fn take_final(
        &mut self,
        end: EventTime,
        balances: &[Balance],
        topology: &Topology,
    ) -> Vec<FeederBalance> {
        let rows = self.at(end, balances, topology);
        self.open = self.open.split_off(&end);
        self.open.remove(&end);
        rows
    }

    /// The feeders of an interval, beside the balances of its transformers.
    pub(crate) fn at(&self, end: EventTime, balances: &[Balance], topology: &Topology) -> Vec<FeederBalance> {
        let Some(tallies) = self.open.get(&end) else { return Vec::new() };
        let mut fills = vec![Fill::default(); tallies.len()];
        for balance in balances {
            let number = topology.number_of(balance.transformer);
            let feeder = number.and_then(|number| topology.feeder_of(number, end));
            if let Some(fill) = feeder.and_then(|feeder| fills.get_mut(feeder as usize)) {
                fill.add(balance);
            }
        }
        let present = (0..).zip(tallies).filter(|(_, tally)| **tally != Tally::default());
        let row = |(number, tally): (u32, &Tally)| {
            let (meters, own) = topology.meters_of_feeder(number, end);
            let is_complete = tally.reporting == meters;
            let estimated = fills[number as usize].of_missing(meters.saturating_sub(tally.reporting));
            FeederBalance {
                feeder: topology.feeders()[number as usize],
                end,
                supplied: (own > 0 && tally.own == own).then_some(WattHours(tally.supplied)),
                consumed: WattHours(tally.consumed),
                estimated: if is_complete { Some(WattHours(0)) } else { estimated },
                is_complete,
            }
        };
        present.map(row).collect()
    }

    /// The first interval that ends after `after`.
    pub(crate) fn next(&self, after: EventTime) -> Option<EventTime> {
        self.open.range((Bound::Excluded(after), Bound::Unbounded)).next().map(|(end, _)| *end)
    }

    /// Bytes in memory.
    pub(crate) fn memory(&self) -> usize {
        self.open.values().map(Vec::len).sum::<usize>() * size_of::<Tally>()
    }

    pub(crate) fn snapshot(&self, topology: &Topology) -> FeedersState {
        let open = self.open.iter().map(|(end, tallies)| (*end, tallies.clone()));
        FeedersState { feeders: topology.feeders().to_vec(), open: open.collect() }
    }

    /// Takes what was stored. A feeder that the topology does not know is forgotten.
    pub(crate) fn restore(&mut self, topology: &Topology, state: FeedersState) {
        let known = topology.feeders();
        let numbers: Vec<Option<usize>> =
            state.feeders.iter().map(|name| known.binary_search(name).ok()).collect();
        for (end, tallies) in state.open {
            let mut all = vec![Tally::default(); known.len()];
            for (number, tally) in numbers.iter().zip(tallies) {
                if let Some(number) = number {
                    all[*number] = tally;
                }
            }
            self.open.insert(end, all);
        }
    }
}

/// What the missing consumers of a feeder used, by the balances of its transformers.
#[derive(Debug, Clone, Copy, Default)]
struct Fill {
    estimated: i64,
    missing: u32,
    without_estimate: bool,
}

impl Fill {
    fn add(&mut self, balance: &Balance) {
        self.missing += balance.meters.saturating_sub(balance.reporting);
        match balance.estimated {
            Some(estimated) => self.estimated += estimated.0,
            None => self.without_estimate = true,
        }
    }

    /// None unless each of so many missing consumers is in the estimate of a transformer.
    fn of_missing(&self, missing: u32) -> Option<WattHours> {
        (!self.without_estimate && self.missing == missing).then_some(WattHours(self.estimated))
    }
}

#[cfg(test)]
mod tests;
