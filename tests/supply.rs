//! `gridwarden simulate --outages` and `replay`: every outage is found with its times, and nothing else is.

use crate::program::{Scratch, repository};
use crate::table;
use reading::EventTime;
use reading::time::MINUTE;
use std::collections::BTreeMap;
use std::fs;

type Row = BTreeMap<String, String>;

fn moment(text: &str) -> i64 {
    EventTime::parse_rfc3339(text.as_bytes()).unwrap_or_else(|| panic!("{text} is not a time")).0
}

/// Replays a town of two feeders. Returns its real outages, and those that the replay has found.
fn replayed(seed: &str, more: &[&str]) -> (Scratch, Vec<Row>, Vec<Row>) {
    let scratch = Scratch::new();
    // 300 consumers have twelve transformers; ten of them are on the first feeder.
    let town =
        ["-q", "simulate", "--meters", "300", "--days", "5", "--outages", "9", "--no-faults", "--out", "."];
    scratch.done(&[&town[..], &["--seed", seed], more].concat());
    let plan = repository("pipelines/demo.toml");
    let format = if more.contains(&"parquet") { "parquet" } else { "ndjson" };
    let readings = format!("readings.{format}");
    let from = ["--readings", &readings, "--topology", "topology.csv", "--out", "out"];
    scratch.done(&[&["-q", "replay", plan.to_str().unwrap()][..], &from[..]].concat());
    let truth = scratch.text("outages.csv");
    let mut lines = truth.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let names = lines.next().unwrap();
    let truth = lines.map(|line| names.iter().cloned().zip(line).collect()).collect();
    let found_rows = table::rows(&scratch.path("out/outages.parquet"));
    (scratch, truth, found_rows)
}

/// Whether a row is about the same target as a real outage.
fn is_of(row: &Row, truth: &Row) -> bool {
    row["role"] == truth["role"] && row["target"] == truth["target"]
}

/// Checks that each outage is found once, with times as exact as the data allow, and that there are no others.
fn check(seed: &str, more: &[&str], is_exact: bool) {
    let (scratch, truth, mut found_rows) = replayed(seed, more);
    let known = format!("SEED={seed}\n{}", scratch.text("outages.csv"));
    assert_eq!(truth.len(), 9);
    for one in &truth {
        let (from, to) = (moment(&one["from"]), moment(&one["to"]));
        let count = |name: &str| one[name].parse::<usize>().unwrap();
        let is_moment = to - from <= 5 * MINUTE;
        // Without a last gasp and without a message of return, only a missing interval shows the outage.
        let messages = count("gasps") + count("returns");
        let found = found_rows.iter().position(|row| {
            let (start, end) = (moment(&row["start"]), moment(&row["end"]));
            is_of(row, one) && start <= to && end >= from - 15 * MINUTE
        });
        let Some(found) = found else {
            let short = messages == 0 && to - from < 120 * MINUTE;
            assert!(short, "{one:?} is not found\n{known}{found_rows:#?}");
            continue;
        };
        let row = found_rows.remove(found);
        let (start, end) = (moment(&row["start"]), moment(&row["end"]));
        if count("gasps") > 0 {
            assert_eq!(start, from, "{one:?}\n{row:?}\n{known}");
        }
        if count("returns") > 0 {
            assert_eq!(end, to, "{one:?}\n{row:?}\n{known}");
        }
        let interval = 15 * MINUTE * if is_exact { 1 } else { 2 };
        assert!(
            (start - from).abs() <= interval && (end - to).abs() <= interval,
            "{one:?}\n{row:?}\n{known}"
        );
        let consumers: usize = row["consumers"].parse().unwrap();
        // Of a momentary outage, only consumers that sent messages are known.
        let most = count("consumers");
        let least = if is_moment { count("gasps").min(count("returns")) } else { most };
        assert!((least..=most).contains(&consumers), "{one:?}\n{row:?}\n{known}");
        if !is_moment {
            let minutes: f64 = row["customer_minutes"].parse().unwrap();
            let true_minutes = (most as i64 * (to - from) / MINUTE) as f64;
            // Without a message of return, the end is known only to the interval.
            assert!((minutes / true_minutes - 1.0).abs() < 0.15 || most == 1, "{one:?}\n{row:?}\n{known}");
        }
        let kind = if end - start > 5 * MINUTE { "sustained" } else { "momentary" };
        assert_eq!(row["kind"], kind, "{row:?}");
    }
    // If only some consumers sent messages about a momentary outage, each of them may be an outage of its own.
    let moments: Vec<&Row> =
        truth.iter().filter(|one| moment(&one["to"]) - moment(&one["from"]) <= 5 * MINUTE).collect();
    found_rows.retain(|row| {
        let (start, end) = (moment(&row["start"]), moment(&row["end"]));
        let is_part =
            |one: &&&Row| start >= moment(&one["from"]) - MINUTE && end <= moment(&one["to"]) + 30 * MINUTE;
        row["role"] != "consumer" || !moments.iter().any(|one| is_part(&one))
    });
    assert!(found_rows.is_empty(), "{found_rows:#?} never were\n{known}");
}

