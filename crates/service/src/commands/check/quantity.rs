//! Quantities as plans are written: `72 h`, `6.25 %`, `100 MWh`.

use reading::time::{DAY, HOUR, MINUTE, SECOND};

/// Up to so many days, people count hours.
const DAYS_IN_HOURS: i64 = 3;

/// A length of time, in the largest unit of which it is a whole number.
pub fn time(ms: i64) -> String {
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s")];
    let fits = |(size, _): &&(i64, &str)| ms % size == 0 && (*size < DAY || ms > DAYS_IN_HOURS * DAY);
    let (size, name) = units.iter().find(fits).unwrap_or(&(1, "ms"));
    format!("{} {name}", ms / size)
}

/// A share, without the digits that a float adds.
pub fn percent(share: f64) -> String {
    format!("{} %", (share * 1e8).round() / 1e6)
}

pub fn volts(volts: f64) -> String {
    format!("{volts} V")
}

pub fn amperes(amperes: f64) -> String {
    format!("{amperes} A")
}

pub fn watts(watts: i64) -> String {
    in_thousands(watts, ["W", "kW", "MW"])
}

pub fn watt_hours(wh: i64) -> String {
    in_thousands(wh, ["Wh", "kWh", "MWh"])
}

/// In the largest unit of which it is a whole number.
fn in_thousands(value: i64, [one, kilo, mega]: [&str; 3]) -> String {
    let units = [(1_000_000, mega), (1000, kilo), (1, one)];
    let fits = |(size, _): &&(i64, &str)| value % size == 0 && (value != 0 || *size == 1);
    let (size, name) = units.iter().find(fits).expect("any number is whole in ones");
    format!("{} {name}", value / size)
}
