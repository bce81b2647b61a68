//! Energy is conserved to the last unit, and pulses and demand follow it.

use super::{HONEST, Load, METER};
use crate::{
    Acquisition, BilledBy, Demand, Measured, MeasuredCurrent, Microamperes, Pulses, Registers, Scale,
};
use expect_test::expect;
use proptest::prelude::*;
use units::{Millivolts, Milliwatts};

/// A load for a minute, what it gives: import, export, quadrants, in mWh and mvarh.
fn minute(load: Load) -> String {
    let (scale, mut acquisition, mut registers) =
        (Scale::of(METER), Acquisition::new(&METER), Registers::default());
    for block in load.blocks(&mut acquisition, 60) {
        registers.count(&block, &block.measure(&scale), &scale, BilledBy::Phase);
    }
    let reactive = registers.reactive.map(|register| register.micro() / 1_000);
    format!("{} {} {reactive:?}", registers.import.micro() / 1_000, registers.export.micro() / 1_000)
}

#[test]
fn four_quadrants() {
    let angles = [30.0, 150.0, 210.0, 330.0];
    let registers = angles.map(|lag_degrees| minute(Load { lag_degrees, ..HONEST }) + "\n").concat();
    expect![[r#"
        16322 0 [9424, 0, 0, 0]
        0 16322 [0, 9424, 0, 0]
        0 16322 [0, 0, 9424, 0]
        16322 0 [0, 0, 0, 9424]
    "#]]
    .assert_eq(&registers);
}

#[test]
fn below_half_the_starting_current_nothing_counts() {
    assert_eq!(minute(Load { amperes: 0.002_4, ..HONEST }), "0 0 [0, 0, 0, 0]");
    assert_ne!(minute(Load { amperes: 0.005, ..HONEST }), "0 0 [0, 0, 0, 0]");
}

#[test]
fn without_voltage_current_is_billed_at_the_nominal_one() {
    let (scale, mut registers) = (Scale::of(METER), Registers::default());
    let measured = Measured {
        neutral: MeasuredCurrent { current: Microamperes(5_000_000), ..MeasuredCurrent::default() },
        voltage: Millivolts(0),
        ..Measured::default()
    };
    let block = crate::Block { samples: 4_000, ..crate::Block::default() };
    (0..3_600).for_each(|_| {
        registers.count(&block, &measured, &scale, BilledBy::Nominal);
    });
    // 230 V * 5 A for an hour.
    assert_eq!(registers.import.micro(), 1_150_000_000);
}

#[test]
fn pulses_are_as_many_as_the_energy_and_evenly_spaced() {
    // 7.2 kW at 3,200 imp/kWh are 6.4 pulses a second.
    let mut pulses = Pulses::new(3_200, 4_000);
    let mut at = Vec::new();
    for second in 0..101 {
        (0..4_000).for_each(|sample| {
            if pulses.tick() {
                at.push(second * 4_000 + sample);
            }
        });
        pulses.settle(2_000_000, 4_000);
    }
    // 640 in a hundred seconds, less what is still owed of the last.
    assert_eq!(at.len(), 638);
    let steady: Vec<usize> = at.windows(2).skip(64).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!((steady.iter().min(), steady.iter().max()), (Some(&625), Some(&625)));
}

#[test]
fn demand_is_the_mean_of_whole_periods() {
    let mut demand = Demand::new(900);
    let mut periods = String::new();
    // 1 kW, then 3 kW from 10:20 on; the clock is set by a minute at 10:50.
    let (mut clock, mut energy) = (36_000 - 100, 0u64);
    for second in 0..5_000u64 {
        clock += 1;
        if second == 3_100 {
            clock += 60;
        }
        energy += if second < 1_300 { 277_778 } else { 833_333 };
        if let Some(period) = demand.advance(clock, energy) {
            let hhmm = (period.end / 3_600, period.end / 60 % 60);
            periods += &format!("{}:{:02} {} {}\n", hhmm.0, hhmm.1, period.mean.0, period.whole);
        }
    }
    expect![[r#"
        10:00 110000 false
        10:15 1000001 true
        10:30 2333333 true
        10:45 2999999 true
        11:00 2799999 false
        11:15 2999999 true
    "#]]
    .assert_eq(&periods);
    assert_eq!(demand.largest().map(|largest| largest.mean.0 / 1_000), Some(2_999));
    // After a start a smaller demand does not take its place, until the month is over.
    let mut demand = Demand::restored(900, demand.largest());
    (0..=1_800).for_each(|second| {
        demand.advance(clock - clock % 900 + second, energy + second * 100_000);
    });
    assert_eq!(demand.largest().map(|largest| largest.mean.0 / 1_000), Some(2_999));
    demand.reset();
    assert_eq!(demand.largest(), None);
}

proptest! {
    /// The register and what waits for the next block are all that came, whatever the sizes.
    #[test]
    fn no_remainder_is_lost(products in proptest::collection::vec(0i64..1 << 50, 1..200)) {
        let scale = Scale::of(METER);
        let mut registers = Registers::default();
        let measured = Measured {
            voltage: Millivolts(230_000),
            phase: MeasuredCurrent { active: Milliwatts(1_000_000), ..MeasuredCurrent::default() },
            ..Measured::default()
        };
        let mut total = 0u128;
        for &product in &products {
            let mut block = crate::Block { samples: 4_000, ..crate::Block::default() };
            block.currents[0].product = product;
            registers.count(&block, &measured, &scale, BilledBy::Phase);
            total += product as u128;
        }
        let unit = u128::from(scale.per_micro_watt_hour[0]);
        prop_assert_eq!(u128::from(registers.import.micro()), total / unit);
    }

    /// However the load changes, and however long blocks are, there are never more pulses than energy, and in the end
    /// as many.
    #[test]
    fn pulses_follow_the_register(blocks in proptest::collection::vec((0u64..6_000_000, 4_000u32..=5_000), 20..60)) {
        let (mut pulses, mut count, mut energy) = (Pulses::new(3_200, 4_000), 0u64, 0);
        for (micro, samples) in blocks.into_iter().chain([(0, 4_000); 16]) {
            count += (0..samples).filter(|_| pulses.tick()).count() as u64;
            prop_assert!(count <= energy / 312_500, "{count} pulses, {energy} uWh");
            energy += micro;
            pulses.settle(micro, samples);
        }
        prop_assert!(energy / 312_500 - count <= 1, "{count} pulses, {energy} uWh");
    }
}
