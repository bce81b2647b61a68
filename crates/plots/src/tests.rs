use crate::scale::{label, power, ticks};
use crate::{BLUE, Lines, Load, NAMES, ORANGE, pictures};
use jiff::tz::TimeZone;
use reading::time::{DAY, HOUR};
use reading::{Calendar, EventTime, Grid};
use units::{WattHours, Watts};

fn calendar() -> Calendar {
    Calendar::new(TimeZone::UTC, [].into())
}

/// Hours of a load, from 1 January 2024 on.
fn load(days: i64, energy: impl Fn(i64) -> i64) -> Load {
    let mut load = Load::new(Grid::new(HOUR).unwrap());
    for hour in 0..days * 24 {
        load.add(EventTime(19_723 * DAY + (hour + 1) * HOUR), WattHours(energy(hour)));
    }
    load
}

#[test]
fn axes_have_round_numbers() {
    assert_eq!(ticks(0.0, 4321.0), [0.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0]);
    assert_eq!(ticks(-300.0, 900.0), [-500.0, -250.0, 0.0, 250.0, 500.0, 750.0, 1000.0]);
    assert_eq!(ticks(0.0, 0.7).len(), 5);
}

#[test]
fn powers_have_the_unit_of_the_largest() {
    assert_eq!(power(Watts(500.0), Watts(900.0)), "500 W");
    assert_eq!(power(Watts(500.0), Watts(12_000.0)), "0.5 kW");
    assert_eq!(power(Watts(2_345_678.0), Watts(2_345_678.0)), "2.35 MW");
}

#[test]
fn every_picture_is_drawn_of_a_day_of_a_year_and_of_a_load_that_never_changes() {
    for load in
        [load(1, |hour| hour * 10), load(400, |hour| hour % 24 * 100), load(30, |_| 500), load(3, |_| -20)]
    {
        let drawn = pictures(&load, &calendar(), "the town & <all>");
        assert_eq!(drawn.iter().map(|(name, _)| *name).collect::<Vec<_>>(), NAMES);
        for (name, svg) in drawn {
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{name}");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
            assert!(svg.contains("the town &amp; &lt;all>"), "{name}");
        }
    }
}

#[test]
fn an_unknown_load_has_no_picture() {
    assert!(pictures(&load(0, |_| 0), &calendar(), "no load").is_empty());
}

#[test]
fn the_highest_hour_is_marked_with_its_time() {
    let drawn = pictures(&load(5, |hour| if hour == 40 { 7500 } else { 100 }), &calendar(), "a house");
    assert!(drawn[3].1.contains(">7.5 kW until 2 Jan 17:00<"), "{}", drawn[3].1);
}

#[test]
fn ticks_have_the_decimals_that_tell_them_apart() {
    let labels = |low, high| -> Vec<String> {
        let ticks = ticks(low, high);
        ticks.iter().map(|tick| label(*tick, &ticks)).collect()
    };
    assert_eq!(labels(0.0, 1.0).join(" "), "0 0.2 0.4 0.6 0.8 1");
    assert_eq!(labels(-0.002, 0.01).join(" "), "-0.0025 0 0.0025 0.005 0.0075 0.01");
    assert_eq!(labels(3900.0, 9100.0).join(" "), "2000 4000 6000 8000 10000");
}

#[test]
fn lines_are_drawn_over_their_axes_with_their_names() {
    let mut lines = Lines::new("A day & <more>", "as it came", "hours");
    lines.band(vec![(0.0, 1.0), (23.0, 2.0)], vec![(0.0, 3.0), (23.0, 4.0)]);
    lines.line("forecast", BLUE, vec![(0.0, 2.0), (23.0, 3.0)]);
    lines.line("actual", ORANGE, vec![(0.0, 2.5), (23.0, 2.5)]);
    let svg = lines.draw();
    assert!(
        svg.contains("A day &amp; &lt;more>") && svg.contains(">forecast<") && svg.contains(">hours<"),
        "{svg}"
    );
    assert_eq!(svg.matches("<path").count(), 3, "{svg}");
    // Labels of the horizontal axis stay between the first and the last point.
    assert!(svg.contains(">20<") && !svg.contains(">25<"), "{svg}");
}

#[test]
fn lines_that_never_change_are_drawn_and_no_line_is_said() {
    let mut flat = Lines::new("flat", "", "hours");
    flat.line("load", BLUE, vec![(5.0, 0.0)]);
    let svg = flat.draw();
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    assert!(Lines::new("empty", "", "hours").draw().contains("Nothing was measured."));
}
