//! A picture of lines over an axis, as SVG.

use std::fmt::Write;

/// The colour of a forecast.
pub const BLUE: &str = "#2563a8";
/// The colour of what came.
pub const ORANGE: &str = "#d97a1e";

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 60.0;
const BOTTOM: f64 = 280.0;

type Points = Vec<(f64, f64)>;

/// A picture that is not drawn yet.
pub struct Picture {
    title: String,
    about: String,
    axis: String,
    bands: Vec<(Points, Points)>,
    lines: Vec<(String, &'static str, Points)>,
}

impl Picture {
    /// An empty picture with a title, a line about it, and the name of its horizontal axis.
    pub fn new(title: &str, about: &str, axis: &str) -> Self {
        let [title, about, axis] = [title, about, axis].map(super::escaped);
        Self { title, about, axis, bands: Vec::new(), lines: Vec::new() }
    }

    /// The room between two lines.
    pub fn band(&mut self, low: Points, high: Points) {
        self.bands.push((low, high));
    }

    /// A line with its name.
    pub fn line(&mut self, name: &str, color: &'static str, points: Points) {
        self.lines.push((name.to_owned(), color, points));
    }

    /// The picture as SVG; a sentence if there is nothing to draw.
    pub fn draw(&self) -> String {
        let bands = self.bands.iter().flat_map(|(low, high)| [low, high]);
        let all: Vec<(f64, f64)> =
            self.lines.iter().map(|(.., points)| points).chain(bands).flatten().copied().collect();
        if all.is_empty() {
            return format!("<h2>{}</h2>\n<p>Nothing was measured.</p>\n", self.title);
        }
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let x = Scale::new(range(&mut all.iter().map(|point| point.0)), (LEFT, WIDTH - 20.0));
        let y = Scale::new(range(&mut all.iter().map(|point| point.1)), (BOTTOM, TOP));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
             height=\"{HEIGHT}\" font-size=\"12\" fill=\"#5b6774\">\n\
             <text x=\"10\" y=\"24\" font-size=\"17\" fill=\"#1d2733\">{}</text><text x=\"10\" y=\"44\">{}</text>\n",
            self.title, self.about
        );
        self.axes(&mut svg, &x, &y);
        let place = |points: &[(f64, f64)]| -> String {
            points.iter().map(|point| format!("{:.1},{:.1} ", x.at(point.0), y.at(point.1))).collect()
        };
        for (low, high) in &self.bands {
            let around: Points = low.iter().chain(high.iter().rev()).copied().collect();
            let points = place(&around);
            put(
                &mut svg,
                format_args!("<polygon points=\"{points}\" fill=\"{BLUE}\" fill-opacity=\"0.13\"/>"),
            );
        }
        for (index, (name, color, points)) in self.lines.iter().enumerate() {
            let points = place(points);
            put(
                &mut svg,
                format_args!(
                    "<polyline points=\"{points}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>"
                ),
            );
            let at = 700.0 + 100.0 * index as f64;
            put(&mut svg, format_args!("<text x=\"{at}\" y=\"44\" fill=\"{color}\">{name}</text>"));
        }
        svg + "</svg>\n"
    }

    fn axes(&self, svg: &mut String, x: &Scale, y: &Scale) {
        for tick in y.ticks() {
            let at = y.at(tick);
            let (right, label) = (WIDTH - 20.0, super::short(tick));
            put(
                svg,
                format_args!(
                    "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#e4e8ec\"/>"
                ),
            );
            put(svg, format_args!("<text x=\"62\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>", at + 4.0));
        }
        for tick in x.ticks() {
            let (at, label) = (x.at(tick), super::short(tick));
            put(svg, format_args!("<text x=\"{at:.1}\" y=\"298\" text-anchor=\"middle\">{label}</text>"));
        }
        put(
            svg,
            format_args!("<text x=\"{}\" y=\"314\" text-anchor=\"end\">{}</text>", WIDTH - 20.0, self.axis),
        );
    }
}

fn put(svg: &mut String, element: std::fmt::Arguments<'_>) {
    writeln!(svg, "{element}").expect("text takes all text");
}

/// From values to places on the paper.
struct Scale {
    from: (f64, f64),
    to: (f64, f64),
}

impl Scale {
    fn new((low, high): (f64, f64), to: (f64, f64)) -> Self {
        let room = if high > low { 0.0 } else { low.abs().max(1.0) };
        Self { from: (low - room, high + room), to }
    }

    fn at(&self, value: f64) -> f64 {
        let share = (value - self.from.0) / (self.from.1 - self.from.0);
        self.to.0 + share * (self.to.1 - self.to.0)
    }

    /// Five values at equal distances.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let (low, high) = self.from;
        (0..5).map(move |tick| low + f64::from(tick) / 4.0 * (high - low))
    }
}
