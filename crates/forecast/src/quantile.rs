//! Empirical quantiles.

/// Quantile `p` of numbers in ascending order: linear between the two nearest (type 7 of Hyndman and Fan, 1996, the
/// default of R and NumPy). `None` of nothing; `p` beyond 0 and 1 gives the ends.
pub fn quantile(ascending: &[f64], p: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let place = p.clamp(0.0, 1.0) * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let (low, high) = (ascending[below], ascending[above]);
    Some(low + (high - low) * (place - below as f64))
}
