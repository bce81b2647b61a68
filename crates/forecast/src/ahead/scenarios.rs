//! How the load may go: whole paths through the horizon, of which every probability is derived.

use super::scale::Scale;

/// Paths that are equally likely.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenarios {
    /// Each with a value a step, in units of the load.
    paths: Vec<Vec<f64>>,
    /// The same, step by step and ascending.
    sorted: Vec<Vec<f64>>,
}

impl Scenarios {
    /// A forecast with whole blocks of earlier errors on it. Both are on the scale.
    pub fn new(point: &[f64], errors: &[Vec<f64>], scale: Scale) -> Self {
        let path = |errors: &Vec<f64>| -> Vec<f64> {
            point.iter().zip(errors).map(|(point, error)| scale.from(point + error)).collect()
        };
        Self::of(errors.iter().map(path).collect(), point.len())
    }

    /// Paths as they are, of so many steps.
    pub fn of(paths: Vec<Vec<f64>>, steps: usize) -> Self {
        let sorted = (0..steps).map(|step| {
            let mut values: Vec<f64> = paths.iter().map(|path| path[step]).collect();
            values.sort_by(f64::total_cmp);
            values
        });
        Self { sorted: sorted.collect(), paths }
    }

    /// The paths.
    pub fn paths(&self) -> &[Vec<f64>] {
        &self.paths
    }

    /// How many steps a path has.
    pub fn steps(&self) -> usize {
        self.sorted.len()
    }

    /// The load that a step stays below with this probability.
    pub fn quantile(&self, step: usize, level: f64) -> f64 {
        quantile(&self.sorted[step], level)
    }

    /// The mean of a step.
    pub fn mean(&self, step: usize) -> f64 {
        let values = &self.sorted[step];
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// The continuous ranked probability score of a step: the pinball loss over all levels. NaN without an actual.
    pub fn crps(&self, step: usize, actual: f64) -> f64 {
        let values = &self.sorted[step];
        let count = values.len() as f64;
        let level = |index: usize| (2 * index + 1) as f64 / (2.0 * count);
        let loss = |(index, value): (usize, &f64)| pinball(actual - value, level(index));
        2.0 * values.iter().enumerate().map(loss).sum::<f64>() / count
    }
}

/// The loss of a quantile that a value is so far above.
pub fn pinball(over: f64, level: f64) -> f64 {
    if over >= 0.0 { level * over } else { (level - 1.0) * over }
}

/// A quantile of ascending values: between the two nearest of (i + 0.5) / n, and the outermost beyond.
pub fn quantile(ascending: &[f64], level: f64) -> f64 {
    let last = ascending.len() - 1;
    let at = (level * ascending.len() as f64 - 0.5).clamp(0.0, last as f64);
    let below = at as usize;
    let (low, high) = (ascending[below], ascending[(below + 1).min(last)]);
    // Equal neighbours stay equal: with a product, rounding could make quantiles cross.
    if low == high { low } else { (low + (at - below as f64) * (high - low)).clamp(low, high) }
}
