//! The balances of all transformers, tick by tick. Rows that come after their tick join the balance of their interval
//! until it is final.
//!
//! > Example: `final_after` is four days. A consumer of transformer `T1` delivers Monday's intervals on Tuesday. The
//! > balances of Monday were published with one consumer missing. Each of them comes again, with revision 1 and without
//! > anyone missing, in the tick in which the meter delivered. On Friday they come a last time, as final.

use crate::balance::{Balance, Gap, Standing};
use crate::feeders::{FeederBalance, Feeders, FeedersState};
use crate::usual::{Late, Load, Usual, Usuals, times};
use crate::{Join, Joined, Role, Topology};
use features::valid_energy;
use reading::{EventTime, Grid, Interval, MeterId, Quality, TransformerId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Bound;
use units::WattHours;

/// What is known of a transformer in one interval, in 32 bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tally {
    supplied: i64,
    consumed: i64,
    /// What the missing consumers usually use, Wh.
    missing: i32,
    /// Consumers whose energy is known.
    reporting: u32,
    /// The quality of all rows, and two marks above it.
    marks: u32,
    /// Meters of the transformer itself whose energy is known.
    own: u16,
    /// Rows that joined after the tick.
    revision: u16,
}

const _: () = assert!(size_of::<Tally>() == Balances::BYTES_PER_INTERVAL);

impl Tally {
    /// The transformer has a row in this interval.
    const PRESENT: u32 = 1 << 31;
    /// A row of the current tick joined it late.
    const CHANGED: u32 = 1 << 30;
    const MARKS: u32 = Self::PRESENT | Self::CHANGED;

    fn is_present(&self) -> bool {
        self.marks & Self::PRESENT != 0
    }

    fn quality(&self) -> Quality {
        Quality(self.marks & !Self::MARKS)
    }

    /// Adds a row. Returns the energy if it is that of a consumer, and known.
    #[inline]
    fn add(&mut self, interval: &Interval, role: Role) -> Option<WattHours> {
        let mut quality = interval.quality.origin();
        if interval.quality.is_rejected() {
            // An estimate takes its place, so the balance is not measured either.
            quality = quality.with(Quality::ESTIMATED);
        }
        self.marks |= quality.0 | Self::PRESENT;
        let net = valid_energy(interval)?;
        if role == Role::Transformer {
            self.supplied += net.0;
            self.own = self.own.saturating_add(1);
            return None;
        }
        self.consumed += net.0;
        self.reporting += 1;
        Some(net)
    }
}

/// Balances that may still change, and what consumers usually use.
#[derive(Debug, Clone)]
pub struct Balances {
    grid: Grid,
    /// How long after the end of an interval rows may join its balance, ms.
    final_after: i64,
    /// Balances up to here are final.
    last_final: EventTime,
    /// By end of the interval, then by number of the transformer.
    open: BTreeMap<EventTime, Vec<Tally>>,
    usuals: Usuals,
    /// For each row of the topology: whether its consumer reported in the current tick.
    reported: Vec<bool>,
    /// The earlier balances that rows of the current tick joined: end and number of the transformer.
    changed: Vec<(EventTime, u32)>,
    feeders: Feeders,
    /// Feeders of intervals that became final in the current tick.
    final_feeders: Vec<FeederBalance>,
    /// Rows that came when their balance was final, since this process began.
    after_final: u64,
}

/// The balances of an interval that are not final although the run ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// When the interval ends.
    pub end: EventTime,
    /// By transformer.
    pub balances: Vec<Balance>,
    /// By feeder.
    pub feeders: Vec<FeederBalance>,
}

/// What [`Balances`] store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BalancesState {
    last_final: EventTime,
    /// The names behind the numbers.
    transformers: Vec<TransformerId>,
    /// By end of the interval: the numbers of transformers that have a row in it.
    open: Vec<(EventTime, Vec<(u32, Tally)>)>,
    usuals: Vec<(MeterId, Usual)>,
    feeders: FeedersState,
    /// What came late since the last tick.
    late: Vec<(MeterId, Late)>,
}

/// [`BalancesState`] of version 2: what came late was learned at once.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct BalancesStateV2 {
    last_final: EventTime,
    transformers: Vec<TransformerId>,
    open: Vec<(EventTime, Vec<(u32, Tally)>)>,
    usuals: Vec<(MeterId, Usual)>,
    feeders: FeedersState,
}

