//! The waves are what they are said to be.

use crate::{Appliance, Bench, Converter, Disturbance, Harmonic, Kind, Load, Mains, Schedule, Wiring};

/// Watts, volts and amperes of ten seconds, in the phase conductor; then watts of the loads.
fn seen(mains: Mains, appliance: Appliance, wiring: Wiring) -> [i64; 4] {
    let mut bench = Bench::new(mains, vec![appliance], wiring, Converter::new(Kind::Frontend24, 1));
    (0..40_000).for_each(|_| {
        bench.sample();
    });
    let truth = bench.truth();
    let root = |square: f64| (square / truth.seconds).sqrt();
    [
        truth.metered / truth.seconds,
        root(truth.squares[0]),
        root(truth.squares[1]),
        truth.consumed / truth.seconds,
    ]
    .map(|value| value.round() as i64)
}

fn heater(amperes: f64) -> Appliance {
    Appliance::steady(amperes, 0.0)
}

#[test]
fn a_heater_and_a_motor() {
    assert_eq!(seen(Mains::clean(230.0, 50.0), heater(10.0), Wiring::Honest), [2_300, 230, 10, 2_300]);
    let motor = Appliance::steady(10.0, 60.0);
    assert_eq!(seen(Mains::clean(230.0, 50.0), motor, Wiring::Honest), [1_150, 230, 10, 1_150]);
}

#[test]
fn a_half_wave_takes_half_the_energy_of_its_heater() {
    // RMS 10 A of half-waves are a heater of 14.14 A for half of the time: 230 * 14.14 / 2 watts.
    let load = Load::HalfWave { amperes: 10.0 };
    let dryer = Appliance { load, schedule: Schedule::Always };
    assert_eq!(seen(Mains::clean(230.0, 50.0), dryer, Wiring::Honest), [1_626, 230, 10, 1_626]);
}

#[test]
fn harmonics_add_their_power() {
    let fifth = |share| vec![Harmonic { order: 5.0, share, degrees: 0.0 }];
    let load = Load::Linear { amperes: 10.0, lag_degrees: 0.0, harmonics: fifth(0.4) };
    let mains = Mains { harmonics: fifth(0.1), ..Mains::clean(230.0, 50.0) };
    let seen = seen(mains, Appliance { load, schedule: Schedule::Always }, Wiring::Honest);
    assert_eq!(seen, [2_392, 231, 11, 2_392]);
}

#[test]
fn a_sag_takes_the_square_of_its_share() {
    let sag = Disturbance::Level { from: 0.0, to: 5.0, share: 0.5 };
    let mains = Mains { disturbances: vec![sag], ..Mains::clean(230.0, 50.0) };
    // 575 W for half of the time, 2,300 W for the other.
    assert_eq!(seen(mains, heater(10.0), Wiring::Honest)[0], 1_438);
}

#[test]
fn thefts_hide_what_they_are_said_to_hide() {
    let metered = |wiring| seen(Mains::clean(230.0, 50.0), heater(10.0), wiring);
    assert_eq!(metered(Wiring::PhaseBypass(0.3)), [1_610, 230, 7, 2_300]);
    assert_eq!(metered(Wiring::EarthReturn(0.3)), [2_300, 230, 10, 2_300]);
    assert_eq!(metered(Wiring::NeutralMissing), [0, 0, 10, 2_300]);
    assert_eq!(metered(Wiring::PhaseReversed), [-2_300, 230, 10, 2_300]);
    // Half-waves up to 5 A instead of 14.1 A.
    assert!((1_600..1_800).contains(&metered(Wiring::Magnet(5.0))[0]));
}

#[test]
fn the_same_seed_gives_the_same_samples() {
    let samples = |seed| {
        let converter = Converter::new(Kind::Sar12, seed);
        let mut bench = Bench::new(Mains::clean(230.0, 50.0), vec![heater(1.0)], Wiring::Honest, converter);
        (0..100).map(|_| bench.sample()).collect::<Vec<_>>()
    };
    assert_eq!(samples(7), samples(7));
    assert_ne!(samples(7), samples(8));
}

#[test]
fn a_cycling_load_runs_its_share_of_the_time() {
    let schedule = Schedule::Cycling { on: 3.0, off: 6.0, jitter: 1.0, seed: 5 };
    let runs = (0..100_000).filter(|tenth| schedule.runs(f64::from(*tenth) / 10.0)).count();
    assert!((29_900..30_100).contains(&runs), "{runs}");
}
