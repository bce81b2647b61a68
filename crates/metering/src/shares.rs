//! What is kept of each consumer among the others: little, as there are millions.

use crate::moment::Moment;
use crate::names::Names;
use reading::MeterId;
use serde::{Deserialize, Serialize};
use units::WattHours;

/// A part in the block of the peak of all, of a consumer in 32 bits or a group in 64; snapshots hold it as it stands here.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Part<E> {
    /// The first interval of the block under way.
    block: u32,
    /// How many intervals of it are measured.
    count: u8,
    /// Their net energy, Wh.
    net: E,
    /// Net power in the block of the peak of all, this period and the one before; NaN is not known.
    pub coincident: f32,
    pub before: f32,
}

impl<E: Copy + Default + Into<i64> + TryFrom<i64>> Part<E> {
    pub(crate) fn new() -> Self {
        Self { block: 0, count: 0, net: E::default(), coincident: f32::NAN, before: f32::NAN }
    }

    /// Adds a measured interval; says whether it is the first of its block.
    pub(crate) fn add(&mut self, moment: Moment, net: WattHours) -> bool {
        let is_first = self.block != moment.block_first;
        if is_first {
            (self.block, self.count, self.net) = (moment.block_first, 0, E::default());
        }
        self.count += 1;
        // A consumer of 10 MW moves a tenth of the most in a day.
        self.net = E::try_from(self.net.into() + net.0).unwrap_or(self.net);
        is_first
    }

    pub(crate) fn is_whole(&self, moment: Moment, width: usize) -> bool {
        self.block == moment.block_first && usize::from(self.count) == width
    }

    /// All together have peaked in the block of that moment.
    pub(crate) fn coincide(&mut self, moment: Moment, width: usize, hours: f64) {
        let known = self.is_whole(moment, width);
        self.coincident = if known { (self.net.into() as f64 / hours) as f32 } else { f32::NAN };
    }

    /// Another billing period begins.
    pub(crate) fn turn(&mut self) {
        (self.before, self.coincident) = (self.coincident, f32::NAN);
    }
}

/// What is kept of a consumer beside its demand; snapshots hold it as it stands here.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Share {
    pub part: Part<i32>,
    /// Imported energy of the same intervals, Wh.
    pub imported: u32,
    /// The highest block; minus infinity is none.
    pub peak: f32,
    /// The groups that it was in last, by number.
    pub groups: [u32; 2],
    /// Its class, by number.
    pub class: u16,
    /// It was told that a block was above what was agreed.
    pub told: bool,
    /// Imported energy of the period, Wh; [`UNKNOWN`] is not known.
    energy: u32,
    /// What it imported in the period before over what its peers did; NaN is not known.
    pub peers_before: f32,
    /// The number of the place that its groups and its class are of.
    #[serde(skip, default = "not_yet")]
    pub place: u32,
}

/// In no group.
pub(crate) const NOBODY: u32 = u32::MAX;
/// Of no class.
pub(crate) const NO_CLASS: u16 = u16::MAX;
/// In a place that nobody knows.
pub(crate) const NOWHERE: u32 = u32::MAX;
/// Not looked at since places got their numbers.
pub(crate) const NOT_YET: u32 = u32::MAX - 1;
const UNKNOWN: u32 = u32::MAX;

fn not_yet() -> u32 {
    NOT_YET
}

impl Share {
    fn new() -> Self {
        Self {
            part: Part::new(),
            imported: 0,
            peak: f32::NEG_INFINITY,
            groups: [NOBODY; 2],
            class: NO_CLASS,
            told: false,
            energy: UNKNOWN,
            peers_before: f32::NAN,
            place: NOT_YET,
        }
    }

    /// Adds a measured interval to the block under way.
    pub(crate) fn add(&mut self, moment: Moment, imported: WattHours, net: WattHours) {
        if self.part.add(moment, net) {
            self.imported = 0;
        }
        let imported = u32::try_from(imported.0).unwrap_or_default();
        self.imported = self.imported.saturating_add(imported);
    }

    /// Adds to what was imported in the period.
    pub(crate) fn import(&mut self, imported: WattHours) {
        let imported = u32::try_from(imported.0).unwrap_or(UNKNOWN - 1);
        self.energy = self.energy().unwrap_or(0).saturating_add(imported).min(UNKNOWN - 1);
    }

    /// What was imported in the period, if any of it is known, Wh.
    pub(crate) fn energy(&self) -> Option<u32> {
        (self.energy != UNKNOWN).then_some(self.energy)
    }

    /// What was imported over the mean of its class.
    pub(crate) fn over_peers(&self, means: &[f64]) -> Option<f64> {
        let mean = means.get(usize::from(self.class)).filter(|mean| **mean > 0.0)?;
        Some(f64::from(self.energy()?) / mean)
    }

    /// Another billing period begins; these are the means of the one that is over.
    pub(crate) fn turn(&mut self, means: &[f64]) {
        self.peers_before = self.over_peers(means).map_or(f32::NAN, |ratio| ratio as f32);
        (self.energy, self.peak, self.told) = (UNKNOWN, f32::NEG_INFINITY, false);
        self.part.turn();
    }
}

/// Consumers that were heard of, ascending, and what is kept of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Consumers {
    pub names: Names,
    pub shares: Vec<Share>,
}

impl Consumers {
    pub(crate) fn len(&self) -> usize {
        self.shares.len()
    }

    /// Room for more with names of these lengths, and no more than that.
    pub(crate) fn make_room(&mut self, names: impl ExactSizeIterator<Item = usize>) {
        self.shares.reserve_exact(names.len());
        self.names.make_room(names);
    }

    pub(crate) fn of(&self, meter: MeterId) -> Option<&Share> {
        self.shares.get(self.names.find(meter.as_str(), 0).ok()?)
    }

    /// Where meters stand, which come ascending; makes room for those that are new.
    pub(crate) fn meet<'a>(&mut self, meters: impl Iterator<Item = &'a MeterId>) -> Vec<u32> {
        let mut at = 0;
        let mut places = Vec::with_capacity(meters.size_hint().1.unwrap_or_default());
        let mut new: Vec<(u32, &MeterId)> = Vec::new();
        for meter in meters {
            let found = self.names.find(meter.as_str(), at);
            at = found.unwrap_or_else(|before| before);
            if found.is_err() && new.last().is_none_or(|(_, last)| *last != meter) {
                new.push((at as u32, meter));
            }
            // As many as are new before it come in between.
            places.push((at + new.len() - usize::from(found.is_err())) as u32);
        }
        if !new.is_empty() {
            self.names.insert(&new);
            self.insert(&new);
        }
        places
    }

    /// Puts a share before the one that stands at each place. No more memory than they need.
    fn insert(&mut self, new: &[(u32, &MeterId)]) {
        let mut known = self.len();
        self.shares.reserve_exact(new.len());
        self.shares.resize(known + new.len(), Share::new());
        for (before, &(at, _)) in new.iter().enumerate().rev() {
            let at = at as usize;
            let to = at + before + 1;
            self.shares.copy_within(at..known, to);
            self.shares[to - 1] = Share::new();
            known = at;
        }
    }
}
