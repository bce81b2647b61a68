//! What is set, stored and read again.

use super::{NOW, SETTINGS};
use crate::Settings;
use meter_log::Configuration;
use meter_tamper::Limits;
use meter_wire::command::{LoadLimit, Rules};

#[test]
fn settings_are_read_as_they_were_stored() {
    let settings = Settings {
        limits: Limits { exports: true, ..SETTINGS.limits },
        disconnected: true,
        load_limit: LoadLimit { watts: 5_000, seconds: 60, reconnects: 3 },
        paid_until_wh: Some(123_456_789),
        rules: Rules { friendly: [1_080, 600], openers: [251, 201, 0, 0] },
        ..SETTINGS
    };
    for one in [settings, SETTINGS] {
        assert_eq!(Settings::of(&one.to_record(NOW)), Some(one));
    }
    assert_eq!(Settings::of(&Configuration { version: 2, ..settings.to_record(NOW) }), None);
}

#[test]
fn friendly_hours_are_those_of_the_place() {
    // 18:00 to 10:00 in India: 12:30 to 4:30 UTC.
    let night = Settings { rules: Rules { friendly: [1_080, 600], openers: [0; 4] }, ..SETTINGS };
    let midnight = NOW - NOW % 86_400;
    let minutes = [12 * 60 + 29, 12 * 60 + 30, 23 * 60, 4 * 60 + 29, 4 * 60 + 30];
    assert_eq!(
        minutes.map(|minute| night.is_friendly(midnight + minute * 60)),
        [false, true, true, true, false]
    );
    assert!(!SETTINGS.is_friendly(NOW));
}

#[test]
fn credit_is_a_reading_of_the_register() {
    let prepaid = Settings { paid_until_wh: Some(1_000), ..SETTINGS };
    let left = [0, 999_999_999, 1_000_000_000, 1_500_000_000].map(|micro| prepaid.credit_wh(micro));
    assert_eq!(left, [Some(1_000), Some(1), Some(0), Some(-500)]);
    assert_eq!(SETTINGS.credit_wh(5), None);
}
