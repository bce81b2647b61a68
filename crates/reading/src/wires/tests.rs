use super::*;
use crate::{Issue, Limits, Phases, RawReading, check};
use alloc::boxed::Box;
use alloc::vec;
use proptest::prelude::*;

const LIMITS: Limits =
    Limits { v_max: Millivolts(600_000), i_max: Milliamperes(2_000_000), p_max: Milliwatts(10_000_000_000) };

fn meter() -> MeterId {
    MeterId::new("M1").unwrap()
}

fn raw(amperes: [i32; 3]) -> RawReading {
    let mut raw = RawReading::new(meter(), EventTime(1_700_000_000_000));
    raw.v = Some(Phases::Three([Millivolts(230_000); 3]));
    raw.i = Some(Phases::Three(amperes.map(Milliamperes)));
    raw.p = Some(Phases::Three(amperes.map(|one| Milliwatts(i64::from(one) * 230))));
    raw.q = Some(Phases::Three([Millivars(1000); 3]));
    raw.neutral = Some(Milliamperes(500));
    raw
}

fn added(all: &[RawReading]) -> Wires {
    let mut wires = Wires::new(meter(), EventTime(0));
    for raw in all {
        let checked = check(raw, &LIMITS).unwrap();
        if let Some(extra) = checked.extra.filter(Wires::concern) {
            wires.add(&checked.reading, &extra);
        }
    }
    wires
}

#[test]
fn each_phase_has_its_own_mean() {
    let means = added(&[raw([1000, 2000, 0]), raw([3000, 2000, 0])]).means();
    assert_eq!(means.map(|phase| phase.amperes), [2.0, 2.0, 0.0]);
    assert_eq!(means.map(|phase| phase.watts), [460.0, 460.0, 0.0]);
}

#[test]
fn what_is_implausible_or_lacks_a_value_is_left_out() {
    let (mut high, mut lacks) = (raw([1000; 3]), raw([1000; 3]));
    high.v = Some(Phases::Three([Millivolts(230_000), Millivolts(700_000), Millivolts(230_000)]));
    lacks.p = None;
    assert_eq!(added(&[high, lacks]).count, 0);
    let mut without_neutral = raw([1000; 3]);
    without_neutral.neutral = None;
    assert_eq!(added(&[without_neutral]).mean_neutral(), None);
}

/// What is left of the phases, and the issues, where the check looks at a reading with something implausible.
fn left(raw: &RawReading) -> (EachPhase, vec::Vec<Issue>) {
    let checked = check(raw, &LIMITS).unwrap();
    (*checked.extra.unwrap().phases.unwrap(), checked.issues.iter().collect())
}

#[test]
fn an_implausible_phase_is_an_issue_and_goes_no_further() {
    let (whole, _) = left(&raw([1000; 3]));
    let mut odd = raw([1000; 3]);
    odd.v = Some(Phases::Three([230_000, 230_000, -1].map(Millivolts)));
    assert_eq!(left(&odd), (EachPhase { v: None, ..whole }, vec![Issue::VoltageImplausible]));
    odd = raw([1000, 1000, i32::MIN]);
    odd.p = raw([1000; 3]).p;
    assert_eq!(
        left(&odd),
        (EachPhase { i: None, ..whole }, vec![Issue::NegativeCurrent, Issue::CurrentImplausible])
    );
    odd = raw([1000; 3]);
    odd.p = Some(Phases::Three([i64::MAX, -i64::MAX, 0].map(Milliwatts)));
    assert_eq!(left(&odd), (EachPhase { p: None, ..whole }, vec![Issue::PowerImplausible]));
    assert_eq!(check(&odd, &LIMITS).unwrap().reading.p(), None);
    odd = raw([1000; 3]);
    odd.q = Some(Phases::Three([i64::MIN, 0, 0].map(Millivars)));
    odd.v_load = Some(Millivolts(600_001));
    let issues = vec![Issue::VoltageImplausible, Issue::PowerImplausible];
    assert_eq!(left(&odd), (EachPhase { q: None, ..whole }, issues));
    assert_eq!(check(&odd, &LIMITS).unwrap().extra.unwrap().v_load, None);
}

#[test]
fn a_phase_that_was_left_out_is_not_invented_when_it_is_written_back() {
    let mut before = raw([1000, 2000, 3000]);
    before.v = Some(Phases::Three([0, 999_000, 230_000].map(Millivolts)));
    let checked = check(&before, &LIMITS).unwrap();
    let mut after = RawReading::new(before.meter, before.time);
    checked.reading.write_back(checked.extra.as_ref(), &mut after);
    assert_eq!(check(&after, &LIMITS).unwrap(), checked);
}

#[test]
fn a_single_phase_counts_only_while_the_relay_is_off() {
    let mut one = RawReading::new(meter(), EventTime(1_700_000_000_000));
    one.v = Some(Phases::One(Millivolts(230_000)));
    one.i = Some(Phases::One(Milliamperes(4000)));
    one.p = Some(Phases::One(Milliwatts(900_000)));
    (one.v_load, one.relay) = (Some(Millivolts(229_000)), Some(true));
    assert_eq!(added(&[one.clone()]).count, 0);
    one.relay = Some(false);
    let wires = added(&[one]);
    assert_eq!((wires.count, wires.off_count, wires.mean_load_side()), (1, 1, Some((229.0, 1.0))));
}

#[test]
fn a_reading_that_is_written_back_has_its_phases() {
    let before = raw([1000, 2000, 3000]);
    let checked = check(&before, &LIMITS).unwrap();
    let mut after = RawReading::new(before.meter, before.time);
    checked.reading.write_back(checked.extra.as_ref(), &mut after);
    assert_eq!(after, before);
}

proptest! {
    #[test]
    fn any_order_gives_the_same_sums(loads in prop::collection::vec(prop::array::uniform3(0..40_000_i32), 1..9)) {
        let mut all: vec::Vec<RawReading> = loads.into_iter().map(raw).collect();
        let one = Box::new(added(&all));
        all.reverse();
        prop_assert_eq!(*one, added(&all));
    }
}
