//! What scenarios say about a rating: the probability of an overload, its length, and how much to shed.

use super::scenarios::{Scenarios, quantile};
use std::ops::Range;

/// What may happen to a target on a day.
#[derive(Debug, Clone, PartialEq)]
pub struct DayRisk {
    /// The probability that a block of the day is above the rating.
    pub probability: f64,
    /// Blocks above the rating, expected.
    pub blocks: f64,
    /// How much load must go so that the rest of the day stays below the rating with a probability of 95 %.
    pub shed: f64,
}

/// The highest load of a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Peak {
    /// The peaks of all scenarios, ascending.
    ascending: Vec<f64>,
    /// The step of the peak of each scenario.
    steps: Vec<usize>,
}

impl Scenarios {
    /// The probability that a step is above the rating. It is never quite 0 or 1: scenarios are too few to know that.
    pub fn above(&self, step: usize, rating: f64) -> f64 {
        let above = self.paths().iter().filter(|path| path[step] > rating).count();
        probability(above, self.paths().len())
    }

    /// What may happen in some steps, which are a day.
    pub fn day_risk(&self, steps: Range<usize>, rating: f64) -> DayRisk {
        let mut over: Vec<f64> = Vec::with_capacity(self.paths().len());
        let mut blocks = 0;
        for path in self.paths() {
            let day = &path[steps.clone()];
            blocks += day.iter().filter(|load| **load > rating).count();
            over.push((day.iter().copied().fold(f64::NEG_INFINITY, f64::max) - rating).max(0.0));
        }
        over.sort_by(f64::total_cmp);
        let days = over.iter().filter(|over| **over > 0.0).count();
        DayRisk {
            probability: probability(days, over.len()),
            blocks: blocks as f64 / over.len() as f64,
            shed: quantile(&over, 0.95),
        }
    }

    /// The peak of some steps, which are a day.
    pub fn peak(&self, steps: Range<usize>) -> Peak {
        let mut peak = Peak { ascending: Vec::new(), steps: Vec::new() };
        for path in self.paths() {
            let mut highest = steps.start;
            for step in steps.clone() {
                if path[step] > path[highest] {
                    highest = step;
                }
            }
            peak.ascending.push(path[highest]);
            peak.steps.push(highest);
        }
        peak.ascending.sort_by(f64::total_cmp);
        peak
    }
}

impl Peak {
    /// The load that the peak stays below with this probability.
    pub fn quantile(&self, level: f64) -> f64 {
        quantile(&self.ascending, level)
    }

    /// The probability that the peak is in a step of which `is_in` says so.
    pub fn in_steps(&self, is_in: impl Fn(usize) -> bool) -> f64 {
        let hits = self.steps.iter().filter(|step| is_in(**step)).count();
        hits as f64 / self.steps.len() as f64
    }
}

fn probability(hits: usize, of: usize) -> f64 {
    (hits as f64 + 0.5) / (of as f64 + 1.0)
}
