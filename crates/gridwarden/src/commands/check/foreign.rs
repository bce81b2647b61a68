//! Files of which no reading could be read: what they seem to be, and the way out.

use shell::Failure;
use std::path::{Path, PathBuf};

/// What a reading looks like.
const EXAMPLE: &str = r#"{"meter":"M1","time":"2024-01-01T00:15:00Z","imp":12345}"#;
/// So many letters of a line are shown.
const SHOWN: usize = 120;
/// So many names are shown.
const NAMES: usize = 12;

/// A line that became no reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Example {
    pub(super) path: PathBuf,
    /// Its number, from 1. None in a file without lines.
    pub(super) line: Option<u64>,
    pub(super) text: String,
}

impl Example {
    /// `FILE, line 3: {"meter_id":...`, and the names of its fields.
    pub(super) fn words(&self) -> String {
        let shown: String = self.text.chars().take(SHOWN).collect();
        let more = if shown.len() < self.text.len() { "..." } else { "" };
        let place = match self.line {
            Some(line) => format!("{}, line {line}", self.path.display()),
            None => self.path.display().to_string(),
        };
        format!("for example {place}: {shown}{more}")
    }

    /// The names that the line has, if it is an object.
    pub(super) fn names(&self) -> Option<String> {
        let names = keys(&self.text);
        (!names.is_empty()).then(|| format!("fields there: {}", listed(&names)))
    }
}

/// Nothing could be read. `first` is the first line that became no reading, if there is a line with something in it.
pub(super) fn nothing_read(paths: &[PathBuf], first: Option<&Example>) -> Failure {
    let all: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let of = all.join(", ");
    let Some(Example { path, text, .. }) = first else {
        return Failure::failed_with_help(
            format!("there is no reading in {of}: nothing but blank lines"),
            "check the program that should have written it",
        );
    };
    let (seems, help) = seems(text, path);
    Failure::failed_with_help(
        format!("no reading could be read from {of}: {seems}"),
        format!("{help}; a line of readings is {EXAMPLE}, with the register `imp` in Wh"),
    )
}

/// What a line seems to be a part of, and what to do.
fn seems(line: &str, path: &Path) -> (String, String) {
    let file = path.display();
    let names = keys(line);
    if !names.is_empty() && line.starts_with('{') {
        let lacking: Vec<&str> =
            ["meter", "time"].into_iter().filter(|name| names.iter().all(|found| found != name)).collect();
        let found = format!("it has JSON lines with the fields {}", listed(&names));
        return match lacking[..] {
            [] => (found, "see the reasons above".to_owned()),
            _ => (
                found,
                format!(
                    "rename what is meant by {}: `jq -c '{{meter: ..., time: ..., imp: ...}}' {file}`",
                    quoted(&lacking)
                ),
            ),
        };
    }
    if line.starts_with('[') {
        return (
            "it seems to be one JSON array".to_owned(),
            format!("write an object a line: `jq -c '.[]' {file}`"),
        );
    }
    if line.starts_with('{') {
        return (
            "it seems to be JSON over several lines".to_owned(),
            format!("write an object a line: `jq -c . {file}`"),
        );
    }
    if let Some(columns) = columns(line) {
        return (
            format!("it seems to be CSV with the columns {}", listed(&columns)),
            format!(
                "rename its columns and write JSON lines or Parquet, for example with polars: `pl.read_csv(\"{file}\").rename({{...}}).write_ndjson(\"readings.ndjson\")`"
            ),
        );
    }
    ("its lines are no JSON objects".to_owned(), "write JSON lines or Parquet".to_owned())
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}

fn listed(names: &[String]) -> String {
    let more = if names.len() > NAMES { ", ..." } else { "" };
    let shown: Vec<String> = names.iter().take(NAMES).map(|name| format!("`{name}`")).collect();
    format!("{}{more}", shown.join(", "))
}

/// The names of the fields of an object, as far as it goes.
fn keys(line: &str) -> Vec<String> {
    let (mut depth, mut names) = (0, Vec::new());
    let mut rest = line;
    while let Some(at) = rest.find(['{', '}', '[', ']', '"']) {
        let (found, behind) = (rest.as_bytes()[at], &rest[at + 1..]);
        rest = behind;
        match found {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {
                let Some(end) = end_of_string(behind) else { break };
                rest = &behind[end + 1..];
                if depth == 1 && rest.trim_start().starts_with(':') {
                    names.push(behind[..end].to_owned());
                }
            }
        }
    }
    names
}

/// Where the quotation mark stands that ends a string.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    })
}

/// The columns of a line of a table.
fn columns(line: &str) -> Option<Vec<String>> {
    let separator = [';', '\t', ','].into_iter().max_by_key(|separator| line.matches(*separator).count())?;
    let columns: Vec<String> =
        line.split(separator).map(|name| name.trim().trim_matches('"').to_owned()).collect();
    (columns.len() > 1).then_some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        assert_eq!(seems(line, Path::new("FILE")).0, expected);
    }

    #[test]
    fn files_of_other_formats_are_named() {
        check("meter_id,timestamp,kwh", "it seems to be CSV with the columns `meter_id`, `timestamp`, `kwh`");
        check("\"meter id\";\"kWh\"", "it seems to be CSV with the columns `meter id`, `kWh`");
        check("[{\"meter\":\"A\"}]", "it seems to be one JSON array");
        check("[", "it seems to be one JSON array");
        check("{", "it seems to be JSON over several lines");
        check(
            r#"{"meter_id":"a \" b","values":{"x":[1,2]},"kwh":1}"#,
            "it has JSON lines with the fields `meter_id`, `values`, `kwh`",
        );
        check("hello", "its lines are no JSON objects");
    }
}
