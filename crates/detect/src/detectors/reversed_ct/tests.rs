use crate::Detector;
use crate::street::{Street, three, wire};
use reading::{Wire, Wires};

fn hours(count: usize, phases: [Wire; 3], change: impl Fn(&mut Wires)) -> usize {
    let mut street = Street::of(Detector::ReversedCt);
    let mut raised = 0;
    for _ in 0..count {
        raised += street
            .wires(|wires| {
                three(phases, 1.0)(wires);
                change(wires);
            })
            .len();
        street.restored(Detector::ReversedCt);
    }
    raised
}

const REVERSED: (f64, f64, f64, f64) = (230.0, 6.0, -1300.0, -300.0);

fn of((volts, amperes, watts, vars): (f64, f64, f64, f64)) -> Wire {
    wire(volts, amperes, watts, vars)
}

fn draws() -> Wire {
    wire(230.0, 5.0, 1100.0, 200.0)
}

#[test]
fn backward_power_on_one_phase_is_suspicious_from_the_fourth_hour_on() {
    assert_eq!(hours(5, [draws(), of(REVERSED), draws()], |_| ()), 2);
}

/// The innocent causes: an export register, an inverter beside a load that draws reactive power, all phases backward,
/// and backward power too small to count.
#[test]
fn what_may_return_power_is_innocent() {
    assert_eq!(hours(9, [draws(), of(REVERSED), draws()], |wires| wires.export_count = 1), 0);
    assert_eq!(hours(9, [draws(), wire(230.0, 6.0, -1300.0, 200.0), draws()], |_| ()), 0);
    assert_eq!(hours(9, [of(REVERSED); 3], |_| ()), 0);
    assert_eq!(hours(9, [draws(), wire(230.0, 0.6, -40.0, -10.0), draws()], |_| ()), 0);
}

#[test]
fn what_is_missing_is_twice_the_power_of_the_phase() {
    let mut street = Street::of(Detector::ReversedCt);
    let phases = [draws(), of(REVERSED), draws()];
    let found: Vec<_> = (0..4).flat_map(|_| street.wires(three(phases, 1.0))).collect();
    let evidence = &found[0].evidence[0];
    assert_eq!(evidence.in_words(), "1300 W backward (50 W allowed) on phase 2, others 2200 W");
    assert_eq!(evidence.excess.map(|energy| energy.0), Some(4 * 2 * 1300));
}
