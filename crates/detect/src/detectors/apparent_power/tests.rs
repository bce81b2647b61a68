use crate::street::Street;
use crate::{Detector, Suspicion};
use proptest::prelude::*;
use reading::Phases;
use units::{Milliamperes, Millivars, Millivolts, Milliwatts};

/// What a meter sees in an hour.
#[derive(Debug, Clone, Copy)]
struct Seen {
    volts: f64,
    amperes: f64,
    /// The share of apparent power that is active.
    factor: f64,
    /// The share of power that the meter keeps back.
    kept_back: f64,
}

const HOME: Seen = Seen { volts: 230.0, amperes: 5.0, factor: 0.9, kept_back: 0.0 };

fn hour(street: &mut Street, seen: Seen) -> Vec<Suspicion> {
    let apparent = seen.volts * seen.amperes * (1.0 - seen.kept_back);
    let (watts, vars) = (apparent * seen.factor, apparent * (1.0 - seen.factor.powi(2)).sqrt());
    let milli = |value: f64| (value * 1000.0).round();
    street.measured(watts.round() as i64, |raw| {
        raw.v = Some(Phases::One(Millivolts(milli(seen.volts) as i32)));
        raw.i = Some(Phases::One(Milliamperes(milli(seen.amperes) as i32)));
        raw.p = Some(Phases::One(Milliwatts(milli(watts) as i64)));
        raw.q = Some(Phases::One(Millivars(milli(vars) as i64)));
    })
}

fn hours(street: &mut Street, count: usize, seen: Seen) -> Vec<Suspicion> {
    let mut found = Vec::new();
    for _ in 0..count {
        found.extend(hour(street, seen));
        street.restored(Detector::ApparentPower);
    }
    found
}

/// After three honest days.
fn street() -> Street {
    let mut street = Street::of(Detector::ApparentPower);
    assert_eq!(hours(&mut street, 72, HOME), []);
    street
}

#[test]
fn a_meter_that_keeps_back_a_third_is_found_after_twelve_hours() {
    let mut street = street();
    let found = hours(&mut street, 13, Seen { kept_back: 0.33, ..HOME });
    assert_eq!(found.len(), 2);
    let evidence = &found[0].evidence[0];
    assert_eq!(evidence.in_words(), "33 % less power (15 % allowed) than voltage and current say");
    // 12 hours of 1,035 W, of which a third is not counted.
    assert!((4050..4150).contains(&evidence.excess.unwrap().0), "{:?}", evidence.excess);
    assert_eq!(evidence.looked_at.len(), 3);
}

#[test]
fn an_hour_in_order_ends_a_run() {
    let mut street = street();
    let short = Seen { kept_back: 0.33, ..HOME };
    assert_eq!(hours(&mut street, 11, short), []);
    assert_eq!(hours(&mut street, 1, HOME), []);
    assert_eq!(hours(&mut street, 11, short), []);
}

#[test]
fn a_home_of_distorted_currents_is_what_it_always_was() {
    let mut street = Street::of(Detector::ApparentPower);
    assert_eq!(hours(&mut street, 200, Seen { kept_back: 0.25, ..HOME }), []);
}

#[test]
fn a_home_without_a_past_is_found_if_much_is_missing() {
    let mut street = Street::of(Detector::ApparentPower);
    assert_ne!(hours(&mut street, 12, Seen { kept_back: 0.35, ..HOME }), []);
}

#[test]
fn what_cannot_be_looked_at_raises_nothing() {
    let short = Seen { kept_back: 0.5, ..HOME };
    for odd in [Seen { amperes: 0.8, ..short }, Seen { volts: 120.0, ..short }] {
        assert_eq!(hours(&mut street(), 40, odd), []);
    }
    // Power in another unit: the register is right.
    let mut street = street();
    for _ in 0..40 {
        let found = street.measured(1035, |raw| {
            raw.v = Some(Phases::One(Millivolts(230_000)));
            raw.i = Some(Phases::One(Milliamperes(5000)));
            (raw.p, raw.q) = (Some(Phases::One(Milliwatts(1035))), Some(Phases::One(Millivars(501))));
        });
        assert_eq!(found, []);
    }
}

#[test]
fn a_meter_that_feeds_back_is_left_alone_for_a_week() {
    let mut street = street();
    assert_eq!(hours(&mut street, 1, Seen { factor: -0.9, ..HOME }), []);
    let short = Seen { kept_back: 0.5, ..HOME };
    assert_eq!(hours(&mut street, 7 * 24, short), []);
    assert_ne!(hours(&mut street, 12, short), []);
}

proptest! {
    /// An honest meter of class 1 is never suspected, whatever is switched on.
    #[test]
    fn any_load_of_an_honest_home_raises_nothing(
        loads in prop::collection::vec((0.0..60.0_f64, 0.3..1.0_f64, 200.0..250.0_f64, -0.02..0.02_f64), 60..200),
    ) {
        let mut street = Street::of(Detector::ApparentPower);
        for (amperes, factor, volts, kept_back) in loads {
            prop_assert_eq!(hour(&mut street, Seen { volts, amperes, factor, kept_back }), []);
        }
    }
}
