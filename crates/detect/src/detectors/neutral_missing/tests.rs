use crate::street::Street;
use crate::{Detector, Suspicion};
use proptest::prelude::*;
use reading::Phases;
use units::{Milliamperes, Millivolts, Milliwatts};

/// An hour: volts, amperes, watts.
fn hour(street: &mut Street, volts: f64, amperes: f64, watts: f64) -> Vec<Suspicion> {
    let found = street.measured(watts.round() as i64, |raw| {
        raw.v = Some(Phases::One(Millivolts((volts * 1000.0) as i32)));
        raw.i = Some(Phases::One(Milliamperes((amperes * 1000.0) as i32)));
        raw.p = Some(Phases::One(Milliwatts((watts * 1000.0) as i64)));
    });
    street.restored(Detector::NeutralMissing);
    found
}

/// After an hour with voltage.
fn street() -> Street {
    let mut street = Street::of(Detector::NeutralMissing);
    assert_eq!(hour(&mut street, 230.0, 4.0, 900.0), []);
    street
}

#[test]
fn current_without_voltage_is_suspicious_in_the_third_hour() {
    let mut street = street();
    let found: Vec<Suspicion> = (0..3).flat_map(|_| hour(&mut street, 8.0, 4.0, 0.0)).collect();
    let [found] = &found[..] else { panic!("{found:?}") };
    let evidence = &found.evidence[0];
    assert_eq!(evidence.in_words(), "4.00 A (0.50 A allowed) at a meter that shows 8 V");
    assert_eq!(evidence.excess.unwrap().0, 3 * 4 * 230);
    assert_eq!(evidence.looked_at.len(), 2);
}

#[test]
fn hours_of_different_evenings_count_together_and_returns_are_counted() {
    let mut street = street();
    let mut found = Vec::new();
    for _ in 0..3 {
        found.extend(hour(&mut street, 8.0, 4.0, 0.0));
        (0..23).for_each(|_| assert_eq!(hour(&mut street, 230.0, 4.0, 900.0), []));
    }
    assert_eq!(found[0].evidence[0].fact("returns").unwrap().value, 2.0);
}

#[test]
fn sightings_that_are_days_apart_are_not_one_run() {
    let mut street = street();
    for _ in 0..4 {
        assert_eq!(hour(&mut street, 8.0, 4.0, 0.0), []);
        (0..80).for_each(|_| assert_eq!(hour(&mut street, 230.0, 4.0, 900.0), []));
    }
}

#[test]
fn an_outage_has_no_current_and_a_short_one_has_power() {
    let mut street = street();
    (0..40).for_each(|_| assert_eq!(hour(&mut street, 0.0, 0.0, 0.0), []));
    // Supply for six minutes of an hour: the means are a tenth of each.
    (0..40).for_each(|_| assert_eq!(hour(&mut street, 23.0, 1.0, 230.0), []));
}

#[test]
fn a_meter_that_never_showed_a_voltage_is_left_alone() {
    let mut street = Street::of(Detector::NeutralMissing);
    (0..40).for_each(|_| assert_eq!(hour(&mut street, 8.0, 4.0, 0.0), []));
}

proptest! {
    /// Supply that comes and goes, for any part of each hour, never raises anything.
    #[test]
    fn any_outages_of_an_honest_home_raise_nothing(
        hours in prop::collection::vec((0.0..1.0_f64, 0.1..30.0_f64, 0.5..1.0_f64), 10..60),
    ) {
        let mut street = street();
        for (part, amperes, factor) in hours {
            let watts = part * 230.0 * amperes * factor;
            prop_assert_eq!(hour(&mut street, part * 230.0, part * amperes, watts), []);
        }
    }
}
