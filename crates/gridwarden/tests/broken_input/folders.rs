//! The folder of outputs: files that are in the way, files of earlier runs, and what a failed run leaves.

use crate::desk::{Desk, REPLAY, lines};
use std::fs;
use std::process::Command;

#[test]
fn a_file_where_the_folder_of_outputs_should_be() {
    let desk = Desk::new();
    desk.write("out", "mine\n");
    desk.check(&desk.run(&REPLAY), 1, &["cannot make the folder out", "`--out`"]);
    let town = ["-q", "simulate", "--meters", "3", "--days", "1", "--out", "out"];
    desk.check(&desk.run(&town), 1, &["cannot make the folder out", "`--out`"]);
    assert_eq!(fs::read_to_string(desk.path("out")).unwrap(), "mine\n");
}

#[test]
fn a_folder_where_an_output_should_be() {
    let desk = Desk::new();
    fs::create_dir_all(desk.path("out/intervals.parquet")).unwrap();
    let output = desk.run(&REPLAY);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("cannot write to out") && errors.contains("cause"), "{errors}");
    // `summary.json` comes last: a folder without it is not a complete run.
    assert_eq!(desk.left(), ["intervals.parquet"]);
}

#[test]
fn an_earlier_run_stands_if_the_first_file_of_a_later_one_cannot_be_moved() {
    let desk = Desk::new();
    assert!(desk.run(&REPLAY).status.success());
    let before = fs::read(desk.path("out/summary.json")).unwrap();
    fs::remove_file(desk.path("out/intervals.parquet")).unwrap();
    fs::create_dir(desk.path("out/intervals.parquet")).unwrap();
    let names = desk.left().len();
    assert_eq!(desk.run(&REPLAY).status.code(), Some(1));
    assert_eq!((fs::read(desk.path("out/summary.json")).unwrap(), desk.left().len()), (before, names));
}

/// Linux has a device that is always full.
#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let desk = Desk::new();
    let explain = ["explain", "M1", "--plan", "plan.toml", "--readings", "readings.ndjson"];
    let simulate = ["simulate", "--meters", "3", "--days", "1", "--out", "town"];
    for arguments in [&["completions", "bash"][..], &["check", "plan.toml"], &REPLAY, &explain, &simulate] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gridwarden"));
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = command.current_dir(desk.path("")).args(arguments).stdout(full).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
        assert!(errors.contains("error: cannot write to standard output"), "{arguments:?}: {errors}");
        assert!(!errors.contains("panicked"), "{errors}");
    }
}

#[test]
fn an_earlier_run_stands_until_a_later_one_is_whole() {
    let desk = Desk::new();
    assert!(desk.run(&REPLAY).status.success());
    let before = fs::read(desk.path("out/intervals.parquet")).unwrap();
    desk.write("latin.ndjson", b"\xff\n");
    assert_eq!(desk.replay("latin.ndjson").status.code(), Some(1));
    assert!(before == fs::read(desk.path("out/intervals.parquet")).unwrap());
    assert!(desk.left().iter().all(|name| !name.ends_with(".partial")), "{:?}", desk.left());
}

#[test]
fn a_replay_does_not_write_over_its_own_input() {
    let desk = Desk::new();
    fs::create_dir(desk.path("out")).unwrap();
    for name in ["out/dead-letters.ndjson", "out/alerts.ndjson.partial"] {
        desk.write(name, lines(20));
        for shown in [name.to_owned(), format!("./out/../{name}"), desk.path(name).display().to_string()] {
            let output = desk.replay(&shown);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{errors}");
            assert!(errors.contains("is an input") && errors.contains("help"), "{errors}");
        }
        assert_eq!(fs::read_to_string(desk.path(name)).unwrap(), lines(20));
        fs::remove_file(desk.path(name)).unwrap();
    }
}

#[test]
fn a_replay_deletes_no_foreign_files() {
    for name in ["alerts.ndjson", "summary.json"] {
        let desk = Desk::new();
        fs::create_dir(desk.path("out")).unwrap();
        desk.write(&format!("out/{name}"), "{\"mine\": true}\n");
        let output = desk.run(&REPLAY);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(&format!("out/{name} is in the way")) && errors.contains("help"), "{errors}");
        assert_eq!(desk.left(), [name]);
    }
}

#[test]
fn files_of_a_run_that_was_killed_while_moving_them_are_replaced() {
    let desk = Desk::new();
    assert!(desk.run(&REPLAY).status.success());
    fs::rename(desk.path("out/summary.json"), desk.path("out/summary.json.partial")).unwrap();
    desk.write("blank.ndjson", "\n");
    desk.check(&desk.replay("blank.ndjson"), 1, &["no reading could be used"]);
}

#[test]
fn the_readings_of_a_town_stay_when_the_same_town_is_made_again() {
    let desk = Desk::new();
    let town = |format, seed| {
        let asked = ["simulate", "--meters", "3", "--days", "1", "--out", "town", "--format", format];
        desk.run(&[&asked[..], &["--seed", seed]].concat())
    };
    assert!(town("ndjson", "1").status.success());
    assert!(town("parquet", "1").status.success());
    assert!(desk.path("town/readings.ndjson").exists(), "the same town in another format took them away");
    let errors = String::from_utf8(town("parquet", "2").stderr).unwrap();
    assert!(!desk.path("town/readings.ndjson").exists() && errors.contains("an earlier town"), "{errors}");
}
