//! What commands print, on standard output and on standard error.

use crate::desk::{Desk, REPLAY, lines, shared_neutral};
use std::path::Path;

#[test]
fn an_unknown_command() {
    let desk = Desk::new();
    desk.check(&desk.run(&["replai"]), 2, &["replai", "replay"]);
    desk.check(&desk.run(&["replay", "plan.toml", "--readings", "readings.ndjson"]), 2, &["--out"]);
    desk.check(&desk.run(&[&REPLAY[..], &["--shards", "0"]].concat()), 2, &["--shards"]);
}

#[test]
fn with_log_lines_for_machines_an_error_is_one_too() {
    let desk = Desk::new();
    let output = desk.run(&["-q", "--log-format", "json", "check", "missing.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let line: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((&line["level"], &line["code"]), (&"ERROR".into(), &2.into()), "{line}");
    let message = line["message"].as_str().unwrap();
    assert!(message.contains("cannot read the plan missing.toml") && message.contains("help"), "{message}");
}

#[test]
fn a_very_short_run_shows_no_speed() {
    let desk = Desk::new();
    desk.write("few.ndjson", lines(3));
    let output = desk.replay("few.ndjson");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !shown.contains("CPU second"), "{shown}");
}

#[test]
fn quiet_prints_nothing_if_files_hold_the_result() {
    let desk = Desk::new();
    let output = desk.run(&[&["--quiet"], &REPLAY[..]].concat());
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
    assert!(!desk.run(&["--quiet", "check", "plan.toml"]).stdout.is_empty());
}

#[test]
fn options_of_simulate_that_make_no_town() {
    let desk = Desk::new();
    let town = ["simulate", "--meters", "10", "--days", "1", "--out", "out"];
    for (option, value, words) in [
        ("--thieves", "200%", "--thieves"),
        ("--interval", "7 parsecs", "--interval"),
        ("--interval", "7m", "interval"),
        ("--start", "yesterday", "--start"),
        ("--transformers", "11", "transformers"),
        ("--late", "-1", "--late"),
        ("--late", "-1%", "`--late` is not a share"),
        ("--interval", "7m", "found 7 min"),
        ("--utc-offset", "20", "-14 to 14 hours"),
        ("--late", "99.9%", "% together"),
    ] {
        let joined = format!("{option}={value}");
        desk.check(&desk.run(&[&town[..], &[&joined]].concat()), 2, &[words]);
        desk.check(&desk.run(&[&town[..], &[option, value]].concat()), 2, &[words]);
    }
    for (meters, days) in [("-1", "1"), ("100000000000", "1"), ("1", "-1"), ("1", "4000000")] {
        let output = desk.run(&["simulate", "--meters", meters, "--days", days, "--out", "out"]);
        desk.check(&output, 2, &["a whole number"]);
    }
    desk.check(&desk.run(&["simulate", "--meters", "0", "--days", "1", "--out", "out"]), 2, &["meters"]);
}

#[test]
fn a_town_reports_what_it_leaves_out_or_deletes() {
    let desk = Desk::new();
    let town = |format: &str, seed: &str| {
        let asked = ["simulate", "--meters", "1", "--days", "1", "--torn", "20%", "--out", "town"];
        let output = desk.run(&[&asked[..], &["--format", format, "--seed", seed]].concat());
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains("of 1 consumer over 1 day,"));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(town("ndjson", "1"), "");
    let shown = town("parquet", "2");
    assert!(shown.contains("torn messages were left out") && shown.contains("readings.ndjson"), "{shown}");
    assert!(!desk.path("town/readings.ndjson").exists());
}

#[test]
fn an_unknown_meter_cannot_be_explained() {
    let desk = Desk::new();
    let explain = |meter: &str| {
        let input = ["--readings", "readings.ndjson", "--topology", "topology.csv"];
        desk.run(&[&["explain", meter, "--plan", "plan.toml"][..], &input[..]].concat())
    };
    desk.check(&explain("M2"), 1, &["meter M2"]);
    desk.check(&explain("no such name"), 2, &["no such name"]);
    assert!(explain("M1").status.success());
}

#[test]
fn a_case_is_explained_alone() {
    let desk = Desk::new();
    // Two leaks, twenty days apart: with a cool-down of a day, two cases.
    let line = |quarter: i64| {
        let neutral = if (100..120).contains(&(quarter % 1000)) { 5 } else { 8 };
        let time = 1_704_067_200_000 + quarter * 900_000;
        format!("{{\"meter\":\"M1\",\"time\":{time},\"v\":230,\"i\":8,\"in\":{neutral}}}\n")
    };
    desk.write("two.ndjson", (1..1300).map(line).collect::<String>());
    let explain = |what: &str| {
        let input = ["--plan", "plan.toml", "--readings", "two.ndjson", "--topology", "topology.csv"];
        let output = desk.run(&[&["explain", what], &input[..]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let all = explain("M1");
    let opened = all.lines().filter(|line| line.contains(" opened at "));
    let ids: Vec<&str> = opened.map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(ids.len(), 2, "{all}");
    let one = explain(ids[1]);
    assert!(one.contains(ids[1]) && !one.contains(ids[0]), "{one}");
    assert_eq!(one.matches("please check").count(), 1, "{one}");
    let none = explain("phase-neutral.M1.20240105T1430Z");
    assert!(none.contains("none is phase-neutral.M1.20240105T1430Z") && none.contains(ids[0]), "{none}");
    assert!(!none.contains("opened at"), "{none}");
}

#[test]
fn explain_shows_why_there_is_no_case() {
    let desk = Desk::new();
    desk.write("shared.ndjson", shared_neutral());
    desk.write("known.csv", "meter,role,transformer\nM1,consumer,T1\nM2,consumer,T1\n");
    let explain = |plan: &str, readings: &str, topology: &[&str]| {
        let input = ["explain", "M1", "--plan", plan, "--readings", readings];
        let output = desk.run(&[&input[..], topology].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let known = ["--topology", "known.csv"];
    let shown = explain("plan.toml", "shared.ndjson", &known);
    assert!(
        shown.contains(
            "a shared neutral explains 20 of them: both neutrals together fit both phases of it and M2"
        ),
        "{shown}"
    );
    let shown = explain("plan.toml", "shared.ndjson", &[]);
    assert!(shown.contains("20 of them raise nothing: on no known transformer"), "{shown}");
    let shown = explain("plan.toml", "readings.ndjson", &known);
    assert!(shown.contains("cases      none: no interval has a phase and a neutral current"), "{shown}");
    let j1 = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines/j1.toml");
    let shown = explain(j1.to_str().unwrap(), "readings.ndjson", &known);
    assert!(shown.contains("cases      none: this plan has no detectors"), "{shown}");
}

#[test]
fn a_meter_with_dots_in_its_name_can_be_explained() {
    let desk = Desk::new();
    desk.write("dotted.ndjson", lines(20).replace("\"M1\"", "\"north.M.1\""));
    for name in ["north.M.1", "phase-neutral.north.M.1.20240105T1430Z"] {
        let output = desk.run(&["explain", name, "--plan", "plan.toml", "--readings", "dotted.ndjson"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {errors}");
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("meter north.M.1:"), "{name}");
    }
}
