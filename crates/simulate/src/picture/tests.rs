use super::*;

const QUARTER: i64 = 900_000;

/// Each reading as interval and register, in order of arrival: `2:700` is the second interval's end, at 700 Wh.
fn check(picture: &str, arrivals: &str) {
    let meter = MeterId::new("M1").unwrap();
    let start = EventTime(1_700_006_400_000);
    let seen: Vec<String> = readings(picture, meter, start, QUARTER)
        .iter()
        .map(|raw| format!("{}:{}", raw.time.since(start) / QUARTER, raw.imp.unwrap().0 - OPENS_AT.0))
        .collect();
    assert_eq!(seen.join(" "), arrivals, "{picture}");
}

#[test]
fn digits_are_tenths_of_a_kilowatt_hour() {
    check("34 40", "0:0 1:300 2:700 3:1100 4:1100");
}

#[test]
fn a_gap_has_no_reading_and_no_use() {
    check("3.4", "0:0 1:300 3:700");
}

#[test]
fn a_repeat_takes_no_interval() {
    check("3!4!!5", "0:0 1:300 1:300 2:700 2:700 2:700 3:1200");
}

#[test]
fn a_late_reading_comes_behind_the_next() {
    check("12<34", "0:0 1:100 3:600 2:300 4:1000");
    check("12<<34", "0:0 1:100 3:600 4:1000 2:300");
    check("12<", "0:0 1:100 2:300");
    // The second is not there to be waited for, so nothing but the third is overtaken.
    check("1<2<3", "0:0 1:100 3:600 2:300");
}

#[test]
fn a_repeat_can_be_late() {
    check("3!<4", "0:0 1:300 2:700 1:300");
}

#[test]
#[should_panic(expected = "holds 'x'")]
fn another_sign_is_refused() {
    check("3x", "");
}
