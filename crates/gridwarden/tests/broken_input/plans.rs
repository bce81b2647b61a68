//! Plans that cannot be used.

use crate::desk::{Desk, REPLAY};
use std::fs;

#[test]
fn a_plan_that_is_not_there() {
    let desk = Desk::new();
    fs::remove_file(desk.path("plan.toml")).unwrap();
    desk.check(&desk.run(&REPLAY), 2, &["plan.toml", "No such file", "pipelines/"]);
    desk.check(&desk.run(&["check", "plan.toml"]), 2, &["plan.toml", "No such file", "pipelines/"]);
}

#[test]
fn a_plan_that_is_no_text_or_a_folder() {
    let desk = Desk::new();
    desk.write("plan.toml", b"name = \"\xff\"\n");
    desk.check(&desk.run(&REPLAY), 2, &["plan.toml", "UTF-8"]);
    fs::remove_file(desk.path("plan.toml")).unwrap();
    fs::create_dir(desk.path("plan.toml")).unwrap();
    desk.check(&desk.run(&REPLAY), 2, &["plan.toml", "directory"]);
}

fn check_plan(begins: &str, instead: &str, words: &[&str]) {
    let desk = Desk::new();
    let place = format!("--> plan.toml:{}:", desk.edit_plan(begins, instead));
    let words = [words, &[&place]].concat();
    desk.check(&desk.run(&REPLAY), 2, &words);
    desk.check(&desk.run(&["check", "plan.toml"]), 2, &words);
}

#[test]
fn a_key_that_no_plan_has() {
    check_plan("grace =", "gracious = \"20 min\"", &["error[plan::key]", "gracious"]);
    check_plan("[sms]", "[telegrams]", &["error[plan::key]", "telegrams"]);
}

#[test]
fn a_key_that_every_plan_has_is_missing() {
    let desk = Desk::new();
    desk.edit_plan("voltage =", "");
    desk.check(&desk.run(&REPLAY), 2, &["error[plan::missing]", "`voltage`", "--> plan.toml:"]);
}

#[test]
fn a_length_in_volts() {
    check_plan("length =", "length = \"15 V\"", &["error[plan::unit]", "`length`", "\"V\""]);
}

#[test]
fn a_number_without_its_unit() {
    check_plan("grace =", "grace = \"20\"", &["error[plan::unit]", "`grace`", "no unit"]);
}

#[test]
fn a_window_below_zero() {
    check_plan("length =", "length = \"-15 min\"", &["error[plan::", "`length`", "-15 min"]);
    check_plan("grace =", "grace = \"-20 min\"", &["error[plan::", "`grace`", "-20 min"]);
}

#[test]
fn a_plan_that_is_no_toml() {
    let desk = Desk::new();
    let line = desk.edit_plan("[limits]", "[limits");
    let output = desk.run(&REPLAY);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    let place = format!("--> plan.toml:{line}:");
    assert!(errors.starts_with("error[plan::syntax]") && errors.contains(&place), "{errors}");
    assert_eq!(desk.left(), Vec::<String>::new());
}
