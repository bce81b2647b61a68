//! Draws the picture on a terminal of any size.

use super::chart;
use super::theme::Theme;
use crate::local::{self, clock, fitting, flowed, wrapped};
use crate::picture::Picture;
use crate::shown_alert::{ShownAlert, Weight};
use grid::Balance;
use notify::Message;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use reading::Quality;
use shell::{count, grouped};

/// From this width on, chart and table are side by side.
const WIDE: u16 = 110;
/// On a smaller terminal only words are shown, without chart and table.
const SMALLEST: (u16, u16) = (60, 18);
/// The width of the table with all its columns.
const TABLE: u16 = 66;

/// Draws the whole screen.
pub fn draw(frame: &mut Frame<'_>, picture: &Picture, theme: Theme) {
    let area = frame.area();
    let width = usize::from(area.width);
    let numbers = flowed(numbers(picture), "  ", width.saturating_sub(1));
    let last = message(picture, width.saturating_sub(1));
    let [title, gauges, middle, alerts, message, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(numbers.len() as u16),
        Constraint::Fill(3),
        Constraint::Fill(1),
        Constraint::Length(last.len() as u16),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(title_line(picture, width)).style(theme.bar()), title);
    let indented = |lines: Vec<String>| lines.into_iter().map(|line| Line::from(format!(" {line}")));
    frame.render_widget(Paragraph::new(indented(numbers).collect::<Vec<_>>()), gauges);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let all = Rect { height: middle.height + alerts.height, ..middle };
        draw_alerts(frame, all, picture, theme);
    } else if area.width >= WIDE {
        let [left, _, right] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(2), Constraint::Length(TABLE)])
                .areas(middle);
        chart::draw(frame, left, picture, theme);
        draw_table(frame, right, picture, theme);
        draw_alerts(frame, alerts, picture, theme);
    } else {
        let [above, below] = Layout::vertical([Constraint::Fill(8), Constraint::Fill(5)]).areas(middle);
        chart::draw(frame, above, picture, theme);
        draw_table(frame, below, picture, theme);
        draw_alerts(frame, alerts, picture, theme);
    }
    let style = theme.fg(Color::Green);
    frame.render_widget(
        Paragraph::new(indented(last).map(|line| line.style(style)).collect::<Vec<_>>()),
        message,
    );
    frame.render_widget(Paragraph::new(foot_line(picture, width, theme)), foot);
}

fn title_line(picture: &Picture, width: usize) -> String {
    let now = local::moment(&picture.calendar, picture.now);
    let left = format!(" gridwarden demo   {now}");
    let right = match picture.history {
        Some(_) => "history ".to_owned(),
        None => format!("live, {} ", picture.calendar.zone_name()),
    };
    let room = width.saturating_sub(right.chars().count());
    if left.chars().count() + 2 > room { fitting(&left, width) } else { format!("{left:<room$}{right}") }
}

fn numbers(picture: &Picture) -> Vec<String> {
    let gauges = &picture.gauges;
    let watermark = match (gauges.watermark, picture.behind()) {
        (Some(at), Some(behind)) => {
            format!("watermark {}, {} behind", clock(&picture.calendar, at), local::span(behind))
        }
        _ => "no watermark yet".to_owned(),
    };
    vec![
        format!("{} readings/s", grouped(picture.rate.round() as u64)),
        count(gauges.readings, "reading"),
        count(gauges.meters, "meter"),
        format!("{} B/meter", grouped(gauges.bytes_a_meter)),
        watermark,
        format!("{} intervals open", grouped(gauges.open_intervals)),
        picture.dead_letters_in_words(),
        count(gauges.repeats, "repeat"),
    ]
}

fn draw_table(frame: &mut Frame<'_>, area: Rect, picture: &Picture, theme: Theme) {
    let Some(rows) = usize::from(area.height).checked_sub(2) else { return };
    let balances = picture.by_gap();
    let ends = || balances.iter().map(|balance| balance.end);
    let end = match ends().min().zip(ends().max()) {
        None => String::new(),
        Some((first, last)) if first == last => {
            format!(", quarter-hour to {} (~ estimated)", clock(&picture.calendar, last))
        }
        // Where a meter delivers once a day, the last balance with all consumers is hours old.
        Some(_) => ", last complete quarter-hours (~ estimated)".to_owned(),
    };
    let header = format!(
        " {:<8}{:>8}  {:>8} {:>8} {:>7}  {:>7}",
        "", "supplied", "consumed", "gap kWh", "gap", "heard"
    );
    let mut lines = vec![
        Line::styled(
            fitting(&format!(" Transformers by gap{end}"), area.width.into()),
            theme.bold(Color::Cyan),
        ),
        Line::styled(header, theme.dim()),
    ];
    let widest = balances.iter().filter_map(|balance| gap_of(balance)).max().map_or(1, |gap| gap.max(1));
    // The bar takes what the columns leave.
    let room = usize::from(area.width).saturating_sub(55).min(24);
    lines.extend(balances.iter().take(rows).map(|balance| table_row(balance, widest, room, theme)));
    frame.render_widget(Paragraph::new(lines), area);
}

