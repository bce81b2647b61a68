//! Balances and losses of a town whose meters deliver late, and the command that shows them.

use crate::program::{Scratch, repository};
use columns::{Row, read_back};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

/// A town of 60 consumers and three days, without faults.
fn town() -> Scratch {
    let scratch = Scratch::new();
    let of_town = ["--meters", "60", "--days", "3", "--seed", "5", "--no-faults", "--out", "."];
    scratch.done(&[&["-q", "simulate"][..], &of_town].concat());
    scratch
}

fn replay(scratch: &Scratch, readings: &str, out: &str) {
    let plan = repository("pipelines/demo.toml");
    let plan = ["-q", "replay", plan.to_str().unwrap(), "--readings", readings, "--topology", "topology.csv"];
    scratch.done(&[&plan[..], &["--out", out]].concat());
}

fn rows(scratch: &Scratch, file: &str) -> Vec<Row> {
    read_back(scratch.path(file)).unwrap().1
}

/// The readings again, with every fifth meter a day behind.
fn delay(scratch: &Scratch) {
    let text = scratch.text("readings.ndjson");
    let lines: Vec<&str> = text.lines().collect();
    let a_day = lines.len() / 3;
    let is_late = |line: &str| line.split('"').nth(3).is_some_and(|meter| meter.ends_with(['0', '5']));
    let mut placed: Vec<(usize, &str)> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| (if is_late(line) { at + a_day } else { at }, *line))
        .collect();
    placed.sort_by_key(|(place, _)| *place);
    let text: String = placed.iter().map(|(_, line)| format!("{line}\n")).collect();
    fs::write(scratch.path("late.ndjson"), text).unwrap();
}

#[test]
fn balances_of_late_meters_end_at_the_sums_of_timely_ones() {
    let scratch = town();
    delay(&scratch);
    replay(&scratch, "readings.ndjson", "timely");
    replay(&scratch, "late.ndjson", "late");
    let sums = |out: &str| -> Vec<Row> {
        let mut rows = rows(&scratch, &format!("{out}/balance.parquet"));
        rows.iter_mut().for_each(|row| drop(row.shift_remove("revision")));
        rows
    };
    assert_eq!(sums("timely"), sums("late"));
    let revised = |out: &str| {
        let rows = rows(&scratch, &format!("{out}/balance.parquet"));
        rows.iter().filter(|row| row["revision"].as_u64() > Some(0)).count()
    };
    assert_eq!(revised("timely"), 0);
    assert!(revised("late") > 500, "{}", revised("late"));
    assert_eq!(rows(&scratch, "timely/losses.parquet"), rows(&scratch, "late/losses.parquet"));
}

#[test]
fn demand_of_groups_with_late_meters_is_that_of_timely_ones() {
    let scratch = town();
    delay(&scratch);
    replay(&scratch, "readings.ndjson", "timely");
    replay(&scratch, "late.ndjson", "late");
    let [timely, late] = ["timely", "late"].map(|out| {
        let mut rows = rows(&scratch, &format!("{out}/demand.parquet"));
        // The order of rows is that in which their sums were settled.
        rows.sort_by_key(|row| ["meter", "start", "zone"].map(|name| row[name].as_str().unwrap().to_owned()));
        rows
    });
    let groups = |rows: &[Row]| -> Vec<Row> {
        let is_group = |row: &&Row| row["meter"] == "system" || row["meter"].as_str().unwrap().contains('/');
        rows.iter().filter(is_group).cloned().collect()
    };
    assert!(groups(&timely).iter().all(|row| row["zone"] != "all" || row["block_w"].as_f64() > Some(0.0)));
    assert_eq!(groups(&timely), groups(&late));
    // The peaks of three days are among the blocks whose uses are kept.
    let shares =
        |rows: &[Row]| -> Vec<Value> { rows.iter().map(|row| row["coincident_w"].clone()).collect() };
    assert_eq!(shares(&timely), shares(&late));
}

