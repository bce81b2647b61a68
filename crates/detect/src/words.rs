//! How a detector declares its facts and words, so that everything that prints evidence can do so without knowing it.
//!
//! Words are templates. `{apart}` is the fact of that name with its unit, `{apart.allowed}` its limit, and
//! `{apart.about}` the meter that it is about; `{apart:1}` has one decimal in place of the unit's usual number of them.
//! `{since}`, `{until}` and `{excess}` are those of the evidence. A template whose `{excess}` is not known is left out.

use crate::{Evidence, Fact};
use reading::{EventTime, MeterId};

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Current.
    Amperes,
    /// Voltage.
    Volts,
    /// Active power.
    Watts,
    /// Apparent power.
    VoltAmperes,
    /// Energy.
    WattHours,
    /// A share of something, 1 is the whole. Files print it as it is, texts in per cent.
    Share,
    /// How many of something.
    Count,
}

impl Unit {
    /// The symbol that stands in the column `unit` of files; empty where there is none.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Amperes => "A",
            Self::Volts => "V",
            Self::Watts => "W",
            Self::VoltAmperes => "VA",
            Self::WattHours => "Wh",
            Self::Share | Self::Count => "",
        }
    }

    /// Whether only whole numbers of it exist.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::WattHours | Self::Count)
    }

    /// What follows a name in a key of JSON.
    fn suffix(self) -> &'static str {
        match self {
            Self::Amperes => "_a",
            Self::Volts => "_v",
            Self::Watts => "_w",
            Self::VoltAmperes => "_va",
            Self::WattHours => "_wh",
            Self::Share | Self::Count => "",
        }
    }

    fn text(self, value: f64, decimals: Option<usize>) -> String {
        match self {
            Self::Amperes => format!("{value:.0$} A", decimals.unwrap_or(2)),
            Self::Volts => format!("{value:.0$} V", decimals.unwrap_or(0)),
            Self::Watts => format!("{value:.0$} W", decimals.unwrap_or(0)),
            Self::VoltAmperes => format!("{value:.0$} VA", decimals.unwrap_or(0)),
            Self::WattHours => format!("{value:.0$} Wh", decimals.unwrap_or(0)),
            Self::Share => format!("{:.1$} %", value * 100.0, decimals.unwrap_or(1)),
            Self::Count => format!("{value:.0$}", decimals.unwrap_or(0)),
        }
    }
}

/// What one number of the evidence is. Each is declared once, by its detector.
#[derive(Debug, PartialEq)]
pub struct FactDefinition {
    /// Its name in files, without the unit.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// The name of the limit beside it, if it has one: `allowed`, `needed`.
    pub limit: Option<&'static str>,
    /// What it is, in a sentence.
    pub definition: &'static str,
}

impl FactDefinition {
    pub(crate) const fn new(name: &'static str, unit: Unit, definition: &'static str) -> Self {
        Self { name, unit, limit: None, definition }
    }

    pub(crate) const fn with_limit(mut self, limit: &'static str) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The fact with this value, and without a limit.
    pub fn of(&'static self, value: f64) -> Fact {
        Fact { definition: self, value, limit: None, about: None }
    }

    /// Its key in JSON: `apart_a`.
    pub fn key(&self) -> String {
        format!("{}{}", self.name, self.unit.suffix())
    }

    /// The key of its limit in JSON, if it has one: `allowed_a`.
    pub fn limit_key(&self) -> Option<String> {
        self.limit.map(|limit| format!("{limit}{}", self.unit.suffix()))
    }
}

/// An innocent cause that a detector looks at.
#[derive(Debug, PartialEq)]
pub struct InnocentDefinition {
    /// The name that files and messages use.
    pub name: &'static str,
    /// The numbers that speak for or against it.
    pub facts: &'static [&'static FactDefinition],
    /// What it is and what was seen of it: templates, of which the first one holds whose facts are all there.
    pub words: &'static [&'static str],
}

/// What everything that prints the evidence of a detector needs of it.
#[derive(Debug, PartialEq)]
pub struct About {
    /// The number that shows how much it is: texts compare it with its limit.
    pub main: &'static FactDefinition,
    /// All numbers, in the order in which files have them.
    pub facts: &'static [&'static FactDefinition],
    /// The innocent causes that are looked at.
    pub innocent: &'static [&'static InnocentDefinition],
    /// How the evidence reads.
    pub words: Words,
}

/// How the evidence of a detector reads, from the shortest text to the longest. All are templates.
#[derive(Debug, PartialEq)]
pub struct Words {
    /// The main number alone, in a list of meters.
    pub main: &'static str,
    /// What was seen, for an SMS.
    pub short: &'static str,
    /// What was seen, for an alert.
    pub seen: &'static str,
    /// What the energy is, behind what was seen.
    pub excess: &'static str,
    /// What was seen in parts, what matters first: a line is filled with as many as fit.
    pub parts: &'static [&'static str],
    /// Every number, in lines.
    pub page: &'static [&'static str],
}

