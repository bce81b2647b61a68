//! The highest demand of each day, and the highest of all.

use crate::Load;
use crate::chart::{BLUE, LEFT, ORANGE, RIGHT, begin, below, power_axis};
use crate::scale::{Scale, power};
use crate::svg::Anchor;
use crate::year::labels;
use jiff::civil::Date;
use reading::time::MINUTE;
use reading::{Calendar, EventTime};
use std::collections::BTreeMap;
use units::Watts;

pub(crate) fn draw(load: &Load, calendar: &Calendar, whose: &str) -> String {
    let mut days = BTreeMap::<Date, (Watts, EventTime)>::new();
    for (end, power) in load.powers() {
        let peak = days.entry(calendar.day_of_interval(end)).or_insert((power, end));
        if power > peak.0 {
            *peak = (power, end);
        }
    }
    let all = days.values().copied();
    let Some((high, at)) = all.reduce(|most, one| if one.0 > most.0 { one } else { most }) else {
        return String::new();
    };
    let (first, last) = match (days.keys().next(), days.keys().next_back()) {
        (Some(&first), Some(&last)) => (first, last),
        _ => return String::new(),
    };
    let number = |day: Date| f64::from((day - first).get_days());
    let about = format!("{}; the highest {} min of each day", load.span(calendar), load.length() / MINUTE);
    let mut svg = begin(&format!("Peak demand of {whose}"), &about);
    let y = power_axis(&mut svg, Watts(0.0), high);
    let x = Scale::new((0.0, number(last) + 1.0), (LEFT, RIGHT));
    for (day, label) in labels(first, last) {
        below(&mut svg, x.at(day + 0.5), &label);
    }
    let width = x.at(1.0) - x.at(0.0);
    let gap = if width > 4.0 { width * 0.2 } else { 0.0 };
    for (&day, &(peak, _)) in &days {
        let color = if peak == high { ORANGE } else { BLUE };
        let (left, top) = (x.at(number(day)) + gap / 2.0, y.at(peak.0.max(0.0)));
        svg.rect((left, top), ((width - gap).max(0.8), y.at(0.0) - top), color);
    }
    let place = x.at(number(calendar.day_of_interval(at)) + 0.5);
    let words = format!("{} until {}", power(high, high), calendar.day_and_time(at));
    let anchor = if place > f64::midpoint(LEFT, RIGHT) { Anchor::End } else { Anchor::Start };
    let aside = if matches!(anchor, Anchor::End) { -8.0 } else { 8.0 };
    svg.circle((place, y.at(high.0)), 4.0, ORANGE);
    svg.text((place + aside, y.at(high.0) - 8.0), anchor, "note", &words);
    svg.finish()
}
