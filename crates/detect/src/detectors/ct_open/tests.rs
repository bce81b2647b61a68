use super::*;
use crate::Detector;
use crate::street::{Street, three, wire};
use proptest::prelude::*;
use reading::Wire;

fn load(amperes: f64) -> Wire {
    wire(230.0, amperes, 225.0 * amperes, 45.0 * amperes)
}

/// What the neutral carries while these currents really flow.
fn neutral(phases: [f64; 3]) -> f64 {
    let means = phases.map(|amperes| WireMeans {
        volts: 230.0,
        amperes,
        watts: 225.0 * amperes,
        vars: 45.0 * amperes,
    });
    phasor_sum(&means)
}

/// Hours with these currents, of which the meter sees those that `seen` leaves.
fn hours(street: &mut Street, count: usize, phases: [f64; 3], seen: [f64; 3]) -> usize {
    (0..count).map(|_| street.wires(three(seen.map(load), neutral(phases))).len()).sum()
}

#[test]
fn a_phase_that_vanishes_from_the_meter_and_not_from_the_neutral_is_suspicious() {
    let mut street = Street::of(Detector::CtOpen);
    assert_eq!(hours(&mut street, 50, [5.0, 4.0, 6.0], [5.0, 4.0, 6.0]), 0);
    street.restored(Detector::CtOpen);
    assert_eq!(hours(&mut street, 8, [5.0, 4.0, 6.0], [5.0, 0.0, 6.0]), 3);
}

#[test]
fn a_phase_without_load_fits_the_neutral() {
    let mut street = Street::of(Detector::CtOpen);
    hours(&mut street, 50, [5.0, 4.0, 6.0], [5.0, 4.0, 6.0]);
    assert_eq!(hours(&mut street, 40, [5.0, 0.0, 6.0], [5.0, 0.0, 6.0]), 0);
}

/// A house that never used a phase, or a meter that is new, shows nothing to compare with.
#[test]
fn without_a_past_nothing_is_said() {
    let mut street = Street::of(Detector::CtOpen);
    assert_eq!(hours(&mut street, 40, [5.0, 4.0, 6.0], [5.0, 0.0, 6.0]), 0);
}

proptest! {
    /// Loads that double together, whatever they are, raise nothing on an honest meter.
    #[test]
    fn honest_loads_raise_nothing(loads in prop::collection::vec(prop::array::uniform3(0.0_f64..30.0), 80), by in 1.0..4.0) {
        let mut street = Street::of(Detector::CtOpen);
        for phases in loads {
            // Sometimes a phase has no load at all.
            let phases = phases.map(|amperes| if amperes < 5.0 { 0.0 } else { amperes * by });
            prop_assert_eq!(hours(&mut street, 1, phases, phases), 0);
        }
    }
}
