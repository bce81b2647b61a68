//! Converts numbers to positions in a picture, and to labels.

use units::Watts;

/// A linear map from numbers to positions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    from: (f64, f64),
    to: (f64, f64),
}

impl Scale {
    pub fn new(from: (f64, f64), to: (f64, f64)) -> Self {
        // A load that never changes needs an axis, too.
        let from = if from.1 > from.0 { from } else { (from.0, from.0 + 1.0) };
        Self { from, to }
    }

    pub fn at(self, value: f64) -> f64 {
        self.to.0 + (value - self.from.0) / (self.from.1 - self.from.0) * (self.to.1 - self.to.0)
    }
}

/// About five round numbers that cover a range.
pub(crate) fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = ((high - low) / 5.0).max(1e-9);
    let mut step = 1.0;
    while step * 10.0 <= rough {
        step *= 10.0;
    }
    while step > rough {
        step /= 10.0;
    }
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|nice| nice * step).into_iter().find(|step| *step >= rough);
    let step = step.expect("ten steps are more than the rough one");
    let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
    (first..=last).map(|number| number as f64 * step).collect()
}

/// A tick with as many decimals as the distance of ticks needs.
pub(crate) fn label(tick: f64, ticks: &[f64]) -> String {
    let step = ticks.get(1).map_or(1.0, |second| second - ticks[0]);
    // Steps are 1, 2, 2.5 or 5 times a power of ten, so one decimal more than that of the power.
    let decimals = (1.0 - step.log10().floor()).clamp(0.0, 12.0) as usize;
    let shown = format!("{tick:.decimals$}");
    let shown = if shown.contains('.') { shown.trim_end_matches('0').trim_end_matches('.') } else { &shown };
    if shown == "-0" { "0".to_owned() } else { shown.to_owned() }
}

/// A power in the unit of the largest on its axis.
pub(crate) fn power(value: Watts, largest: Watts) -> String {
    let (size, unit) = match largest.0.abs() {
        most if most >= 2e6 => (1e6, "MW"),
        most if most >= 2e3 => (1e3, "kW"),
        _ => (1.0, "W"),
    };
    let scaled = value.0 / size;
    let shown = match scaled.abs() {
        most if most >= 100.0 => format!("{scaled:.0}"),
        most if most >= 10.0 => format!("{scaled:.1}"),
        _ => format!("{scaled:.2}"),
    };
    let shown = if shown.contains('.') { shown.trim_end_matches('0').trim_end_matches('.') } else { &shown };
    format!("{shown} {unit}")
}
