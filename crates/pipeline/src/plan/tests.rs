use super::*;
use expect_test::{Expect, expect};

const DEMO: &str = include_str!("../../../../pipelines/demo.toml");

/// Replaces a piece of the demo plan and shows what a person would read.
fn check(from: &str, to: &str, expected: Expect) {
    assert!(DEMO.contains(from), "the demo plan holds {from:?}");
    let text = DEMO.replacen(from, to, 1);
    let page = match Plan::read(&text) {
        Ok(plan) => format!("accepted {}", plan.name),
        Err(error) => error.render("demo.toml", &text),
    };
    expected.assert_eq(&page);
}

#[test]
fn every_plan_that_comes_with_the_project_is_accepted() {
    for (name, text) in [
        ("demo", DEMO),
        ("ami", include_str!("../../../../pipelines/ami.toml")),
        ("backfill", include_str!("../../../../pipelines/backfill.toml")),
        ("j1", include_str!("../../../../pipelines/j1.toml")),
    ] {
        let plan = Plan::read(text).unwrap_or_else(|error| panic!("{}", error.render(name, text)));
        assert_eq!(plan.name, name);
    }
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    check(
        "grace =",
        "grase =",
        expect![[r#"
            error[plan::key]: unknown field `grase`, expected one of `length`, `grace`, `clock_ahead`, `most_waiting`, `longest_gap`, `energy`, `cross_check`, `candidate`
              --> demo.toml:11:1
               | grase = "15 min"              # an interval closes when the latest reading is this far past its end
              help: keys are listed in pipelines/demo.toml, each with its meaning
        "#]],
    );
}

#[test]
fn a_wrong_unit_is_an_error() {
    check(
        "floor = \"0.5 A\"",
        "floor = \"0.5 V\"",
        expect![[r#"
            error[plan::unit]: `floor` must be a current in mA, A, kA, found the unit "V"
              --> demo.toml:33:9
               | floor = "0.5 V"               # and by more than this;
              help: try `floor = "0.5 A"`
        "#]],
    );
}

#[test]
fn a_number_without_a_unit_is_an_error() {
    check(
        "grace = \"15 min\"",
        "grace = \"20\"",
        expect![[r#"
            error[plan::unit]: `grace` must be a length of time in ms, s, m, min, h, d, found no unit
              --> demo.toml:11:9
               | grace = "20"              # an interval closes when the latest reading is this far past its end
              help: try `grace = "20 min"`
        "#]],
    );
}

#[test]
fn a_negative_window_is_an_error() {
    check(
        "length = \"15 min\"",
        "length = \"-15 min\"",
        expect![[r#"
            error[plan::range]: `length` must be above zero, found -15 min
              --> demo.toml:10:10
               | length = "-15 min"             # whole minutes that divide an hour
              help: try `length = "20 min"`
        "#]],
    );
}

#[test]
fn a_window_that_does_not_divide_an_hour_is_an_error() {
    check(
        "length = \"15 min\"",
        "length = \"25 min\"",
        expect![[r#"
            error[plan::window]: `length` must be whole minutes that divide an hour, found 25 min
              --> demo.toml:10:10
               | length = "25 min"             # whole minutes that divide an hour
              help: try `length = "15 min"`, "30 min" or "60 min"
        "#]],
    );
}

#[test]
fn an_unknown_time_zone_is_an_error() {
    check(
        "Asia/Kolkata",
        "Asia/Atlantis",
        expect![[r#"
            error[plan::zone]: `time_zone` names no zone of the tz database: "Asia/Atlantis"
              --> demo.toml:5:13
               | time_zone = "Asia/Atlantis"    # local days and hours; readings themselves are in UTC
              help: try `time_zone = "Asia/Kolkata"` or "UTC"
        "#]],
    );
}

#[test]
fn what_is_no_toml_is_an_error_with_its_place() {
    check(
        "[limits]",
        "[limits",
        expect![[r#"
            error[plan::syntax]: unclosed table, expected `]`
              --> demo.toml:18:8
               | [limits                      # beyond these a field is left out, and counted
        "#]],
    );
}

#[test]
fn the_state_depends_on_the_grace_and_not_on_the_name() {
    let plan = |text: &str| Plan::read(text).unwrap().fingerprint();
    assert_eq!(plan(DEMO), plan(&DEMO.replace("name = \"demo\"", "name = \"other\"")));
    assert_ne!(plan(DEMO), plan(&DEMO.replace("grace = \"15 min\"", "grace = \"25 min\"")));
}

#[test]
fn a_single_phase_meter_takes_at_most_256_bytes_under_the_plans_for_streams() {
    let ami = include_str!("../../../../pipelines/ami.toml");
    for plan in
        [DEMO, ami, include_str!("../../../../pipelines/j1.toml")].map(|text| Plan::read(text).unwrap())
    {
        assert!(
            plan.intervals.bytes_per_meter() <= 256,
            "{}: {}",
            plan.name,
            plan.intervals.bytes_per_meter()
        );
    }
}