#[test]
fn every_outage_of_a_town_is_found_and_no_other() {
    for seed in ["1", "2", "3"] {
        check(seed, &[], true);
    }
}

#[test]
#[ignore = "thirty towns"]
fn every_outage_of_more_towns_is_found_and_no_other() {
    for seed in 5..35 {
        check(&seed.to_string(), &[], true);
        check(&seed.to_string(), &["--lost", "1%", "--out-of-order", "3%"], false);
    }
}

#[test]
fn lost_readings_hide_no_outage_and_make_none() {
    check("4", &["--lost", "1%", "--out-of-order", "3%"], false);
}

#[test]
fn json_and_parquet_give_the_same_outages() {
    let (lines, ..) = replayed("1", &[]);
    let (columns, ..) = replayed("1", &["--format", "parquet"]);
    for name in ["outages.parquet", "supply.parquet"] {
        let read = |scratch: &Scratch| fs::read(scratch.path(&format!("out/{name}"))).unwrap();
        assert!(read(&lines) == read(&columns), "{name}");
    }
    let summary = lines.summary("out");
    assert_eq!(summary["outages"], table::rows(&lines.path("out/outages.parquet")).len());
    assert_eq!(summary["open_outages"], 0);
}

#[test]
fn the_indices_are_the_sums_of_the_outages() {
    let (scratch, _, found_rows) = replayed("2", &[]);
    let rows = table::rows(&scratch.path("out/supply.parquet"));
    let all = rows.iter().find(|row| row["area"] == "all").unwrap();
    let number = |row: &Row, name: &str| row[name].parse::<f64>().unwrap();
    assert_eq!(number(all, "consumers"), 300.0);
    let minutes: f64 = found_rows
        .iter()
        .filter(|row| row["kind"] == "sustained")
        .map(|row| number(row, "customer_minutes"))
        .sum();
    assert!((number(all, "saidi_min") * 300.0 - minutes).abs() < 0.2, "{all:?}");
    let sustained: f64 =
        found_rows.iter().filter(|row| row["kind"] == "sustained").map(|row| number(row, "consumers")).sum();
    assert!((number(all, "saifi") * 300.0 - sustained).abs() < 0.2, "{all:?}");
    assert!((number(all, "caidi_min") * sustained - minutes).abs() < 0.0006 * sustained, "{all:?}");
    // Tables are read with three decimals. Each consumer is in one area.
    let of_areas: f64 = rows
        .iter()
        .filter(|row| row["area"] != "all")
        .map(|row| number(row, "saidi_min") * number(row, "consumers"))
        .sum();
    assert!((of_areas - minutes).abs() < 0.2, "{of_areas} and {minutes}");
}
