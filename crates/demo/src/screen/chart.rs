//! The chart: the town's load, and the load that was expected.
//!
//! The band of `░` holds the load of four out of five days as expected, `╌` is the expected mean, dots are the real
//! load.

use super::theme::Theme;
use crate::local::{self, clock, flowed, kilowatts};
use crate::picture::{Expected, Picture};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use ratatui::text::Line;
use reading::EventTime;
use reading::time::{DAY, HOUR, MINUTE};

/// How far into the future the forecast is shown.
const AHEAD: i64 = 6 * HOUR;

/// Draws words, plot and axes.
pub fn draw(frame: &mut Frame<'_>, area: Rect, picture: &Picture, theme: Theme) {
    if area.height < 4 || area.width < 20 {
        return;
    }
    let buffer = frame.buffer_mut();
    let words = load_line(picture, area.width.into());
    let title = theme.fg(Color::Cyan).add_modifier(Modifier::BOLD);
    buffer.set_line(area.x, area.y, &Line::styled(words, title), area.width);
    if picture.loads.is_empty() {
        return;
    }
    let scale = Scale::of(picture);
    let labels = [scale.high, (scale.low + scale.high) / 2.0, scale.low].map(kilowatts);
    let gutter = labels.iter().map(|label| label.len() as u16).max().unwrap_or_default() + 4;
    let plot = Rect {
        x: area.x + gutter + 1,
        y: area.y + 1,
        width: area.width - gutter - 2,
        height: area.height - 2,
    };
    let rows = [plot.y, plot.y + (plot.height - 1) / 2, plot.y + plot.height - 1];
    for (index, (label, row)) in labels.iter().zip(rows).enumerate() {
        // A low chart has no row for the middle label.
        if index != 1 || plot.height >= 5 {
            let text = format!("{label:>width$} kW", width = usize::from(gutter) - 3);
            buffer.set_string(area.x, row, text, theme.dim());
        }
    }
    let span = Window { from: picture.now.minus(DAY), to: picture.now.plus(AHEAD) };
    draw_expected(buffer, plot, picture, span, scale, theme);
    draw_loads(buffer, plot, picture, span, scale, theme);
    draw_hours(buffer, plot, picture, span, theme);
}

/// The times that the plot shows.
#[derive(Clone, Copy)]
struct Window {
    from: EventTime,
    to: EventTime,
}

impl Window {
    /// The time in the middle of part `index`, if the window has so many parts.
    fn at(self, index: usize, parts: usize) -> EventTime {
        let share = (index as f64 + 0.5) / parts as f64;
        self.from.plus((share * self.to.since(self.from) as f64) as i64)
    }

    fn column(self, time: EventTime, width: u16) -> Option<u16> {
        let share = time.since(self.from) as f64 / self.to.since(self.from) as f64;
        (0.0..1.0).contains(&share).then(|| (share * f64::from(width)) as u16)
    }
}

/// The powers that the plot shows, in kW.
#[derive(Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(picture: &Picture) -> Self {
        let loads = picture.loads.iter().map(|load| load.kw);
        let expected = picture.expected.iter().flat_map(|expected| [expected.low, expected.high]);
        let (low, high) =
            loads.chain(expected).fold((0.0, 0.1), |(low, high): (f64, f64), kw| (low.min(kw), high.max(kw)));
        // A round scale: the labels are short, and do not change with every reading.
        let step = 10_f64.powf((high - low).log10().floor()) / 2.0;
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step }
    }

    /// The row of a power among so many rows, counted from above.
    fn row(self, kw: f64, rows: usize) -> usize {
        let share = ((self.high - kw) / (self.high - self.low)).clamp(0.0, 1.0);
        ((share * rows as f64) as usize).min(rows - 1)
    }
}

fn draw_expected(
    buffer: &mut Buffer,
    plot: Rect,
    picture: &Picture,
    window: Window,
    scale: Scale,
    theme: Theme,
) {
    let rows = usize::from(plot.height);
    for column in 0..plot.width {
        let time = window.at(column.into(), plot.width.into());
        let Some(expected) = expected_in(picture, time) else { continue };
        let (top, bottom) = (scale.row(expected.high, rows), scale.row(expected.low, rows));
        for row in top..=bottom {
            buffer.set_string(plot.x + column, plot.y + row as u16, "░", theme.fg(Color::DarkGray));
        }
        let mean = plot.y + scale.row(expected.kw, rows) as u16;
        buffer.set_string(plot.x + column, mean, "╌", theme.fg(Color::Yellow));
    }
}

