//! Quantiles of Student's t, for the few degrees of freedom that a handful of days leaves.

use core::f64::consts::FRAC_2_PI;

/// A few days show nothing about rarer events.
const RAREST: f64 = 0.0001;

/// Quantile `p` of Student's t (Biometrika 6, 1908). Without a degree of freedom it is 0, because a single number
/// does not show how far the next one may be off. `p` is limited to the range from 0.0001 to 0.9999.
pub(crate) fn student(p: f64, freedom: u32) -> f64 {
    let p = p.clamp(RAREST, 1.0 - RAREST);
    if freedom == 0 {
        return 0.0;
    }
    if p < 0.5 {
        return -student(1.0 - p, freedom);
    }
    let within = 2.0 * p - 1.0;
    // With one degree of freedom, the rarest quantile is 3183. A float resolves fewer than sixty halvings.
    let (mut low, mut high) = (0.0, 4096.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if share_within(middle, freedom) < within {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// The share of Student's t between `-t` and `t` (Abramowitz and Stegun, 1964, 26.7.3 and 26.7.4).
fn share_within(t: f64, freedom: u32) -> f64 {
    let tangent = t / f64::from(freedom).sqrt();
    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
    let sine = tangent * cosine;
    let odd = freedom % 2 == 1;
    let mut power = freedom % 2;
    let mut term = if odd { cosine } else { 1.0 };
    let mut sum = 0.0;
    while power + 2 <= freedom {
        sum += term;
        term *= cosine * cosine * f64::from(power + 1) / f64::from(power + 2);
        power += 2;
    }
    if odd { (tangent.atan() + sine * sum) * FRAC_2_PI } else { sine * sum }
}
