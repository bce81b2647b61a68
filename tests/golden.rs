//! Runs whole plans over small files with every oddity. `UPDATE_EXPECT=1` rewrites the expected results.

use crate::program::{Scratch, done, names, repository, run_in};
use crate::table;
use columns::outputs::ALL;
use expect_test::expect_file;
use reading::Reason;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

/// The files of outputs, in a useful order for people.
fn outputs() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(_, about)| about.file)
}

fn check(name: &str) {
    let golden = repository("tests/golden").join(name);
    let scratch = Scratch::new();
    let out = scratch.path("out");
    let mut arguments = vec!["replay", "plan.toml", "--readings", "readings.ndjson"];
    if golden.join("topology.csv").exists() {
        arguments.extend(["--topology", "topology.csv"]);
    }
    arguments.extend(["--quiet", "--out", out.to_str().unwrap()]);
    done(&run_in(&golden, &arguments), &arguments);

    let mut page = String::new();
    for file in outputs().filter(|file| out.join(file).exists()) {
        let text = match file.strip_suffix(".parquet") {
            Some(_) => table::text(&out.join(file)),
            None => scratch.text(&format!("out/{file}")),
        };
        write!(page, "== {file}\n{text}\n").unwrap();
    }
    let known: BTreeSet<&str> = outputs().chain(["summary.json"]).collect();
    let unknown: Vec<String> =
        names(&out).into_iter().filter(|name| !known.contains(name.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?} would not be compared");
    let mut summary = scratch.summary("out");
    for of_the_machine in ["wall_s", "cpu_s", "peak_rss_bytes"] {
        summary.as_object_mut().unwrap().remove(of_the_machine);
    }
    write!(page, "== summary.json\n{summary:#}\n").unwrap();
    expect_file![golden.join("expected.txt")].assert_eq(&page);
}

#[test]
fn each_kind_of_line_that_is_not_a_reading() {
    check("dead-letters");
}

#[test]
fn a_gap_and_a_reset_and_a_swap_and_late_data_and_a_case() {
    check("gap-reset-swap-late");
}

#[test]
fn the_day_of_23_hours_is_forecast_with_23() {
    check("spring-day");
}

#[test]
fn the_day_of_25_hours_is_forecast_with_25() {
    check("autumn-day");
}

#[test]
fn the_days_without_a_change_of_the_clock_are_forecast_with_24() {
    // In case someone has rewritten the expected file without reading it.
    for (name, expected) in [
        ("spring-day", [("2024-03-31T00:00:00Z", 23), ("2024-03-31T23:00:00Z", 24)]),
        ("autumn-day", [("2024-10-26T23:00:00Z", 25), ("2024-10-28T00:00:00Z", 24)]),
    ] {
        let text = fs::read_to_string(repository("tests/golden").join(name).join("expected.txt")).unwrap();
        for (issued, hours) in expected {
            let rows = text.lines().filter(|line| line.starts_with(&format!("system,{issued},")));
            assert_eq!(rows.count(), hours, "{name}: issued {issued}");
        }
    }
}

/// Kinds of dead letters that need too many lines, or too long ones, for a golden file.
#[test]
fn every_kind_of_dead_letter_has_its_test() {
    let scratch = Scratch::new();
    let begin = 1_704_067_200_000_i64;
    let mut lines = String::new();
    let mut line = |meter: &str, at: i64, rest: &str| {
        writeln!(lines, "{{\"meter\":\"{meter}\",\"time\":{at},\"p\":1{rest}}}").unwrap();
    };
    // 1025 readings in one quarter of an hour: one more than the limit.
    for second in 0..1025 {
        line("M1", begin + 1 + second * 800, "");
    }
    // A line of 70,000 characters.
    line("M1", begin + 900_000, &format!(",\"note\":\"{}\"", "x".repeat(70_000)));
    // 101 readings of a clock two hours ahead, each between correct ones: one more than may wait.
    for second in 0..101 {
        line("M2", begin + 900_000 + second * 1000, "");
        line("M3", begin + 8_000_000 + second * 1000, "");
    }
    fs::write(scratch.path("readings.ndjson"), lines).unwrap();
    let plan = fs::read_to_string(repository("tests/golden/dead-letters/plan.toml")).unwrap();
    fs::write(scratch.path("plan.toml"), plan).unwrap();
    scratch.done(&["-q", "replay", "plan.toml", "--readings", "readings.ndjson", "--out", "out"]);
    let letters = scratch.objects("out/dead-letters.ndjson");
    let count = |reason: &str| letters.iter().filter(|letter| letter["reason"] == reason).count();
    assert_eq!([count("too-many"), count("too-long"), count("clock-ahead")], [1, 1, 1]);
    assert_eq!(letters.len(), 3);
    let ahead = letters.iter().find(|letter| letter["reason"] == "clock-ahead").unwrap();
    assert_eq!(ahead["time"], "2024-01-01T02:15:00Z", "the reading that is furthest ahead: {ahead}");

    let golden = fs::read_to_string(repository("tests/golden/dead-letters/expected.txt")).unwrap();
    let in_golden = golden.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let reason = |letter: &Value| letter.get("reason").and_then(Value::as_str).map(str::to_owned);
    let tested: BTreeSet<String> = in_golden.chain(letters).filter_map(|letter| reason(&letter)).collect();
    // A file of lines holds no frames and no Arrow messages.
    let elsewhere = ["not-arrow", "frame-version", "frame-length", "frame-checksum"];
    for reason in Reason::ALL.iter().map(|reason| reason.name()).filter(|name| !elsewhere.contains(name)) {
        assert!(tested.contains(reason), "no test has a dead letter with the reason {reason}");
    }
}