fn expected_in(picture: &Picture, time: EventTime) -> Option<Expected> {
    picture.expected_at(picture.grid.end(picture.grid.index(time)))
}

/// Draws the load as braille dots: a cell has two columns and four rows of them.
fn draw_loads(
    buffer: &mut Buffer,
    plot: Rect,
    picture: &Picture,
    window: Window,
    scale: Scale,
    theme: Theme,
) {
    // The bits of a braille pattern, by row and column (Unicode, Braille Patterns).
    const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
    let (columns, rows) = (2 * usize::from(plot.width), 4 * usize::from(plot.height));
    let mut cells = vec![0_u32; usize::from(plot.width) * usize::from(plot.height)];
    let mut before = None;
    for column in 0..columns {
        let time = window.at(column, columns);
        let end = picture.grid.end(picture.grid.index(time));
        let found = picture.loads.binary_search_by_key(&end, |load| load.end);
        let row = found.ok().map(|at| scale.row(picture.loads[at].kw, rows));
        if let Some(row) = row {
            // Fill the rows between two points, so that a steep rise is a line.
            let other = before.unwrap_or(row);
            let (top, bottom) =
                if other < row { (other + 1, row) } else { (row, other.saturating_sub(1).max(row)) };
            for dot in top..=bottom {
                cells[dot / 4 * usize::from(plot.width) + column / 2] |= DOTS[dot % 4][column % 2];
            }
        }
        before = row;
    }
    for (index, bits) in cells.into_iter().enumerate().filter(|(_, bits)| *bits != 0) {
        let (x, y) = (index % usize::from(plot.width), index / usize::from(plot.width));
        let symbol = char::from_u32(0x2800 + bits).expect("256 patterns follow the empty one");
        let style = theme.fg(Color::Cyan).add_modifier(Modifier::BOLD);
        buffer.set_string(plot.x + x as u16, plot.y + y as u16, symbol.to_string(), style);
    }
}

fn draw_hours(buffer: &mut Buffer, plot: Rect, picture: &Picture, window: Window, theme: Theme) {
    let below = plot.y + plot.height;
    // One label for every six hours, or every three hours if there is room.
    let step = if plot.width >= 90 { 3 * HOUR } else { 6 * HOUR };
    let since_midnight = i64::from(picture.calendar.minute_of_day(window.from)) * MINUTE;
    let mut time = EventTime(window.from.0 - window.from.0.rem_euclid(MINUTE)).minus(since_midnight % step);
    while time < window.to {
        if let Some(column) = window.column(time, plot.width).filter(|column| column + 5 <= plot.width) {
            buffer.set_string(plot.x + column, below, local::clock(&picture.calendar, time), theme.dim());
        }
        time = time.plus(step);
    }
    if let Some(column) = window.column(picture.now, plot.width) {
        for row in 0..plot.height {
            let cell = &mut buffer[(plot.x + column, plot.y + row)];
            if cell.symbol() == " " || cell.symbol() == "░" {
                cell.set_symbol("│").set_style(theme.dim());
            }
        }
    }
}

/// The line of text above the chart.
fn load_line(picture: &Picture, width: usize) -> String {
    let Some(load) = picture.load() else {
        return " Load of the town: no interval has closed yet".to_owned();
    };
    let mut parts = vec![format!(" Load {} kW", kilowatts(load.kw))];
    match picture.expected_at(load.end) {
        Some(expected) => {
            parts.push(format!("expected {} kW", kilowatts(expected.kw)));
            parts.push(format!("({} to {})", kilowatts(expected.low), kilowatts(expected.high)));
        }
        None => parts.push("no forecast yet".to_owned()),
    }
    parts.push(format!("at {}", clock(&picture.calendar, load.end)));
    flowed(parts, "  ", width).swap_remove(0)
}
