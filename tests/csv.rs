//! `gridwarden replay --csv`: every table in a form that spreadsheets read.

use crate::program::{Scratch, repository};
use columns::read_back;
use serde_json::Value;
use std::fs;

#[test]
fn each_table_stands_as_csv_with_the_same_values_and_goes_with_the_next_run() {
    let scratch = Scratch::new();
    scratch.done(&[
        "-q",
        "simulate",
        "--meters",
        "20",
        "--days",
        "3",
        "--seed",
        "4",
        "--outages",
        "2",
        "--out",
        ".",
    ]);
    let plan = repository("pipelines/demo.toml");
    let replay = ["-q", "replay", plan.to_str().unwrap(), "--readings", "readings.ndjson", "--topology"];
    let replay = [&replay[..], &["topology.csv", "--out", "out"]].concat();
    scratch.done(&[&replay[..], &["--csv"]].concat());
    let tables: Vec<_> = fs::read_dir(scratch.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "parquet"))
        .collect();
    assert!(tables.len() > 8, "{tables:?}");
    for table in &tables {
        let (names, rows) = read_back(table).unwrap();
        let mut csv = ::csv::Reader::from_path(columns::csv_path(table)).unwrap();
        assert_eq!(csv.headers().unwrap().iter().collect::<Vec<_>>(), names);
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
