//! Tampering on waves and in honest households, in a short form of what `scripts/firmware-tamper` prints.

use super::sar;
use crate::tampering::{MONTH, Spread, false_events, honest_hours, on_waves, staged, stated_seconds};
use crate::{Ours, Wave};
use meter_synth::{Kind as Converter, Wiring};
use meter_tamper::{Kind, Observation, Watch};

#[test]
fn each_theft_is_noticed_in_its_time_and_no_lookalike_is() {
    let lab = sar(2);
    for one in staged() {
        // What takes half an hour is left to the long form.
        let seconds = one.expected.map_or(60.0, stated_seconds);
        if seconds > 400.0 {
            continue;
        }
        let occurred = on_waves(&lab, &one, seconds);
        let noticed = occurred.iter().any(|(kind, _)| Some(*kind) == one.expected);
        assert_eq!(noticed, one.expected.is_some(), "{}: {occurred:?}", one.name);
        assert!(one.expected.is_some() || occurred.is_empty(), "{}: {occurred:?}", one.name);
    }
}

#[test]
fn honest_months_are_quiet() {
    let found = Spread::found(Converter::Sar12, 3);
    assert!(found.apart < 0.005 && found.low < 0.005, "{found:?}");
    let aged = Spread { apart: found.apart * 10.0, low: found.low * 10.0 };
    for seed in 0..2 {
        assert_eq!(false_events(aged, seed, MONTH), [0; Kind::ALL.len()], "SEED={seed}");
    }
}

#[test]
fn minutes_of_an_honest_household_are_quiet_on_waves() {
    assert_eq!(honest_hours(&sar(4), 7, 0.05), []);
}

/// Watt-hours of the last minute of two, by the current that the rules bill by; and what the loads took.
fn billed(wiring: Wiring) -> (f64, f64) {
    let lab = sar(3);
    let mut bench = lab.bench(&Wave::steady(230.0, 50.0, 10.0, 0.0), wiring);
    let (mut meter, mut watch) = (Ours::new(lab.calibration), Watch::new(crate::tampering::LIMITS));
    let (mut counted, mut first) = (0.0, None);
    while bench.truth().seconds < 120.0 {
        counted = meter.push(bench.sample()).unwrap_or(counted);
        if let Some((measured, _)) = meter.live() {
            watch.look(&Observation { measured, relay_closed: true, ..Observation::default() });
            meter.bill_by(watch.billed_by());
            if bench.truth().seconds > 60.0 {
                first.get_or_insert((counted, bench.truth().consumed));
            }
        }
    }
    let (before, taken) = first.expect("there are blocks after a minute");
    ((counted - before) / 3_600.0, (bench.truth().consumed - taken) / 3_600.0)
}

#[test]
fn what_is_hidden_is_billed_on_the_larger_current() {
    for wiring in [
        Wiring::EarthReturn(0.5),
        Wiring::PhaseBypass(0.5),
        Wiring::PhaseReversed,
        Wiring::NeutralMissing,
        Wiring::Honest,
    ] {
        let (counted, taken) = billed(wiring);
        // Within a block that has not ended yet.
        assert!((counted / taken - 1.0).abs() < 0.05, "{wiring:?}: {counted} of {taken} Wh");
    }
    let (counted, taken) = billed(Wiring::BothBypassed(0.5));
    assert!(counted < taken * 0.55, "no meter can see this one: {counted} of {taken} Wh");
}
