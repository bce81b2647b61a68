//! A log that cannot be written does not end a run.

use crate::desk::{Desk, REPLAY};
use std::fs::OpenOptions;
use std::io;
use std::process::{Command, Output, Stdio};

/// A replay that logs a warning about a dead letter, with this standard error.
fn replay_with_log(desk: &Desk, log: impl Into<Stdio>) -> Output {
    desk.write("more.ndjson", b"no reading\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gridwarden"));
    command.current_dir(desk.path("")).args(REPLAY).args(["--readings", "more.ndjson"]).stderr(log);
    command.output().unwrap()
}

#[track_caller]
fn check(desk: &Desk, output: &Output) {
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("written to out"));
    let summary = desk.summary();
    assert_eq!((&summary["readings"], &summary["dead"]), (&200.into(), &1.into()));
    assert!(summary["log_lost"].as_u64().unwrap() > 0, "{summary}");
}

#[test]
fn a_full_log_does_not_end_a_replay() {
    let desk = Desk::new();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    check(&desk, &replay_with_log(&desk, full));
}

#[test]
fn a_log_without_a_reader_does_not_end_a_replay() {
    let desk = Desk::new();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    check(&desk, &replay_with_log(&desk, writer));
}

#[test]
fn a_log_that_is_written_loses_no_line() {
    let desk = Desk::new();
    assert_eq!(desk.replay("readings.ndjson").status.code(), Some(0));
    assert_eq!(desk.summary()["log_lost"], 0);
}
