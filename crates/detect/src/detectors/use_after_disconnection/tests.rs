use crate::Detector;
use crate::street::{Street, wire};
use reading::Wires;

/// An hour with the relay off: current, voltage before the relay, voltage behind it.
fn off(amperes: f64, volts: f64, behind: f64) -> impl FnOnce(&mut Wires) {
    move |wires| {
        wires.phases[0] = wire(volts, amperes, 220.0 * amperes, 10.0);
        wires.off_count = 1;
        if behind > 0.0 {
            wires.live_count = 1;
            wires.load_side = (behind * 1000.0) as i64;
            wires.load_side_apart = ((behind - volts).abs() * 1000.0) as i64;
        }
    }
}

/// The voltage of a line moves by some volts.
fn line(hour: usize) -> f64 {
    226.0 + (hour % 7) as f64 * 1.5
}

fn raised(hours: usize, of: impl Fn(usize) -> (f64, f64, f64)) -> usize {
    let mut street = Street::of(Detector::UseAfterDisconnection);
    let mut raised = 0;
    for hour in 0..hours {
        let (amperes, volts, behind) = of(hour);
        raised += street.wires(off(amperes, volts, behind)).len();
        street.restored(Detector::UseAfterDisconnection);
    }
    raised
}

#[test]
fn use_behind_an_open_relay_is_suspicious_from_the_fourth_hour_on() {
    assert_eq!(raised(5, |hour| (3.0, line(hour), line(hour))), 2);
    assert_eq!(raised(5, |hour| (3.0, line(hour), 0.0)), 2);
}

#[test]
fn a_voltage_that_follows_the_line_is_suspicious_after_48_intervals() {
    assert_eq!(raised(49, |hour| (0.0, line(hour), line(hour) - 0.3)), 2);
}

#[test]
fn a_generator_has_a_voltage_of_its_own() {
    assert_eq!(raised(100, |hour| (0.0, line(hour), 236.0)), 0);
    // It is near the line's on average, and does not move with it.
    assert_eq!(raised(100, |hour| (0.0, 228.0 + (hour % 7) as f64 * 0.8, 229.0)), 0);
}

#[test]
fn an_empty_home_that_is_switched_off_shows_nothing() {
    assert_eq!(raised(100, |hour| (0.0, line(hour), 0.0)), 0);
}

#[test]
fn with_the_relay_on_nothing_is_said() {
    let mut street = Street::of(Detector::UseAfterDisconnection);
    let on = |wires: &mut Wires| wires.phases[0] = wire(230.0, 5.0, 1100.0, 10.0);
    assert_eq!((0..9).map(|_| street.wires(on).len()).sum::<usize>(), 0);
}
