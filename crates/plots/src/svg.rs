//! SVG: text that a browser draws as a picture.

use std::fmt::Write;

/// A picture that is not finished yet.
pub(crate) struct Svg {
    body: String,
    width: f64,
    height: f64,
}

/// Where a text begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub fn new(width: f64, height: f64) -> Self {
        Self { body: String::new(), width, height }
    }

    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        self.push(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"
        ));
    }

    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        self.push(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" class=\"{class}\"/>"
        ));
    }

    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str) {
        self.push(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\" shape-rendering=\"crispEdges\"/>"
        ));
    }

    pub fn circle(&mut self, (x, y): (f64, f64), radius: f64, fill: &str) {
        self.push(format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{fill}\"/>"));
    }

    /// Draws points joined by straight lines. `attributes` set the style.
    pub fn path(&mut self, points: &[(f64, f64)], closed: bool, attributes: &str) {
        let mut d = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            let step = if index == 0 { 'M' } else { 'L' };
            write!(d, "{step}{x:.1} {y:.1}").expect("text takes all text");
        }
        d.push_str(if closed { "Z" } else { "" });
        self.push(format_args!("<path d=\"{d}\" {attributes}/>"));
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.body, "{element}").expect("text takes all text");
    }

    /// The whole picture.
    pub fn finish(self) -> String {
        let Self { body, width, height } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"Inter, Helvetica, Arial, sans-serif\">\n<style>{STYLE}</style>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        )
    }
}

const STYLE: &str = ".title{font-size:19px;font-weight:600;fill:#1d2733}.about{font-size:12.5px;fill:#5b6774}.tick{font-size:12px;fill:#5b6774}.note{font-size:12.5px;fill:#1d2733}.grid{stroke:#e4e8ec;stroke-width:1}.axis{stroke:#9aa5b1;stroke-width:1}.mark{stroke:#1d2733;stroke-width:1;stroke-dasharray:3 3}";
