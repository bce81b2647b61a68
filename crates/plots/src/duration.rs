//! The load duration curve: for which share of the time the load is at least so high.

use crate::Load;
use crate::chart::{BLUE, LEFT, ORANGE, RIGHT, begin, below, power_axis};
use crate::scale::{Scale, power};
use crate::svg::Anchor;
use features::{base_load, load_factor};
use reading::Calendar;
use units::Watts;

/// More points than pixels draw the same line.
const MOST_POINTS: usize = 1000;

pub(crate) fn draw(load: &Load, calendar: &Calendar, whose: &str) -> String {
    let known: Vec<Option<Watts>> = load.powers().map(|(_, power)| Some(power)).collect();
    let mut powers: Vec<f64> = known.iter().flatten().map(|power| power.0).collect();
    powers.sort_by(|a, b| b.total_cmp(a));
    let (high, low) = (Watts(powers[0]), Watts(powers[powers.len() - 1]));
    let base = base_load(&known).expect("a load that is drawn is known");
    let factor = load_factor(&known).map_or("-".to_owned(), |factor| format!("{:.0} %", factor.percent()));
    let total = load.total().0 as f64 / 1e6;
    let about = format!(
        "{}; how much of the time it is at least so high; {total:.1} MWh, load factor {factor}",
        load.span(calendar)
    );
    let mut svg = begin(&format!("Load duration of {whose}"), &about);
    let y = power_axis(&mut svg, low, high);
    let x = Scale::new((0.0, 1.0), (LEFT, RIGHT));
    for share in (0..=100).step_by(20) {
        below(&mut svg, x.at(f64::from(share) / 100.0), &format!("{share} %"));
    }
    let last = (powers.len() - 1).max(1) as f64;
    let step = powers.len().div_ceil(MOST_POINTS);
    let picked = powers.iter().enumerate().filter(|(at, _)| at % step == 0 || *at + 1 == powers.len());
    let line: Vec<(f64, f64)> = picked.map(|(at, &power)| (x.at(at as f64 / last), y.at(power))).collect();
    let mut area = line.clone();
    area.extend([(RIGHT, y.at(0.0)), (LEFT, y.at(0.0))]);
    svg.path(&area, true, &format!("fill=\"{BLUE}\" fill-opacity=\"0.13\""));
    svg.path(&line, false, &format!("fill=\"none\" stroke=\"{BLUE}\" stroke-width=\"2.2\""));
    svg.circle((LEFT, y.at(high.0)), 4.0, ORANGE);
    svg.text(
        (LEFT + 10.0, y.at(high.0) + 4.0),
        Anchor::Start,
        "note",
        &format!("peak {}", power(high, high)),
    );
    svg.line((LEFT, y.at(base.0)), (RIGHT, y.at(base.0)), "mark");
    let words = format!("base load {}: 95 % of the time it is more", power(base, high));
    svg.text((LEFT + 10.0, y.at(base.0) - 7.0), Anchor::Start, "note", &words);
    svg.finish()
}
