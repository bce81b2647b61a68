//! Quantities as people write them in plans and read them on pages: `20 min`, `0.5 A`, `6.25 %`.
//!
//! The vocabulary has them because every crate with settings of its own needs them: a detector reads its keys, the plan
//! reads the rest, and `gridwarden check` prints both.

use crate::time::{DAY, HOUR, MINUTE, SECOND};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The units of one kind of quantity: how each is written, and how many of the base unit it is.
#[derive(Debug, PartialEq)]
pub struct Units {
    kind: &'static str,
    example: &'static str,
    known: &'static [(&'static str, f64)],
}

/// Lengths of time, in milliseconds.
pub const TIME: Units = Units {
    kind: "a length of time",
    example: "20 min",
    known: &[
        ("ms", 1.0),
        ("s", SECOND as f64),
        ("m", MINUTE as f64),
        ("min", MINUTE as f64),
        ("h", HOUR as f64),
        ("d", DAY as f64),
    ],
};
/// Voltages, in V.
pub const VOLTAGE: Units =
    Units { kind: "a voltage", example: "230 V", known: &[("mV", 0.001), ("V", 1.0), ("kV", 1e3)] };
/// Currents, in A.
pub const CURRENT: Units =
    Units { kind: "a current", example: "0.5 A", known: &[("mA", 0.001), ("A", 1.0), ("kA", 1e3)] };
/// Powers, in W.
pub const POWER: Units =
    Units { kind: "a power", example: "100 kW", known: &[("W", 1.0), ("kW", 1e3), ("MW", 1e6)] };
/// Energies, in Wh.
pub const ENERGY: Units =
    Units { kind: "an energy", example: "100 Wh", known: &[("Wh", 1.0), ("kWh", 1e3), ("MWh", 1e6)] };
/// Shares, of 1.
pub const SHARE: Units = Units { kind: "a share", example: "6.25 %", known: &[("%", 0.01)] };

/// Why a text is not the quantity that a key asks for. What the key should look like is in [`QuantityError::help`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuantityError {
    /// What is wrong with it.
    pub cause: QuantityCause,
    key: String,
    found: String,
    units: &'static Units,
}

/// What is wrong with a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantityCause {
    /// It does not begin with a number.
    NoNumber,
    /// Its unit is missing, or is one of another kind.
    Unit,
    /// It is below zero.
    Negative,
    /// It is zero or less, and must be more.
    NotAboveZero,
}

impl Eq for Units {}

impl Units {
    /// The number in the base unit. It is above zero, or zero where `zero` allows that.
    pub fn read(&'static self, key: &str, text: &str, zero: bool) -> Result<f64, QuantityError> {
        let text = text.trim();
        let in_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
        let (number, unit) = text.split_at(text.find(|c| !in_number(c)).unwrap_or(text.len()));
        let wrong = |cause| QuantityError { cause, key: key.to_owned(), found: text.to_owned(), units: self };
        let number: f64 = number.parse().map_err(|_| wrong(QuantityCause::NoNumber))?;
        let known = self.known.iter().find(|(name, _)| *name == unit.trim());
        let (_, size) = known.ok_or_else(|| wrong(QuantityCause::Unit))?;
        match number {
            number if number < 0.0 && zero => Err(wrong(QuantityCause::Negative)),
            number if number <= 0.0 && !zero => Err(wrong(QuantityCause::NotAboveZero)),
            number => Ok(number * size),
        }
    }

    /// What such a quantity looks like.
    pub fn example(&self) -> &'static str {
        self.example
    }
}

impl QuantityError {
    /// A way out.
    pub fn help(&self) -> String {
        format!("try `{} = \"{}\"`", self.key, self.units.example)
    }
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cause, key, found, units: Units { kind, example, known } } = self;
        match cause {
            QuantityCause::NoNumber => {
                write!(f, "`{key}` must be {kind} like \"{example}\", found \"{found}\"")
            }
            QuantityCause::Unit => {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                write!(f, "`{key}` must be {kind} in {}, found ", names.join(", "))?;
                let unit =
                    found.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
                match unit.trim() {
                    "" => f.write_str("no unit"),
                    unit => write!(f, "the unit \"{unit}\""),
                }
            }
            QuantityCause::Negative => write!(f, "`{key}` must be zero or more, found {found}"),
            QuantityCause::NotAboveZero => write!(f, "`{key}` must be above zero, found {found}"),
        }
    }
}

impl core::error::Error for QuantityError {}

/// Up to so many days, people count hours.
const DAYS_IN_HOURS: i64 = 3;

/// A length of time, in the largest unit of which it is a whole number.
pub fn time(ms: i64) -> String {
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s")];
    let fits = |(size, _): &&(i64, &str)| ms % size == 0 && (*size < DAY || ms > DAYS_IN_HOURS * DAY);
    let (size, name) = units.iter().find(fits).unwrap_or(&(1, "ms"));
    format!("{} {name}", ms / size)
}

/// A share, without the digits that a float adds: `6.25 %`.
pub fn percent(share: f64) -> String {
    let digits = format!("{:.6}", share * 100.0);
    let shown = digits.trim_end_matches('0').trim_end_matches('.');
    format!("{} %", if shown == "-0" { "0" } else { shown })
}

/// A voltage: `230 V`.
pub fn volts(volts: f64) -> String {
    format!("{volts} V")
}

/// A current: `0.5 A`.
pub fn amperes(amperes: f64) -> String {
    format!("{amperes} A")
}

/// A power, in the largest unit of which it is a whole number.
pub fn watts(watts: i64) -> String {
    in_thousands(watts, ["W", "kW", "MW"])
}

/// An energy, in the largest unit of which it is a whole number.
pub fn watt_hours(wh: i64) -> String {
    in_thousands(wh, ["Wh", "kWh", "MWh"])
}

fn in_thousands(value: i64, [one, kilo, mega]: [&str; 3]) -> String {
    let units = [(1_000_000, mega), (1000, kilo), (1, one)];
    let fits = |(size, _): &&(i64, &str)| value % size == 0 && (value != 0 || *size == 1);
    let (size, name) = units.iter().find(fits).expect("any number is whole in ones");
    format!("{} {name}", value / size)
}

#[cfg(test)]
mod tests;
