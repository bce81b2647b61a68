//! The typical weekday, Saturday and Sunday.

use crate::Load;
use crate::chart::{BLUE, GREEN, LEFT, ORANGE, RIGHT, begin, below, legend, power_axis};
use crate::scale::Scale;
use features::profile::{Learned, learn};
use reading::time::MINUTE;
use reading::{Calendar, DayType};
use std::collections::BTreeMap;
use units::Watts;

const DAYS: [(DayType, &str, &str); 3] = [
    (DayType::Weekday, "weekday", BLUE),
    (DayType::Saturday, "Saturday", ORANGE),
    (DayType::Sunday, "Sunday, holiday", GREEN),
];

pub(crate) fn draw(load: &Load, calendar: &Calendar, whose: &str) -> String {
    let mut slots = BTreeMap::<(DayType, u16), (Learned, f64)>::new();
    for (end, power) in load.powers() {
        let start = end.minus(load.length());
        let slot = (calendar.day_type(calendar.day(start)), calendar.minute_of_day(start));
        let (learned, count) = slots.entry(slot).or_default();
        *count += 1.0;
        *learned = learn(*learned, power.0, *count);
    }
    let line = |day_type: DayType, off: f64| -> Vec<(u16, f64)> {
        let of_type = slots.iter().filter(|((found, _), _)| *found == day_type);
        of_type.map(|(&(_, minute), (seen, _))| (minute, seen.mean + off * seen.variance.sqrt())).collect()
    };
    let all = DAYS.iter().flat_map(|&(day_type, ..)| line(day_type, 0.0));
    let all: Vec<f64> = all.chain(line(DayType::Weekday, 1.0)).map(|(_, power)| power).collect();
    let low = all.iter().copied().fold(0.0, f64::min);
    let high = all.iter().copied().fold(0.0, f64::max);
    let about =
        format!("{}; mean of each day type, band: standard deviation of weekdays", load.span(calendar));
    let mut svg = begin(&format!("Typical day of {whose}"), &about);
    let y = power_axis(&mut svg, Watts(low), Watts(high));
    let x = Scale::new((0.0, 1440.0), (LEFT, RIGHT));
    for hour in (0..=24).step_by(3) {
        below(&mut svg, x.at(f64::from(hour) * 60.0), &format!("{hour:02}:00"));
    }
    let middle = load.length() as f64 / MINUTE as f64 / 2.0;
    let place = |(minute, power): (u16, f64)| (x.at(f64::from(minute) + middle), y.at(power));
    let above = line(DayType::Weekday, 1.0).into_iter().map(place);
    let band: Vec<(f64, f64)> =
        above.chain(line(DayType::Weekday, -1.0).into_iter().rev().map(place)).collect();
    svg.path(&band, true, &format!("fill=\"{BLUE}\" fill-opacity=\"0.13\""));
    let mut names = Vec::new();
    for (day_type, name, color) in DAYS {
        let points: Vec<(f64, f64)> = line(day_type, 0.0).into_iter().map(place).collect();
        if !points.is_empty() {
            svg.path(
                &points,
                false,
                &format!("fill=\"none\" stroke=\"{color}\" stroke-width=\"2.2\" stroke-linejoin=\"round\""),
            );
            names.push((name, color));
        }
    }
    legend(&mut svg, &names);
    svg.finish()
}
