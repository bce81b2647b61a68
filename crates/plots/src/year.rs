//! Every day from midnight to midnight, side by side.

use crate::Load;
use crate::chart::{BOTTOM, LEFT, RIGHT, TOP, begin, below};
use crate::scale::{Scale, power};
use crate::svg::{Anchor, Svg};
use jiff::civil::Date;
use reading::Calendar;
use reading::time::MINUTE;
use std::collections::BTreeMap;
use units::Watts;

/// Shorter slots would be thinner than a line.
const SLOT: i64 = 30;
/// From dark for little to light for much. Equal steps look equal (viridis, by S. van der Walt and N. Smith, CC0).
const COLORS: [&str; 16] = [
    "#440154", "#481a6c", "#472f7d", "#414487", "#39568c", "#31688e", "#2a788e", "#23888e", "#1f988b",
    "#22a884", "#35b779", "#54c568", "#7ad151", "#a5db36", "#d2e21b", "#fde725",
];

pub(crate) fn draw(load: &Load, calendar: &Calendar, whose: &str) -> String {
    let slot = SLOT.max(load.length() / MINUTE);
    let mut cells = BTreeMap::<(Date, i64), (f64, f64)>::new();
    for (end, power) in load.powers() {
        let start = end.minus(load.length());
        let place = (calendar.day(start), i64::from(calendar.minute_of_day(start)) / slot);
        let (sum, count) = cells.entry(place).or_default();
        (*sum, *count) = (*sum + power.0, *count + 1.0);
    }
    let means: BTreeMap<(Date, i64), f64> =
        cells.into_iter().map(|(place, (sum, count))| (place, sum / count)).collect();
    let low = means.values().copied().fold(f64::INFINITY, f64::min);
    let high = means.values().copied().fold(f64::NEG_INFINITY, f64::max);
    let (first, last) = match (means.keys().next(), means.keys().next_back()) {
        (Some((first, _)), Some((last, _))) => (*first, *last),
        _ => return String::new(),
    };
    let days = days_between(first, last) + 1.0;
    let about = format!("{}; each column a day, local time upwards", load.span(calendar));
    let mut svg = begin(&format!("Every day of {whose}"), &about);
    let right = RIGHT - 90.0;
    let x = Scale::new((0.0, days), (LEFT, right));
    let y = Scale::new((0.0, 1440.0), (BOTTOM, TOP));
    let color = Scale::new((low, high), (0.0, 15.999));
    let color = |power: f64| (color.at(power) as usize).min(COLORS.len() - 1);
    let mut column: Vec<((Date, i64), usize)> = Vec::new();
    for (&place, &power) in &means {
        let run = column
            .last()
            .is_some_and(|&((day, slot), of)| day == place.0 && slot + 1 == place.1 && of == color(power));
        if !run {
            flush(&mut svg, &mut column, first, slot, x, y);
        }
        column.push((place, color(power)));
    }
    flush(&mut svg, &mut column, first, slot, x, y);
    for hour in (0..=24).step_by(6) {
        let at = y.at(f64::from(hour) * 60.0);
        svg.text((LEFT - 8.0, at + 4.0), Anchor::End, "tick", &format!("{hour:02}:00"));
    }
    for (at, label) in labels(first, last) {
        below(&mut svg, x.at(at + 0.5), &label);
    }
    let height = (BOTTOM - TOP) / COLORS.len() as f64;
    for (step, color) in COLORS.iter().enumerate() {
        svg.rect((right + 22.0, BOTTOM - (step + 1) as f64 * height), (14.0, height + 0.3), color);
    }
    for (value, at) in [(low, BOTTOM), (f64::midpoint(low, high), f64::midpoint(BOTTOM, TOP)), (high, TOP)] {
        svg.text((right + 42.0, at + 4.0), Anchor::Start, "tick", &power(Watts(value), Watts(high)));
    }
    svg.finish()
}

/// Draws neighbouring slots of one day and one color as one rectangle.
fn flush(svg: &mut Svg, column: &mut Vec<((Date, i64), usize)>, first: Date, slot: i64, x: Scale, y: Scale) {
    if let (Some(&((day, from), color)), Some(&((_, to), _))) = (column.first(), column.last()) {
        let at = days_between(first, day);
        let (left, top) = (x.at(at), y.at(((to + 1) * slot) as f64));
        let (right, bottom) = (x.at(at + 1.0), y.at((from * slot) as f64));
        svg.rect((left, top), (right - left + 0.2, bottom - top + 0.2), COLORS[color]);
    }
    column.clear();
}

fn days_between(first: Date, day: Date) -> f64 {
    f64::from((day - first).get_days())
}

/// Labels of days: the first of each month, or some of the days if the load is short.
pub(crate) fn labels(first: Date, last: Date) -> Vec<(f64, String)> {
    let days = days_between(first, last) as i64 + 1;
    let step = (days / 8).max(1);
    let is_long = days > 90;
    let mut labels = Vec::new();
    let mut day = first;
    while day <= last {
        let at = days_between(first, day);
        if is_long && day.day() == 1 {
            labels.push((at, day.strftime("%b").to_string()));
        } else if !is_long && at as i64 % step == 0 {
            labels.push((at, day.strftime("%-d %b").to_string()));
        }
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    // A load of many years has too many months: at most thirteen labels fit.
    let every = labels.len().div_ceil(13).max(1);
    labels.into_iter().step_by(every).collect()
}
