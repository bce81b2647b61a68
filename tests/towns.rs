//! `gridwarden simulate`: the same seed gives the same town, and a replay counts its faults.

use crate::program::{Scratch, names, repository};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const TOWN: [&str; 7] = ["-q", "simulate", "--meters", "60", "--days", "2", "--seed"];

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    names(dir).into_iter().map(|name| (name.clone(), fs::read(dir.join(name)).unwrap())).collect()
}

fn town(scratch: &Scratch, out: &str, seed: &str, more: &[&str]) -> Vec<(String, Vec<u8>)> {
    scratch.done(&[&TOWN[..], &[seed, "--out", out], more].concat());
    files(&scratch.path(out))
}

fn check_seeds(format: &str) {
    let scratch = Scratch::new();
    let format = ["--format", format];
    let one = town(&scratch, "one", "5", &format);
    let readings = format!("readings.{}", format[1]);
    let names: Vec<&str> = one.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [readings.as_str(), "topology.csv", "truth.csv"]);
    assert!(one == town(&scratch, "same", "5", &format), "the same seed gives other bytes");
    let other = town(&scratch, "other", "6", &format);
    for (one, other) in [(&one[0], &other[0]), (&one[2], &other[2])] {
        assert!(one.1 != other.1, "another seed gives the same {}", one.0);
    }
}

#[test]
fn a_seed_gives_the_same_json_and_another_seed_another() {
    check_seeds("ndjson");
}

#[test]
fn a_seed_gives_the_same_parquet_and_another_seed_another() {
    check_seeds("parquet");
}

/// A town with a network, and every kind in it.
const NETWORK: [&str; 7] = ["--network", "--meters", "200", "--thieves", "10 %", "--innocents", "10 %"];

fn network(scratch: &Scratch, out: &str, seed: &str, more: &[&str]) -> Vec<(String, Vec<u8>)> {
    let start = ["-q", "simulate", "--days", "2", "--seed", seed, "--out", out];
    scratch.done(&[&start[..], &NETWORK[..], more].concat());
    files(&scratch.path(out))
}

#[test]
fn a_town_with_a_network_is_the_same_for_a_seed_and_can_be_replayed() {
    let scratch = Scratch::new();
    let more = ["--outages", "3", "--daily", "5%", "--fast-concentrators", "20%"];
    let one = network(&scratch, "one", "5", &more);
    let names: Vec<&str> = one.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["outages.csv", "readings.ndjson", "topology.csv", "truth.csv"]);
    assert!(one == network(&scratch, "same", "5", &more), "the same seed gives other bytes");
    assert!(one != network(&scratch, "other", "6", &more), "another seed gives the same town");
    let plan = repository("pipelines/ami.toml");
    let from = ["--topology", "one/topology.csv", "--readings", "one/readings.ndjson", "--out", "out"];
    scratch.done(&[&["-q", "replay", plan.to_str().unwrap()][..], &from[..]].concat());
    let summary = scratch.summary("out");
    assert!(summary["readings"].as_u64().unwrap() > 200 * 190, "{summary}");
}

#[test]
fn parquet_of_a_town_with_a_network_holds_all_that_its_lines_hold() {
    let scratch = Scratch::new();
    let plan = repository("pipelines/ami.toml");
    for format in ["ndjson", "parquet"] {
        network(&scratch, format, "5", &["--format", format, "--torn", "0"]);
        let (readings, out) = (format!("{format}/readings.{format}"), format!("{format}-out"));
        let from = ["--topology", "ndjson/topology.csv", "--readings", &readings, "--out", &out];
        scratch.done(&[&["-q", "replay", plan.to_str().unwrap()][..], &from[..]].concat());
    }
    let file = |name: &str| fs::read(scratch.path(name)).unwrap();
    assert!(file("ndjson/truth.csv") == file("parquet/truth.csv"));
    for name in ["intervals.parquet", "balance.parquet", "alerts.ndjson"] {
        let [lines, columns] = ["ndjson", "parquet"].map(|format| file(&format!("{format}-out/{name}")));
        assert!(lines == columns, "{name} differs");
    }
}

