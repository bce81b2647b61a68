//! `gridwarden replay --csv`: every table in a form that spreadsheets read.

use crate::program::{Scratch, names, repository};
use columns::read_back;
use serde_json::Value;
use std::fs;

/// A town, and the arguments of its replay.
fn town(scratch: &Scratch) -> Vec<String> {
    let town = ["--meters", "20", "--days", "3", "--seed", "4", "--outages", "2", "--out", "."];
    scratch.done(&[&["-q", "simulate"][..], &town].concat());
    let plan = repository("pipelines/demo.toml");
    let replay = ["-q", "replay", plan.to_str().unwrap(), "--readings", "readings.ndjson", "--topology"];
    [&replay[..], &["topology.csv", "--out", "out"]].concat().into_iter().map(str::to_owned).collect()
}

#[test]
fn a_run_whose_csv_cannot_be_written_leaves_that_of_before() {
    let scratch = Scratch::new();
    let replay = town(&scratch);
    let replay: Vec<&str> = replay.iter().map(String::as_str).collect();
    scratch.done(&replay);
    let (before, summary) = (names(&scratch.path("out")), scratch.text("out/summary.json"));
    fs::write(scratch.path("out/csv"), "of somebody else").unwrap();
    let output = scratch.run(&[&replay[..], &["--csv"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to out"));
    fs::remove_file(scratch.path("out/csv")).unwrap();
    assert_eq!((names(&scratch.path("out")), scratch.text("out/summary.json")), (before, summary));
}

#[test]
fn each_table_stands_as_csv_with_the_same_values_and_goes_with_the_next_run() {
    let scratch = Scratch::new();
    let replay = town(&scratch);
    let replay: Vec<&str> = replay.iter().map(String::as_str).collect();
    scratch.done(&[&replay[..], &["--csv"]].concat());
    let tables: Vec<_> = fs::read_dir(scratch.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "parquet"))
        .collect();
    assert!(tables.len() > 8, "{tables:?}");
    for table in &tables {
        let (headers, rows) = read_back(table).unwrap();
        let mut csv = ::csv::Reader::from_path(columns::csv_path(table)).unwrap();
        assert_eq!(csv.headers().unwrap().iter().collect::<Vec<_>>(), headers);
        let mut count = 0;
        for (line, row) in csv.records().zip(&rows) {
            let cells = row.values().map(|value| match value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            assert!(line.unwrap().iter().eq(cells), "{}: {row:?}", table.display());
            count += 1;
        }
        assert_eq!(count, rows.len(), "{}", table.display());
    }
    scratch.done(&replay);
    assert_eq!(fs::read_dir(scratch.path("out/csv")).unwrap().count(), 0, "they were of the run before");
}
