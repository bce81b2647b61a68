use crate::street::Street;
use crate::{Detector, Suspicion};
use proptest::prelude::*;
use reading::Phases;
use units::{Milliamperes, Millivolts, Milliwatts};

/// A home with a standby of 80 W, more in the evening.
fn usual(hour: usize) -> f64 {
    match hour % 24 {
        17..23 => 900.0,
        6..9 => 400.0,
        _ => 80.0,
    }
}

fn hour(street: &mut Street, watts: f64, volts: f64) -> Vec<Suspicion> {
    street.measured(watts.max(0.0).round() as i64, |raw| {
        raw.v = Some(Phases::One(Millivolts((volts * 1000.0) as i32)));
        raw.i = Some(Phases::One(Milliamperes((watts.abs() / 230.0 * 1000.0) as i32)));
        raw.p = Some(Phases::One(Milliwatts((watts * 1000.0) as i64)));
    })
}

fn days(street: &mut Street, days: usize, watts: impl Fn(usize) -> f64) -> Vec<Suspicion> {
    let mut found = Vec::new();
    for at in 0..days * 24 {
        found.extend(hour(street, watts(at), 230.0));
        if at % 24 == 5 {
            street.restored(Detector::HoursMissing);
        }
    }
    found
}

/// After ten honest days.
fn street() -> Street {
    let mut street = Street::of(Detector::HoursMissing);
    assert_eq!(days(&mut street, 10, usual), []);
    street
}

/// The same, with what is left of it from 22 to 4 o'clock.
fn by_night(left: f64) -> impl Fn(usize) -> f64 {
    move |hour| if matches!(hour % 24, 22..24 | 0..4) { usual(hour) * left } else { usual(hour) }
}

#[test]
fn a_wire_past_the_meter_every_night_is_found_on_the_fourth() {
    let mut street = street();
    assert_eq!(days(&mut street, 3, by_night(0.1)), []);
    let found = days(&mut street, 3, by_night(0.1));
    let evidence = &found[0].evidence[0];
    assert_eq!(evidence.in_words(), "90 % less than standby (50 % allowed) in 3 hours of 4 days");
    let last = &found.last().unwrap().evidence[0];
    assert_eq!(last.fact("hours").unwrap().value, 5.0);
    assert!(last.excess.unwrap().0 > 0 && last.looked_at.len() == 3);
}

#[test]
fn an_empty_home_uses_its_standby() {
    let mut street = street();
    assert_eq!(days(&mut street, 20, |_| 80.0), []);
    assert_eq!(days(&mut street, 9, usual), []);
}

#[test]
fn a_home_that_is_switched_off_and_on_again_is_left_alone() {
    let mut street = street();
    assert_eq!(days(&mut street, 12, |_| 0.0), []);
    assert_eq!(days(&mut street, 12, usual), []);
}

#[test]
fn a_heater_that_rests_by_night_leaves_the_standby() {
    let mut street = Street::of(Detector::HoursMissing);
    let heated = |hour: usize| if hour % 24 < 6 { 1500.0 } else { usual(hour) };
    assert_eq!(days(&mut street, 12, heated), []);
    assert_eq!(days(&mut street, 12, usual), []);
}

#[test]
fn supply_that_is_cut_every_day_is_left_alone() {
    let mut street = street();
    for at in 0..20 * 24 {
        let is_cut = (10..14).contains(&(at % 24));
        let (watts, volts) = if is_cut { (0.0, 0.0) } else { (usual(at), 230.0) };
        assert_eq!(hour(&mut street, watts, volts), []);
    }
}

#[test]
fn a_roof_that_nobody_registered_is_left_alone() {
    let mut street = street();
    // It feeds back at noon; a battery carries the home for hours after that.
    let roof = |hour: usize| match hour % 24 {
        10..14 => -900.0,
        14..20 => 0.0,
        _ => usual(hour),
    };
    assert_eq!(days(&mut street, 20, roof), []);
    // A current flows, though nothing is counted.
    let cuts = |hour: usize| if (10..14).contains(&(hour % 24)) { -0.1 } else { usual(hour) };
    assert_eq!(days(&mut street, 20, cuts), []);
}

#[test]
fn hours_that_never_were_otherwise_are_not_missed() {
    let mut street = Street::of(Detector::HoursMissing);
    assert_eq!(days(&mut street, 30, by_night(0.0)), []);
}

proptest! {
    /// A home that uses at least its standby at every hour is never suspected, whatever else it does.
    #[test]
    fn any_use_above_standby_raises_nothing(more in prop::collection::vec(0.0..3000.0_f64, 24 * 20..24 * 25)) {
        let mut street = Street::of(Detector::HoursMissing);
        for more in more {
            // Now and then an hour is quiet, so that the standby is known.
            prop_assert_eq!(hour(&mut street, 80.0 + (more - 2000.0).max(0.0), 230.0), []);
        }
    }
}
