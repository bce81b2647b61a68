use super::*;

fn refused(units: &'static Units, text: &str, zero: bool) -> String {
    let error = units.read("key", text, zero).unwrap_err();
    format!("{error}; {}", error.help())
}

#[test]
fn a_quantity_is_read_in_its_base_unit() {
    let read = |units: &'static Units, text| units.read("key", text, true).unwrap();
    assert_eq!(read(&TIME, " 20 min "), 1_200_000.0);
    assert_eq!(read(&SHARE, "6.25 %"), 0.0625);
    assert_eq!(read(&CURRENT, "500mA"), 0.5);
    assert_eq!(read(&ENERGY, "0 Wh"), 0.0);
    assert_eq!([&VOLTAGE, &POWER].map(|units| read(units, units.example())), [230.0, 100_000.0]);
}

#[test]
fn what_is_refused_names_the_key_the_cause_and_a_way_out() {
    assert_eq!(
        [
            refused(&CURRENT, "half an ampere", true),
            refused(&CURRENT, "0.5 V", true),
            refused(&TIME, "20", true),
            refused(&POWER, "-1 kW", true),
            refused(&SHARE, "0 %", false),
        ],
        [
            "`key` must be a current like \"0.5 A\", found \"half an ampere\"; try `key = \"0.5 A\"`",
            "`key` must be a current in mA, A, kA, found the unit \"V\"; try `key = \"0.5 A\"`",
            "`key` must be a length of time in ms, s, m, min, h, d, found no unit; try `key = \"20 min\"`",
            "`key` must be zero or more, found -1 kW; try `key = \"100 kW\"`",
            "`key` must be above zero, found 0 %; try `key = \"6.25 %\"`",
        ]
    );
}

#[test]
fn what_is_printed_is_read_back() {
    for share in [0.0625, 0.25, 1.0, 0.005, 4.0, 0.000_001] {
        assert_eq!(SHARE.read("key", &percent(share), false).unwrap() as f32, share as f32, "{share}");
    }
    assert_eq!([0.0625, 1.0, 0.1 + 0.2, 0.0, -0.0].map(percent), ["6.25 %", "100 %", "30 %", "0 %", "0 %"]);
    for ms in [1, 1500, 60_000, 90_000, HOUR, 72 * HOUR, 4 * DAY] {
        assert_eq!(TIME.read("key", &time(ms), false).unwrap() as i64, ms);
    }
    assert_eq!([72 * HOUR, 14 * DAY, 1500].map(time), ["72 h", "14 d", "1500 ms"].map(String::from));
    assert_eq!([0, 999, 2000, 10_000_000].map(watts), ["0 W", "999 W", "2 kW", "10 MW"]);
    assert_eq!(watt_hours(100_000_000), "100 MWh");
    assert_eq!([volts(207.0), amperes(0.5)], ["207 V", "0.5 A"]);
}