/// What is not accounted for, Wh.
fn gap_of(balance: &Balance) -> Option<i64> {
    balance.gap.map(|gap| gap.probable.0)
}

/// The gap as a share of the supplied energy.
///
/// There is none where solar roofs generate about as much as the consumers use. The supply is then near zero, and the
/// share would be huge and mean nothing.
fn share(balance: &Balance) -> Option<f64> {
    let (supplied, gap) = (balance.supplied?.0, gap_of(balance)?);
    (supplied > 0 && gap.abs() < supplied).then(|| gap as f64 / supplied as f64)
}

fn table_row(balance: &Balance, widest: i64, room: usize, theme: Theme) -> Line<'static> {
    let kwh =
        |wh: Option<units::WattHours>| wh.map_or("-".to_owned(), |wh| format!("{:.2}", wh.0 as f64 / 1000.0));
    let share = share(balance);
    let estimated = if balance.quality.has(Quality::ESTIMATED) { "~" } else { "" };
    let percent = share.map_or("-".to_owned(), |share| format!("{estimated}{:.1} %", 100.0 * share));
    let gap = gap_of(balance).map_or(0, |gap| gap.max(0));
    let bar = (gap as f64 / widest as f64).min(1.0) * room as f64;
    // Technical losses are 1 to 3 %, so a gap above 8 % has another reason. Below 100 Wh the share is not trusted:
    // the rounding of 25 registers to whole Wh, and solar roofs, explain some tens of Wh.
    let color = match share {
        Some(share) if share > 0.08 && gap >= 100 => Color::Red,
        Some(share) if share > 0.04 && gap >= 100 => Color::Yellow,
        _ => Color::Green,
    };
    Line::from(vec![
        Span::raw(format!(
            " {:<8}{:>8}  {:>8} {:>8} {percent:>8}  {:>7}  ",
            balance.transformer.to_string(),
            kwh(balance.supplied),
            kwh(Some(balance.consumed)),
            kwh(balance.gap.map(|gap| gap.probable)),
            format!("{}/{}", balance.reporting, balance.meters),
        )),
        Span::styled("█".repeat(bar.round() as usize), theme.fg(color)),
    ])
}

fn draw_alerts(frame: &mut Frame<'_>, area: Rect, picture: &Picture, theme: Theme) {
    let Some(rows) = usize::from(area.height).checked_sub(1) else { return };
    let header = format!(
        " {} and {} opened, {} open now",
        count(picture.alert_count, "alert"),
        count(picture.opened, "case"),
        grouped(picture.gauges.open_cases)
    );
    let width = usize::from(area.width);
    let mut lines = vec![Line::styled(fitting(&header, width), theme.bold(Color::Cyan))];
    if picture.alerts.is_empty() {
        lines.push(Line::styled(" none yet", theme.dim()));
    }
    lines.extend(picture.alerts.iter().take(rows).map(|alert| alert_line(alert, picture, width, theme)));
    frame.render_widget(Paragraph::new(lines), area);
}

fn alert_line(alert: &ShownAlert, picture: &Picture, width: usize, theme: Theme) -> Line<'static> {
    let time = local::short(&picture.calendar, alert.time());
    let room = width.saturating_sub(time.chars().count() + 3);
    let text = flowed(alert.in_parts(&picture.calendar), "  ", room).swap_remove(0);
    let text = fitting(&text, room);
    let style = match alert.weight() {
        Weight::Quiet => theme.dim(),
        Weight::Hot => theme.bold(Color::Red),
        Weight::Warm => theme.fg(Color::Yellow),
        Weight::Plain => Style::new(),
    };
    Line::from(vec![Span::styled(format!(" {time}  "), theme.dim()), Span::styled(text, style)])
}

fn message(picture: &Picture, width: usize) -> Vec<String> {
    let Some(message) = &picture.message else { return vec!["no SMS yet".to_owned()] };
    let Message { channel, time, to, text, .. } = message;
    let (label, count) = (channel.about().label, grouped(picture.sent.of(*channel)));
    let time = local::short(&picture.calendar, *time);
    wrapped(&format!("{label} {count} at {time} to {to}: {text}"), width)
}

fn foot_line(picture: &Picture, width: usize, theme: Theme) -> Line<'static> {
    let Some(share) = picture.history else {
        let hint = " q ends the demo and prints a summary: what was found, and what to try next";
        return Line::styled(fitting(hint, width), theme.dim());
    };
    let words = format!(" history {:>3.0} % ", 100.0 * share);
    let room = width.saturating_sub(words.chars().count() + 10);
    let done = (share.clamp(0.0, 1.0) * room as f64).round() as usize;
    Line::from(vec![
        Span::raw(words),
        Span::styled("█".repeat(done), theme.fg(Color::Cyan)),
        Span::styled("░".repeat(room - done), theme.dim()),
        Span::styled("  q ends", theme.dim()),
    ])
}
