use super::*;
use crate::Settings;
use crate::weather::Weather;
use reading::EventTime;
use reading::time::HOUR;

/// The mean load of 200 consumers at each hour of so many days, W.
fn hours(trade: Trade, start: &str, days: u32) -> Vec<f64> {
    let start = EventTime::parse_rfc3339(start.as_bytes()).unwrap();
    let settings = Settings { interval_ms: HOUR, ..Settings::usual(200, days, 8, start) };
    let weather = Weather::new(8);
    let phase = if matches!(trade, Trade::Home | Trade::Shop) { Some(0) } else { None };
    let mut loads: Vec<Load> = (0..200).map(|index| Load::new(8, index, 0, trade, phase)).collect();
    let of_step = |index| {
        let step = Step::new(&settings, &weather, index);
        let sum: f64 = loads.iter_mut().map(|load| sum_of(&load.draw(&step, false))).sum();
        sum / 200.0
    };
    (0..u64::from(days) * 24).map(of_step).collect()
}

fn sum_of(drawn: &Drawn) -> f64 {
    drawn.phases.iter().map(|phase| phase.re).sum()
}

fn kwh_a_day(hours: &[f64]) -> f64 {
    hours.iter().sum::<f64>() / 1000.0 / (hours.len() / 24) as f64
}

#[test]
fn homes_peak_in_the_evening_and_use_more_when_it_is_hot_or_cold() {
    let spring = hours(Trade::Home, "2024-03-18T00:00:00Z", 7);
    let at = |hour: usize| spring.iter().skip(hour).step_by(24).sum::<f64>();
    assert!(at(20) > 2.0 * at(3) && at(20) > at(12), "{spring:?}");
    let (mild, hot) = (kwh_a_day(&spring), kwh_a_day(&hours(Trade::Home, "2024-07-15T00:00:00Z", 7)));
    let cold = kwh_a_day(&hours(Trade::Home, "2024-01-15T00:00:00Z", 7));
    assert!((4.0..12.0).contains(&mild), "{mild} kWh a day");
    assert!(hot > 1.2 * mild && cold > 1.1 * mild, "{cold}, {mild}, {hot} kWh a day");
}

#[test]
fn workshops_rest_on_sundays_and_pumps_run_for_hours() {
    // 2024-03-18 is a Monday.
    let week = hours(Trade::Industry, "2024-03-18T00:00:00Z", 7);
    let day = |number: usize| kwh_a_day(&week[number * 24..(number + 1) * 24]);
    assert!(day(1) > 3.0 * day(6), "{} and {} kWh", day(1), day(6));
    assert!((25.0..90.0).contains(&day(1)), "{} kWh", day(1));
    let pumps = kwh_a_day(&hours(Trade::Pump, "2024-03-18T00:00:00Z", 7));
    assert!((5.0..25.0).contains(&pumps), "{pumps} kWh a day");
}

#[test]
fn an_empty_home_uses_little() {
    let start = EventTime::parse_rfc3339(b"2024-03-18T00:00:00Z").unwrap();
    let settings = Settings { interval_ms: HOUR, ..Settings::usual(1, 3, 8, start) };
    let weather = Weather::new(8);
    let mut load = Load::new(8, 1, 0, Trade::Home, Some(2));
    let draws: Vec<Drawn> =
        (0..72).map(|index| load.draw(&Step::new(&settings, &weather, index), true)).collect();
    let mean = draws.iter().map(sum_of).sum::<f64>() / 72.0;
    assert!((10.0..150.0).contains(&mean), "{mean} W");
    assert!(draws.iter().all(|drawn| drawn.phases[0] == Phasor::ZERO && drawn.cooler == Phasor::ZERO));
}

#[test]
fn the_air_conditioner_is_a_part_of_the_whole() {
    let start = EventTime::parse_rfc3339(b"2024-01-15T00:00:00Z").unwrap();
    let settings = Settings::usual(1, 3, 8, start);
    let weather = Weather::new(8);
    let mut load = Load::new(8, 3, 0, Trade::Home, Some(0)).with_reversible();
    let (mut all, mut cooler) = (0.0, 0.0);
    for index in 0..288 {
        let drawn = load.draw(&Step::new(&settings, &weather, index), false);
        assert!(drawn.cooler.re <= sum_of(&drawn));
        (all, cooler) = (all + sum_of(&drawn), cooler + drawn.cooler.re);
    }
    assert!(cooler > 0.2 * all && cooler < 0.95 * all, "{cooler} of {all}");
}