impl From<BalancesStateV2> for BalancesState {
    fn from(stored: BalancesStateV2) -> Self {
        let BalancesStateV2 { last_final, transformers, open, usuals, feeders } = stored;
        Self { last_final, transformers, open, usuals, feeders, late: Vec::new() }
    }
}

/// [`BalancesState`] of version 1, without feeders.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct BalancesStateV1 {
    last_final: EventTime,
    transformers: Vec<TransformerId>,
    open: Vec<(EventTime, Vec<(u32, Tally)>)>,
    usuals: Vec<(MeterId, Usual)>,
}

impl From<BalancesStateV1> for BalancesState {
    fn from(stored: BalancesStateV1) -> Self {
        let BalancesStateV1 { last_final, transformers, open, usuals } = stored;
        BalancesStateV2 { last_final, transformers, open, usuals, feeders: FeedersState::default() }.into()
    }
}

impl Balances {
    /// The version of [`BalancesState`].
    pub const STATE_VERSION: u16 = 3;
    /// Memory of one transformer in one interval that is not final.
    pub const BYTES_PER_INTERVAL: usize = 32;

    /// No balance yet.
    pub fn new(grid: Grid, final_after: i64, topology: &Topology) -> Self {
        Self {
            grid,
            final_after,
            last_final: EventTime::MIN,
            open: BTreeMap::new(),
            usuals: Usuals::new(topology),
            reported: vec![false; topology.rows().len()],
            changed: Vec::new(),
            feeders: Feeders::default(),
            final_feeders: Vec::new(),
            after_final: 0,
        }
    }

    /// Takes the rows of the tick that ends at `end`, by meter. Returns the balances that are new or have changed, and
    /// those that are final now: by end, then by transformer.
    ///
    /// Rows of intervals that are final already are left out.
    pub fn tick(&mut self, end: EventTime, joined: &Join<'_>) -> Vec<Balance> {
        let topology = joined.topology();
        self.last_final = end.minus(self.final_after);
        self.reported.fill(false);
        self.final_feeders.clear();
        // Late rows first, as if they had come before the tick: what they find must be the same either way.
        self.join(joined.apart_from(end), topology);
        let mut new = self.open.remove(&end).unwrap_or_default();
        new.resize(topology.transformers().len(), Tally::default());
        for joined in joined.iter().filter(|joined| joined.interval.end == end) {
            self.take_of_feeder(&joined, Some(end), topology);
            let (Some(role), Some(transformer)) = (joined.role, joined.transformer()) else { continue };
            if role == Role::Feeder {
                continue;
            }
            let used = new[transformer as usize].add(joined.interval, role);
            if let (Some(used), Some(number), Some(first)) = (used, joined.number(), joined.first()) {
                self.reported[number as usize] = true;
                self.usuals.of(first).learn(used, joined.interval.quality);
            }
        }
        for (transformer, tally) in (0..).zip(&mut new) {
            if tally.is_present() && tally.reporting < topology.meters_of(transformer, end).0 {
                let reported = |number: u32| self.reported[number as usize];
                let (all, missing) = self.usuals.loads(topology, transformer, end, reported);
                tally.missing = small(missing.mean_among(&all));
            }
        }
        self.usuals.learn_late();
        self.open.insert(end, new);
        let changed = self.changed(topology);
        let mut rows = self.take_final(topology);
        rows.extend(changed.into_iter().filter(|row| row.end > self.last_final));
        if let Some(new) = self.open.get(&end) {
            let present = (0..).zip(new).filter(|(_, tally)| tally.is_present());
            rows.extend(
                present.map(|(number, tally)| self.row(number, end, tally, Standing::Open, topology)),
            );
        }
        rows
    }