impl About {
    /// The definition of a fact of the evidence.
    pub fn fact(&self, name: &str) -> Option<&'static FactDefinition> {
        self.facts.iter().copied().find(|fact| fact.name == name)
    }

    /// The definition of an innocent cause.
    pub fn innocent(&self, name: &str) -> Option<&'static InnocentDefinition> {
        self.innocent.iter().copied().find(|innocent| innocent.name == name)
    }
}

impl InnocentDefinition {
    /// The definition of one of its facts.
    pub fn fact(&self, name: &str) -> Option<&'static FactDefinition> {
        self.facts.iter().copied().find(|fact| fact.name == name)
    }
}

impl Evidence {
    fn words(&self) -> &'static Words {
        &self.detector.about().words
    }

    /// Its main number alone: `3.10 A apart`.
    pub fn main_in_words(&self) -> String {
        self.fill(self.words().main, EventTime::to_string).unwrap_or_default()
    }

    /// What was seen, for an SMS.
    pub fn in_short(&self) -> String {
        self.fill(self.words().short, EventTime::to_string).unwrap_or_default()
    }

    /// What was seen, for an alert.
    pub fn in_words(&self) -> String {
        self.fill(self.words().seen, EventTime::to_string).unwrap_or_default()
    }

    /// What the energy is, if it is known.
    pub fn excess_in_words(&self) -> Option<String> {
        self.fill(self.words().excess, EventTime::to_string)
    }

    /// What was seen in parts, what matters first, with times as `time` writes them.
    pub fn parts(&self, time: impl Fn(&EventTime) -> String) -> Vec<String> {
        let parts = self.words().parts.iter().chain([&self.words().excess]);
        parts.filter_map(|words| self.fill(words, &time)).collect()
    }

    /// Every number, in lines. `time` writes an instant.
    pub fn page(&self, time: impl Fn(&EventTime) -> String) -> Vec<String> {
        self.words().page.iter().filter_map(|words| self.fill(words, &time)).collect()
    }

    fn fill(&self, words: &str, time: impl Fn(&EventTime) -> String) -> Option<String> {
        fill(words, |hole| match hole.name {
            "since" => Some(time(&self.since)),
            "until" => Some(time(&self.until)),
            "excess" => Some(Unit::WattHours.text(self.excess?.0 as f64, hole.decimals)),
            _ => Some(of_facts(&self.facts, hole)),
        })
    }
}

impl crate::Innocent {
    /// What it is and what was seen of it.
    pub fn in_words(&self) -> String {
        let fill = |words: &&str| fill(words, |hole| known(&self.facts, hole));
        self.definition.words.iter().find_map(fill).unwrap_or_default()
    }
}

/// A place in a template: `{NAME.PART:DECIMALS}`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hole<'a> {
    pub(crate) name: &'a str,
    pub(crate) part: Option<&'a str>,
    decimals: Option<usize>,
}

/// Fills the holes of a template. `None` if one of them has no value, or if the template has a bracket too many.
pub(crate) fn fill(words: &str, value: impl Fn(Hole<'_>) -> Option<String>) -> Option<String> {
    let (mut text, mut rest) = (String::new(), words);
    while let Some((before, behind)) = rest.split_once('{') {
        let (hole, after) = behind.split_once('}')?;
        let (path, decimals) = match hole.split_once(':') {
            Some((path, decimals)) => (path, Some(decimals.parse().ok()?)),
            None => (hole, None),
        };
        let (name, part) = match path.split_once('.') {
            Some((name, part)) => (name, Some(part)),
            None => (path, None),
        };
        text += before;
        text += &value(Hole { name, part, decimals })?;
        rest = after;
    }
    text += rest;
    Some(text)
}

/// What stands in a hole; a dash where the evidence lacks it.
fn of_facts(facts: &[Fact], hole: Hole<'_>) -> String {
    known(facts, hole).unwrap_or_else(|| "-".to_owned())
}

/// What stands in a hole, if the evidence has it.
fn known(facts: &[Fact], hole: Hole<'_>) -> Option<String> {
    let fact = facts.iter().find(|fact| fact.definition.name == hole.name)?;
    match hole.part {
        None => Some(fact.definition.unit.text(fact.value, hole.decimals)),
        Some("about") => fact.about.as_ref().map(MeterId::to_string),
        Some(part) if fact.definition.limit == Some(part) => {
            Some(fact.definition.unit.text(fact.limit?, hole.decimals))
        }
        Some(_) => None,
    }
}
