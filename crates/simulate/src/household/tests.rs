use super::*;
use crate::Settings;
use crate::weather::Weather;
use reading::EventTime;

/// Mean load of many homes at each hour of a day in spring.
fn hours() -> Vec<f64> {
    let settings = Settings {
        interval_ms: reading::time::HOUR,
        ..Settings::usual(300, 1, 8, EventTime::parse_rfc3339(b"2024-03-20T00:00:00Z").unwrap())
    };
    let weather = Weather::new(8);
    let mut homes: Vec<Household> = (0..300).map(|index| Household::new(8, index, false)).collect();
    (0..24)
        .map(|index| {
            let step = Step::new(&settings, &weather, index);
            homes.iter_mut().map(|home| home.load(&step).p).sum::<f64>() / 300.0
        })
        .collect()
}

#[test]
fn evenings_peak_and_nights_rest() {
    let hours = hours();
    let (night, noon, evening) = (hours[3], hours[12], hours[20]);
    assert!(evening > 2.0 * night, "{hours:?}");
    assert!(evening > noon && noon > night, "{hours:?}");
    let day: f64 = hours.iter().sum::<f64>() / 1000.0;
    assert!((4.0..16.0).contains(&day), "{day} kWh a day");
}

#[test]
fn a_cycle_is_on_for_its_duty() {
    let cycle = Cycle { period: 40 * 60_000, phase: 7000 };
    let day = cycle.share_on(0, reading::time::DAY, 0.35);
    assert!((day - 0.35).abs() < 0.01, "{day}");
    let parts = (0..96).map(|quarter| cycle.share_on(quarter * 900_000, (quarter + 1) * 900_000, 0.35));
    assert!((parts.sum::<f64>() / 96.0 - day).abs() < 1e-9);
}
