//! Makes the forecasts of a total and of its members agree.
//!
//! The total is forecast twice: directly, and as the sum of its members. Their weights are those with the least squared
//! error lately, which is MinT for these two sources with its covariance from the errors. What changes is divided among
//! the members by the variance of their errors, so that good forecasts change least.

/// The errors of two forecasts of the same total lately: forecast minus actual, in the same order.
#[derive(Debug, Clone, Default)]
pub struct TotalErrors {
    /// Those of the total's own forecast.
    pub direct: Vec<f64>,
    /// Those of the sum of the members.
    pub summed: Vec<f64>,
}

impl TotalErrors {
    /// The share of the total's own forecast. Without errors it is a half; a weight outside 0 to 1 would bet on errors
    /// that happened to cancel.
    pub fn share(&self) -> f64 {
        let (above, below) = self.products();
        if below > 0.0 { (above / below).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// The sums whose quotient is the share.
    pub fn products(&self) -> (f64, f64) {
        let (mut above, mut below) = (0.0, 0.0);
        for (direct, summed) in self.direct.iter().zip(&self.summed) {
            above += summed * (summed - direct);
            below += (summed - direct).powi(2);
        }
        (above, below)
    }

    /// How much less the joined forecast errs than the total's own: the ratio of their root mean squares.
    pub fn spread(&self, share: f64) -> f64 {
        let (mut joined, mut alone) = (0.0, 0.0);
        for (direct, summed) in self.direct.iter().zip(&self.summed) {
            joined += (share * direct + (1.0 - share) * summed).powi(2);
            alone += direct * direct;
        }
        if alone > 0.0 { (joined / alone).sqrt().clamp(0.5, 1.5) } else { 1.0 }
    }
}

/// Which part of a change each member takes, by the sums of the squares of its errors.
pub fn parts(squares: &[f64]) -> Vec<f64> {
    let sum: f64 = squares.iter().sum();
    if sum > 0.0 {
        squares.iter().map(|square| square / sum).collect()
    } else {
        vec![1.0 / squares.len().max(1) as f64; squares.len()]
    }
}
