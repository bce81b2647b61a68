//! `gridwarden resend` without anything that can be sent.

use crate::desk::{Desk, lines};
use std::fs;
use std::path::Path;

fn ami() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines/ami.toml")).unwrap()
}

/// A desk with a plan for Kafka, and arguments behind it.
fn resend(desk: &Desk, more: &[&str]) -> std::process::Output {
    if !desk.path("ami.toml").exists() {
        desk.write("ami.toml", ami());
    }
    desk.run(&[&["resend", "ami.toml", "--brokers", "127.0.0.1:1"], more].concat())
}

fn letters(desk: &Desk) {
    let line = |reason: &str, bytes: &str| {
        let bytes = bytes.replace('"', "\\\"");
        format!("{{\"reason\":\"{reason}\",\"source\":\"a.ndjson\",\"bytes\":\"{bytes}\"}}\n")
    };
    let good = r#"{"meter":"M1","time":"2024-01-01T00:15:00Z","imp":1}"#;
    let ahead = r#"{"meter":"M1","time":"2099-01-01T00:15:00Z","imp":1}"#;
    let text = line("field-type", good)
        + &line("late", good)
        + &line("clock-ahead", ahead)
        + &line("torn", &good[..20])
        + "no letter\n";
    desk.write("dead-letters.ndjson", text);
}

#[test]
fn a_plan_without_kafka() {
    let desk = Desk::new();
    desk.check(&desk.run(&["resend", "plan.toml"]), 2, &["plan.toml", "no section `[kafka]`"]);
}

#[test]
fn a_plan_without_a_topic_of_dead_letters() {
    let desk = Desk::new();
    desk.write("ami.toml", ami().replace("\ndead_letters =", "\n# dead_letters ="));
    let words = ["ami.toml names no topic of dead letters", "`dead_letters", "--from dead-letters.ndjson"];
    desk.check(&resend(&desk, &[]), 2, &words);
}

#[test]
fn late_readings_alone() {
    let desk = Desk::new();
    let words = [
        "`late` readings cannot be sent again",
        "`gridwarden replay ami.toml --readings ORIGINAL dead-letters.ndjson --out DIR`",
    ];
    desk.check(&resend(&desk, &["--from", "dead-letters.ndjson", "--reason", "late"]), 2, &words);
}

#[test]
fn a_file_that_is_no_file_of_dead_letters() {
    let desk = Desk::new();
    desk.write("empty.ndjson", "\n");
    desk.check(&resend(&desk, &["--from", "missing.ndjson"]), 1, &["missing.ndjson", "No such file"]);
    desk.check(&resend(&desk, &["--from", "empty.ndjson"]), 1, &["empty.ndjson is empty"]);
    let words = ["readings.ndjson holds no dead letters; its first line is {\"meter\":\"M1\"", "`reason`"];
    desk.check(&resend(&desk, &["--from", "readings.ndjson"]), 2, &words);
}

#[test]
fn a_file_to_save_to_that_is_there() {
    let desk = Desk::new();
    letters(&desk);
    let arguments = ["--from", "dead-letters.ndjson", "--dry-run", "--save", "readings.ndjson"];
    desk.check(&resend(&desk, &arguments), 2, &["readings.ndjson exists already"]);
    assert_eq!(fs::read_to_string(desk.path("readings.ndjson")).unwrap(), lines(200));
}

#[test]
fn a_dry_run_over_a_file_needs_no_broker_and_says_why_letters_are_left() {
    let desk = Desk::new();
    letters(&desk);
    let arguments = ["--from", "dead-letters.ndjson", "--dry-run", "--save", "left.ndjson"];
    let output = resend(&desk, &arguments);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for words in [
        "1 dead letter would be sent again to readings: 1 field-type (1 reading)\n4 left:",
        "1 late: the intervals of their meters are closed",
        "1 torn: what is wrong with them is not mended",
        "1 clock-ahead: their stamps are ahead of the present time",
        "1 without a reason: these lines are no dead letters",
    ] {
        assert!(shown.contains(words), "no {words} in {shown}");
    }
    let left = fs::read_to_string(desk.path("left.ndjson")).unwrap();
    let all = fs::read_to_string(desk.path("dead-letters.ndjson")).unwrap();
    assert_eq!(left.lines().collect::<Vec<_>>(), all.lines().skip(1).take(3).collect::<Vec<_>>());
    for (option, words) in [
        (["--reason", "torn,late"], "`late` readings cannot be sent again"),
        (["--reason", "torn"], ": `--reason` names others"),
        (["--since", "2024-01-02T00:00:00Z"], "1 field-type: their readings are of another time"),
        (["--until", "2024-01-01T00:15:00Z"], ": their readings are of another time"),
    ] {
        let output = resend(&desk, &[&arguments[..3], &option].concat());
        let shown = [output.stdout, output.stderr].concat();
        let shown = String::from_utf8_lossy(&shown);
        assert!(shown.contains(words), "no {words} in {shown}");
    }
}
