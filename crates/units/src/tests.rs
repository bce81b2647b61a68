use crate::*;

#[test]
fn volts_by_amperes_are_volt_amperes() {
    assert_eq!(Volts(230.0) * Amperes(10.0), VoltAmperes(2300.0));
}

#[test]
fn a_quarter_hour_of_energy_is_four_times_its_power() {
    assert_eq!(WattHours(250).mean_over(900_000), Watts(1000.0));
}

#[test]
fn registers_count_single_watt_hours_beyond_a_float() {
    let far = WattHours(16_777_216_000);
    assert_eq!((far + WattHours(1) - far).0, 1);
}

#[test]
fn thousandths_become_whole_units() {
    assert_eq!(Volts::from(Millivolts(230_500)), Volts(230.5));
    assert_eq!(Watts::from(Milliwatts(-1)), Watts(-0.001));
}
