//! Who uses what a transformer supplies and no meter counts.
//!
//! If a consumer's meter counts two thirds of the use, then whatever its register advances more, the transformer's
//! gap grows by half of that. So changes of the gap, from interval to interval, are explained by the changes of
//! each consumer's registered use: a regression whose factors cannot be negative. Changes and not levels, for two
//! reasons: what a consumer who is missing in the topology uses changes by itself, while its level follows the
//! evening as everybody's does; and a theft that begins within the window moves the mean of the gap.
//!
//! What lines and the transformer lose is one more factor, of the square of the supply. What they lose without any
//! load is what remains on the quietest level of the gap.
//!
//! > Example: registered use of consumer 3 rises by 100 Wh, and with it the gap by 50 Wh, again and again: its factor
//! > is 0.5. It uses one and a half times what its meter counts.

/// Larger changes than so many times the median one count less: a consumer without a meter has some.
const OUTLIER: f64 = 1.5;
const REWEIGHTINGS: usize = 5;
/// Sweeps over all factors; they stop earlier when nothing moves any more.
const SWEEPS: usize = 500;
const STILL: f64 = 1e-7;
/// Losses under load are in parts of the supply in kWh, squared.
const KILO: f64 = 1000.0;

/// What a transformer and its consumers counted in the intervals of some days.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// What the transformer supplied in each interval, Wh.
    pub supplied: &'a [f64],
    /// What each consumer used in them by its meter, Wh: one list a consumer, as long as `supplied`.
    pub used: &'a [Vec<f64>],
    /// How many intervals a day has. What a time of day has every day is taken out.
    pub a_day: usize,
}

/// What explains the gap of a transformer.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// For each consumer: what it uses beyond its meter, as a share of what its meter counts. Never negative.
    pub beyond: Vec<f64>,
    /// What lines and the transformer lose under load: Wh an interval, for each squared kWh of supply.
    pub under_load: f64,
    /// What remains of the gap in the median interval: losses without load, and use that nobody's meter goes along with.
    pub rest: f64,
    /// The median distance from that, in Wh: how uncertain the gap of an interval is.
    pub spread: f64,
}

impl Attribution {
    /// Explains the gap of a window of two days or more. None for a shorter one, or without consumers.
    ///
    /// Panics if a consumer's list is not as long as that of the transformer.
    pub fn of(window: &Window<'_>) -> Option<Self> {
        let &Window { supplied, used, a_day } = window;
        if used.is_empty() || a_day == 0 || supplied.len() < 2 * a_day {
            return None;
        }
        assert!(used.iter().all(|one| one.len() == supplied.len()), "every interval has a value");
        let gap: Vec<f64> = (0..supplied.len())
            .map(|at| supplied[at] - used.iter().map(|one| one[at]).sum::<f64>())
            .collect();
        let squares = supplied.iter().map(|wh| (wh / KILO).powi(2)).collect();
        let levels: Vec<&Vec<f64>> = used.iter().chain([&squares]).collect();
        let causes: Vec<Vec<f64>> = levels.iter().map(|level| changes(level, a_day, mean)).collect();
        let effect = changes(&gap, a_day, median);
        let factors = robust(&causes, &effect);
        let left = (0..gap.len()).map(|at| {
            gap[at] - factors.iter().zip(&levels).map(|(factor, level)| factor * level[at]).sum::<f64>()
        });
        let left: Vec<f64> = left.collect();
        let rest = median(&left);
        let apart: Vec<f64> = left.iter().map(|one| (one - rest).abs()).collect();
        let (beyond, under_load) = factors.split_at(used.len());
        Some(Self { beyond: beyond.to_vec(), under_load: under_load[0], rest, spread: median(&apart) })
    }
}

/// The changes from interval to interval, less the middle one of each time of day.
fn changes(level: &[f64], a_day: usize, middle: fn(&[f64]) -> f64) -> Vec<f64> {
    let mut changes: Vec<f64> = level.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for slot in 0..a_day.min(changes.len()) {
        let of_slot: Vec<f64> = changes.iter().skip(slot).step_by(a_day).copied().collect();
        let usual = middle(&of_slot);
        changes.iter_mut().skip(slot).step_by(a_day).for_each(|change| *change -= usual);
    }
    changes
}

/// Factors that are not negative and explain the effect best, where large errors count in proportion, not squared (Huber).
fn robust(causes: &[Vec<f64>], effect: &[f64]) -> Vec<f64> {
    let mut weights = vec![1.0; effect.len()];
    let mut factors = vec![0.0; causes.len()];
    for _ in 0..=REWEIGHTINGS {
        descend(causes, effect, &weights, &mut factors);
        let explained =
            |at: usize| causes.iter().zip(&factors).map(|(cause, factor)| factor * cause[at]).sum::<f64>();
        let errors: Vec<f64> =
            effect.iter().enumerate().map(|(at, effect)| (effect - explained(at)).abs()).collect();
        let usual = (OUTLIER * median(&errors)).max(f64::MIN_POSITIVE);
        weights = errors.iter().map(|error| if *error > usual { usual / error } else { 1.0 }).collect();
    }
    factors
}

/// Least squares without negative factors: each factor in turn takes its best value beside the others.
fn descend(causes: &[Vec<f64>], effect: &[f64], weights: &[f64], factors: &mut [f64]) {
    let dot = |one: &[f64], other: &[f64]| -> f64 {
        one.iter().zip(other).zip(weights).map(|((one, other), weight)| weight * one * other).sum()
    };
    let products: Vec<Vec<f64>> =
        causes.iter().map(|one| causes.iter().map(|other| dot(one, other)).collect()).collect();
    let aims: Vec<f64> = causes.iter().map(|cause| dot(cause, effect)).collect();
    for _ in 0..SWEEPS {
        let mut moved = 0.0_f64;
        for at in 0..factors.len() {
            if products[at][at] <= 0.0 {
                continue;
            }
            let others: f64 =
                products[at].iter().zip(factors.iter()).map(|(product, factor)| product * factor).sum();
            let best = (factors[at] + (aims[at] - others) / products[at][at]).max(0.0);
            moved = moved.max((best - factors[at]).abs());
            factors[at] = best;
        }
        if moved < STILL {
            break;
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The middle value; the upper one of two.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    let middle = sorted.len() / 2;
    *sorted.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests;
