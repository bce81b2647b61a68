use super::*;
use reading::EventTime;
use reading::time::HOUR;

fn at(time: &str) -> Sky {
    Weather::new(3).at(EventTime::parse_rfc3339(time.as_bytes()).unwrap().0)
}

#[test]
fn the_sine_is_within_two_thousandths() {
    for step in 0..1000 {
        let turns = f64::from(step) / 500.0 - 1.0;
        let apart = sine(turns) - (turns * core::f64::consts::TAU).sin();
        assert!(apart.abs() < 0.002, "{turns}: {apart}");
    }
}

#[test]
fn summers_are_hot_and_nights_dark() {
    assert!(at("2023-07-20T16:00:00Z").temperature > at("2023-01-20T16:00:00Z").temperature + 8.0);
    assert!(at("2023-07-20T16:00:00Z").temperature > at("2023-07-20T04:00:00Z").temperature + 4.0);
    assert_eq!(at("2023-07-20T00:00:00Z").sun, 0.0);
    assert!(at("2023-07-20T12:00:00Z").sun > 0.1);
}

#[test]
fn the_sky_stays_in_its_range() {
    let weather = Weather::new(9);
    for hour in 0..365 * 24 {
        let sky = weather.at(EventTime(1_700_000_000_000).0 + hour * HOUR);
        assert!((0.0..=1.0).contains(&sky.sun), "{sky:?}");
        assert!((-5.0..45.0).contains(&sky.temperature), "{sky:?}");
    }
}
