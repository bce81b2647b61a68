//! What each output and each of its columns means: for people who check a number.

use crate::each_output;
use crate::outputs::*;
use crate::value::{Cell, Type};

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnEntry {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub of: Type,
    /// Whether a value may be missing.
    pub optional: bool,
    /// The unit of its values; empty for text, times, ratios, counts and flags.
    pub unit: &'static str,
    /// What it says.
    pub definition: &'static str,
    /// Where that definition comes from.
    pub source: &'static str,
}

/// An output and its columns, those included that a plan may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputEntry {
    /// The key of its topic.
    pub topic: &'static str,
    /// Its names, and what a row is.
    pub about: About,
    /// Its columns, in the order of the file.
    pub columns: Vec<ColumnEntry>,
}

/// Every output, in the order of the list.
pub fn catalogue() -> Vec<OutputEntry> {
    macro_rules! entries {
        ($($field:ident: $Output:ident,)*) => {
            vec![$(OutputEntry {
                topic: stringify!($field),
                about: $Output::ABOUT,
                columns: columns(&$Output::with_all_columns()),
            },)*]
        };
    }
    each_output!(entries)
}

fn columns<O: Output>(output: &O) -> Vec<ColumnEntry> {
    let mut entries = Entries(Vec::new());
    output.columns(&mut entries);
    entries.0
}

struct Entries(Vec<ColumnEntry>);

impl<R> Columns<R> for Entries {
    fn column<T: Cell>(
        &mut self,
        name: &str,
        unit: &'static str,
        definition: &'static str,
        source: &'static str,
        _value: impl Fn(R) -> T,
    ) {
        debug_assert!(T::UNIT.is_empty() || T::UNIT == unit, "{name} is in {}, not in {unit}", T::UNIT);
        let (of, optional) = (T::TYPE, T::OPTIONAL);
        self.0.push(ColumnEntry { name: name.to_owned(), of, optional, unit, definition, source });
    }
}

#[cfg(test)]
mod tests;
