use crate::street::Street;
use crate::{Detector, Suspicion};
use proptest::prelude::*;

/// Twelve days of an honest home: more in the evening.
fn usual(hour: usize) -> i64 {
    if hour % 24 >= 17 { 900 } else { 300 }
}

fn after_days(days: usize) -> Street {
    let mut street = Street::of(Detector::EventThenDrop);
    for hour in 0..days * 24 {
        assert_eq!(street.energy(usual(hour), &[]), []);
    }
    street
}

/// So many days, each hour with what is left of the usual energy, and the events of the hour.
fn days(
    street: &mut Street,
    days: usize,
    left: impl Fn(usize) -> f64,
    events: impl Fn(usize) -> Vec<u16>,
) -> Vec<Suspicion> {
    let mut found = Vec::new();
    for hour in 0..days * 24 {
        let wh = usual(hour) as f64 * left(hour);
        found.extend(street.energy(wh as i64, &events(hour)));
        if hour % 24 == 0 {
            street.restored(Detector::EventThenDrop);
        }
    }
    found
}

fn at_first(code: u16) -> impl Fn(usize) -> Vec<u16> {
    move |hour| if hour == 0 { vec![code] } else { vec![] }
}

#[test]
fn a_cover_that_opens_and_half_the_energy_for_a_week_is_suspicious() {
    let mut street = after_days(12);
    let found = days(&mut street, 9, |_| 0.5, at_first(251));
    let evidence = &found[0].evidence[0];
    assert_eq!(
        evidence.in_words(),
        "50 % less than usual (40 % allowed) in 168 hours with or after event 251"
    );
    assert_eq!(found.len(), 2 * 24);
}

#[test]
fn a_magnet_on_three_evenings_is_suspicious_without_waiting_for_a_week() {
    let mut street = after_days(12);
    let events = |hour: usize| match hour % 24 {
        18 => vec![201],
        23 => vec![202],
        _ => vec![],
    };
    let left = |hour: usize| if (18..23).contains(&(hour % 24)) { 0.2 } else { 1.0 };
    let found = days(&mut street, 3, left, events);
    assert!(!found.is_empty());
    assert!(found[0].evidence[0].in_words().contains("event 201"));
}

#[test]
fn an_event_without_effect_is_weak() {
    let mut street = after_days(12);
    assert_eq!(days(&mut street, 20, |_| 1.0, at_first(251)), []);
    let burst = |hour: usize| if hour.is_multiple_of(5) { vec![201, 202, 203, 204] } else { vec![] };
    assert_eq!(days(&mut street, 20, |_| 0.9, burst), []);
}

#[test]
fn a_drop_without_an_event_is_somebody_elses() {
    let mut street = after_days(12);
    assert_eq!(days(&mut street, 20, |_| 0.1, |_| vec![]), []);
}

#[test]
fn without_days_before_the_event_nothing_is_said() {
    let mut street = after_days(2);
    assert_eq!(days(&mut street, 20, |_| 0.1, at_first(251)), []);
}

proptest! {
    /// An event without effect on energy never raises anything, whenever and however often it comes.
    #[test]
    fn events_alone_raise_nothing(hours in prop::collection::vec(any::<prop::sample::Index>(), 1..9), code in prop::sample::select(&[201_u16, 203, 251, 404][..])) {
        let mut street = after_days(8);
        let hours: Vec<usize> = hours.iter().map(|hour| hour.index(15 * 24)).collect();
        let events = |hour: usize| if hours.contains(&hour) { vec![code] } else { vec![] };
        prop_assert_eq!(days(&mut street, 15, |_| 1.0, events), vec![]);
    }
}
