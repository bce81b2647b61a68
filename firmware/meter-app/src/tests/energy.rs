//! What is counted, on which load and through which power cut.

use super::{House, NOW, SETTINGS};
use expect_test::expect;
use meter_log::{Event, Shelf, Topic};
use meter_synth::Wiring;
use meter_tamper::Kind;

#[test]
fn energy_is_within_a_fifth_of_class_half_s() {
    let mut house = House::new(SETTINGS, 10.0);
    let done = house.run(65);
    let (counted, flowed) = (house.meter.import_micro() as f64 * 3_600e-6, house.joules);
    let error = (counted / flowed - 1.0) * 100.0;
    assert!(error.abs() < 0.1, "{counted} of {flowed} J: {error} %");
    let (readings, intervals) =
        (done.iter().filter(|one| one.reading.is_some()), done.iter().filter(|one| one.interval));
    assert_eq!((readings.count(), intervals.count()), (12, 1));
    // 3,200 for a kWh; the last block's are still to come.
    let wh = house.meter.import_micro() as f64 / 1e6;
    assert!((wh * 3.2 - 4.0..=wh * 3.2).contains(&f64::from(house.pulses)), "{} of {wh} Wh", house.pulses);
}

#[test]
fn an_earth_return_is_reported_by_its_number_and_billed() {
    let mut house = House::new(SETTINGS, 10.0);
    house.run(10);
    house.bench.wiring = Wiring::EarthReturn(0.5);
    let codes = |house: &mut House, seconds| {
        let readings = house.run(seconds).into_iter().filter_map(|one| one.reading);
        readings.flat_map(|one| one.events).filter(|code| *code != 0).collect::<Vec<_>>()
    };
    assert_eq!(codes(&mut house, 36), [69]);
    assert!(house.meter.is_active(Kind::EarthLoading));
    assert_eq!(house.meter.display(5).lines(), ["EVENT 69 +0     ", "earth-loading   "]);
    house.bench.wiring = Wiring::Honest;
    assert_eq!(codes(&mut house, 36), [70]);
    let error = house.meter.import_micro() as f64 * 3_600e-6 / house.joules - 1.0;
    assert!(error.abs() < 0.001, "{error}");
    let log = house.meter.log();
    let (_, event) = log.newest::<Event>(Shelf::Events(Topic::Tamper(Kind::EarthLoading))).unwrap().unwrap();
    assert_eq!(event.code.0, 70);
}

#[test]
fn a_power_cut_costs_at_most_the_last_seconds_and_says_so() {
    let mut house = House::new(SETTINGS, 10.0);
    house.run(43);
    let before = house.meter.import_micro();
    // 2.3 kW for 6.25 seconds are 4 Wh.
    house.cut(600);
    let after = house.meter.import_micro();
    assert!(after <= before && before - after < 4_000_000, "{before} {after}");
    house.run(21);
    let said = house.listen();
    expect![[r#"
        live 663: 38 Wh [102]
        registers 60: 25 Wh []"#]]
    .assert_eq(&said.join("\n"));
    let mut walk = house.meter.log().walk(Shelf::Events(Topic::Power));
    let (_, back) = house.meter.log().before::<Event>(&mut walk).unwrap().unwrap();
    let (_, gone) = house.meter.log().before::<Event>(&mut walk).unwrap().unwrap();
    assert_eq!([(gone.code.0, gone.time - NOW), (back.code.0, back.time - NOW)], [(101, 40), (102, 643)]);
}

#[test]
fn the_display_shows_what_a_customer_asks_for() {
    let mut house = House::new(SETTINGS, 10.0);
    house.run(12);
    let pages = (0..crate::PAGES).map(|page| house.meter.display(page).lines().join("|"));
    expect![[r#"
        IMPORT          |0.007 kWh       
        230.004 V       |10.000 A        
        2300.073 W      |PF 1.00         
        BALANCE         |billed          
        SUPPLY ON       |                
        NO EVENT        |                "#]]
    .assert_eq(&pages.collect::<Vec<_>>().join("\n"));
}
