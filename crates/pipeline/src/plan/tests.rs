mod compression;
mod metering;
mod quality;
mod routes;

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
        ("routes", include_str!("../../../../pipelines/routes.toml")),
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
            error[plan::key]: unknown field `grase`, expected one of `length`, `grace`, `clock_ahead`, `most_waiting`, `longest_gap`, `snap`, `final_after`, `energy`, `cross_check`, `pf_true`, `unbalance`, `candidate`
              --> demo.toml:11:1
               | grase = "15 min"              # a tick closes when enough meters are this much later than its end
              help: each key is explained in pipelines/demo.toml or ami.toml
        "#]],
    );
}

#[test]
fn an_unknown_detector_or_key_of_one_is_named_with_its_place_and_the_nearest_name() {
    check(
        "[detectors.phase-neutral]",
        "[detectors.phase-neutal]",
        expect![[r#"
            error[plan::key]: no detector is called `phase-neutal`
              --> demo.toml:78:12
               | [detectors.phase-neutal]     # the phase and neutral currents of a meter should be equal
              help: did you mean `phase-neutral`?
        "#]],
    );
    check(
        "low_load =",
        "low_laod =",
        expect![[r#"
            error[plan::key]: unknown key `low_laod`, expected one of `share`, `floor`, `low_load`, `low_load_share`, `blocks`
              --> demo.toml:81:1
               | low_laod = "2 A"              # below this current
              help: did you mean `low_load`?
        "#]],
    );
}

#[test]
fn keys_of_a_detector_must_fit_together() {
    check(
        "low_load_share = \"25 %\"",
        "low_load_share = \"2 %\"",
        expect![[r#"
            error[plan::range]: `low_load_share` (2 %) must be at least `share` (6.25 %)
              --> demo.toml:82:18
               | low_load_share = "2 %"       # by more than this share;
              help: see `[detectors.phase-neutral]` of pipelines/demo.toml
        "#]],
    );
    check(
        "blocks = 5",
        "blocks = \"5\"",
        expect![[r#"
            error[plan::syntax]: `blocks` must be a whole number, found the text "5"
              --> demo.toml:83:10
               | blocks = "5"                    # in this many intervals in a row
              help: try `blocks = 5`
        "#]],
    );
}

#[test]
fn a_detector_without_keys_runs_with_its_defaults() {
    let (before, rest) = DEMO.split_once("[detectors.phase-neutral]").unwrap();
    let (_, after) = rest.split_once("\n[").unwrap();
    let text = format!("{before}[detectors.phase-neutral]\n[{after}");
    assert_eq!(Plan::read(&text).unwrap().detectors, Plan::read(DEMO).unwrap().detectors);
}

#[test]
fn a_wrong_unit_is_an_error() {
    check(
        "floor = \"0.5 A\"",
        "floor = \"0.5 V\"",
        expect![[r#"
            error[plan::unit]: `floor` must be a current in mA, A, kA, found the unit "V"
              --> demo.toml:80:9
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
               | grace = "20"              # a tick closes when enough meters are this much later than its end
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
fn a_length_of_time_outside_its_range_is_answered_with_one_that_is_accepted() {
    check(
        "length = \"15 min\"",
        "length = \"30 s\"",
        expect![[r#"
            error[plan::window]: `length` must be from 1 min to 1 h, found 30 s
              --> demo.toml:10:10
               | length = "30 s"             # whole minutes that divide an hour
              help: try `length = "1 min"`
        "#]],
    );
    check(
        "block = \"30 min\"",
        "block = \"5 min\"",
        expect![[r#"
            error[plan::window]: `block` must be from 15 min to 4 h, found 5 min
              --> demo.toml:37:9
               | block = "5 min"              # peaks are means over this time: in fixed blocks, and in blocks that slide by one interval
              help: try `block = "15 min"`
        "#]],
    );
}

#[test]
fn a_limit_that_the_engine_cannot_count_with_is_an_error() {
    check(
        "current = \"2000 A\"",
        "current = \"5 kA\"",
        expect![[r#"
            error[plan::range]: `current` must be at most 4194 A, found 5 kA
              --> demo.toml:24:11
               | current = "5 kA"
              help: try `current = "4194 A"`
        "#]],
    );
    check(
        "power = \"10 MW\"",
        "power = \"1001 MW\"",
        expect![[r#"
            error[plan::range]: `power` must be at most 1000 MW, found 1001 MW
              --> demo.toml:25:9
               | power = "1001 MW"
              help: try `power = "1000 MW"`
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
               | time_zone = "Asia/Atlantis"    # for local days and hours; the readings are in UTC
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
              --> demo.toml:22:8
               | [limits                      # a value above these is left out of its reading, and counted
        "#]],
    );
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

#[test]
fn with_profile_and_demand_a_single_phase_meter_takes_at_most_768_bytes() {
    let plan = Plan::read(include_str!("../../../../pipelines/ami.toml")).unwrap();
    // Data health comes on top.
    let health = health::HealthSettings::BYTES_PER_METER;
    assert!(plan.bytes_per_meter() - health <= 768, "{}", plan.bytes_per_meter());
    assert!(health <= 64, "{health}");
    // The demo spreads each billing period over a hundred classes of the power factor too.
    assert!(Plan::read(DEMO).unwrap().bytes_per_meter() <= 1024);
}

#[test]
fn only_a_plan_that_uses_events_asks_for_them() {
    let plan = Plan::read(DEMO).unwrap();
    assert_eq!(plan.events(), [vet::Findings::EVENTS, ::supply::SupplySettings::EVENTS].concat());
    assert!(plan.supply.unwrap().whole && !plan.clone().of_a_part().supply.unwrap().whole);
    let cut = DEMO.find("\n[supply]").unwrap()..DEMO.find("\n[forecast]").unwrap();
    let without_supply = format!("{}{}", &DEMO[..cut.start], &DEMO[cut.end..]);
    let without = Plan::read(&without_supply).unwrap();
    assert_eq!((&without.events()[..], without.supply), (&vet::Findings::EVENTS[..], None));
    let (town, until) = (without_supply.find("\ntown = {").unwrap(), "multiplier_days = 3 }");
    let end = town + without_supply[town..].find(until).unwrap() + until.len();
    let neither = Plan::read(&format!("{}{}", &without_supply[..town], &without_supply[end..])).unwrap();
    assert_eq!(neither.events(), []);
}

#[test]
fn supply_that_cannot_be_is_an_error_with_a_way_out() {
    check(
        "silent_after = \"2 h\"",
        "silent_after = \"20 min\"",
        expect![[r#"
            error[plan::window]: `silent_after` must be whole intervals of 15 min, found 20 min
              --> demo.toml:64:16
               | silent_after = "20 min"          # a consumer without readings for this time is silent: whole intervals, and longer than usual pauses of meters
              help: try `silent_after = "2 h"`
        "#]],
    );
    check(
        "silent_after = \"2 h\"",
        "silent_after = \"10 min\"",
        expect![[r#"
            error[plan::window]: `silent_after` must be from 15 min to 7 d, found 10 min
              --> demo.toml:64:16
               | silent_after = "10 min"          # a consumer without readings for this time is silent: whole intervals, and longer than usual pauses of meters
              help: try `silent_after = "15 min"`
        "#]],
    );
    check(
        "low_voltage = \"207 V\"",
        "low_voltage = \"253 V\"",
        expect![[r#"
            error[plan::range]: `low_voltage` must be below `high_voltage`, found 253 V and 253 V
              --> demo.toml:68:15
               | low_voltage = "253 V"         # hours below and above these are counted for each area and month: 230 V, plus or minus 10 %
              help: try `low_voltage = "207 V"` and `high_voltage = "253 V"`
        "#]],
    );
    check(
        "feeder_share = \"60 %\"",
        "feeder_share = \"160 %\"",
        expect![[r#"
            error[plan::range]: `feeder_share` must be at most 100 %, found 160 %
              --> demo.toml:67:16
               | feeder_share = "160 %"         # the same for a feeder, if they are on two or more transformers
              help: try `feeder_share = "10 %"`
        "#]],
    );
    check(
        "momentary = \"5 min\"",
        "",
        expect![[r#"
            error[plan::missing]: missing field `momentary`
              --> demo.toml:63:1
               | [supply]                      # outages of consumers, transformers and feeders, and the indices of IEEE 1366
              help: a plan says what runs: nothing is assumed for this key
        "#]],
    );
}

#[test]
fn a_key_of_a_channel_is_read_by_the_channel_and_shown_with_its_place() {
    let (before, _) = DEMO.split_once("[sms]").unwrap();
    // A detector that is added stands before: the number of the line is not compared.
    let refused = |keys: &str| {
        let text = format!("{before}[sms]\n{keys}");
        let page = Plan::read(&text).unwrap_err().render("demo.toml", &text);
        page.lines().filter(|line| !line.contains("-->")).collect::<Vec<_>>().join("\n")
    };
    expect![[r#"
        error[plan::range]: `per_hour` must be at least 1, found 0
           | per_hour = 0
          help: try `per_hour = 1`"#]]
    .assert_eq(&refused("per_hour = 0"));
    expect![[r#"
        error[plan::key]: unknown key `per_huor`, expected one of `per_hour`, `per_day`, `again_after`
           | per_huor = 4
          help: did you mean `per_hour`?"#]]
    .assert_eq(&refused("per_huor = 4"));
    let without_keys = Plan::read(&format!("{before}[sms]")).unwrap();
    assert_eq!(without_keys.channels, Plan::read(DEMO).unwrap().channels);
}
