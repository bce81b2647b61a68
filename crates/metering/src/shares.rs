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
    pub(crate) fn add(&mut self, moment: &Moment, net: WattHours) -> bool {
        let is_first = self.block != moment.block_first;
        if is_first {
            (self.block, self.count, self.net) = (moment.block_first, 0, E::default());
        }
        self.count += 1;
        // 32 bits hold 2 GWh: a consumer of 10 MW uses a ninth of that in a day, and a block is shorter.
        self.net = E::try_from(self.net.into() + net.0).unwrap_or(self.net);
        is_first
    }

    /// Whether each of its intervals up to that moment is measured.
    pub(crate) fn is_whole(&self, moment: &Moment, width: usize) -> bool {
        self.block == moment.block_first && usize::from(self.count) == width
    }

    /// The town has had its highest demand so far in the block that ends with that moment.
    pub(crate) fn coincide(&mut self, moment: &Moment, width: usize, hours: f64) {
        let known = self.is_whole(moment, width);
        self.coincident = if known { (self.net.into() as f64 / hours) as f32 } else { f32::NAN };
    }

    /// The town's sums of another billing period begin.
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
    /// The highest block of the period; minus infinity is none.
    pub peak: f32,
    /// The transformer and the feeder that it was last seen under, by number of the group.
    pub groups: [u32; 2],
    /// Its class, by number, and its class in the period before.
    pub class: u16,
    class_before: u16,
    /// The billing period of its own last interval, in months since year 0. A consumer that delivers late is behind
    /// the town.
    period: u16,
    /// A block above its sanctioned load was reported in this period.
    pub reported_above: bool,
    /// Imported energy of the period and of the one before, Wh; [`UNKNOWN`] is not known.
    energy: u32,
    energy_before: u32,
    /// Net energy in each block in which the town may have had its peak, Wh; [`NO_USE`] is not known.
    pub uses: [i32; CANDIDATES],
    /// The number of the place that its groups and its class are of. Not stored: numbers are those of one run.
    #[serde(skip, default = "place_to_see")]
    pub place: u32,
    /// A demand below this, W, is within the sanctioned load at that place; none is looked at without one. Not stored
    /// either.
    #[serde(skip)]
    pub within: f32,
}

const _: () = assert!(size_of::<Share>() == 72);

/// In no group.
pub(crate) const NO_GROUP: u32 = u32::MAX;
/// Of no class.
pub(crate) const NO_CLASS: u16 = u16::MAX;
/// In no place that is known.
pub(crate) const NO_PLACE: u32 = u32::MAX;
/// Its place has not been looked up since places got new numbers.
pub(crate) const PLACE_TO_SEE: u32 = u32::MAX - 1;
const UNKNOWN: u32 = u32::MAX;
/// Stands for an unknown use of a block.
pub(crate) const NO_USE: i32 = i32::MIN;
/// So many blocks of the town are remembered that wait for late rows and may become its peak.
pub(crate) const CANDIDATES: usize = 3;

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
            class_before: NO_CLASS,
            period: 0,
            reported_above: false,
            energy: UNKNOWN,
            energy_before: UNKNOWN,
            uses: [NO_USE; CANDIDATES],
            place: PLACE_TO_SEE,
            within: 0.0,
        }
    }

    /// Adds a measured interval to the block under way.
    pub(crate) fn add(&mut self, moment: &Moment, imported: WattHours, net: WattHours) {
        if self.block.add(moment, net) {
            self.imported = 0;
        }
        let imported = u32::try_from(imported.0).unwrap_or_default();
        self.imported = self.imported.saturating_add(imported);
    }

    /// Adds to what was imported in the period.
    pub(crate) fn import(&mut self, imported: WattHours) {
        // What takes back an estimate is below zero.
        let all = i64::from(self.energy().unwrap_or(0)).saturating_add(imported.0).max(0);
        self.energy = u32::try_from(all).unwrap_or(UNKNOWN).min(UNKNOWN - 1);
    }

    /// What was imported in the period, if any of it is known, Wh.
    pub(crate) fn energy(&self) -> Option<u32> {
        (self.energy != UNKNOWN).then_some(self.energy)
    }

    /// The billing period of its own last interval.
    pub(crate) fn period(&self) -> u32 {
        self.period.into()
    }

    /// Its class, if it has one.
    pub(crate) fn class(&self) -> Option<usize> {
        (self.class != NO_CLASS).then_some(self.class.into())
    }

    /// Its class in a billing period, and what it imported in it, Wh. Known of its own period and the one before.
    pub(crate) fn in_period(&self, period: u32) -> Option<(usize, u32)> {
        let (class, energy) = match self.period() {
            own if own == period => (self.class, self.energy),
            own if own == period + 1 => (self.class_before, self.energy_before),
            _ => return None,
        };
        (class != NO_CLASS && energy != UNKNOWN).then_some((class.into(), energy))
    }

    /// An interval of a billing period has come. If the period is later than that of the last interval, it begins.
    #[inline]
    pub(crate) fn turn(&mut self, period: u32) {
        if self.period() >= period {
            return;
        }
        let follows = self.period() + 1 == period;
        (self.energy_before, self.class_before) =
            if follows { (self.energy, self.class) } else { (UNKNOWN, NO_CLASS) };
        (self.energy, self.peak, self.reported_above) = (UNKNOWN, f32::NEG_INFINITY, false);
        // Months since year 0 fit 16 bits for five thousand years.
        self.period = period as u16;
    }

    /// Notes its use of the block that ends with that moment as the use of a candidate.
    pub(crate) fn note_use(&mut self, candidate: usize, moment: &Moment, width: usize) {
        self.uses[candidate] = if self.block.is_whole(moment, width) { self.block.net } else { NO_USE };
    }
}

/// The mean power of the use of a block; NaN if it is not known.
pub(crate) fn power_of_use(wh: i32, hours: f64) -> f32 {
    if wh == NO_USE { f32::NAN } else { (f64::from(wh) / hours) as f32 }
}

/// [`Share`] as version 1 stored it. Then all consumers were in one billing period, and of the period before each knew
/// only its ratio to the mean of its class.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(crate) struct ShareV1 {
    block: BlockUse<i32>,
    imported: u32,
    peak: f32,
    groups: [u32; 2],
    class: u16,
    reported_above: bool,
    energy: u32,
    _peers_before: f32,
}

impl ShareV1 {
    /// The same in the period that all consumers were in. Rows of the period before get no ratio any more.
    pub(crate) fn in_period(self, period: u32) -> Share {
        let Self { block, imported, peak, groups, class, reported_above, energy, .. } = self;
        let period = u16::try_from(period).unwrap_or_default();
        Share { block, imported, peak, groups, class, period, reported_above, energy, ..Share::new() }
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
