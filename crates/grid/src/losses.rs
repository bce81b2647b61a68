//! The losses of each transformer and feeder by local day and month: its balances added up when they are final.

use crate::balance::{Balance, Standing};
use crate::balances::Ended;
use crate::feeders::FeederBalance;
use jiff::civil::Date;
use reading::time::HOUR;
use reading::{Calendar, EventTime, Fingerprint, Grid, Target, TransformerId};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use units::{Ratio, WattHours};

/// With a gap for fewer of its hours, a transformer or feeder has no rank: a small loss would only mean that little is known.
const RANKED_FROM: f64 = 0.9;

/// A local day or month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From the first day to the last.
    Month,
}

impl Period {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Day, Self::Month];

    /// The name that files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The first day of the period that a day belongs to, and that of the next period.
    fn around(self, day: Date) -> (Date, Date) {
        let (first, last) = match self {
            Self::Day => (day, day),
            Self::Month => (day.first_of_month(), day.last_of_month()),
        };
        (first, last.tomorrow().expect("readings are of 2000 to 2100"))
    }
}

/// What a transformer or feeder lost in a period. All energies are sums over the intervals whose gap is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// The transformer or feeder.
    pub target: Target,
    /// Day or month.
    pub period: Period,
    /// The first local day of the period.
    pub day: Date,
    /// When the period starts.
    pub start: EventTime,
    /// When it ends.
    pub end: EventTime,
    /// What its own meters counted.
    pub supplied: WattHours,
    /// What the reporting consumers counted.
    pub consumed: WattHours,
    /// What the missing consumers probably used.
    pub estimated: WattHours,
    /// Supplied less consumed and estimated. `None` if no interval has a gap.
    pub gap: Option<WattHours>,
    /// The gap as a share of what was supplied.
    pub share: Option<Ratio>,
    /// The hours in which the supply and all consumers are known.
    pub hours_complete: f64,
    /// These hours as a share of the period.
    pub completeness: Ratio,
    /// The place among the transformers, or the feeders, of the period, the largest gap first. `None` with a gap for less
    /// than nine tenths of the period, or if the transformers of others are not known.
    pub rank: Option<u32>,
    /// Whether every balance in it is final.
    pub is_final: bool,
}

/// The balances of one transformer or feeder in the current period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sum {
    supplied: i64,
    consumed: i64,
    estimated: i64,
    /// Intervals with a gap.
    judged: u32,
    /// Those of them without anyone missing.
    complete: u32,
}

impl Sum {
    fn add(&mut self, part: &Part) {
        let (Some(supplied), Some(estimated)) = (part.supplied, part.estimated) else { return };
        self.supplied += supplied.0;
        self.consumed += part.consumed.0;
        self.estimated += estimated.0;
        self.judged += 1;
        self.complete += u32::from(part.is_complete);
    }
}

/// A transformer or feeder in one interval.
#[derive(Debug, Clone, Copy)]
struct Part {
    target: Target,
    end: EventTime,
    supplied: Option<WattHours>,
    consumed: WattHours,
    estimated: Option<WattHours>,
    is_complete: bool,
}

impl From<&Balance> for Part {
    fn from(one: &Balance) -> Self {
        let Balance { end, supplied, consumed, estimated, .. } = *one;
        let target = Target::Transformer(one.transformer);
        Self { target, end, supplied, consumed, estimated, is_complete: one.is_complete() }
    }
}

impl From<&FeederBalance> for Part {
    fn from(one: &FeederBalance) -> Self {
        let FeederBalance { feeder, end, supplied, consumed, estimated, is_complete } = *one;
        Self { target: Target::Feeder(feeder), end, supplied, consumed, estimated, is_complete }
    }
}

/// The current day and month.
#[derive(Debug, Clone)]
pub struct Losses {
    calendar: Calendar,
    grid: Grid,
    /// Whether all transformers of the town are here to be ranked.
    ranked: bool,
    state: LossesState,
    /// For each period, the place after that of the last part. Parts of an interval come by target, so that it is most
    /// often the place of the next.
    next: [usize; 2],
}

/// What [`Losses`] store: for each [`Period`], what was added up since it started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossesState([Running; 2]);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Running {
    /// Start and end of the period; none before the first balance.
    span: Option<(EventTime, EventTime)>,
    /// By target.
    sums: Vec<(Target, Sum)>,
}

/// [`LossesState`] of version 1, without feeders.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LossesStateV1([RunningV1; 2]);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct RunningV1 {
    span: Option<(EventTime, EventTime)>,
    sums: BTreeMap<TransformerId, Sum>,
}

impl From<LossesStateV1> for LossesState {
    fn from(stored: LossesStateV1) -> Self {
        Self(stored.0.map(|RunningV1 { span, sums }| {
            let sums = sums.into_iter().map(|(transformer, sum)| (Target::Transformer(transformer), sum));
            Running { span, sums: sums.collect() }
        }))
    }
}

impl Losses {
    /// The version of [`LossesState`].
    pub const STATE_VERSION: u16 = 2;

    /// Nothing added up yet.
    pub fn new(calendar: Calendar, grid: Grid, ranked: bool) -> Self {
        Self { calendar, grid, ranked, state: LossesState::default(), next: [0; 2] }
    }

