//! Places whose names have other letters than `A-Z`: they change nothing but the names.

use crate::program::{Scratch, repository};
use columns::read_back;
use serde_json::Value;
use std::fs;

/// What the names of each column get in front, so that their order stays. `"` and `\` need an escape in JSON, and `,` in
/// CSV.
const BEFORE: [(&str, &str); 3] =
    [("transformer", "मुंबई \"पूर्व\", "), ("feeder", "Öst\\"), ("area", "Zürich 北京 & <3> ")];

/// A town of 120 consumers with thieves and outages, whose topology once has plain names and once others.
fn town() -> Scratch {
    let scratch = Scratch::new();
    let of_town = ["--meters", "120", "--days", "5", "--seed", "11", "--thieves", "5 %", "--outages", "3"];
    scratch.done(&[&["-q", "simulate"][..], &of_town, &["--out", "."]].concat());
    let mut from = ::csv::Reader::from_path(scratch.path("topology.csv")).unwrap();
    let mut to = ::csv::Writer::from_path(scratch.path("named.csv")).unwrap();
    let columns: Vec<String> = from.headers().unwrap().iter().map(str::to_owned).collect();
    to.write_record(&columns).unwrap();
    for record in from.records() {
        let record = record.unwrap();
        let cells = record.iter().zip(&columns).map(|(cell, column)| {
            let before = BEFORE.iter().find(|(of, _)| of == column).map_or("", |(_, before)| before);
            if cell.is_empty() { String::new() } else { format!("{before}{cell}") }
        });
        to.write_record(cells).unwrap();
    }
    to.flush().unwrap();
    // As a spreadsheet writes it.
    let text = scratch.text("named.csv");
    fs::write(scratch.path("named.csv"), format!("\u{FEFF}{text}")).unwrap();
    scratch
}

fn replay(scratch: &Scratch, topology: &str, out: &str) {
    let plan = repository("pipelines/ami.toml");
    let from = ["--readings", "readings.ndjson", "--topology", topology, "--out", out, "--csv"];
    scratch.done(&[&["-q", "replay", plan.to_str().unwrap()][..], &from].concat());
}

/// A text with the plain names.
fn plain(text: &str) -> String {
    BEFORE.iter().fold(text.to_owned(), |text, (_, before)| text.replace(before, ""))
}

/// The same of all texts in a value. A short message leaves out names that its alphabet lacks.
fn with_plain_names(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(plain(text)),
        Value::Array(all) => all.iter().map(with_plain_names).collect(),
        Value::Object(fields) => {
            let of_sms =
                fields.contains_key("sms") || fields.contains_key("to") && fields.contains_key("text");
            let kept = fields.iter().filter(|(name, _)| !(of_sms && *name == "text"));
            Value::Object(kept.map(|(name, value)| (name.clone(), with_plain_names(value))).collect())
        }
        other => other.clone(),
    }
}

fn parquet_files(scratch: &Scratch, out: &str) -> Vec<String> {
    let names = crate::program::names(&scratch.path(out));
    names.into_iter().filter(|name| name.ends_with(".parquet")).collect()
}

#[test]
fn all_results_are_those_of_plain_names() {
    let scratch = town();
    replay(&scratch, "topology.csv", "plain");
    replay(&scratch, "named.csv", "named");
    let files = parquet_files(&scratch, "plain");
    assert_eq!(files, parquet_files(&scratch, "named"));
    let mut seen = 0;
    for file in &files {
        let rows = |out: &str| read_back(scratch.path(&format!("{out}/{file}"))).unwrap().1;
        let (wanted, found) = (rows("plain"), rows("named"));
        assert_eq!(wanted.len(), found.len(), "{file}");
        for (wanted, found) in wanted.into_iter().zip(found) {
            let found = Value::Object(found);
            seen += usize::from(found.to_string().contains("पूर्व"));
            assert_eq!(with_plain_names(&Value::Object(wanted)), with_plain_names(&found), "{file}");
        }
        let table = scratch.path(&format!("named/{file}"));
        let mut csv = ::csv::Reader::from_path(columns::csv_path(&table)).unwrap();
        for (line, row) in csv.records().zip(read_back(&table).unwrap().1) {
            let texts =
                line.unwrap().iter().map(str::to_owned).zip(row.values().cloned()).collect::<Vec<_>>();
            texts.iter().filter_map(|(cell, value)| Some((cell, value.as_str()?))).for_each(
                |(cell, value)| {
                    assert_eq!(cell, value, "{file}");
                },
            );
        }
    }
    assert!(seen > 1000, "{seen} rows name a transformer");
    for file in ["alerts.ndjson", "sms.ndjson"] {
        let lines = |out: &str| scratch.objects(&format!("{out}/{file}"));
        let (wanted, found) = (lines("plain"), lines("named"));
        assert!(!wanted.is_empty(), "{file}");
        let all = |lines: &[Value]| lines.iter().map(with_plain_names).collect::<Vec<_>>();
        assert_eq!(all(&wanted), all(&found), "{file}");
    }
}

#[test]
fn losses_and_explain_show_the_names() {
    let scratch = town();
    replay(&scratch, "topology.csv", "plain");
    replay(&scratch, "named.csv", "named");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let losses = |out: &str| scratch.done(&["losses", out, "--period", "day", "--at", "2024-01-03"]);
    let named = losses("named");
    assert!(named.contains("मुंबई \"पूर्व\", T0001"), "{named}");
    assert_eq!(words(&plain(&named)), words(&losses("plain")));
    let cases = read_back(scratch.path("plain/cases.parquet")).unwrap().1;
    let meter = cases[0]["target"].as_str().unwrap();
    let plan = repository("pipelines/ami.toml");
    let explain = |topology: &str| {
        let from =
            ["--plan", plan.to_str().unwrap(), "--readings", "readings.ndjson", "--topology", topology];
        scratch.done(&[&["explain", meter.strip_prefix("meter/").unwrap()][..], &from].concat())
    };
    let named = explain("named.csv");
    assert!(named.contains("area Zürich 北京 & <3> A"), "{named}");
    let without_sms =
        |text: &str| text.lines().filter(|line| !line.contains("SMS")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(without_sms(&plain(&named)), without_sms(&explain("topology.csv")));
}
