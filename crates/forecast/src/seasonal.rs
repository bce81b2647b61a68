//! The mean of the same local minute on the last few days of the same type.

use crate::Horizon;
use crate::horizon::{Like, Slot};
use crate::student::student;
use reading::time::DAY;
use reading::{EventTime, Fingerprint, Grid, Target};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use units::{WattHours, Watts};

/// How much a [`SeasonalMean`] remembers, ms: 35 days, so that four days of every type are in it. The fourth-last
/// Saturday is up to 28 days back, and a holiday may take its place.
const HISTORY: i64 = 35 * DAY;

/// How many earlier days a mean is made of. Baselines of demand response use the last four like days, too.
const LIKE_DAYS: usize = 4;

/// What one target is expected to draw in one interval `(start, end]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// The target.
    pub target: Target,
    /// When the forecast was made. It uses nothing that came later.
    pub issued: EventTime,
    /// When the interval starts.
    pub start: EventTime,
    /// When it ends.
    pub end: EventTime,
    /// Expected mean power.
    pub mean: Watts,
    /// Quantiles of mean power, in the order of the levels that were asked for.
    pub quantiles: Vec<Watts>,
}

/// The last weeks of one target, by interval. It is stored as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeasonalMean {
    target: Target,
    energies: BTreeMap<EventTime, WattHours>,
}

impl SeasonalMean {
    /// The version of the stored form.
    pub const STATE_VERSION: u16 = 1;

    /// The fingerprint of the settings that a stored history depends on: the interval alone, because energies are
    /// those of intervals. Local days, holidays and quantiles matter only when a forecast is made.
    pub fn fingerprint(grid: Grid) -> u64 {
        Fingerprint::new("loads").whole(grid.length()).end()
    }

    /// An empty history.
    pub fn new(target: Target) -> Self {
        Self { target, energies: BTreeMap::new() }
    }

    /// The target whose use it remembers.
    pub fn target(&self) -> Target {
        self.target
    }

    /// How many intervals it remembers.
    pub fn len(&self) -> usize {
        self.energies.len()
    }

    /// Whether it remembers none.
    pub fn is_empty(&self) -> bool {
        self.energies.is_empty()
    }

    /// The end and the energy of each interval, ascending.
    pub fn energies(&self) -> impl DoubleEndedIterator<Item = (EventTime, WattHours)> {
        self.energies.iter().map(|(end, energy)| (*end, *energy))
    }

    /// Remembers the energy of the interval that ends at `end`. A second part of the same interval is added to the
    /// first: meters that are back-filled come later than the others. An interval that is 35 days older than the
    /// newest is dropped.
    pub fn observe(&mut self, end: EventTime, energy: WattHours) {
        let newest = self.energies.last_key_value().map_or(end, |(newest, _)| end.max(*newest));
        let oldest = newest.minus(HISTORY);
        if end <= oldest {
            return;
        }
        *self.energies.entry(end).or_default() += energy;
        while self.energies.first_key_value().is_some_and(|(first, _)| *first <= oldest) {
            self.energies.pop_first();
        }
    }

    /// Forecasts the power of the target in each interval of the horizon. An interval is left out if no earlier
    /// interval like it is known.
    ///
    /// The mean is that of the same local minute on the last four days of the same type, or on fewer if only fewer
    /// are known. If none is known, the last four days of any type are used. Quantiles are those of Student's t
    /// around the mean. If the days of a type are normally distributed, the next one is below quantile `p` with
    /// probability `p`, even after few days. After a single day all quantiles equal the mean, because nothing shows
    /// yet how far it may be off.
    pub fn forecast(&self, issued: EventTime, horizon: &Horizon, quantiles: &[f64]) -> Vec<Forecast> {
        let known = Known { energies: &self.energies, until: issued.min(horizon.starts_at()) };
        let length = horizon.grid().length();
        let power = |energy: f64| Watts(energy * 3_600_000.0 / length as f64);
        let of_freedom = |freedom| quantiles.iter().map(|p| student(*p, freedom)).collect();
        // Quantiles of Student's t are slow, and most intervals of a day have the same number of days like them.
        let mut off = BTreeMap::<u32, Vec<f64>>::new();
        let of_slot = |slot: &Slot| {
            let expected = known.expected(slot)?;
            let off = off.entry(expected.freedom).or_insert_with(|| of_freedom(expected.freedom));
            let at = |off: &f64| power(expected.mean + off * expected.spread);
            Some(Forecast {
                target: self.target,
                issued,
                start: slot.end.minus(length),
                end: slot.end,
                mean: power(expected.mean),
                quantiles: off.iter().map(at).collect(),
            })
        };
        horizon.slots.iter().filter_map(of_slot).collect()
    }
}

/// The part of a history that a forecast may look at.
struct Known<'a> {
    energies: &'a BTreeMap<EventTime, WattHours>,
    until: EventTime,
}

impl Known<'_> {
    fn at(&self, end: EventTime) -> Option<WattHours> {
        self.energies.get(&end).filter(|_| end <= self.until).copied()
    }

    /// The ends of the earlier intervals that the forecast of this slot uses.
    fn last_like(&self, slot: &Slot) -> Vec<EventTime> {
        let same = self.last_days(slot.like.iter().filter(|like| like.same_type));
        if same.is_empty() { self.last_days(slot.like.iter()) } else { same }
    }

    fn last_days<'l>(&self, like: impl Iterator<Item = &'l Like>) -> Vec<EventTime> {
        let mut ends = Vec::new();
        let mut days = 0;
        let mut last_day = 0;
        for like in like.filter(|like| self.at(like.end).is_some()) {
            if like.days_back != last_day {
                if days == LIKE_DAYS {
                    break;
                }
                days += 1;
                last_day = like.days_back;
            }
            ends.push(like.end);
        }
        ends
    }

    /// The mean energy of these intervals, and how far the next one may be off.
    fn expected(&self, slot: &Slot) -> Option<Expected> {
        let energies: Vec<i64> =
            self.last_like(slot).iter().filter_map(|end| self.at(*end)).map(|energy| energy.0).collect();
        let freedom = (energies.len() as u32).checked_sub(1)?;
        let count = energies.len() as f64;
        // A sum of whole numbers does not depend on their order.
        let mean = energies.iter().sum::<i64>() as f64 / count;
        let off = energies.iter().map(|energy| *energy as f64 - mean);
        let squares: f64 = off.map(|off| off * off).sum();
        // The mean of a few days is uncertain itself, so the next day is further from it than these days are.
        let variance = squares / f64::from(freedom.max(1)) * (1.0 + 1.0 / count);
        Some(Expected { mean, spread: variance.sqrt(), freedom })
    }
}

/// The expected energy of one interval of the horizon, Wh.
struct Expected {
    mean: f64,
    /// The factor for quantiles of Student's t.
    spread: f64,
    /// Degrees of freedom of Student's t.
    freedom: u32,
}
