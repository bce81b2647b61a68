//! Dead letters go back into a replay, and come out as if they had never been dead.

use crate::program::{Scratch, repository};
use crate::table;
use reading::EventTime;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const QUARTER: i64 = 900_000;
const BEGIN: i64 = 1_704_067_200_000;

/// A folder with the plan of the demo and a simulated town, which has late and torn messages.
fn town(more: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    fs::copy(repository("pipelines/demo.toml"), scratch.path("plan.toml")).unwrap();
    let simulate = ["-q", "simulate", "--meters", "40", "--days", "3", "--seed", "5", "--out", "."];
    scratch.done(&[&simulate, more].concat());
    scratch
}

fn replay(scratch: &Scratch, readings: &[&str], out: &str) {
    let mut arguments = vec!["-q", "replay", "plan.toml", "--out", out];
    if scratch.path("topology.csv").exists() {
        arguments.extend(["--topology", "topology.csv"]);
    }
    arguments.push("--readings");
    arguments.extend(readings);
    scratch.done(&arguments);
}

/// The files of results as text. Late rows join in another order, so the lines are sorted. How many rows joined a
/// balance after its tick is left out: the front does not hear of letters, so ticks may close some readings sooner. How
/// late readings came is left out too.
fn results(dir: &Path) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = match path.extension().and_then(|end| end.to_str()) {
            Some("parquet") if name == "health.parquet" => continue,
            Some("parquet") => {
                let rows = table::rows(&path).into_iter().map(|mut row| {
                    row.remove("revision");
                    row.into_values().collect::<Vec<_>>().join(",") + "\n"
                });
                rows.collect()
            }
            Some("ndjson") if name != "dead-letters.ndjson" => fs::read_to_string(&path).unwrap(),
            _ => continue,
        };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        all.insert(name, lines);
    }
    all
}

#[track_caller]
fn expect_same(scratch: &Scratch, found: &str, expected: &str) {
    let (found, expected) = (results(&scratch.path(found)), results(&scratch.path(expected)));
    assert!(expected.contains_key("intervals.parquet"));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, lines) in &expected {
        let other = found[name].iter().zip(lines).find(|(found, expected)| found != expected);
        assert!(other.is_none() && found[name].len() == lines.len(), "{name}: {other:?}");
    }
}

fn of_reason<'a>(letters: &'a [Value], reason: &str) -> Vec<&'a Value> {
    letters.iter().filter(|letter| letter["reason"] == reason).collect()
}

/// The meter and the time of a line that can be read.
fn meter_and_time(line: &str) -> Option<(String, i64)> {
    let reading: Value = serde_json::from_str(line).ok()?;
    let time = reading["time"]
        .as_i64()
        .or_else(|| Some(EventTime::parse_rfc3339(reading["time"].as_str()?.as_bytes())?.0));
    Some((reading["meter"].as_str()?.to_owned(), time?))
}

/// The same lines, but each late one stands in time: before the first later line, which is mostly of another meter.
fn in_time(text: &str, late: &[&Value]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for letter in late {
        let bytes = letter["bytes"].as_str().unwrap();
        let at = lines.iter().rposition(|line| line == bytes).unwrap();
        let line = lines.remove(at);
        let (_, time) = meter_and_time(&line).unwrap();
        let is_later = |line: &String| meter_and_time(line).is_some_and(|(_, at)| at > time);
        let place = lines.iter().position(is_later).unwrap();
        lines.insert(place, line);
    }
    lines.join("\n") + "\n"
}

#[test]
fn late_readings_go_back_together_with_the_original_file() {
    let scratch = town(&["--late", "2%"]);
    replay(&scratch, &["readings.ndjson"], "first");
    let letters = scratch.objects("first/dead-letters.ndjson");
    let late = of_reason(&letters, "late");
    let torn = of_reason(&letters, "torn");
    assert!(late.len() > 50 && !torn.is_empty(), "{} late, {} torn", late.len(), torn.len());
    fs::write(scratch.path("in-time.ndjson"), in_time(&scratch.text("readings.ndjson"), &late)).unwrap();
    replay(&scratch, &["in-time.ndjson"], "in-time");
    assert!(of_reason(&scratch.objects("in-time/dead-letters.ndjson"), "late").is_empty());

    replay(&scratch, &["readings.ndjson", "first/dead-letters.ndjson"], "again");
    expect_same(&scratch, "again", "in-time");
    let left = scratch.objects("again/dead-letters.ndjson");
    // What was torn is torn in the file and among the letters, and is written once.
    assert_eq!(left.iter().collect::<Vec<_>>(), torn);
    let summary = scratch.summary("again");
    let number = |key: &str| summary[key].as_u64().unwrap();
    assert_eq!(number("late"), 0);
    assert_eq!(
        number("messages"),
        number("admitted") + number("duplicates") + number("late") + number("dead")
    );
}

