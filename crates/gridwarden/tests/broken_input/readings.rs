//! Files of readings that are missing, damaged, or contain no readings.

use crate::desk::{Desk, REPLAY, lines};
use std::fs;
use std::process::Command;

#[test]
fn the_folder_works_before_a_test_breaks_it() {
    let desk = Desk::new();
    let output = desk.run(&REPLAY);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(desk.left().contains(&"intervals.parquet".to_owned()));
    assert!(desk.left().iter().all(|name| !name.ends_with(".partial")), "{:?}", desk.left());
}

#[test]
fn readings_that_are_not_there() {
    let desk = Desk::new();
    desk.check(&desk.replay("missing.ndjson"), 1, &["missing.ndjson", "No such file"]);
}

#[test]
fn the_second_of_two_files_is_not_there() {
    let desk = Desk::new();
    let output = desk.run(&[&REPLAY[..4], &["missing.ndjson"], &REPLAY[4..]].concat());
    desk.check(&output, 1, &["missing.ndjson", "No such file"]);
}

#[test]
fn readings_that_are_an_empty_file() {
    let desk = Desk::new();
    desk.write("empty.ndjson", "");
    desk.check(&desk.replay("empty.ndjson"), 1, &["empty.ndjson is empty"]);
}

#[test]
fn readings_that_are_blank_lines() {
    let desk = Desk::new();
    desk.write("blank.ndjson", "\n\n  \n\r\n");
    desk.check(&desk.replay("blank.ndjson"), 1, &["no reading could be used: the input holds none"]);
}

