//! Replays that a signal ends. Only on Linux, because there `env` can restore an ignored signal.

use crate::desk::{Desk, REPLAY, lines};
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A replay that has read a lot and waits for more.
fn in_the_middle(desk: &Desk) -> Child {
    let stdin = ["replay", "plan.toml", "--readings", "-", "--topology", "topology.csv", "--out", "out"];
    // Processes in the background of a shell ignore Ctrl-C. `env` restores the default.
    let mut command = Command::new("env");
    command.current_dir(desk.path("")).args(["--default-signal=INT", env!("CARGO_BIN_EXE_gridwarden")]);
    command.args(stdin).stdin(Stdio::piped()).stderr(Stdio::null());
    let mut replay = command.spawn().unwrap();
    let mut pipe = replay.stdin.take().unwrap();
    // More than the program reads ahead, so that the first intervals are closed.
    pipe.write_all(lines(20_000).as_bytes()).unwrap();
    let partial = desk.path("out/intervals.parquet.partial");
    for _ in 0..600 {
        if partial.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(partial.exists(), "no file was begun");
    assert!(replay.try_wait().unwrap().is_none(), "it ended before the end of its input");
    replay.stdin = Some(pipe);
    replay
}

#[test]
fn while_a_run_writes_to_a_folder_no_other_does() {
    let desk = Desk::new();
    let mut replay = in_the_middle(&desk);
    let before = desk.left();
    let town = ["simulate", "--meters", "3", "--days", "1", "--out", "out"];
    for arguments in [&REPLAY[..], &town] {
        let output = desk.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains("another run is writing to out") && errors.contains("help"), "{errors}");
    }
    assert_eq!(desk.left(), before);
    // The end of its input lets it finish.
    drop(replay.stdin.take());
    assert!(replay.wait().unwrap().success());
    assert!(desk.run(&REPLAY).status.success());
}

#[test]
fn files_of_a_killed_replay_do_not_disturb_the_next_one() {
    let desk = Desk::new();
    let mut replay = in_the_middle(&desk);
    replay.kill().unwrap();
    assert!(!replay.wait().unwrap().success());
    assert!(desk.left().iter().all(|name| name.ends_with(".partial")), "{:?}", desk.left());
    // A run that fails deletes them, too, even files that it has not begun itself, such as `sms.ndjson`.
    desk.write("blank.ndjson", "\n");
    desk.check(&desk.replay("blank.ndjson"), 1, &["no reading could be used"]);
}

#[test]
fn a_replay_that_a_signal_ends_deletes_its_files() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let desk = Desk::new();
        let mut replay = in_the_middle(&desk);
        let id = replay.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let mut ended = None;
        for _ in 0..200 {
            ended = replay.try_wait().unwrap();
            if ended.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        if ended.is_none() {
            replay.kill().unwrap();
            replay.wait().unwrap();
        }
        assert_eq!(ended.expect("ten seconds are enough").code(), Some(code), "{signal}");
        assert_eq!(desk.left(), Vec::<String>::new(), "{signal}");
    }
}
