//! Mistakes with `serve`, and with the commands that ask one or work on its store.

use crate::desk::Desk;
use std::fs;

/// The plan of the book that has routes and gateways.
const ROUTES: &str = include_str!("../../../../pipelines/routes.toml");

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("routes.toml", ROUTES);
    fs::create_dir(desk.path("out")).unwrap();
    desk
}

#[test]
fn a_plan_that_reaches_nobody_is_refused_before_anything_is_made() {
    let desk = desk();
    let serve = |plan: &str| desk.run(&["serve", plan, "--store", "store", "--results", "out"]);
    desk.check(&serve("plan.toml"), 2, &["has no `[[route]]`", "as in pipelines/routes.toml"]);
    desk.check(&serve("routes.toml"), 2, &["meter readers", "give `--topology FILE`"]);
    let without = ROUTES.split("[[gateway]]").next().unwrap();
    let without = without.replace("to = \"reader\"", "to = \"+000300000009\"");
    desk.write("without.toml", without);
    desk.check(&serve("without.toml"), 2, &["no `[[gateway]]`", "pipelines/routes.toml"]);
    assert!(!desk.path("store").exists(), "a store was made");
}

#[test]
fn without_a_folder_the_plan_has_to_name_topics_and_secrets_have_to_be_there() {
    let desk = desk();
    let serve = ["serve", "routes.toml", "--store", "store", "--topology", "topology.csv"];
    desk.check(&desk.run(&serve), 2, &["the variable `SMPP_PASSWORD` is not set"]);
    let people = ROUTES.split("# Other ways than SMS.").next().unwrap();
    let gateway = "[[gateway]]\nname = \"sms\"\nprotocol = \"modem\"\ndevice = \"none\"\n";
    desk.write("routes.toml", format!("{people}\n{gateway}"));
    desk.check(&desk.run(&serve), 2, &["has no section `[kafka]`"]);
    assert!(!desk.path("store").exists(), "a store was made");
}

#[test]
fn tokens_and_silences_that_make_no_sense_are_refused() {
    let desk = desk();
    let run = |line: &str| desk.run(&line.split(' ').collect::<Vec<_>>());
    desk.check(&run("token list --store nowhere"), 2, &["there is no nowhere/store.sqlite"]);
    assert!(!desk.path("nowhere").exists(), "looking made a folder");
    assert!(run("token add kim --store store").status.success());
    desk.check(&run("token add kim --role admin --area A1 --store store"), 2, &["an admin is for all areas"]);
    desk.check(&run("token revoke none --store store"), 2, &["there is no token `none` that is still good"]);
    let add = "silence add --store store --reason works --for";
    desk.check(&run(&format!("{add} 3x")), 2, &["a time is written like 90 min, 4 h or 2 d"]);
    desk.check(&run(&format!("{add} 366d")), 2, &["at most 365 d"]);
    desk.check(&run(&format!("{add} 4h --kind theft")), 2, &["`--kind theft` cannot be", "suspicion"]);
    desk.check(
        &run(&format!("{add} 4h --meter M/1")),
        2,
        &["`--meter M/1` cannot be", "the name of a meter"],
    );
    desk.check(&run("silence end none --store store"), 2, &["there is no silence `none` that goes on"]);
    desk.check(&run("alerts --store store"), 2, &["and no alerts", "--results DIR"]);
    assert!(run("silence list --store store").stdout.is_empty());
}

#[test]
fn what_was_decided_in_a_store_is_there_the_next_time() {
    let desk = desk();
    let done = |words: &[&str]| {
        let output = desk.run(&[words, &["--store", "store"]].concat());
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(
        done(&["token", "add", "night shift", "--role", "operator", "--area", "A1,A2"]).starts_with("gwt_")
    );
    let tokens = done(&["token", "list"]);
    assert!(tokens.contains("operator  night shift  A1, A2  since "), "{tokens}");
    let made =
        done(&["silence", "add", "--reason", "works", "--for", "2 d", "--area", "A1", "--up-to", "low"]);
    let name = made.split(' ').nth(1).unwrap();
    let list = done(&["silence", "list"]);
    assert!(list.starts_with(&format!("{name}  active")), "{list}");
    assert!(list.contains("area A1, up to low  (command line: works)"), "{list}");
    done(&["silence", "end", name]);
    assert!(done(&["silence", "list"]).starts_with(&format!("{name}  over")));
    assert!(done(&["ack", "some.case"]).contains("is acknowledged"));
    assert!(done(&["ack", "some.case"]).contains("was acknowledged already"));
}

#[test]
fn nobody_who_answers_is_an_error_that_says_where_it_was_asked() {
    let desk = desk();
    desk.write("token", "gwt_a_b\n");
    let ask = |words: &[&str]| {
        desk.run(&[words, &["--url", "http://127.0.0.1:1", "--token-file", "token"]].concat())
    };
    desk.check(
        &ask(&["alerts"]),
        1,
        &["http://127.0.0.1:1 does not answer", "is `gridwarden serve` running there?"],
    );
    desk.check(&ask(&["ack", "case"]), 1, &["does not answer"]);
    let no_url = ["alerts", "--url", "127.0.0.1", "--token-file", "token"];
    desk.check(&desk.run(&no_url), 2, &["must begin with http:// or https://"]);
    let no_token = ["alerts", "--url", "http://127.0.0.1:1", "--token-file", "none"];
    desk.check(&desk.run(&no_token), 2, &["cannot read none", "`gridwarden token add` makes a token"]);
}
