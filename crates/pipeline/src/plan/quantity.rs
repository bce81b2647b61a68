//! Numbers with their units, as people write them: `20 min`, `0.5 A`, `6.25 %`.

use super::error::PlanError;
use reading::time::{DAY, HOUR, MINUTE, SECOND};
use toml::Spanned;

/// The units of one kind of quantity: how each is written and how many of the smallest it is.
pub(super) struct Units {
    kind: &'static str,
    example: &'static str,
    known: &'static [(&'static str, f64)],
}

pub(super) const TIME: Units = Units {
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
pub(super) const VOLTAGE: Units =
    Units { kind: "a voltage", example: "230 V", known: &[("mV", 0.001), ("V", 1.0), ("kV", 1e3)] };
pub(super) const CURRENT: Units =
    Units { kind: "a current", example: "0.5 A", known: &[("mA", 0.001), ("A", 1.0), ("kA", 1e3)] };
pub(super) const POWER: Units =
    Units { kind: "a power", example: "100 kW", known: &[("W", 1.0), ("kW", 1e3), ("MW", 1e6)] };
pub(super) const ENERGY: Units =
    Units { kind: "an energy", example: "100 Wh", known: &[("Wh", 1.0), ("kWh", 1e3), ("MWh", 1e6)] };
pub(super) const SHARE: Units = Units { kind: "a share", example: "6.25 %", known: &[("%", 0.01)] };

impl Units {
    /// The number in the base unit (milliseconds, V, A, W, Wh, of 1); above zero, or zero where that is allowed.
    pub(super) fn read(&self, key: &str, written: &Spanned<String>, zero: bool) -> Result<f64, PlanError> {
        let text = written.get_ref().trim();
        let split =
            text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+')).unwrap_or(text.len());
        let (number, unit) = (&text[..split], text[split..].trim());
        let wrong = |code, problem: String| {
            Err(PlanError::new(code, written.span(), problem, format!("try `{key} = \"{}\"`", self.example)))
        };
        let Ok(number) = number.parse::<f64>() else {
            return wrong(
                "plan::unit",
                format!("`{key}` must be {} like \"{}\", found \"{text}\"", self.kind, self.example),
            );
        };
        let Some((_, size)) = self.known.iter().find(|(name, _)| *name == unit) else {
            let names: Vec<&str> = self.known.iter().map(|(name, _)| *name).collect();
            let found = if unit.is_empty() { "no unit".to_owned() } else { format!("the unit \"{unit}\"") };
            let problem = format!("`{key}` must be {} in {}, found {found}", self.kind, names.join(", "));
            return wrong("plan::unit", problem);
        };
        if number < 0.0 || (number == 0.0 && !zero) {
            let least = if zero { "zero or more" } else { "above zero" };
            return wrong("plan::range", format!("`{key}` must be {least}, found {text}"));
        }
        Ok(number * size)
    }
}
