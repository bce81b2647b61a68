//! What all pictures have in common: a title, a frame, an axis of power.

use crate::scale::{Scale, power, ticks};
use crate::svg::{Anchor, Svg};
use units::Watts;

pub(crate) const WIDTH: f64 = 960.0;
pub(crate) const HEIGHT: f64 = 440.0;
pub(crate) const LEFT: f64 = 78.0;
pub(crate) const RIGHT: f64 = 930.0;
pub(crate) const TOP: f64 = 84.0;
pub(crate) const BOTTOM: f64 = 392.0;

/// The colour of what is expected.
pub const BLUE: &str = "#2563a8";
/// The colour of what came.
pub const ORANGE: &str = "#d97a1e";
pub(crate) const GREEN: &str = "#2f8f5b";

/// A picture with its title, and a line about it.
pub(crate) fn begin(title: &str, about: &str) -> Svg {
    let mut svg = Svg::new(WIDTH, HEIGHT);
    svg.text((LEFT - 50.0, 34.0), Anchor::Start, "title", title);
    svg.text((LEFT - 50.0, 56.0), Anchor::Start, "about", about);
    svg
}

/// Draws the axis of power on the left, and returns the scale from watts to positions.
pub(crate) fn power_axis(svg: &mut Svg, low: Watts, high: Watts) -> Scale {
    let in_words = |tick: f64, ticks: &[f64]| power(Watts(tick), Watts(ticks[ticks.len() - 1]));
    axis(svg, low.0.min(0.0), high.0.max(1.0), in_words)
}

/// Draws an axis on the left, with a label for each tick among all of them, and returns its scale to positions.
pub(crate) fn axis(svg: &mut Svg, low: f64, high: f64, label: impl Fn(f64, &[f64]) -> String) -> Scale {
    let ticks = ticks(low, high);
    let scale = Scale::new((ticks[0], ticks[ticks.len() - 1]), (BOTTOM, TOP));
    for &tick in &ticks {
        let y = scale.at(tick);
        svg.line((LEFT, y), (RIGHT, y), if tick == 0.0 { "axis" } else { "grid" });
        svg.text((LEFT - 8.0, y + 4.0), Anchor::End, "tick", &label(tick, &ticks));
    }
    scale
}

/// Draws a label below the frame, with a small line to it.
pub(crate) fn below(svg: &mut Svg, x: f64, label: &str) {
    svg.line((x, BOTTOM), (x, BOTTOM + 5.0), "axis");
    svg.text((x, BOTTOM + 20.0), Anchor::Middle, "tick", label);
}

/// Draws the names of lines, side by side at the top right.
pub(crate) fn legend(svg: &mut Svg, names: &[(&str, &str)]) {
    let mut x = RIGHT;
    for (name, color) in names.iter().rev() {
        svg.text((x, 72.0), Anchor::End, "note", name);
        x -= name.len() as f64 * 7.6 + 10.0;
        svg.rect((x - 14.0, 66.0), (14.0, 4.0), color);
        x -= 34.0;
    }
}
