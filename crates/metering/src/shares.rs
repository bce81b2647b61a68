//! What is kept of each consumer among the others.

use crate::moment::Moment;
use reading::MeterId;
use serde::{Deserialize, Serialize};
use std::iter::repeat_n;
use units::WattHours;

/// What is kept of a consumer or a group beside its demand; snapshots hold it as it stands here.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Share {
    /// The first interval of the block that the sums are of.
    pub block: u32,
    /// How many intervals of it are measured.
    pub count: u8,
    /// It was told that a block was above what was agreed.
    pub told: bool,
    /// Imported and net energy of those intervals, Wh.
    pub imported: i64,
    pub net: i64,
    /// Net power in the block of the peak of all, this period and the one before; NaN is not known.
    pub coincident: f32,
    pub before: f32,
    /// The highest block, of consumers; minus infinity is none.
    pub peak: f32,
    /// The groups that it was in last, by number.
    pub groups: [u32; 2],
    /// Its class, by number.
    pub class: u32,
    /// Imported energy of the period, Wh; nothing is not known.
    pub energy: Option<u32>,
    /// What it imported in the period before over what its peers did; NaN is not known.
    pub peers_before: f32,
    /// The number of the place that its groups and its class are of.
    #[serde(skip, default = "not_yet")]
    pub place: u32,
}

/// In no group, of no class.
pub(crate) const NOBODY: u32 = u32::MAX;
/// In a place that nobody knows.
pub(crate) const NOWHERE: u32 = u32::MAX;
/// Not looked at since places got their numbers.
pub(crate) const NOT_YET: u32 = u32::MAX - 1;

fn not_yet() -> u32 {
    NOT_YET
}

pub(crate) const NEW: Share = Share {
    block: 0,
    count: 0,
    told: false,
    imported: 0,
    net: 0,
    coincident: f32::NAN,
    before: f32::NAN,
    peak: f32::NEG_INFINITY,
    groups: [NOBODY; 2],
    class: NOBODY,
    energy: None,
    peers_before: f32::NAN,
    place: NOT_YET,
};

impl Share {
    pub(crate) fn add(&mut self, moment: Moment, imported: WattHours, net: WattHours) {
        if self.block != moment.block_first {
            (self.block, self.count, self.imported, self.net) = (moment.block_first, 0, 0, 0);
        }
        self.count += 1;
        self.imported += imported.0;
        self.net += net.0;
    }

    pub(crate) fn is_whole(&self, moment: Moment, width: usize) -> bool {
        self.block == moment.block_first && usize::from(self.count) == width
    }
}

/// Consumers that were heard of, ascending, and what is kept of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Consumers {
    pub meters: Vec<MeterId>,
    pub shares: Vec<Share>,
}

impl Consumers {
    pub(crate) fn len(&self) -> usize {
        self.meters.len()
    }

    pub(crate) fn of(&self, meter: MeterId) -> Option<&Share> {
        self.meters.binary_search(&meter).ok().map(|at| &self.shares[at])
    }

    /// Where meters stand, which come ascending; makes room for those that are new.
    pub(crate) fn meet(&mut self, meters: impl Iterator<Item = MeterId>) -> Vec<u32> {
        let mut at = 0;
        let mut places = Vec::with_capacity(meters.size_hint().1.unwrap_or_default());
        let mut new: Vec<(usize, MeterId)> = Vec::new();
        for meter in meters {
            at = self.place_of(meter, at);
            let is_new = self.meters.get(at) != Some(&meter);
            if is_new && new.last().is_none_or(|(_, last)| *last != meter) {
                new.push((at, meter));
            }
            // As many as are new before it come in between.
            places.push((at + new.len() - usize::from(is_new)) as u32);
        }
        self.make_room(&new);
        places
    }

    /// Puts each before the one that stands at its place. No more memory than they need: there are millions.
    fn make_room(&mut self, new: &[(usize, MeterId)]) {
        let mut known = self.len();
        self.meters.reserve_exact(new.len());
        self.shares.reserve_exact(new.len());
        self.meters.extend(new.iter().map(|(_, meter)| *meter));
        self.shares.extend(repeat_n(NEW, new.len()));
        for (before, &(at, meter)) in new.iter().enumerate().rev() {
            let to = at + before + 1;
            self.meters.copy_within(at..known, to);
            self.shares.copy_within(at..known, to);
            (self.meters[to - 1], self.shares[to - 1]) = (meter, NEW);
            known = at;
        }
    }

    /// Where a meter stands or would stand, looked for from a place on: mostly it is the next.
    fn place_of(&self, meter: MeterId, from: usize) -> usize {
        if self.meters.get(from + 1) == Some(&meter) {
            return from + 1;
        }
        let before = |at: usize| self.meters.get(at).is_some_and(|known| *known < meter);
        let (mut low, mut step) = (from, 1);
        while before(low + step - 1) {
            low += step;
            step *= 2;
        }
        let high = (low + step - 1).min(self.meters.len());
        low + self.meters[low..high].partition_point(|known| *known < meter)
    }
}