#[test]
fn a_late_reading_of_a_burst_makes_no_other_reading_late() {
    let scratch = Scratch::new();
    fs::copy(repository("pipelines/demo.toml"), scratch.path("plan.toml")).unwrap();
    let line = |meter: &str, quarter: i64| {
        let (time, imp) = (BEGIN + quarter * QUARTER, 1000 + 100 * quarter);
        format!("{{\"meter\":\"{meter}\",\"time\":{time},\"imp\":{imp}}}\n")
    };
    let mut text = String::new();
    for quarter in 1..=192 {
        (0..20).for_each(|meter| text += &line(&format!("M{meter}"), quarter));
        // A meter delivers each day at 20:00, in order but for one reading, which comes last.
        if quarter % 96 == 80 {
            let day = quarter - 79..=quarter;
            day.filter(|own| own % 96 != 40).for_each(|own| text += &line("BURST", own));
        }
        if quarter % 96 == 84 {
            text += &line("BURST", quarter - 44);
        }
    }
    fs::write(scratch.path("readings.ndjson"), text).unwrap();
    replay(&scratch, &["readings.ndjson"], "first");
    assert_eq!(of_reason(&scratch.objects("first/dead-letters.ndjson"), "late").len(), 2);
    replay(&scratch, &["readings.ndjson", "first/dead-letters.ndjson"], "again");
    assert!(!scratch.path("again/dead-letters.ndjson").exists());
    let of_burst = table::rows(&scratch.path("again/intervals.parquet"));
    let of_burst = of_burst.iter().filter(|row| row["meter"] == "BURST");
    // From 20:00 to midnight it sends nothing.
    let empty = of_burst.clone().filter(|row| row["readings"] == "0").count();
    assert_eq!((empty, of_burst.clone().count()), (16, 96 + 80));
    let late = of_burst.filter(|row| row["end"].ends_with("T10:00:00Z"));
    assert!(late.clone().count() == 2 && late.clone().all(|row| row["readings"] == "1"), "{late:?}");
}

#[test]
fn letters_of_parquet_are_readings_in_json() {
    let scratch = town(&["--late", "2%", "--three-phase", "20%"]);
    scratch.done(&[
        "-q",
        "simulate",
        "--meters",
        "40",
        "--days",
        "3",
        "--seed",
        "5",
        "--late",
        "2%",
        "--three-phase",
        "20%",
        "--format",
        "parquet",
        "--out",
        "columns",
    ]);
    replay(&scratch, &["columns/readings.parquet"], "first");
    let letters = scratch.objects("first/dead-letters.ndjson");
    assert!(letters.len() > 50 && letters.iter().all(|letter| letter["reason"] == "late"));
    let of_three = |letter: &&Value| letter["bytes"].as_str().unwrap().contains("\"v\":[");
    assert!(letters.iter().filter(of_three).count() > 5);
    replay(&scratch, &["columns/readings.parquet", "first/dead-letters.ndjson"], "again");
    assert!(!scratch.path("again/dead-letters.ndjson").exists());
    // The same town as text.
    replay(&scratch, &["readings.ndjson"], "text");
    replay(&scratch, &["readings.ndjson", "text/dead-letters.ndjson"], "text-again");
    expect_same(&scratch, "again", "text-again");
}

#[test]
fn letters_that_were_edited_count_in_their_ticks() {
    let scratch = town(&["--no-faults"]);
    let text = scratch.text("readings.ndjson");
    // Two meters write their register as text.
    let is_wrong = |line: &str| line.contains("\"M000003\"") || line.contains("\"M000017\"");
    let wrong = |line: &str| {
        let (before, after) = line.split_once("\"imp\":").unwrap();
        let digits = after.find(|one: char| !one.is_ascii_digit()).unwrap();
        format!("{before}\"imp\":\"{}\"{}", &after[..digits], &after[digits..])
    };
    let lines = text.lines().map(|line| if is_wrong(line) { wrong(line) } else { line.to_owned() });
    fs::write(scratch.path("wrong.ndjson"), lines.collect::<Vec<_>>().join("\n")).unwrap();
    replay(&scratch, &["wrong.ndjson"], "first");
    let letters = scratch.text("first/dead-letters.ndjson");
    assert!(letters.lines().count() > 500 && letters.lines().all(|line| line.contains("\"field-type\"")));
    let mended = letters.replace("\\\"imp\\\":\\\"", "\\\"imp\\\":");
    let mended: Vec<String> = mended
        .lines()
        .map(|line| {
            let (before, after) = line.split_once("\\\"imp\\\":").unwrap();
            let digits = after.find(|one: char| !one.is_ascii_digit()).unwrap();
            format!(
                "{before}\\\"imp\\\":{}{}",
                &after[..digits],
                after[digits..].strip_prefix("\\\"").unwrap()
            )
        })
        .collect();
    fs::write(scratch.path("mended.ndjson"), mended.join("\n")).unwrap();
    replay(&scratch, &["readings.ndjson"], "expected");
    let mut found = vec!["wrong.ndjson", "mended.ndjson"];
    for out in ["again", "the-other-way-round"] {
        replay(&scratch, &found, out);
        expect_same(&scratch, out, "expected");
        found.reverse();
    }
}

#[test]
fn letters_alone_are_read_in_the_order_of_time_and_never_nested() {
    let scratch = town(&[]);
    replay(&scratch, &["readings.ndjson"], "first");
    let letters = scratch.objects("first/dead-letters.ndjson");
    let torn = of_reason(&letters, "torn");
    replay(&scratch, &["first/dead-letters.ndjson"], "second");
    let summary = scratch.summary("second");
    assert_eq!(summary["messages"], letters.len());
    assert_eq!(summary["late"], 0);
    let left = scratch.objects("second/dead-letters.ndjson");
    assert_eq!(left.iter().collect::<Vec<_>>(), torn);
    // What was torn stands in both files, the readings only in the first.
    let twice = ["first/dead-letters.ndjson", "second/dead-letters.ndjson"];
    replay(&scratch, &twice, "third");
    assert_eq!(scratch.objects("third/dead-letters.ndjson").len(), 2 * torn.len());
    expect_same(&scratch, "third", "second");
}

#[test]
fn explain_reads_letters_as_well() {
    let scratch = town(&[]);
    replay(&scratch, &["readings.ndjson"], "first");
    let letters = scratch.objects("first/dead-letters.ndjson");
    let meter = of_reason(&letters, "late")[0]["meter"].as_str().unwrap();
    let page =
        scratch.done(&["explain", meter, "--plan", "plan.toml", "--readings", "first/dead-letters.ndjson"]);
    assert!(page.contains(meter), "{page}");
}
