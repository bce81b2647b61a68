use super::*;
use crate::Settings;
use crate::random::Stream;
use crate::weather::Weather;
use reading::EventTime;
use reading::time::HOUR;

/// What a roof feeds into a house of 300 W at each hour of three days in spring, W.
fn feeds(battery: bool) -> Vec<f64> {
    let start = EventTime::parse_rfc3339(b"2024-03-18T00:00:00Z").unwrap();
    let settings = Settings { interval_ms: HOUR, ..Settings::usual(1, 3, 8, start) };
    let weather = Weather::new(8);
    let roofs = (0..).map(|index| Roof::new(&mut Random::stream(1, Stream::LvMeter, index)));
    let mut roof = roofs.into_iter().find(|roof| roof.battery.is_some()).unwrap();
    if !battery {
        roof.battery = None;
    }
    (0..72).map(|index| roof.feeds(300.0, &Step::new(&settings, &weather, index))).collect()
}

#[test]
fn a_battery_keeps_the_surplus_of_noon_for_the_evening() {
    let (without, with) = (feeds(false), feeds(true));
    let at = |all: &[f64], hour: usize| all.iter().skip(hour).step_by(24).sum::<f64>();
    assert!(at(&with, 8) < at(&without, 8) - 500.0, "{with:?}");
    assert!(at(&without, 20) == 0.0 && at(&with, 20) > 800.0, "{with:?}");
    let (all, kept): (f64, f64) = (without.iter().sum(), with.iter().sum());
    assert!(kept <= all && kept > all - 6000.0, "{kept} of {all} Wh");
}
