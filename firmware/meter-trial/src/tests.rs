//! The limits hold, in a short form of what `scripts/firmware-accuracy` prints.

mod power;
mod tampering;
mod wire;

use crate::points::{Class, Point, corners, influences, living, loads};
use crate::{Lab, RivalKind, Wave};
use meter_synth::{Disturbance, Kind, Mains};

fn frontend(seed: u64) -> Lab {
    Lab::new(Kind::Frontend24, seed, 5.0, 0.005)
}

fn sar(seed: u64) -> Lab {
    Lab::new(Kind::Sar12, seed, 10.0, 0.04)
}

fn check(lab: &Lab, points: &[Point], seconds: f64, share: f64) {
    assert!(!points.is_empty());
    for point in points {
        let error = lab.changes(point, seconds)[0];
        assert!(error.abs() <= share * point.limit, "{}: {error:.4} % of {} %", point.name, point.limit);
    }
}

#[test]
fn a_front_end_uses_a_fifth_of_class_half_s() {
    for seed in 1..=3 {
        check(&frontend(seed), &loads(Class::HalfS, 5.0), 12.0, 0.2);
    }
    check(&frontend(4), &corners(Class::HalfS, 5.0), 9.0, 0.2);
    check(&frontend(5), &influences(Class::HalfS, 5.0), 9.0, 0.2);
}

#[test]
fn twelve_bits_are_enough_for_class_1() {
    for seed in 1..=3 {
        check(&sar(seed), &loads(Class::One, 10.0), 12.0, 1.0);
    }
    check(&sar(4), &corners(Class::One, 10.0), 9.0, 1.0);
    check(&sar(5), &influences(Class::One, 10.0), 9.0, 1.0);
}

#[test]
fn loads_that_come_and_go_are_measured_while_they_run() {
    check(&frontend(6), &living(Class::HalfS, 5.0), 32.0, 0.2);
}

#[test]
fn a_meter_that_samples_in_gaps_is_further_off_than_its_class() {
    // The reason for continuous sampling: a burst-fired heater, seen for 0.2 s in every five.
    let burst = &living(Class::One, 10.0)[2];
    let lab = Lab::new(Kind::SigmaDelta16, 1, 10.0, 0.04).beside(&[RivalKind::CalcVi]);
    let errors = lab.try_wave(&burst.wave, 126.0);
    assert!(errors.ours.abs() < 0.01 && errors.rivals[0].abs() > 1.0, "{errors:?}");
}

#[test]
fn starting_current_counts_and_noise_does_not() {
    for (lab, starting) in [(frontend(7), 0.005), (sar(7), 0.04)] {
        let started = lab.run(&Wave::steady(230.0, 50.0, starting, 0.0), 31.0).registers().import.micro();
        let truth = 230.0 * starting * 30.0 / 3_600.0 * 1e6;
        assert!((started as f64 / truth - 1.0).abs() < 0.1, "{started} of {truth} uWh");
        let idle = Wave::steady(264.5, 50.0, 0.0, 0.0);
        assert_eq!(lab.run(&idle, 120.0).registers().import.micro(), 0);
        assert_eq!(lab.run(&idle, 120.0).registers().export.micro(), 0);
    }
}

#[test]
fn a_drifting_offset_adds_nothing() {
    let mut lab = frontend(8);
    lab.converter_mut().offset_drift_per_hour = 0.5;
    let error = lab.try_wave(&Wave::steady(230.0, 50.0, 0.5, 60.0), 30.0).ours;
    assert!(error.abs() < 0.12, "{error} %");
}

#[test]
fn an_outage_between_two_loads_counts_what_flowed() {
    let dark = Disturbance::Level { from: 8.0, to: 11.0, share: 0.0 };
    let mains = Mains { disturbances: vec![dark], ..Mains::clean(230.0, 50.0) };
    let wave = Wave { mains, ..Wave::steady(230.0, 50.0, 5.0, 30.0) };
    let error = frontend(9).try_wave(&wave, 20.0).ours;
    assert!(error.abs() < 0.1, "{error} %");
}
