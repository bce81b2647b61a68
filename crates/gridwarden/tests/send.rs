//! `gridwarden send` and `outbox` where no gateway listens: nothing is lost, and people can look, drop and try again.
//! `scripts/deliver-check` has a gateway.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use expect_test::{Expect, expect};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

const MESSAGES: &str = "{\"id\":\"sms.a\",\"to\":\"+919810000001\",\"text\":\"Please check meter M1\"}\n\
                        {\"id\":\"sms.b\",\"to\":\"+919810000001\",\"text\":\"मीटर M2\"}\n";

fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gridwarden"));
    command.current_dir(dir).args(arguments).env_remove("GRIDWARDEN_SMPP_PASSWORD_FILE");
    command.env_remove("GRIDWARDEN_SMPP_PASSWORD");
    command
}

fn run(dir: &Path, arguments: &[&str]) -> Output {
    command(dir, arguments).output().unwrap()
}

/// The exit code and all that is printed; times are left out, because they are those of the wall.
fn check(dir: &Path, arguments: &[&str], answer: &Expect) {
    let output = run(dir, arguments);
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let is_time = |word: &str| word.len() >= 20 && word.ends_with('Z') && word.as_bytes()[10] == b'T';
    let without_time = |line: &str| {
        let words = line.split(' ').map(|word| if is_time(word) { "TIME" } else { word });
        format!("{}\n", words.collect::<Vec<_>>().join(" "))
    };
    let text: String = text.lines().map(without_time).collect();
    answer.assert_eq(&format!("{}\n{text}", output.status.code().unwrap()));
}

const SEND: [&str; 9] = [
    "send",
    "sms.ndjson",
    "--outbox",
    "outbox.sqlite",
    "--system-id",
    "us",
    "--sender",
    "GRIDWN",
    // Nobody listens on the port of "discard".
    "--smpp=127.0.0.1:9",
];