    /// Adds those of these balances that are final, and feeders that are. Returns the losses of periods that are over.
    pub fn take(&mut self, balances: &[Balance], feeders: &[FeederBalance]) -> Vec<Loss> {
        let finals = balances.iter().filter(|balance| balance.standing == Standing::Final);
        self.add(finals.map(Part::from), feeders, true)
    }

    /// Adds balances that are not final, because the run ends. Returns the losses of periods that end before them.
    pub fn take_ended(&mut self, ended: &Ended) -> Vec<Loss> {
        self.add(ended.balances.iter().map(Part::from), &ended.feeders, false)
    }

    /// The losses of periods that are not over, because the run ends.
    pub fn finish(&self) -> Vec<Loss> {
        let mut rows = Vec::new();
        for (period, running) in Period::ALL.into_iter().zip(&self.state.0) {
            self.close(period, running, false, &mut rows);
        }
        rows
    }

    /// Adds parts of transformers and feeders, each of the two by end.
    fn add(
        &mut self,
        parts: impl Iterator<Item = Part>,
        feeders: &[FeederBalance],
        is_final: bool,
    ) -> Vec<Loss> {
        let (mut closed, mut feeders) = (Vec::new(), feeders.iter().map(Part::from).peekable());
        for part in parts {
            // In the order of time, so that no period ends before all of it is there.
            while let Some(feeder) = feeders.next_if(|feeder| feeder.end < part.end) {
                self.add_part(&feeder, is_final, &mut closed);
            }
            self.add_part(&part, is_final, &mut closed);
        }
        feeders.for_each(|feeder| self.add_part(&feeder, is_final, &mut closed));
        closed
    }

    fn add_part(&mut self, part: &Part, is_final: bool, closed: &mut Vec<Loss>) {
        for (at, period) in Period::ALL.into_iter().enumerate() {
            let running = &self.state.0[at];
            if running.span.is_none_or(|(_, end)| part.end > end) {
                self.close(period, running, is_final, closed);
                let (first, next) = period.around(self.calendar.day_of_interval(part.end));
                let span = (self.calendar.start_of(first), self.calendar.start_of(next));
                self.state.0[at] = Running { span: Some(span), sums: Vec::new() };
            }
            let (sums, next) = (&mut self.state.0[at].sums, &mut self.next[at]);
            let place = match sums.get(*next) {
                Some((target, _)) if *target == part.target => *next,
                _ => sums.binary_search_by_key(&part.target, |(target, _)| *target).unwrap_or_else(|place| {
                    sums.insert(place, (part.target, Sum::default()));
                    place
                }),
            };
            sums[place].1.add(part);
            *next = place + 1;
        }
    }

    fn close(&self, period: Period, running: &Running, is_final: bool, closed: &mut Vec<Loss>) {
        let Some((start, end)) = running.span else { return };
        let all = end.since(start) as f64 / self.grid.length() as f64;
        let (known, day) = (closed.len(), self.calendar.day(start));
        closed.extend(running.sums.iter().map(|&(target, ref sum)| {
            let gap = (sum.judged > 0).then_some(WattHours(sum.supplied - sum.consumed - sum.estimated));
            let share = gap.filter(|_| sum.supplied > 0).map(|gap| gap.0 as f64 / sum.supplied as f64);
            let hours = self.grid.length() as f64 / HOUR as f64;
            Loss {
                target,
                period,
                day,
                start,
                end,
                supplied: WattHours(sum.supplied),
                consumed: WattHours(sum.consumed),
                estimated: WattHours(sum.estimated),
                gap,
                share: share.map(Ratio),
                hours_complete: f64::from(sum.complete) * hours,
                completeness: Ratio(f64::from(sum.complete) / all),
                rank: None,
                is_final,
            }
        }));
        if !self.ranked {
            return;
        }
        let with_sums = closed[known..].iter_mut().zip(&running.sums);
        let is_judged = |judged: u32| f64::from(judged) >= RANKED_FROM * all;
        let mut ranked: Vec<&mut Loss> =
            with_sums.filter(|(_, (_, sum))| is_judged(sum.judged)).map(|(loss, _)| loss).collect();
        // By name where gaps are equal: the list is by name already, and the sort keeps that order.
        ranked.sort_by_key(|loss| Reverse(loss.gap));
        let (feeders, transformers): (Vec<_>, Vec<_>) =
            ranked.into_iter().partition(|loss| matches!(loss.target, Target::Feeder(_)));
        for of_role in [feeders, transformers] {
            (1..).zip(of_role).for_each(|(rank, loss)| loss.rank = Some(rank));
        }
    }

    /// A number of the settings that [`LossesState`] depends on.
    pub fn fingerprint(&self) -> u64 {
        Fingerprint::new("losses").whole(self.grid.length()).text(self.calendar.zone_name()).end()
    }

    /// What is to be stored.
    pub fn snapshot(&self) -> &LossesState {
        &self.state
    }

    /// Takes what was stored.
    pub fn restore(&mut self, state: LossesState) {
        self.state = state;
        // In a map it would be in order.
        self.state.0.iter_mut().for_each(|running| running.sums.sort_unstable_by_key(|(target, _)| *target));
    }
}

#[cfg(test)]
mod tests;
