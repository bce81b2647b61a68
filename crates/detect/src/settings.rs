//! How a detector, or a channel of messages, declares the keys of its section in the plan, and how they are read.
//!
//! Its file has `keys! { Rule { ... } }`, which makes its settings and reads them from the plan's text. The plan's
//! reader knows where each key stands and nothing of what it means.

use core::fmt;
use reading::quantity::{self, QuantityCause, QuantityError, Units};
use units::{Amperes, Ratio, Volts, WattHours, Watts};

/// One key of a section.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What holds where the plan does not have it.
    pub default: Written<'static>,
    /// Whether it may be zero.
    pub zero: bool,
    /// What it means.
    pub definition: &'static str,
}

/// A value as the plan has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Written<'a> {
    /// `"6.25 %"`
    Text(&'a str),
    /// `5`
    Whole(i64),
    /// Something else, by the name of its type.
    Other(&'static str),
}

/// Why a section makes no settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No such key.
    #[error("unknown key `{key}`, expected one of {}", listed(known))]
    UnknownKey {
        /// What was written.
        key: String,
        /// The keys that there are.
        known: Vec<&'static str>,
    },
    /// A quantity that cannot be read.
    #[error("{source}")]
    Quantity {
        /// Which key.
        key: &'static str,
        /// Why.
        source: QuantityError,
    },
    /// Neither text nor a number.
    #[error("`{key}` must be {wanted}, found {found}")]
    Type {
        /// Which key.
        key: &'static str,
        /// What should stand there.
        wanted: &'static str,
        /// What does.
        found: String,
        /// What it looks like.
        example: String,
    },
    /// More than all of it.
    #[error("`{key}` must be at most 100 %, found {found}")]
    AboveAll {
        /// Which key.
        key: &'static str,
        /// What was written.
        found: String,
    },
    /// Too few.
    #[error("`{key}` must be at least {least}, found {found}")]
    TooFew {
        /// Which key.
        key: &'static str,
        /// The fewest.
        least: u32,
        /// What was written.
        found: i64,
    },
    /// Too many.
    #[error("`{key}` must be at most {}, found {found}", u32::MAX)]
    TooMany {
        /// Which key.
        key: &'static str,
        /// What was written.
        found: i64,
        /// What it looks like.
        example: String,
    },
    /// Two keys that do not go together.
    #[error("{problem}")]
    Contradiction {
        /// One of them.
        key: &'static str,
        /// What is wrong.
        problem: String,
        /// A way out.
        help: String,
    },
}

impl SettingsError {
    /// The key that it is about.
    pub fn key(&self) -> &str {
        match self {
            Self::UnknownKey { key, .. } => key,
            Self::Quantity { key, .. }
            | Self::Type { key, .. }
            | Self::AboveAll { key, .. }
            | Self::TooFew { key, .. }
            | Self::TooMany { key, .. }
            | Self::Contradiction { key, .. } => key,
        }
    }

    /// The code of the cause, as the page of an error shows it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownKey { .. } => "plan::key",
            Self::Type { .. } => "plan::syntax",
            Self::Quantity { source, .. } => match source.cause {
                QuantityCause::NoNumber | QuantityCause::Unit => "plan::unit",
                QuantityCause::Negative | QuantityCause::NotAboveZero => "plan::range",
            },
            Self::AboveAll { .. }
            | Self::TooFew { .. }
            | Self::TooMany { .. }
            | Self::Contradiction { .. } => "plan::range",
        }
    }

    /// A way out.
    pub fn help(&self) -> String {
        match self {
            Self::UnknownKey { key, known } => match nearest(key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`gridwarden check` prints all keys with their values".to_owned(),
            },
            Self::Quantity { source, .. } => source.help(),
            Self::Type { key, example, .. } | Self::TooMany { key, example, .. } => {
                format!("try `{key} = {example}`")
            }
            Self::AboveAll { key, .. } => format!("try `{key} = \"10 %\"`"),
            Self::TooFew { key, least, .. } => format!("try `{key} = {least}`"),
            Self::Contradiction { help, .. } => help.clone(),
        }
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The name that a misspelt one most likely means. At most two letters of five are wrong: so much is two letters that
/// changed places in a short word.
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = names.map(|name| (edits(word, name), name)).min()?;
    (near.0 * 5 <= word.len().max(near.1.len()) * 2).then_some(near.1)
}

/// How many letters must be put in, taken out or replaced to make one word of the other (Levenshtein).
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (number, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = number + 1;
        for (column, theirs) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *theirs);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

/// A kind of value that a key can have: what may be written, and how it is shown.
pub trait Setting: Sized {
    /// Reads it.
    fn read(key: &Key, written: Written<'_>) -> Result<Self, SettingsError>;

    /// As a plan would have it.
    fn shown(&self) -> String;
}

/// A length of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Milliseconds(pub i64);

fn quantity_of(units: &'static Units, key: &Key, written: Written<'_>) -> Result<f64, SettingsError> {
    let text = match written {
        Written::Text(text) => text,
        other => return Err(other.instead_of(key, "text with a unit", format!("\"{}\"", units.example()))),
    };
    let read = units.read(key.name, text, key.zero);
    read.map_err(|source| SettingsError::Quantity { key: key.name, source })
}

impl Written<'_> {
    fn instead_of(self, key: &Key, wanted: &'static str, example: String) -> SettingsError {
        let found = match self {
            Self::Text(text) => format!("the text \"{text}\""),
            Self::Whole(number) => format!("the number {number}"),
            Self::Other(_) => self.to_string(),
        };
        SettingsError::Type { key: key.name, wanted, found, example }
    }
}