/// Sends in vain until a signal ends it, so that the messages are in the outbox.
fn filled() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("sms.ndjson"), MESSAGES).unwrap();
    let mut command = command(dir.path(), &SEND);
    command.env("GRIDWARDEN_SMPP_PASSWORD", "secret").stdout(Stdio::piped()).stderr(Stdio::piped());
    let process = command.spawn().unwrap();
    let list = ["outbox", "list", "outbox.sqlite"];
    // Looking works beside the process that sends.
    for _ in 0..600 {
        if String::from_utf8_lossy(&run(dir.path(), &list).stdout).contains("2 messages of 2") {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let taken = run(dir.path(), &["outbox", "drop", "outbox.sqlite", "sms.a"]);
    assert!(String::from_utf8_lossy(&taken.stderr).contains("another process sends what is in"));
    let ended = Command::new("kill").args(["-TERM", &process.id().to_string()]).status().unwrap();
    assert!(ended.success());
    let output = process.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert_eq!(output.status.code(), Some(143), "{text}");
    assert!(text.contains("0 delivered, 0 sent, 0 failed, 2 queued") && !text.contains("secret"), "{text}");
    assert!(text.contains("cannot reach 127.0.0.1:9"), "{text}");
    dir
}

#[test]
fn what_waits_can_be_looked_at_dropped_and_tried_again() {
    let dir = filled();
    let dir = dir.path();
    check(
        dir,
        &["outbox", "list", "outbox.sqlite"],
        &expect![[r#"
        0
        TIME  queued       **********001  sms.a
        TIME  queued       **********001  sms.b
        2 messages of 2
    "#]],
    );
    check(
        dir,
        &["outbox", "drop", "outbox.sqlite", "sms.b", "sms.x"],
        &expect![[r#"
        2
        error: there is no message `sms.x` in outbox.sqlite
          help: gridwarden outbox list outbox.sqlite shows all
    "#]],
    );
    check(
        dir,
        &["outbox", "drop", "outbox.sqlite", "sms.b"],
        &expect![[r#"
        0
        1 message dropped
    "#]],
    );
    check(
        dir,
        &["outbox", "drop", "outbox.sqlite", "sms.b"],
        &expect![[r#"
        2
        error: message sms.b is failed, so it cannot be dropped; nothing is changed
          help: only what waits can be dropped, only what failed or waits tried again
    "#]],
    );
    check(
        dir,
        &["outbox", "show", "outbox.sqlite", "sms.b"],
        &expect![[r#"
            0
            message sms.b
              state        failed
              reason       dropped by a person
              way          sms
              to           **********001
              came         TIME
              changed      TIME
              parts        1, of which 0 accepted
              tries        0 of the next part
              text         मीटर M2
        "#]],
    );
    check(
        dir,
        &["outbox", "list", "outbox.sqlite", "--state", "queued"],
        &expect![[r#"
        0
        TIME  queued       **********001  sms.a
        1 message of 2
    "#]],
    );
    check(
        dir,
        &["outbox", "retry", "outbox.sqlite", "sms.b"],
        &expect![[r#"
        0
        1 message queued again
    "#]],
    );
    check(
        dir,
        &["outbox", "list", "outbox.sqlite", "--state", "queued"],
        &expect![[r#"
        0
        TIME  queued       **********001  sms.a
        TIME  queued       **********001  sms.b
        2 messages of 2
    "#]],
    );
}

#[test]
fn what_is_missing_is_named_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    check(
        dir,
        &["outbox", "list", "outbox.sqlite"],
        &expect![[r#"
        2
        error: there is no outbox.sqlite
          help: gridwarden send makes one
    "#]],
    );
    check(
        dir,
        &["outbox", "retry", "outbox.sqlite", "sms.a"],
        &expect![[r#"
        2
        error: there is no outbox.sqlite
          help: gridwarden send makes one
    "#]],
    );
    assert!(!dir.join("outbox.sqlite").exists());
    check(
        dir,
        &SEND,
        &expect![[r#"
        2
        error: the gateway needs a password
          help: set GRIDWARDEN_SMPP_PASSWORD, or GRIDWARDEN_SMPP_PASSWORD_FILE to the path of a file with it; it may be empty
    "#]],
    );
    fs::write(dir.join("outbox.sqlite"), "no database").unwrap();
    check(
        dir,
        &["outbox", "list", "outbox.sqlite"],
        &expect![[r#"
        1
        error: cannot read outbox.sqlite
          cause: file is not a database
          cause: Error code 26: file is not a database
    "#]],
    );
}

#[test]
fn the_gateways_of_a_plan_need_their_secrets_and_must_fit_the_messages() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines");
    fs::copy(plans.join("routes.toml"), dir.join("routes.toml")).unwrap();
    let demo = fs::read_to_string(plans.join("demo.toml")).unwrap();
    fs::write(dir.join("demo.toml"), &demo).unwrap();
    fs::write(dir.join("secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    let hook = "\n[[gateway]]\nname = \"control-room\"\nprotocol = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n\
                secret = { file = \"secret\" }\n";
    fs::write(dir.join("hook.toml"), demo + hook).unwrap();
    fs::write(dir.join("email.ndjson"), "{\"id\":\"e\",\"to\":\"duty@example.org\",\"text\":\"M1\"}\n")
        .unwrap();
    let send = |plan: &'static str| ["send", "email.ndjson", "--outbox", "outbox.sqlite", "--plan", plan];
    check(
        dir,
        &send("demo.toml"),
        &expect![[r#"
        2
        error: the plan demo.toml has no `[[gateway]]`, so nothing can be sent
          help: add one as in pipelines/routes.toml
    "#]],
    );
    check(
        dir,
        &send("routes.toml"),
        &expect![[r#"
            2
            error: gateway `smsc`: `password` cannot be used
              cause: the variable `SMPP_PASSWORD` is not set
              help: set SMPP_PASSWORD in the environment
            error: gateway `backup`: `headers` cannot be used
              cause: cannot read /run/secrets/sms
              cause: No such file or directory (os error 2)
              help: let this process read the file, or name another one in the plan
            error: gateway `mail`: `password` cannot be used
              cause: the variable `SMTP_PASSWORD` is not set
              help: set SMTP_PASSWORD in the environment
            error: gateway `control-room`: `url` cannot be used
              cause: the variable `CONTROL_ROOM_URL` is not set
              help: set CONTROL_ROOM_URL in the environment
            error: gateway `control-room`: `secret` cannot be used
              cause: the variable `CONTROL_ROOM_SECRET` is not set
              help: set CONTROL_ROOM_SECRET in the environment
        "#]],
    );
    check(
        dir,
        &send("hook.toml"),
        &expect![[r#"
        2
        error: 1 message of the outbox cannot be sent: no gateway serves `email`
          help: add a `[[gateway]]` for it to the plan; the messages stay in the outbox
    "#]],
    );
    check(
        dir,
        &["outbox", "list", "outbox.sqlite"],
        &expect![[r#"
        0
        TIME  queued     d***@example.org  e
        1 message of 1
    "#]],
    );
}

#[test]
fn a_test_needs_a_receiver_with_one_address_and_a_gateway() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines");
    let routes = fs::read_to_string(plans.join("routes.toml")).unwrap();
    let (without, _) = routes.split_once("[[gateway]]").unwrap();
    let hook = "[[gateway]]\nname = \"control-room\"\nprotocol = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n\
                secret = { file = \"secret\" }\n";
    fs::write(dir.join("plan.toml"), format!("{without}{hook}")).unwrap();
    fs::write(dir.join("secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    let send = |receiver: &'static str| ["send", "--plan", "plan.toml", "--test", receiver];
    check(
        dir,
        &send("cheif"),
        &expect![[r#"
        2
        error: the plan plan.toml has no receiver `cheif`
          help: it has `readers`, `duty`, `chief`, `consumers`, `operator`, `control-room`
    "#]],
    );
    check(
        dir,
        &send("readers"),
        &expect![[r#"
        2
        error: receiver `readers` is somebody else for each meter
          help: add a receiver of the same channel with `to` set to your own address, and test that one
    "#]],
    );
    check(
        dir,
        &send("operator"),
        &expect![[r#"
        2
        error: receiver `operator` cannot be reached: no gateway serves `email`
          help: gridwarden check PLAN shows what is missing
    "#]],
    );
    let both = ["send", "--plan", "plan.toml", "--test", "operator", "--outbox", "outbox.sqlite"];
    let output = run(dir, &both);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    // A signal ends it while nobody listens.
    let mut waits = command(dir, &send("control-room"));
    let mut process = waits.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut printed = Vec::new();
    for line in BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok) {
        printed.push(line);
        if printed.len() == 2 {
            assert!(
                Command::new("kill").args(["-TERM", &process.id().to_string()]).status().unwrap().success()
            );
        }
    }
    assert_eq!(process.wait().unwrap().code(), Some(143), "{printed:?}");
    assert_eq!(printed[0], "to control-room, in 1 part, over control-room");
    assert!(
        printed[1].starts_with("control-room: cannot reach 127.0.0.1:9: Connection refused"),
        "{printed:?}"
    );
}