#[test]
fn the_kinds_are_listed_and_chosen_by_name() {
    let scratch = Scratch::new();
    let output = scratch.run(&["simulate", "--list-kinds"]);
    let listed = String::from_utf8(output.stdout).unwrap();
    for kind in simulate::lv::Kind::ALL {
        assert!(listed.contains(&format!("\n{:<24}{}\n", kind.name(), kind.says())), "{listed}");
    }
    network(&scratch, "town", "5", &["--kinds", "magnet,vacancy", "--no-faults"]);
    let truth = scratch.text("town/truth.csv");
    let kinds: BTreeSet<&str> = truth.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!(kinds, BTreeSet::from(["magnet", "vacancy"]));
    let wrong = |words: &[&str]| {
        let town = ["simulate", "--meters", "20", "--days", "1", "--out", "x"];
        let output = scratch.run(&[&town[..], words].concat());
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(wrong(&["--kinds", "magnet"]).contains("--network"));
    assert!(wrong(&["--network", "--kinds", "theft"]).contains("possible values: neutral-bypass"));
    assert!(wrong(&["--network", "--lookalikes", "1%"]).contains("cannot be used with"));
    assert!(wrong(&["--network", "--feeder-meters"]).contains("cannot be used with"));
    let lone = wrong(&["--network", "--kinds", "wrong-transformer"]);
    assert!(lone.contains("second transformer") && lone.contains("--transformers 2"), "{lone}");
}

#[test]
fn any_number_of_shards_writes_the_same_files_and_the_next_run_deletes_pictures() {
    let scratch = Scratch::new();
    let plan = repository("pipelines/demo.toml");
    town(&scratch, "town", "9", &["--outages", "3"]);
    let replay = |out: &str, more: &[&str]| {
        let from = ["--topology", "town/topology.csv", "--readings", "town/readings.ndjson", "--out", out];
        scratch.done(&[&["-q", "replay", plan.to_str().unwrap()][..], &from[..], more].concat());
        let mut files = files(&scratch.path(out));
        files.retain(|(name, _)| name != "summary.json");
        files
    };
    let one = replay("one", &["--plots", "--shards", "1"]);
    let three = replay("three", &["--plots", "--shards", "3"]);
    for (one, three) in one.iter().zip(&three) {
        assert!(one == three, "{} and {} differ", one.0, three.0);
    }
    let has = |files: &[(String, Vec<u8>)], name: &str| files.iter().any(|(known, _)| known == name);
    for name in [
        "profiles.parquet",
        "demand.parquet",
        "outages.parquet",
        "supply.parquet",
        "profile.svg",
        "duration.svg",
        "year.svg",
        "demand.svg",
    ] {
        assert!(has(&one, name), "{name}");
    }
    let without = replay("one", &[]);
    assert!(has(&without, "demand.parquet") && !has(&without, "demand.svg"));
}

#[test]
fn only_computes_the_named_outputs_and_they_are_the_same() {
    let scratch = Scratch::new();
    let plan = repository("pipelines/demo.toml");
    town(&scratch, "town", "9", &[]);
    let replay = |out: &str, more: &[&str]| {
        let from = ["--topology", "town/topology.csv", "--readings", "town/readings.ndjson", "--out", out];
        scratch.done(&[&["-q", "replay", plan.to_str().unwrap()][..], &from[..], more].concat());
        let mut files = files(&scratch.path(out));
        files.retain(|(name, _)| name != "summary.json" && name != "dead-letters.ndjson");
        files
    };
    let all = replay("all", &[]);
    for (only, names) in [
        ("profiles,demand", &["demand.parquet", "profiles.parquet"][..]),
        ("intervals", &["intervals.parquet"]),
        ("findings", &["findings.ndjson"]),
        ("supply", &["outages.parquet", "supply.parquet"]),
        (
            "cases",
            &["alerts.ndjson", "cases.parquet", "evidence.parquet", "sms.ndjson", "suspicions.parquet"],
        ),
    ] {
        let some = replay("some", &["--only", only]);
        assert_eq!(some.iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
        assert!(some.iter().all(|one| all.contains(one)), "{only} differ");
    }
}

#[test]
fn json_and_parquet_of_a_town_give_the_same_outputs() {
    let scratch = Scratch::new();
    let plan = repository("pipelines/demo.toml");
    let plan = plan.to_str().unwrap();
    for format in ["ndjson", "parquet"] {
        // Parquet cannot hold a torn line.
        town(&scratch, format, "8", &["--format", format, "--torn", "0", "--late", "1%"]);
        let readings = format!("{format}/readings.{format}");
        let out = format!("{format}-out");
        let from = ["--topology", "ndjson/topology.csv", "--readings", &readings, "--out", &out];
        scratch.done(&[&["-q", "replay", plan][..], &from[..]].concat());
    }
    let outputs = |out: &str| {
        let mut files = files(&scratch.path(out));
        // These files hold the place of a message in its source, which differs.
        files.retain(|(name, _)| !["summary.json", "dead-letters.ndjson"].contains(&name.as_str()));
        files
    };
    let (lines, columns) = (outputs("ndjson-out"), outputs("parquet-out"));
    assert_eq!(lines.len(), columns.len());
    for (one, other) in lines.iter().zip(&columns) {
        assert!(one == other, "{} differs", one.0);
    }
    let counts = |out: &str| {
        let summary = scratch.summary(out);
        ["readings", "late", "duplicates", "dead", "intervals"].map(|name| summary[name].clone())
    };
    assert_eq!(counts("ndjson-out"), counts("parquet-out"));
}

fn replayed(faults: &[&str]) -> (Value, usize) {
    let scratch = Scratch::new();
    town(&scratch, ".", "9", &[&["--no-faults"], faults].concat());
    let plan = repository("pipelines/demo.toml");
    let from = ["--readings", "readings.ndjson", "--topology", "topology.csv", "--out", "out"];
    scratch.done(&[&["-q", "replay", plan.to_str().unwrap()][..], &from[..]].concat());
    (scratch.summary("out"), scratch.text("readings.ndjson").lines().count())
}

fn about(share: f64, lines: usize) -> std::ops::Range<f64> {
    let expected = share * lines as f64;
    0.7 * expected..1.3 * expected
}

#[test]
fn a_town_without_faults_has_nothing_to_count() {
    let (summary, lines) = replayed(&[]);
    // 60 consumers and the meters of 3 transformers, with quarter-hours of two days.
    assert_eq!(lines, 63 * 2 * 96);
    assert_eq!(summary["readings"], lines);
    for what in ["late", "duplicates", "dead", "unplaced_wh"] {
        assert_eq!(summary[what], 0, "{what}");
    }
}

#[test]
fn late_messages_are_counted_as_late() {
    let (summary, lines) = replayed(&["--late", "2%"]);
    assert!(about(0.02, lines).contains(&summary["late"].as_f64().unwrap()), "{summary}");
    assert_eq!(summary["dead"], 0, "{summary}");
    assert_eq!(summary["issues"]["late"], summary["late"], "{summary}");
}

#[test]
fn messages_that_come_twice_are_counted_as_duplicates() {
    let (summary, lines) = replayed(&["--twice", "2%"]);
    assert!(about(0.02, lines).contains(&summary["duplicates"].as_f64().unwrap()), "{summary}");
    assert_eq!([&summary["late"], &summary["dead"]], [0, 0], "{summary}");
}

#[test]
fn torn_messages_are_counted_as_dead() {
    let (summary, lines) = replayed(&["--torn", "2%"]);
    let dead = summary["dead"].as_f64().unwrap();
    assert!(about(0.02, lines).contains(&dead), "{summary}");
    assert_eq!(summary["readings"].as_u64().unwrap() + dead as u64, lines as u64, "{summary}");
    assert_eq!(summary["late"], 0, "{summary}");
}

#[test]
fn messages_that_are_overtaken_are_not_late() {
    let (summary, lines) = replayed(&["--out-of-order", "20%"]);
    assert_eq!(summary["readings"], lines);
    assert_eq!([&summary["late"], &summary["dead"], &summary["duplicates"]], [0, 0, 0], "{summary}");
}