#[test]
fn a_check_of_readings_that_are_none() {
    let desk = Desk::new();
    let check = |file: &str, text: &str, words: &[&str]| {
        desk.write(file, text);
        let output = desk.run(&["check", "plan.toml", "--readings", file]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        words.iter().for_each(|word| assert!(errors.contains(word), "no \"{word}\" in:\n{errors}"));
        assert!(!String::from_utf8_lossy(&output.stdout).contains("these readings suit the plan"));
    };
    check("blank.ndjson", "\n\n", &["no reading in blank.ndjson", "blank lines"]);
    let csv = "meter_id,timestamp,kwh\nA,2024-01-01T00:00:00Z,1\n";
    check("a.csv", csv, &["CSV with the columns `meter_id`, `timestamp`, `kwh`", "help"]);
    check("a.json", "[{\"meter\":\"A\"}]\n", &["one JSON array", "jq -c '.[]' a.json"]);
    let other = "{\"meter_id\":\"A\",\"timestamp\":\"2024-01-01T00:00:00Z\",\"kwh\":1}\n";
    check("other.ndjson", other, &["fields `meter_id`, `timestamp`, `kwh`", "rename", "`meter` and `time`"]);
}

#[test]
fn readings_that_are_compressed() {
    let desk = Desk::new();
    for (magic, name) in [(&b"\x1f\x8b\x08\x00"[..], "gzip"), (b"\x28\xb5\x2f\xfd", "zstd")] {
        desk.write("readings.packed", [magic, &[7; 200]].concat());
        let words = ["readings.packed is compressed with", name, "decompress it first"];
        desk.check(&desk.replay("readings.packed"), 1, &words);
    }
}

#[test]
fn readings_in_a_format_that_is_not_read() {
    let desk = Desk::new();
    let formats = [
        (&b"PARE"[..], "an encrypted Parquet file"),
        (b"ARROW1\0\0", "an Arrow file"),
        (b"\xff\xff\xff\xff\x10\0\0\0", "an Arrow stream"),
    ];
    for (magic, name) in formats {
        desk.write("readings.arrow", magic);
        desk.check(&desk.replay("readings.arrow"), 1, &["readings.arrow is", name, "write it as Parquet"]);
    }
}

#[test]
fn a_dead_letter_is_shown_by_its_beginning() {
    let desk = Desk::new();
    desk.write("noise.ndjson", [&b"\xfe".repeat(4000)[..], b"\n"].concat());
    let output = desk.replay("noise.ndjson");
    desk.check_words(&output, 1, &["1 message became a dead letter", "not-utf8", " ..."]);
    assert!(output.stderr.len() < 600, "{}", output.stderr.len());
}

#[test]
fn readings_that_are_no_text() {
    let desk = Desk::new();
    desk.write("latin.ndjson", b"{\"meter\":\"M\xe9\",\"time\":1704067200000,\"imp\":1}\n\xff\xfe\x00\n");
    desk.check_words(
        &desk.replay("latin.ndjson"),
        1,
        &["no reading could be used", "2 messages", "not-utf8", "latin.ndjson"],
    );
    // They can be mended, and replayed into the same folder.
    assert_eq!(desk.left(), ["dead-letters.ndjson"]);
    let output = desk.run(&REPLAY);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn readings_that_are_a_folder() {
    let desk = Desk::new();
    fs::create_dir(desk.path("folder")).unwrap();
    desk.check(&desk.replay("folder"), 1, &["cannot read folder", "directory"]);
}

#[test]
fn standard_input_named_twice() {
    let desk = Desk::new();
    let output = desk.run(&["replay", "plan.toml", "--readings", "-", "-", "--out", "out"]);
    desk.check(&output, 2, &["standard input", "twice"]);
}

#[test]
fn standard_input_that_is_parquet() {
    let desk = Desk::new();
    parquet(&desk);
    let mut command = Command::new(env!("CARGO_BIN_EXE_gridwarden"));
    command.current_dir(desk.path("")).args(["replay", "plan.toml", "--readings", "-", "--out", "out"]);
    let file = fs::File::open(desk.path("town/readings.parquet")).unwrap();
    desk.check(&command.stdin(file).output().unwrap(), 2, &["standard input takes JSON lines", "Parquet"]);
}

fn parquet(desk: &Desk) -> Vec<u8> {
    let town = ["-q", "simulate", "--meters", "20", "--days", "2", "--format", "parquet", "--out", "town"];
    let output = desk.run(&town);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(desk.path("town/readings.parquet")).unwrap()
}

#[test]
fn half_a_parquet_file() {
    let desk = Desk::new();
    let whole = parquet(&desk);
    for length in [4, 12, whole.len() / 2, whole.len() - 1] {
        desk.write("half.parquet", &whole[..length]);
        desk.check(&desk.replay("half.parquet"), 1, &["half.parquet", "cause"]);
    }
}

#[test]
fn a_parquet_file_that_is_damaged_inside() {
    let desk = Desk::new();
    let mut damaged = parquet(&desk);
    let (from, to) = (damaged.len() / 4, damaged.len() / 2);
    damaged[from..to].fill(0xaa);
    desk.write("damaged.parquet", &damaged);
    desk.check(&desk.replay("damaged.parquet"), 1, &["damaged.parquet", "cause"]);
}

/// Some damage makes the Parquet decoder panic. Users must see only our error, not the panic.
#[test]
fn a_damaged_page_is_reported_only_by_our_error() {
    let desk = Desk::new();
    let whole = parquet(&desk);
    let mut gave_up = 0;
    for part in 8..24 {
        let mut damaged = whole.clone();
        let from = whole.len() / 32 * part;
        damaged[from..from + 64].fill(0xaa);
        desk.write("damaged.parquet", &damaged);
        let output =
            desk.run(&["-q", "replay", "plan.toml", "--readings", "damaged.parquet", "--out", "out"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        let ours =
            |line: &str| ["error: ", "  cause: ", "  help: "].iter().any(|begins| line.starts_with(begins));
        assert!(errors.lines().all(ours), "part {part}: {errors}");
        gave_up += u32::from(errors.contains("the decoder gave up"));
    }
    assert!(gave_up > 0, "none of these makes the decoder panic");
}

#[test]
fn every_message_is_admitted_or_a_repeat_or_a_dead_letter() {
    let desk = Desk::new();
    assert!(desk.run(&["-q", "simulate", "--meters", "20", "--days", "3", "--out", "town"]).status.success());
    let output = desk.replay("town/readings.ndjson");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = desk.summary();
    let number = |name: &str| summary[name].as_u64().unwrap();
    let count = |path: &str| fs::read_to_string(desk.path(path)).unwrap_or_default().lines().count() as u64;
    assert_eq!(number("messages"), count("town/readings.ndjson"));
    let letters = number("late") + number("dead");
    assert_eq!(number("messages"), number("admitted") + number("duplicates") + letters, "{summary}");
    assert_eq!(letters, count("out/dead-letters.ndjson"));
    assert!(number("late") > 0 && number("dead") > 0 && number("duplicates") > 0, "{summary}");
    let shown = String::from_utf8_lossy(&output.stdout);
    let letters = format!(", {letters} dead letters: {} torn, {} late\n", number("dead"), number("late"));
    assert!(shown.contains(&letters), "{shown}");
}

#[test]
fn garbage_that_moves_no_watermark_keeps_its_order() {
    let desk = Desk::new();
    let garbage: String = (0..20_000).map(|number| format!("garbage {number}\n")).collect();
    desk.write("garbage.ndjson", garbage + &lines(20));
    let output = desk.replay("garbage.ndjson");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let letters = fs::read_to_string(desk.path("out/dead-letters.ndjson")).unwrap();
    assert_eq!(letters.lines().count(), 20_000);
    for (number, letter) in letters.lines().enumerate() {
        assert!(letter.contains(&format!("\"garbage {number}\"")), "{number}: {letter}");
    }
    assert_eq!(desk.summary()["admitted"], 20);
}

#[test]
fn a_line_without_an_end_is_one_dead_letter_with_its_beginning() {
    let desk = Desk::new();
    let sneaked = r#"{"meter":"SNEAK","time":1704067200000,"imp":1}"#;
    desk.write("long.ndjson", "x".repeat(262_144) + sneaked + "\n" + &lines(20));
    let output = desk.replay("long.ndjson");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let letters = fs::read_to_string(desk.path("out/dead-letters.ndjson")).unwrap();
    let letter: serde_json::Value = serde_json::from_str(letters.trim_end()).unwrap();
    assert_eq!(letter["reason"], "too-long");
    assert_eq!(letter["bytes"].as_str().unwrap().len(), 65_536);
    let summary = desk.summary();
    assert_eq!([&summary["messages"], &summary["admitted"], &summary["meters"]], [21, 20, 1], "{summary}");
}

#[test]
fn a_reading_that_waited_longer_than_its_file_is_a_dead_letter_of_that_file() {
    let desk = Desk::new();
    let all = lines(80);
    let second = all.match_indices('\n').nth(39).unwrap().0 + 1;
    let a_year_ahead = "{\"meter\":\"M2\",\"time\":1735689600000,\"imp\":1}\n";
    desk.write("first.ndjson", all[..second].to_owned() + a_year_ahead);
    desk.write("second.ndjson", &all[second..]);
    let files = ["--readings", "first.ndjson", "second.ndjson"];
    let output = desk.run(&[&["-q", "replay", "plan.toml"][..], &files, &["--out", "out"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let letters = fs::read_to_string(desk.path("out/dead-letters.ndjson")).unwrap();
    let letter: serde_json::Value = serde_json::from_str(letters.trim_end()).unwrap();
    assert_eq!([&letter["reason"], &letter["source"]], ["clock-ahead", "first.ndjson"]);
}

#[test]
fn a_file_in_another_order_is_reported_with_help() {
    let desk = Desk::new();
    // A few thousand readings would be put in order.
    let reversed: Vec<String> = lines(140_000).lines().rev().map(str::to_owned).collect();
    desk.write("reversed.ndjson", reversed.join("\n"));
    let output = desk.replay("reversed.ndjson");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    let late = desk.summary()["late"].as_f64().unwrap();
    assert!(late > 70_000.0, "{late}");
    for words in [
        &format!("{} % of the readings came too late", (late / 1400.0).round()),
        "come newest first",
        "oldest readings first",
    ] {
        assert!(errors.contains(words), "no {words} in {errors}");
    }
}

#[test]
fn history_that_is_sent_again_is_no_failure() {
    let desk = Desk::new();
    desk.write("thrice.ndjson", lines(2000).repeat(3));
    let output = desk.replay("thrice.ndjson");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(desk.summary()["late"].as_u64().unwrap() > 3900, "{}", desk.summary());
}
