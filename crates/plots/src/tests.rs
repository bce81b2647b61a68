use crate::scale::{power, ticks};
use crate::{Load, NAMES, pictures};
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