    /// Takes rows of intervals whose ticks are over, between two ticks. The next tick publishes what they change. They may
    /// come in any order, and in any number of parts.
    pub fn join<'a>(&mut self, joined: impl Iterator<Item = Joined<'a>>, topology: &Topology) {
        for joined in joined {
            self.take_of_feeder(&joined, None, topology);
            if let (Some(role), Some(transformer)) = (joined.role, joined.transformer())
                && role != Role::Feeder
            {
                self.join_late(&joined, role, transformer, topology);
            }
        }
    }

    /// Adds a row to its feeder, unless it comes after its tick and its interval is final.
    #[inline]
    fn take_of_feeder(&mut self, joined: &Joined<'_>, tick: Option<EventTime>, topology: &Topology) {
        let end = joined.interval.end;
        if joined.feeder().is_some() && (tick == Some(end) || end > self.last_final) {
            self.feeders.take(joined, topology);
        }
    }

    /// A row that comes after its tick joins the balance of its interval, unless that is final.
    fn join_late(&mut self, joined: &Joined<'_>, role: Role, transformer: u32, topology: &Topology) {
        let interval = joined.interval;
        if interval.end <= self.last_final {
            self.after_final += 1;
            return;
        }
        let transformers = topology.transformers().len();
        let tallies = self.open.entry(interval.end).or_insert_with(|| vec![Tally::default(); transformers]);
        let tally = &mut tallies[transformer as usize];
        if !tally.is_present() {
            let (all, missing) = self.usuals.loads(topology, transformer, interval.end, |_| false);
            tally.missing = small(missing.mean_among(&all));
        }
        if tally.marks & Tally::CHANGED == 0 {
            tally.marks |= Tally::CHANGED;
            self.changed.push((interval.end, transformer));
        }
        tally.revision = tally.revision.saturating_add(1);
        if let (Some(used), Some(first)) = (tally.add(interval, role), joined.first()) {
            tally.missing = small(i64::from(tally.missing) - self.usuals.mean_of(first));
            self.usuals.note_late(first, used, interval.quality);
        }
    }

    /// The earlier balances that rows of this tick joined, in their order.
    fn changed(&mut self, topology: &Topology) -> Vec<Balance> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        let rows = changed.iter().map(|&(end, number)| {
            let tally = &self.open[&end][number as usize];
            self.row(number, end, tally, Standing::Open, topology)
        });
        let rows = rows.collect();
        for (end, number) in changed.drain(..) {
            if let Some(tallies) = self.open.get_mut(&end) {
                tallies[number as usize].marks &= !Tally::CHANGED;
            }
        }
        self.changed = changed;
        rows
    }

    /// The balances that are final now, in their order. They are forgotten.
    fn take_final(&mut self, topology: &Topology) -> Vec<Balance> {
        let mut rows = Vec::new();
        while let Some(end) = self.next(EventTime::MIN).filter(|end| *end <= self.last_final) {
            let known = rows.len();
            let tallies = self.open.remove(&end).unwrap_or_default();
            let present = (0..).zip(&tallies).filter(|(_, tally)| tally.is_present());
            rows.extend(
                present.map(|(number, tally)| self.row(number, end, tally, Standing::Final, topology)),
            );
            self.final_feeders.extend(self.feeders.take_final(end, &rows[known..], topology));
        }
        rows
    }

    /// The feeders of the intervals that became final in the last tick, by end, then by feeder.
    pub fn final_feeders(&self) -> &[FeederBalance] {
        &self.final_feeders
    }

    /// How many rows came when the balance of their interval was final, since this process began.
    pub fn after_final(&self) -> u64 {
        self.after_final
    }

    /// The first interval after `after` that has an open balance or feeder.
    fn next(&self, after: EventTime) -> Option<EventTime> {
        let open = self.open.range((Bound::Excluded(after), Bound::Unbounded)).next().map(|(end, _)| *end);
        open.into_iter().chain(self.feeders.next(after)).min()
    }

    /// The balances that are not final, because the run ends: those of the first interval that ends after `after`, and
    /// its feeders.
    pub fn ended_after(&self, after: EventTime, topology: &Topology) -> Option<Ended> {
        let end = self.next(after)?;
        let tallies = self.open.get(&end).map_or(&[][..], Vec::as_slice);
        let present = (0..).zip(tallies).filter(|(_, tally)| tally.is_present());
        let row = |(number, tally)| self.row(number, end, tally, Standing::Ended, topology);
        let balances: Vec<Balance> = present.map(row).collect();
        let feeders = self.feeders.at(end, &balances, topology);
        Some(Ended { end, balances, feeders })
    }

    fn row(
        &self,
        number: u32,
        end: EventTime,
        tally: &Tally,
        standing: Standing,
        topology: &Topology,
    ) -> Balance {
        let (meters, own) = topology.meters_of(number, end);
        let supplied = (tally.own > 0 && u32::from(tally.own) == own).then_some(WattHours(tally.supplied));
        let consumed = WattHours(tally.consumed);
        let is_complete = tally.reporting == meters;
        let fill = match is_complete {
            true => Some(Fill::default()),
            false => {
                let (all, _) = self.usuals.loads(topology, number, end, |_| true);
                Fill::new(tally, meters, &all)
            }
        };
        let missing = match fill {
            _ if is_complete => Quality::MEASURED,
            Some(_) => Quality::PARTIAL.with(Quality::ESTIMATED),
            None => Quality::PARTIAL,
        };
        let gap = supplied.zip(fill).map(|(supplied, fill)| {
            let gap = supplied - consumed;
            Gap { probable: gap - fill.probable, low: gap - fill.most, high: gap - fill.least }
        });
        Balance {
            transformer: topology.transformers()[number as usize],
            start: end.minus(self.grid.length()),
            end,
            supplied,
            consumed,
            estimated: fill.map(|fill| fill.probable),
            gap,
            meters,
            reporting: tally.reporting,
            quality: tally.quality().with(missing),
            revision: tally.revision.into(),
            standing,
        }
    }

    /// Bytes that open balances and usual uses take.
    pub fn memory(&self) -> usize {
        let tallies: usize = self.open.values().map(Vec::len).sum();
        tallies * Self::BYTES_PER_INTERVAL
            + self.feeders.memory()
            + self.usuals.memory()
            + self.reported.len()
    }

    /// Takes another topology. The open balances of a transformer that it does not know are forgotten.
    pub fn place(&mut self, before: &Topology, topology: &Topology) {
        let state = self.snapshot(before);
        *self = Self::new(self.grid, self.final_after, topology);
        self.restore(topology, state);
    }

    /// What is to be stored. `topology` is the one in use.
    pub fn snapshot(&self, topology: &Topology) -> BalancesState {
        let open = self.open.iter().map(|(&end, tallies)| {
            let present = (0..).zip(tallies).filter(|(_, tally)| tally.is_present());
            (end, present.map(|(number, tally)| (number, *tally)).collect())
        });
        BalancesState {
            last_final: self.last_final,
            transformers: topology.transformers().to_vec(),
            open: open.collect(),
            usuals: self.usuals.by_meter(topology),
            feeders: self.feeders.snapshot(topology),
            late: self.usuals.late_by_meter(topology),
        }
    }

    /// Takes what was stored, into balances without any state.
    pub fn restore(&mut self, topology: &Topology, state: BalancesState) {
        self.last_final = state.last_final;
        let known = topology.transformers();
        let number_now = |name: &TransformerId| known.binary_search(name).ok();
        let numbers: Vec<Option<usize>> = state.transformers.iter().map(number_now).collect();
        for (end, tallies) in state.open {
            let mut all = vec![Tally::default(); known.len()];
            for (number, tally) in tallies {
                if let Some(Some(now)) = numbers.get(number as usize) {
                    all[*now] = tally;
                    if tally.marks & Tally::CHANGED != 0 {
                        self.changed.push((end, *now as u32));
                    }
                }
            }
            self.open.insert(end, all);
        }
        self.usuals.take(topology, state.usuals, state.late);
        self.feeders.restore(topology, state.feeders);
    }
}

/// What the missing consumers of a balance used.
#[derive(Debug, Clone, Copy, Default)]
struct Fill {
    probable: WattHours,
    least: WattHours,
    most: WattHours,
}

impl Fill {
    /// The missing consumers used as much more or less than usual as those that reported. At least half of the
    /// consumers must have reported, with at least half of the usual use, and must have used more than they gave back.
    fn new(tally: &Tally, meters: u32, all: &Load) -> Option<Self> {
        let missing = i64::from(tally.missing);
        let reporting = all.mean_among(all) - missing;
        if 2 * tally.reporting < meters || reporting <= 0 || reporting < missing || tally.consumed < 0 {
            return None;
        }
        let probable = times(tally.consumed, missing, reporting);
        let (most, out) = all.bounds(meters.checked_sub(tally.reporting)?, missing);
        Some(Self {
            probable: WattHours(probable),
            least: WattHours((-out).min(probable)),
            most: WattHours(most.max(probable)),
        })
    }
}

/// As a [`Tally`] keeps it.
fn small(mean: i64) -> i32 {
    mean.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

#[cfg(test)]
mod tests;
