use crate::Detector;
use crate::street::{Street, three, wire};

/// Each letter is an hour of phase b: `x` 6 A without voltage, `.` no current without voltage, `a` 6 A with voltage,
/// `-` no voltage on any phase. The answer is how many hours raised a suspicion.
fn check(hours: &str, suspicions: usize) {
    let mut street = Street::of(Detector::PotentialLinkOpen);
    let mut raised = 0;
    for hour in hours.chars() {
        let alive = if hour == '-' { 0.0 } else { 230.0 };
        let own = match hour {
            'x' => wire(2.0, 6.0, 0.0, 0.0),
            'a' => wire(229.0, 6.0, 1370.0, 100.0),
            _ => wire(2.0, 0.0, 0.0, 0.0),
        };
        let rest = wire(alive, 5.0, 1100.0, 90.0);
        raised += street.wires(three([rest, own, rest], 1.0)).len();
        street.restored(Detector::PotentialLinkOpen);
    }
    assert_eq!(raised, suspicions, "{hours}");
}

#[test]
fn current_without_voltage_is_suspicious_from_the_third_hour_on() {
    check("xxxx", 2);
    check("x.x.x", 1);
}

#[test]
fn a_dead_phase_of_the_supply_carries_no_current() {
    check("........", 0);
}

#[test]
fn a_phase_with_voltage_ends_the_run_and_so_nothing_is_said_without_supply() {
    check("xxaxx", 0);
    check("------", 0);
}

#[test]
fn the_evidence_names_phase_current_and_energy() {
    let mut street = Street::of(Detector::PotentialLinkOpen);
    let (own, rest) = (wire(2.0, 6.0, 0.0, 0.0), wire(230.0, 5.0, 1100.0, 90.0));
    let found: Vec<_> = (0..3).flat_map(|_| street.wires(three([rest, own, rest], 1.0))).collect();
    let evidence = &found[0].evidence[0];
    assert_eq!(evidence.in_words(), "6.00 A (1.00 A allowed) on phase 2, which shows 2 V");
    assert_eq!(evidence.excess.map(|energy| energy.0), Some(3 * 6 * 230));
}
