//! Lines over any axis, with bands between lines: forecasts, calibration, errors by hour.

use crate::chart::{BLUE, BOTTOM, LEFT, RIGHT, TOP, axis, begin, below, legend};
use crate::scale::{Scale, label, ticks};
use crate::svg::Anchor;

/// Points of a line, from left to right.
pub type Points = Vec<(f64, f64)>;

/// A picture of lines that is not drawn yet. Its numbers are finite.
#[derive(Debug)]
pub struct Lines {
    title: String,
    about: String,
    axis: String,
    bands: Vec<(Points, Points)>,
    lines: Vec<(String, &'static str, Points)>,
}

impl Lines {
    /// An empty picture with a title, a line about it, and the name of its horizontal axis.
    pub fn new(title: &str, about: &str, axis: &str) -> Self {
        let [title, about, axis] = [title, about, axis].map(str::to_owned);
        Self { title, about, axis, bands: Vec::new(), lines: Vec::new() }
    }

    /// Adds the room between two lines.
    pub fn band(&mut self, low: Points, high: Points) {
        self.bands.push((low, high));
    }

    /// Adds a line with its name.
    pub fn line(&mut self, name: &str, color: &'static str, points: Points) {
        self.lines.push((name.to_owned(), color, points));
    }

    /// The picture as SVG. Without a point it says so.
    pub fn draw(&self) -> String {
        let bands = self.bands.iter().flat_map(|(low, high)| [low, high]);
        let all = || self.lines.iter().map(|(.., points)| points).chain(bands.clone()).flatten();
        let mut svg = begin(&self.title, &self.about);
        let ranges = range(all().map(|point| point.0)).zip(range(all().map(|point| point.1)));
        let Some(((left, right), (low, high))) = ranges else {
            svg.text((LEFT, TOP), Anchor::Start, "note", "Nothing was measured.");
            return svg.finish();
        };
        let y = axis(&mut svg, low, high, label);
        let x = Scale::new((left, right), (LEFT, RIGHT));
        let places = ticks(left, right);
        for tick in places.iter().filter(|tick| (left..=right).contains(*tick)) {
            below(&mut svg, x.at(*tick), &label(*tick, &places));
        }
        svg.text((RIGHT, BOTTOM + 38.0), Anchor::End, "tick", &self.axis);
        let place =
            |points: &Points| -> Points { points.iter().map(|at| (x.at(at.0), y.at(at.1))).collect() };
        for (low, high) in &self.bands {
            let around: Points = low.iter().chain(high.iter().rev()).copied().collect();
            svg.path(&place(&around), true, &format!("fill=\"{BLUE}\" fill-opacity=\"0.13\""));
        }
        for (_, color, points) in &self.lines {
            svg.path(&place(points), false, &format!("fill=\"none\" stroke=\"{color}\" stroke-width=\"2\""));
        }
        let names: Vec<(&str, &str)> = self.lines.iter().map(|(name, color, _)| (&**name, *color)).collect();
        legend(&mut svg, &names);
        svg.finish()
    }
}

/// The least and the largest value, apart from each other.
fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let pairs = values.map(|value| (value, value));
    let (low, high) = pairs.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))?;
    let room = if high > low { 0.0 } else { low.abs().max(1.0) };
    Some((low - room, high + room))
}
