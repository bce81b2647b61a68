use super::*;
use expect_test::{Expect, expect};

const A_DAY: usize = 48;

/// Use that goes up and down by itself and in the evening, the same in each run.
fn use_of(consumer: usize, days: usize) -> Vec<f64> {
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64 ^ (consumer as u64 + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let step = |at: usize| {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        let evening = if (34..44).contains(&(at % A_DAY)) { 250 } else { 0 };
        // Now and then something large.
        let large = if (bits >> 50).is_multiple_of(9) { 800 } else { 0 };
        ((bits >> 20) % 200 + evening + large) as f64
    };
    (0..days * A_DAY).map(step).collect()
}

/// Each consumer with the share that its meter counts from the middle of the window on; others have no meter.
fn check(counted: &[f64], unmetered: usize, expected: Expect) {
    let days = 40;
    let truth: Vec<Vec<f64>> =
        (0..counted.len() + unmetered).map(|consumer| use_of(consumer, days)).collect();
    let supplied: Vec<f64> = (0..days * A_DAY)
        .map(|at| {
            let all: f64 = truth.iter().map(|one| one[at]).sum();
            all + 20.0 + 8.0 * (all / KILO).powi(2)
        })
        .collect();
    let meter = |(consumer, share): (usize, &f64)| {
        let one = &truth[consumer];
        let from = one.len() / 2;
        (0..one.len()).map(|at| if at >= from { (one[at] * share).round() } else { one[at] }).collect()
    };
    let used: Vec<Vec<f64>> = counted.iter().enumerate().map(meter).collect();
    let half = supplied.len() / 2;
    let later: Vec<Vec<f64>> = used.iter().map(|one| one[half..].to_vec()).collect();
    let window = Window { supplied: &supplied[half..], used: &later, a_day: A_DAY };
    let Attribution { beyond, under_load, rest, spread } = Attribution::of(&window).unwrap();
    let beyond: Vec<String> = beyond.iter().map(|one| format!("{one:.2}")).collect();
    expected.assert_eq(&format!("{} | {under_load:.0} {rest:.0} {spread:.0}", beyond.join(" ")));
}

#[test]
fn honest_meters_leave_the_losses() {
    check(&[1.0; 8], 0, expect!["0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 | 7 19 0"]);
}

#[test]
fn who_uses_beyond_the_meter_is_found() {
    let mut counted = [1.0; 8];
    (counted[2], counted[5]) = (0.6, 0.9);
    check(&counted, 0, expect!["0.00 0.00 0.67 0.00 0.00 0.11 0.00 0.00 | 7 19 0"]);
}

#[test]
fn a_consumer_without_a_meter_accuses_nobody_by_much() {
    check(
        &[1.0, 1.0, 0.6, 1.0, 1.0, 1.0, 1.0, 1.0],
        1,
        expect!["0.00 0.00 0.62 0.00 0.00 0.01 0.00 0.00 | 14 142 75"],
    );
}

#[test]
fn too_little_is_nothing() {
    let short = [1.0; 95];
    for used in [vec![short.to_vec()], Vec::new()] {
        let window = Window { supplied: &short, used: &used, a_day: A_DAY };
        assert_eq!(Attribution::of(&window), None);
    }
}

#[test]
fn a_consumer_that_uses_nothing_has_no_part() {
    let supplied: Vec<f64> = use_of(1, 4);
    let window = Window { supplied: &supplied, used: &[vec![0.0; 4 * A_DAY]], a_day: A_DAY };
    assert_eq!(Attribution::of(&window).unwrap().beyond, [0.0]);
}
