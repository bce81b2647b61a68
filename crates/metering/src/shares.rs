//! The state of each consumer that compares it with others. It is small, because there are millions of consumers.

use crate::moment::Moment;
use crate::names::Names;
use reading::MeterId;
use serde::{Deserialize, Serialize};
use units::WattHours;

/// The use of a consumer or a group in the current block, and in the block in which the town had its peak. Energy
/// takes 32 bits for a consumer and 64 for a group. It is stored as it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct BlockUse<E> {
    /// The first interval of the block under way.
    block: u32,
    /// How many intervals of it are measured.
    count: u8,
    /// Their net energy, Wh.
    net: E,
    /// Net power in the block of the town's peak, in this period and in the one before; NaN is not known.
    pub coincident: f32,
    pub before: f32,
}

impl<E: Copy + Default + Into<i64> + TryFrom<i64>> BlockUse<E> {
    pub(crate) fn new() -> Self {
        Self { block: 0, count: 0, net: E::default(), coincident: f32::NAN, before: f32::NAN }
    }

    /// Adds a measured interval. Returns whether it is the first of its block.
    pub(crate) fn add(&mut self, moment: Moment, net: WattHours) -> bool {
        let is_first = self.block != moment.block_first;
        if is_first {
            (self.block, self.count, self.net) = (moment.block_first, 0, E::default());
        }
        self.count += 1;
        // 32 bits hold 2 GWh: a consumer of 10 MW uses a ninth of that in a day, and a block is shorter.
        self.net = E::try_from(self.net.into() + net.0).unwrap_or(self.net);
        is_first
    }

    pub(crate) fn is_whole(&self, moment: Moment, width: usize) -> bool {
        self.block == moment.block_first && usize::from(self.count) == width
    }

    /// The town has had its highest demand so far in the block that ends with that moment.
    pub(crate) fn coincide(&mut self, moment: Moment, width: usize, hours: f64) {
        let known = self.is_whole(moment, width);
        self.coincident = if known { (self.net.into() as f64 / hours) as f32 } else { f32::NAN };
    }

    /// Another billing period begins.
    pub(crate) fn begin_period(&mut self) {
        (self.before, self.coincident) = (self.coincident, f32::NAN);
    }
}

/// What is kept of a consumer beside its demand. Stored as it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Share {
    pub block: BlockUse<i32>,
    /// Imported energy of the measured intervals of the block, Wh.
    pub imported: u32,
    /// The highest block; minus infinity is none.
    pub peak: f32,
    /// The transformer and the feeder that it was last seen under, by number of the group.
    pub groups: [u32; 2],
    /// Its class, by number.
    pub class: u16,
    /// A block above its sanctioned load was reported in this period.
    pub reported_above: bool,
    /// Imported energy of the period, Wh; [`UNKNOWN`] is not known.
    energy: u32,
    /// What it imported in the period before, over the mean of its class; NaN is not known.
    pub peers_before: f32,
    /// The number of the place that its groups and its class are of. Not stored: numbers are those of one run.
    #[serde(skip, default = "place_to_see")]
    pub place: u32,
}

/// In no group.
pub(crate) const NO_GROUP: u32 = u32::MAX;
/// Of no class.
pub(crate) const NO_CLASS: u16 = u16::MAX;
/// In no place that is known.
pub(crate) const NO_PLACE: u32 = u32::MAX;
/// Its place has not been looked up since places got new numbers.
pub(crate) const PLACE_TO_SEE: u32 = u32::MAX - 1;
const UNKNOWN: u32 = u32::MAX;

fn place_to_see() -> u32 {
    PLACE_TO_SEE
}

impl Share {
    fn new() -> Self {
        Self {
            block: BlockUse::new(),
            imported: 0,
            peak: f32::NEG_INFINITY,
            groups: [NO_GROUP; 2],
            class: NO_CLASS,
            reported_above: false,
            energy: UNKNOWN,
            peers_before: f32::NAN,
            place: PLACE_TO_SEE,
        }
    }

    /// Adds a measured interval to the block under way.
    pub(crate) fn add(&mut self, moment: Moment, imported: WattHours, net: WattHours) {
        if self.block.add(moment, net) {
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

    /// What was imported in the period, over the mean of its class.
    pub(crate) fn over_peers(&self, means: &[f64]) -> Option<f64> {
        let mean = means.get(usize::from(self.class)).filter(|mean| **mean > 0.0)?;
        Some(f64::from(self.energy()?) / mean)
    }

    /// Another billing period begins. `means` are the means of the classes in the period that is over.
    pub(crate) fn begin_period(&mut self, means: &[f64]) {
        self.peers_before = self.over_peers(means).map_or(f32::NAN, |ratio| ratio as f32);
        (self.energy, self.peak, self.reported_above) = (UNKNOWN, f32::NEG_INFINITY, false);
        self.block.begin_period();
    }
}

/// Consumers that have sent a reading, by name, with the state of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Consumers {
    pub names: Names,
    pub shares: Vec<Share>,
}

impl Consumers {
    pub(crate) fn len(&self) -> usize {
        self.shares.len()
    }

    /// Makes room for as many more as there are lengths of names, and not for any more than that.
    pub(crate) fn make_room(&mut self, names: impl ExactSizeIterator<Item = usize>) {
        self.shares.reserve_exact(names.len());
        self.names.make_room(names);
    }

    pub(crate) fn of(&self, meter: MeterId) -> Option<&Share> {
        self.shares.get(self.names.find(meter.as_str(), 0).ok()?)
    }

    /// The places of meters, which come by name. Adds those that are new.
    pub(crate) fn find_or_add<'a>(&mut self, meters: impl Iterator<Item = &'a MeterId>) -> Vec<u32> {
        let mut at = 0;
        let mut places = Vec::with_capacity(meters.size_hint().1.unwrap_or_default());
        let mut new: Vec<(u32, &MeterId)> = Vec::new();
        for meter in meters {
            let found = self.names.find(meter.as_str(), at);
            at = found.unwrap_or_else(|before| before);
            if found.is_err() && new.last().is_none_or(|(_, last)| *last != meter) {
                new.push((at as u32, meter));
            }
            // The new meters that come before it move it by as many places.
            places.push((at + new.len() - usize::from(found.is_err())) as u32);
        }
        if !new.is_empty() {
            self.names.insert(&new);
            self.insert(&new);
        }
        places
    }

    /// Inserts a share before the one at each place, without any memory to spare.
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
