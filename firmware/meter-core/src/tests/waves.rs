//! What is measured of waves whose values are known.

use super::{HONEST, Load, METER};
use crate::{Acquisition, Calibration, Delay, Measured, Reference, Samples, Scale, fit_phase};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use units::{Millivars, Milliwatts};

fn shown(measured: &Measured, thd: (u32, u32)) -> String {
    let phase = &measured.phase;
    format!(
        "{} mV {} uA {} mW {} mvar pf {} {} mHz thd {} {}",
        measured.voltage.0,
        phase.current.0,
        phase.active.0,
        phase.reactive.0,
        phase.power_factor(measured.voltage).0,
        measured.frequency.0,
        thd.0,
        thd.1
    )
}

fn check(load: Load, expected: Expect) {
    let mut acquisition = Acquisition::new(&METER);
    let blocks = load.blocks(&mut acquisition, 13);
    let measured = blocks.last().unwrap().measure(&Scale::of(METER));
    expected.assert_eq(&shown(&measured, acquisition.spectrum().distortion()));
}

#[test]
fn a_resistor() {
    check(HONEST, expect!["230000 mV 5000000 uA 1150000 mW 0 mvar pf 10000 50000 mHz thd 0 0"]);
}

#[test]
fn a_motor() {
    check(
        Load { lag_degrees: 60.0, ..HONEST },
        expect!["230000 mV 5000000 uA 575000 mW 995931 mvar pf 5000 50000 mHz thd 0 0"],
    );
}

#[test]
fn a_capacitor_on_a_slow_grid() {
    check(
        Load { hertz: 45.3, lag_degrees: -36.87, ..HONEST },
        expect!["229996 mV 4999504 uA 919833 mW -690002 mvar pf 7999 45300 mHz thd 4 4"],
    );
}

#[test]
fn export() {
    check(
        Load { hertz: 54.7, lag_degrees: 180.0, ..HONEST },
        expect!["230001 mV 5000014 uA -1150006 mW 0 mvar pf -10000 54700 mHz thd 3 3"],
    );
}

#[test]
fn a_fifth_harmonic_of_forty_percent() {
    check(
        Load { harmonic: (5.0, 0.1, 0.4), ..HONEST },
        expect!["231147 mV 5385165 uA 1196000 mW 0 mvar pf 9608 50000 mHz thd 999 3999"],
    );
}

#[test]
fn an_offset_of_a_tenth_of_the_range() {
    check(
        Load { offset: 838_860.0, ..HONEST },
        expect!["230000 mV 5000000 uA 1150000 mW 0 mvar pf 10000 50000 mHz thd 0 0"],
    );
}

#[test]
fn no_voltage_no_frequency() {
    check(Load { volts: 0.5, ..HONEST }, expect!["500 mV 4999872 uA 2500 mW 0 mvar pf 10000 0 mHz thd 0 7"]);
}

#[test]
fn every_sample_is_in_one_block() {
    let mut acquisition = Acquisition::new(&METER);
    let load = Load { hertz: 47.3, ..HONEST };
    let mut ends = (0..60_000).filter_map(|number| Some((number, acquisition.push(load.sample(number))?)));
    let mut counted = 0;
    for (number, block) in ends.by_ref() {
        counted += block.samples as usize;
        assert_eq!(counted, number + 1);
    }
    assert!(counted > 55_000);
}

#[test]
fn noise_is_no_current() {
    // Two counts up and down: 23.8 uA that are in no conductor.
    let noise = |number: usize| if number.is_multiple_of(2) { 2 } else { -2 };
    let mut acquisition = Acquisition::new(&METER);
    let quiet = Load { amperes: 0.0, ..HONEST };
    let block = (0..20_000)
        .filter_map(|number| {
            acquisition.push(Samples { phase: noise(number), neutral: noise(number), ..quiet.sample(number) })
        })
        .last()
        .unwrap();
    let before = block.measure(&Scale::of(METER)).phase.current.0;
    let after = block.measure(&Scale::of(crate::fit_noise(METER, &block))).phase.current.0;
    assert_eq!((before, after), (24, 0));
}

#[test]
fn a_leading_transformer_is_set_right() {
    // The current is sampled 2 degrees early. Three rounds on the bench find the delay.
    let early = Load { lag_degrees: 58.0, ..HONEST };
    let truth = Reference {
        voltage_uv: 230_000_000,
        current_ua: 5_000_000,
        active: Milliwatts(575_000),
        reactive: Millivars(995_929),
    };
    let mut calibration = METER;
    let mut measured = Measured::default();
    for _ in 0..4 {
        let blocks = early.blocks(&mut Acquisition::new(&calibration), 4);
        measured = blocks[2].measure(&Scale::of(calibration));
        calibration = fit_phase(calibration, &blocks[2], &truth);
    }
    // 2 degrees at 50 Hz and 4,000 samples a second are 0.444 samples.
    let delay = f64::from(calibration.current_delay[0].samples_q16()) / 65_536.0 - 1.0;
    assert!((delay - 0.4444).abs() < 0.01, "{delay} samples");
    assert!((measured.phase.active.0 - 575_000).abs() < 60, "{measured:?}");
}

#[test]
fn a_delay_out_of_range_is_refused() {
    assert_eq!(Delay::new(32_767), None);
    assert_eq!(Delay::new(163_841), None);
    assert_eq!(Delay::new(65_536), Some(Delay::NONE));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any samples, also of a broken converter, at the ends of what a calibration may be.
    #[test]
    fn nothing_overflows(
        samples in proptest::collection::vec((any::<i32>(), any::<i32>(), any::<i32>()), 1..40),
        extreme in any::<bool>(),
        sample_rate in prop::sample::select(vec![2_000u32, 8_000]),
        delay in prop::sample::select(vec![32_768u32, 163_840]),
    ) {
        let calibration = Calibration {
            sample_rate,
            voltage_range_uv: u32::MAX,
            current_range_ua: [u32::MAX, 1_000],
            current_delay: [Delay::new(delay).unwrap(); 2],
            voltage_delay: 2,
            ..METER
        };
        let scale = Scale::of(calibration.check().unwrap());
        let mut acquisition = Acquisition::new(&calibration);
        let mut all = crate::Block::default();
        let mut registers = crate::Registers::default();
        let end = |value: i32| if !extreme { value } else if value < 0 { -8_388_608 } else { 8_388_607 };
        for number in 0..30_000 {
            let (voltage, phase, neutral) = samples[number / 7 % samples.len()];
            let set = Samples { voltage: end(voltage), phase: end(phase), neutral: end(neutral) };
            if let Some(block) = acquisition.push(set) {
                all += &block;
                let measured = block.measure(&scale);
                for billed in [crate::BilledBy::Phase, crate::BilledBy::Neutral, crate::BilledBy::Nominal] {
                    registers.count(&block, &measured, &scale, billed);
                }
            }
        }
        let measured = all.measure(&scale);
        prop_assert!(measured.voltage.0 >= 0);
        measured.phase.power_factor(measured.voltage);
    }
}
