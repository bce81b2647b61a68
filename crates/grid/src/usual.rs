//! What each consumer usually uses, to fill in for those that are missing in a balance.

use crate::Topology;
use reading::{EventTime, MeterId, Quality};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use units::WattHours;

/// The mean goes back over so many intervals, five days of half-hours; older ones fade.
const MEMORY: u32 = 256;
/// Means are kept in parts of a watt-hour, so that small changes are not lost.
const PARTS: i64 = 256;
/// The bits of `seen_and_out` that count.
const SEEN_BITS: u32 = 9;

/// What a consumer usually uses in an interval, in 12 bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usual {
    /// The mean of its net use, in [`PARTS`] of a Wh. It is below 0 if it gives back more than it uses.
    mean: i32,
    /// The most that it used in an interval, Wh.
    most: u32,
    /// How many intervals the mean holds, up to [`MEMORY`]; above them the most that it gave back, Wh.
    seen_and_out: u32,
}

impl Usual {
    fn seen(self) -> u32 {
        self.seen_and_out & ((1 << SEEN_BITS) - 1)
    }

    fn out(self) -> u32 {
        self.seen_and_out >> SEEN_BITS
    }

    /// Learns the net use of an interval of its consumer, if it is typical.
    #[inline]
    pub(crate) fn learn(&mut self, net: WattHours, quality: Quality) {
        if !quality.is_typical() {
            return;
        }
        let used = clamped(net);
        let seen = (self.seen() + 1).min(MEMORY);
        let mean = i64::from(self.mean);
        let further = used * PARTS - mean;
        // Nearly always it is the constant, by which a processor divides much faster.
        let step = if seen == MEMORY { further / i64::from(MEMORY) } else { further / i64::from(seen) };
        self.mean = (mean + step) as i32;
        self.most = self.most.max(used.max(0) as u32);
        self.seen_and_out = seen | self.out().max(given(used)) << SEEN_BITS;
    }

    /// Learns what came late since the last tick. One interval counts as much as in [`Self::learn`].
    fn learn_late(&mut self, late: &Late) {
        let seen = self.seen().saturating_add(late.count).min(MEMORY);
        // In an i128: a backlog of the largest uses would not fit otherwise.
        let (count, mean) = (i128::from(late.count), i128::from(self.mean));
        let further = i128::from(late.used) * i128::from(PARTS) - count * mean;
        self.mean = (mean + further / i128::from(seen.max(late.count).max(1))) as i32;
        self.most = self.most.max(late.most);
        self.seen_and_out = seen | self.out().max(late.out) << SEEN_BITS;
    }
}

fn clamped(net: WattHours) -> i64 {
    let most = i64::from(i32::MAX) / PARTS;
    net.0.clamp(-most, most)
}

/// What a use gives back, Wh, as far as there are bits for it.
fn given(used: i64) -> u32 {
    (-used).clamp(0, (1 << (32 - SEEN_BITS)) - 1) as u32
}

/// What a consumer used in the intervals that came late since the last tick, added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Late {
    used: i64,
    count: u32,
    most: u32,
    out: u32,
}

impl Late {
    fn add(&mut self, net: WattHours) {
        let used = clamped(net);
        self.used += used;
        self.count = self.count.saturating_add(1);
        self.most = self.most.max(used.max(0) as u32);
        self.out = self.out.max(given(used));
    }
}

/// The usual use of some consumers, added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// Their means, in [`PARTS`] of a Wh.
    mean: i64,
    /// The most of each, Wh.
    most: u64,
    /// The most that each gave back, Wh.
    out: u64,
    /// How many are known, and how many are not.
    known: u32,
    unknown: u32,
}

impl Load {
    fn add(&mut self, usual: Usual) {
        if usual.seen() == 0 {
            self.unknown += 1;
            return;
        }
        self.mean += i64::from(usual.mean);
        self.most += u64::from(usual.most);
        self.out += u64::from(usual.out());
        self.known += 1;
    }

    /// The mean of all, Wh. A consumer that was never heard counts as much as the others of `all` do on average.
    pub(crate) fn mean_among(&self, all: &Self) -> i64 {
        let of_unknown = (all.mean * i64::from(self.unknown)).checked_div(all.known.into());
        (self.mean + of_unknown.unwrap_or_default()) / PARTS
    }