#[test]
fn a_feeder_loses_what_its_meter_counted_beyond_all_consumers_on_it() {
    let scratch = Scratch::new();
    let of_town = [
        "--meters",
        "300",
        "--days",
        "3",
        "--seed",
        "5",
        "--no-faults",
        "--thieves",
        "0%",
        "--lookalikes",
        "0%",
    ];
    scratch.done(&[&["-q", "simulate"][..], &of_town, &["--feeder-meters", "--out", "."]].concat());
    delay(&scratch);
    replay(&scratch, "readings.ndjson", "timely");
    replay(&scratch, "late.ndjson", "late");
    let all = rows(&scratch, "timely/losses.parquet");
    assert_eq!(all, rows(&scratch, "late/losses.parquet"));
    let topology = scratch.text("topology.csv");
    let consumers = |feeder: &str| -> Vec<&str> {
        let cells = topology.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let own = cells.filter(|cells| cells[1] == "consumer" && cells[3] == feeder);
        own.map(|cells| cells[0]).collect()
    };
    let intervals = rows(&scratch, "timely/intervals.parquet");
    let net = |meters: &[&str], day: &Row| -> i64 {
        let within = day["start"].as_str().unwrap()..day["end"].as_str().unwrap();
        let own = intervals.iter().filter(|row| meters.contains(&row["meter"].as_str().unwrap()));
        let own = own.filter(|row| within.contains(&row["start"].as_str().unwrap()));
        own.map(|row| row["imp_wh"].as_i64().unwrap() - row["exp_wh"].as_i64().unwrap_or_default()).sum()
    };
    let is_whole_day =
        |row: &&Row| row["role"] == "feeder" && row["period"] == "day" && row["day"] == "2024-01-02";
    let feeders: Vec<&Row> = all.iter().filter(is_whole_day).collect();
    assert_eq!(feeders.iter().map(|row| row["target"].as_str().unwrap()).collect::<Vec<_>>(), ["F01", "F02"]);
    for feeder in feeders {
        let name = feeder["target"].as_str().unwrap();
        assert_eq!(feeder["supplied_wh"], net(&[name], feeder));
        assert_eq!(feeder["consumed_wh"], net(&consumers(name), feeder));
        assert_eq!(feeder["completeness"], 1.0);
        // The lines lose 0.8 %, and the transformers 1 to 3 %.
        let share = feeder["share"].as_f64().unwrap();
        assert!((0.015..0.04).contains(&share), "{share}");
    }
    let page = scratch.done(&["losses", "timely", "--period", "day", "--at", "2024-01-02"]);
    assert!(
        page.contains("12 of 12 transformers ranked")
            && page.contains("\nlosses of 2024-01-02: 2 of 2 feeders ranked"),
        "{page}"
    );
    let of_feeders =
        scratch.done(&["losses", "timely", "--role", "feeder", "--period", "day", "--at", "2024-01-02"]);
    assert!(page.ends_with(&of_feeders) && !of_feeders.contains("transformer"), "{of_feeders}");
    let without = town();
    replay(&without, "readings.ndjson", "out");
    let refused = without.run(&["losses", "out", "--role", "feeder"]);
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && text.contains("with the role `feeder`"), "{text}");
}

#[test]
fn losses_are_the_sums_of_balances_and_the_command_shows_the_largest_first() {
    let scratch = town();
    replay(&scratch, "readings.ndjson", "out");
    let balances = rows(&scratch, "out/balance.parquet");
    let losses = rows(&scratch, "out/losses.parquet");
    let text = |row: &Row, name: &str| row[name].as_str().unwrap().to_owned();
    let mut gaps = BTreeMap::<(String, String), i64>::new();
    for loss in losses.iter().filter(|row| row["period"] == "day") {
        let is_within = |row: &&Row| {
            row["transformer"] == loss["target"]
                && (text(loss, "start")..text(loss, "end")).contains(&text(row, "start"))
        };
        let gap = balances.iter().filter(is_within).filter_map(|row| row["gap_wh"].as_i64()).sum();
        assert_eq!(loss["gap_wh"].as_i64(), Some(gap), "{loss:?}");
        gaps.insert((text(loss, "target"), text(loss, "day")), gap);
    }
    let all: i64 = balances.iter().filter_map(|row| row["gap_wh"].as_i64()).sum();
    assert_eq!(gaps.values().sum::<i64>(), all, "every balance belongs to a day");
    let page = scratch.done(&["losses", "out", "--period", "day", "--at", "2024-01-02"]);
    let ranks: Vec<&str> = page.lines().skip(2).map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    let mut expected: Vec<(&String, i64)> = gaps
        .iter()
        .filter(|((_, day), _)| day == "2024-01-02")
        .map(|((name, _), gap)| (name, *gap))
        .collect();
    expected.sort_by_key(|(_, gap)| -gap);
    assert_eq!(ranks, expected.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), "{page}");
    let refused = |arguments: &[&str]| {
        let output = scratch.run(arguments);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, text) = refused(&["losses", "out", "--period", "day", "--at", "2024-02-01"]);
    assert!(code == Some(1) && text.contains("from 2024-01-01 to 2024-01-0"), "{text}");
    let (code, text) = refused(&["losses", "nowhere"]);
    assert!(code == Some(2) && text.contains("balance = true"), "{text}");
    let (code, _) = refused(&["losses", "out", "--at", "yesterday"]);
    assert_eq!(code, Some(2));
}