/// At most all of something.
impl Setting for Ratio {
    fn read(key: &Key, written: Written<'_>) -> Result<Self, SettingsError> {
        let share = quantity_of(&quantity::SHARE, key, written)?;
        match written {
            Written::Text(found) if share > 1.0 => {
                Err(SettingsError::AboveAll { key: key.name, found: found.to_owned() })
            }
            _ => Ok(Self(share)),
        }
    }

    fn shown(&self) -> String {
        quantity::percent(self.0)
    }
}

impl Setting for Amperes {
    fn read(key: &Key, written: Written<'_>) -> Result<Self, SettingsError> {
        quantity_of(&quantity::CURRENT, key, written).map(Self)
    }

    fn shown(&self) -> String {
        quantity::amperes(self.0)
    }
}

impl Setting for Volts {
    fn read(key: &Key, written: Written<'_>) -> Result<Self, SettingsError> {
        quantity_of(&quantity::VOLTAGE, key, written).map(Self)
    }

    fn shown(&self) -> String {
        quantity::volts(self.0)
    }
}

impl Setting for Watts {
    fn read(key: &Key, written: Written<'_>) -> Result<Self, SettingsError> {
        quantity_of(&quantity::POWER, key, written).map(Self)
    }

    fn shown(&self) -> String {
        quantity::watts(self.0 as i64)
    }
}

impl Setting for WattHours {
    fn read(key: &Key, written: Written<'_>) -> Result<Self, SettingsError> {
        quantity_of(&quantity::ENERGY, key, written).map(|energy| Self(energy as i64))
    }

    fn shown(&self) -> String {
        quantity::watt_hours(self.0)
    }
}

impl Setting for Milliseconds {
    fn read(key: &Key, written: Written<'_>) -> Result<Self, SettingsError> {
        quantity_of(&quantity::TIME, key, written).map(|time| Self(time as i64))
    }

    fn shown(&self) -> String {
        quantity::time(self.0)
    }
}

/// How many of something.
impl Setting for u32 {
    fn read(key: &Key, written: Written<'_>) -> Result<Self, SettingsError> {
        let Written::Whole(number) = written else {
            return Err(written.instead_of(key, "a whole number", key.default.to_string()));
        };
        let least = u32::from(!key.zero);
        match u32::try_from(number) {
            Ok(number) if number >= least => Ok(number),
            Err(_) if number > 0 => {
                Err(SettingsError::TooMany { key: key.name, found: number, example: key.default.to_string() })
            }
            _ => Err(SettingsError::TooFew { key: key.name, least, found: number }),
        }
    }

    fn shown(&self) -> String {
        self.to_string()
    }
}

/// As a plan has it: text in quotes.
impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Whole(number) => write!(f, "{number}"),
            Self::Other(kind) => write!(f, "a value of type {kind}"),
        }
    }
}

/// The value of a key, or its default.
pub fn value<T: Setting>(key: &Key, section: &[(&str, Written<'_>)]) -> Result<T, SettingsError> {
    let written = section.iter().find(|(name, _)| *name == key.name);
    T::read(key, written.map_or(key.default, |(_, written)| *written))
}

/// Whether a section has only keys that exist.
pub fn only_known(keys: &[Key], section: &[(&str, Written<'_>)]) -> Result<(), SettingsError> {
    let is_known = |name: &str| keys.iter().any(|key| key.name == name);
    match section.iter().find(|(name, _)| !is_known(name)) {
        None => Ok(()),
        Some((name, _)) => Err(SettingsError::UnknownKey {
            key: (*name).to_owned(),
            known: keys.iter().map(|key| key.name).collect(),
        }),
    }
}

/// Declares the settings of a section: each key with the type of its value, its range, its default and its meaning.
/// `> 0` excludes zero, and `>= 0` allows it. The settings need a `check` beside it, for keys that must go together.
#[macro_export]
macro_rules! keys {
    ($(#[$doc:meta])* $rule:ident { $($key:ident: $kind:ident $above:tt 0 = $default:literal, $definition:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $rule { $(#[doc = $definition] $key: $kind,)* }

        impl $rule {
            /// The keys of its section in the plan.
            pub const KEYS: &[$crate::Key] = &[$($crate::Key {
                name: stringify!($key),
                default: $crate::keys!(@default $kind $default),
                zero: $crate::keys!(@zero $above),
                definition: $definition,
            },)*];

            /// Reads a section, key by key; what it does not have is as its default.
            pub fn read(section: &[(&str, $crate::Written<'_>)]) -> Result<Self, $crate::SettingsError> {
                $crate::settings::only_known(Self::KEYS, section)?;
                let mut keys = Self::KEYS.iter();
                let mut next = || keys.next().expect("a key for each field, in the same order");
                let rule = Self { $($key: $crate::settings::value(next(), section)?,)* };
                rule.check()?;
                Ok(rule)
            }

            /// Its keys with their values, as a plan would have them.
            pub fn shown(&self) -> Vec<(&'static str, String)> {
                vec![$((stringify!($key), $crate::Setting::shown(&self.$key)),)*]
            }
        }
    };
    (@default u32 $default:literal) => { $crate::Written::Whole($default) };
    (@default $kind:ident $default:literal) => { $crate::Written::Text($default) };
    (@zero >) => { false };
    (@zero >=) => { true };
}

#[cfg(test)]
mod tests;
