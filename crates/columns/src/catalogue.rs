//! What each output and each of its columns means: for people who check a number.

use crate::each_output;
use crate::outputs::*;
use crate::value::{Cell, Type};
use std::fmt::Write;

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

/// The page `docs/reference/outputs.md`.
pub fn reference() -> String {
    let mut page = format!("{PREFACE}{}", overview());
    for OutputEntry { topic, about, columns } in catalogue() {
        let asked = about.asked_for_by();
        let only =
            if about.only.is_empty() { "always written".to_owned() } else { format!("`{}`", about.only) };
        write!(
            page,
            "\n## {}\n\nA row is {}.\n\n- File: `{}`\n- Topic: the one that `{topic}` in `[kafka]` names; key `{}`\n\
             - Asked for by: {asked}\n- With `--only`: {only}\n\n\
             | column | type | unit | meaning | source |\n| --- | --- | --- | --- | --- |\n",
            about.name(),
            about.row,
            about.file,
            about.key,
        )
        .expect(TAKES_ALL);
        for one in &columns {
            let null = if one.optional { " or null" } else { "" };
            let [definition, source] = [one.definition, one.source].map(|text| text.replace('|', "\\|"));
            let ColumnEntry { name, unit, of, .. } = one;
            writeln!(page, "| `{name}` | {}{null} | {unit} | {definition} | {source} |", of.name())
                .expect(TAKES_ALL);
        }
    }
    page
}

/// A line an output: its file, what a row is, the key of its topic and of a message, and what in a plan asks for it.
fn overview() -> String {
    let mut table = String::from(
        "\n| file | a row is | topic in `[kafka]` | key of a message | asked for by |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for (topic, about) in ALL {
        let (name, file, asked) = (about.name(), about.file, about.asked_for_by());
        // Behind a semicolon stands what only one way of writing has.
        let row = about.row.split(';').next().unwrap_or_default();
        writeln!(table, "| [`{file}`](#{name}) | {row} | `{topic}` | `{}` | {asked} |", about.key)
            .expect(TAKES_ALL);
    }
    table
}

const TAKES_ALL: &str = "text takes all text";

const PREFACE: &str = "\
<!-- Generated from the list of outputs in the code: `UPDATE_EXPECT=1 cargo test -p columns` rewrites it. -->

# Outputs, column by column

Every output has the same columns as a file and as messages of a [topic](topics.md).
Files end in `.parquet`, or in `.ndjson` with one JSON object a line; `gridwarden catalogue` prints the same definitions.
Times are UTC in RFC 3339. Days, months, slots, blocks and zones are those of the local time of the plan.
What else is in the folder is in [The folder of outputs](output-folder.md).
";

#[cfg(test)]
mod tests;
