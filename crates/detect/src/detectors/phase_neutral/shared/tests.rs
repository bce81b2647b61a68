use crate::detectors::phase_neutral::tests::{Town, end_of, interval, row};
use grid::{Role, Topology};
use proptest::prelude::*;
use reading::Interval;

/// What one house draws: amperes, and its angle against its own voltage in radians.
type Load = (f64, f64);

/// The block of a meter with these currents, whose registers count `counted` of the phase current.
fn block(meter: &str, at: i64, (amperes, angle): Load, neutral: f64, counted: f64) -> Interval {
    let mut interval = interval(meter, at, &format!("{amperes}/{neutral}")).unwrap();
    let milliwatts = 230_000.0 * amperes * counted;
    (interval.sums.p, interval.sums.p_count) = ((2.0 * milliwatts * angle.cos()) as i64, 2);
    (interval.sums.q, interval.sums.q_count) = ((2.0 * milliwatts * angle.sin()) as i64, 2);
    interval
}

/// What two loads return together, if the phase of the second is `turn` thirds of a turn away.
fn returned((one, angle): Load, (two, other): Load, turn: f64) -> f64 {
    let turned = turn * core::f64::consts::TAU / 3.0 - other;
    let re = one * angle.cos() + two * turned.cos();
    let im = -one * angle.sin() + two * turned.sin();
    re.hypot(im)
}

fn street(meters: usize) -> Town {
    let rows = (1..=meters).map(|meter| row(&format!("M{meter}"), Role::Consumer, "T1"));
    Town::new(Topology::new(rows.collect()).unwrap())
}

fn load() -> impl Strategy<Value = Load> {
    (0.3..25.0, -0.3..0.8)
}

proptest! {
    /// Two houses that joined their neutrals raise nothing, on whichever phases, however the currents divide.
    #[test]
    fn a_shared_neutral_is_explained_at_any_angle(
        loads in prop::collection::vec((load(), load()), 12),
        turn in prop::sample::select(&[0.0, 1.0, -1.0][..]),
        share in 0.2..0.8,
    ) {
        let mut town = street(3);
        for (at, &(one, two)) in (1..).zip(&loads) {
            let back = returned(one, two, turn);
            let rows = [
                block("M1", at, one, back * share, 1.0),
                block("M2", at, two, back * (1.0 - share), 1.0),
                block("M3", at, (4.0, 0.1), 4.0, 1.0),
            ];
            let found = town.tick(at, &rows);
            prop_assert!(found.is_empty(), "block {}: {:?}", at, found);
        }
    }

    /// A current that passes one element is no shared neutral, whatever honest neighbours use.
    #[test]
    fn honest_neighbours_explain_no_bypass(
        loads in prop::collection::vec(load(), 5),
        own in 4.0..25.0,
        beside in 0.3..0.8,
    ) {
        let mut town = street(6);
        let mut found = Vec::new();
        for at in 1..=5 {
            let mut rows = vec![block("M1", at, (own * (1.0 - beside), 0.2), own, 1.0)];
            for (meter, &load) in (2..).zip(&loads) {
                rows.push(block(&format!("M{meter}"), at, load, load.0, 1.0));
            }
            found = town.tick(at, &rows);
        }
        prop_assert_eq!(found.len(), 1);
    }

    /// A broken neutral loses nothing: the registers count what goes out. A meter that counts in the neutral, and
    /// whose current returns through the earth, counts what comes back.
    #[test]
    fn a_return_through_the_earth_matters_where_less_is_broken_neutral(
        own in load().prop_filter("above the floor", |load| load.0 > 4.0),
        back in 0.0..0.6,
    ) {
        // A fault to earth is counted in full, too, and dangerous to touch: somebody should look.
        for (counted, expected) in [(1.0, usize::from(back > 0.1)), (back, 1)] {
            let mut town = street(1);
            let at = |at| block("M1", at, own, own.0 * back, counted);
            let found = (1..=5).map(|number| town.tick(number, &[at(number)]).len()).sum::<usize>();
            prop_assert_eq!(found, expected, "counted {}", counted);
        }
    }
}

/// Twelve blocks in which the neutrals of two houses fit, and then one house alone is odd.
#[test]
fn a_pair_explains_only_what_its_phases_can_return() {
    let mut town = street(2);
    let (one, two) = ((10.0, 0.1), (6.0, 0.3));
    let back = returned(one, two, 1.0);
    for at in 1..=12 {
        let rows = [block("M1", at, one, back * 0.3, 1.0), block("M2", at, two, back * 0.7, 1.0)];
        assert_eq!(town.tick(at, &rows), []);
    }
    // More returns than both phases carry.
    let found: Vec<_> = (13..=17)
        .flat_map(|at| town.tick(at, &[block("M1", at, one, 16.0, 1.0), block("M2", at, two, 6.0, 1.0)]))
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].meter.as_bytes(), found[0].time), (&b"M1"[..], end_of(17)));
}
