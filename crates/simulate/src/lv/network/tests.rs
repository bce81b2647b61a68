use super::*;

/// A line of four poles with a load on each, W, all on one phase unless three are given.
fn line(watts: &[f64], phase: Option<usize>) -> (Network, Vec<Tap>) {
    let network = Network::new(&[4], Phasor::new(0.02, 0.05), Phasor::new(0.02, 0.004));
    let mut taps: Vec<Tap> = (0..watts.len()).map(|at| Tap::new(at % 4, phase, 0.07)).collect();
    for (tap, watts) in taps.iter_mut().zip(watts) {
        for phase in tap.phases() {
            tap.wants[phase] = Phasor::new(*watts, 0.3 * watts);
        }
    }
    (network, taps)
}

fn source() -> [Phasor; 3] {
    PHASES.map(|direction| direction * 235.0)
}

/// What the source gives, and what taps and wires take.
fn balance(network: &mut Network, taps: &mut [Tap]) -> (f64, f64) {
    let supply = network.solve(source(), taps);
    let gives: f64 = (0..3).map(|phase| source()[phase].power(supply.i[phase]).re).sum();
    let takes: f64 = taps.iter().map(|tap| sum(&tap.takes()).re).sum();
    let copper: f64 = supply.i.iter().map(|i| i.squared()).sum::<f64>() * network.transformer.re;
    (gives, takes + supply.lost + copper)
}

#[track_caller]
fn check_balance(network: &mut Network, taps: &mut [Tap]) {
    let (gives, takes) = balance(network, taps);
    assert!((gives - takes).abs() < 1e-6, "{gives} W given, {takes} W taken");
    assert!(gives.is_finite() && gives.abs() > 1.0);
}

#[test]
fn energy_is_conserved_whatever_is_wrong_with_the_wires() {
    let (mut network, mut taps) = line(&[1000.0, 2000.0, 500.0, 3000.0], Some(1));
    check_balance(&mut network, &mut taps);
    taps[1].by_neutral = 0.4;
    check_balance(&mut network, &mut taps);
    (taps[2].by_neutral, taps[2].earth_ohms) = (0.0, 4.0);
    check_balance(&mut network, &mut taps);
    network.broken = Some(2);
    check_balance(&mut network, &mut taps);
    let (mut network, mut taps) = line(&[1000.0, -2000.0, 500.0, 3000.0], None);
    check_balance(&mut network, &mut taps);
}

#[test]
fn three_sweeps_find_what_taps_want() {
    let (mut network, mut taps) = line(&[3000.0; 8], Some(0));
    network.solve(source(), &mut taps);
    network.solve(source(), &mut taps);
    for tap in &taps {
        let wanted = 3000.0 * (0.6 + 0.4 * tap.u[0].squared() / (NOMINAL * NOMINAL));
        assert!((tap.takes()[0].re - wanted).abs() < 1.0, "{} W of {wanted} W", tap.takes()[0].re);
    }
}

#[test]
fn voltage_falls_along_the_line_and_rises_where_power_comes_back() {
    let volts = |watts: f64| {
        let (mut network, mut taps) = line(&[watts; 4], Some(0));
        network.solve(source(), &mut taps);
        taps.iter().map(|tap| tap.u[0].length()).collect::<Vec<_>>()
    };
    assert!(volts(1500.0).is_sorted_by(|near, far| near > far));
    assert!(volts(-1500.0).is_sorted_by(|near, far| near < far));
    assert!(volts(-1500.0)[3] > 235.0);
}

#[test]
fn a_neighbours_current_lowers_the_voltage_of_its_phase_most() {
    let volts = |watts: f64, phase: usize| {
        let (mut network, mut taps) = line(&[500.0, 500.0, 500.0, 500.0], Some(0));
        let mut other = Tap::new(3, Some(phase), 0.07);
        other.wants[phase] = Phasor::new(watts, 0.0);
        taps.push(other);
        network.solve(source(), &mut taps);
        taps[2].u[0].length()
    };
    let falls = |phase| volts(0.0, phase) - volts(4000.0, phase);
    assert!(falls(0) > 1.0, "{}", falls(0));
    // Its current comes back through the shared neutral, which lifts or lowers the others a little.
    assert!(falls(1).abs() < 0.5 * falls(0) && falls(2).abs() < 0.5 * falls(0));
}

#[test]
fn a_floating_neutral_gives_the_light_phase_more_and_the_heavy_one_less() {
    let (mut network, mut taps) = line(&[200.0; 4], Some(0));
    taps[2] = Tap::new(2, Some(0), 0.07);
    taps[2].wants[0] = Phasor::new(3000.0, 0.0);
    taps[3] = Tap::new(3, Some(1), 0.07);
    taps[3].wants[1] = Phasor::new(200.0, 0.0);
    network.broken = Some(2);
    for _ in 0..4 {
        network.solve(source(), &mut taps);
    }
    let (heavy, light) = (taps[2].u[0].length(), taps[3].u[1].length());
    assert!(heavy < 225.0 && light > 240.0, "{heavy} V and {light} V");
    assert!(taps[0].u[0].length() > 230.0);
}

#[test]
fn a_lost_neutral_costs_the_house_voltage() {
    let (mut network, mut taps) = line(&[1000.0; 4], Some(0));
    network.solve(source(), &mut taps);
    let before = taps[1].u[0].length();
    (taps[1].by_neutral, taps[1].earth_ohms) = (0.0, 4.0);
    network.solve(source(), &mut taps);
    assert!(before - taps[1].u[0].length() > 10.0);
}