    /// What `missing` of them use at most, and what they give back at most, if their usual use is `mean`: the same part
    /// of what all of them ever did in an interval, by number or by usual use, whichever is more.
    pub(crate) fn bounds(&self, missing: u32, mean: i64) -> (i64, i64) {
        let by_number = |all: u64| times(all as i64, missing.into(), self.known.into());
        let by_use = |all: u64| times(all as i64, mean.max(0), self.mean / PARTS);
        (by_number(self.most).max(by_use(self.most)), by_number(self.out).max(by_use(self.out)))
    }
}

/// `number * above / below`; 0 unless something positive is below.
pub(crate) fn times(number: i64, above: i64, below: i64) -> i64 {
    let whole = i128::from(number) * i128::from(above);
    if below > 0 { i64::try_from(whole / i128::from(below)).unwrap_or_default() } else { 0 }
}

/// The usual use of all consumers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usuals {
    /// By row of the topology. A meter with several rows uses that of the first one.
    of_rows: Vec<Usual>,
    /// By the number of the first row. Rows that come late are learned at the end of a tick, all together: which of
    /// them came first must not matter, because they come from several partitions.
    late: BTreeMap<u32, Late>,
}

impl Usuals {
    pub(crate) fn new(topology: &Topology) -> Self {
        Self { of_rows: vec![Usual::default(); topology.rows().len()], late: BTreeMap::new() }
    }

    /// Bytes in memory.
    pub(crate) fn memory(&self) -> usize {
        self.of_rows.len() * size_of::<Usual>() + self.late.len() * size_of::<(u32, Late)>()
    }

    /// Notes the net use of an interval that came late, if it is typical.
    pub(crate) fn note_late(&mut self, first: u32, net: WattHours, quality: Quality) {
        if quality.is_typical() {
            self.late.entry(first).or_default().add(net);
        }
    }

    /// Learns what came late since the last call.
    pub(crate) fn learn_late(&mut self) {
        for (first, late) in std::mem::take(&mut self.late) {
            self.of_rows[first as usize].learn_late(&late);
        }
    }

    /// The usual use of the meter whose first row has a number.
    #[inline]
    pub(crate) fn of(&mut self, first: u32) -> &mut Usual {
        &mut self.of_rows[first as usize]
    }

    /// The usual use of one consumer, Wh.
    pub(crate) fn mean_of(&self, first: u32) -> i64 {
        i64::from(self.of_rows[first as usize].mean) / PARTS
    }

    /// The usual use of all consumers that a transformer supplies at `end`, and of those of them that are missing:
    /// `reported` knows the others by their rows.
    pub(crate) fn loads(
        &self,
        topology: &Topology,
        transformer: u32,
        end: EventTime,
        reported: impl Fn(u32) -> bool,
    ) -> (Load, Load) {
        let (mut all, mut missing) = (Load::default(), Load::default());
        for (number, first) in topology.consumers_of(transformer, end) {
            let usual = self.of_rows[first as usize];
            all.add(usual);
            if !reported(number) {
                missing.add(usual);
            }
        }
        (all, missing)
    }

    /// What is known of each meter, by meter.
    pub(crate) fn by_meter(&self, topology: &Topology) -> Vec<(MeterId, Usual)> {
        let known = topology.rows().iter().zip(&self.of_rows).filter(|(_, usual)| usual.seen() > 0);
        known.map(|(row, usual)| (row.meter, *usual)).collect()
    }

    /// What came late since the last tick, by meter.
    pub(crate) fn late_by_meter(&self, topology: &Topology) -> Vec<(MeterId, Late)> {
        self.late.iter().map(|(&first, late)| (topology.rows()[first as usize].meter, *late)).collect()
    }

    /// Takes what is known of each meter, and what came late. A meter that left the topology is forgotten.
    pub(crate) fn take(
        &mut self,
        topology: &Topology,
        known: Vec<(MeterId, Usual)>,
        late: Vec<(MeterId, Late)>,
    ) {
        topology.first_rows(known).for_each(|(first, usual)| self.of_rows[first] = usual);
        self.late = topology.first_rows(late).map(|(first, late)| (first as u32, late)).collect();
    }
}
