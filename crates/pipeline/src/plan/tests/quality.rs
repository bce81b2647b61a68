//! Rules of data quality.

use super::*;

#[test]
fn rules_of_quality_that_cannot_be_are_errors_with_a_way_out() {
    check(
        "zero_run = \"3 d\"",
        "zero_run = \"3 min\"",
        expect![[r#"
            error[plan::window]: `zero_run` must be from 1 h to 366 d, found 3 min
              --> demo.toml:55:12
               | zero_run = "3 min"              # no energy imported for this time
              help: try `zero_run = "1 h"`
        "#]],
    );
    check(
        "run = \"24 h\"",
        "run = \"30 min\"",
        expect![[r#"
            error[plan::range]: `run` must be 3 to 16383 intervals
              --> demo.toml:56:16
               | flat = { run = "30 min", spread = "0.5 %", floor = "1 Wh" }   # for this time, all energies are within this share or floor of the first
              help: try `run = "24 h"`
        "#]],
    );
    check(
        "times = 3.0",
        "times = 0.5",
        expect![[r#"
            error[plan::range]: `times` must be above 1, and at most 1000
              --> demo.toml:57:19
               | spike = { times = 0.5, floor = "2 kW" }   # this many times the third-highest of the last weeks, and above the floor
              help: try `times = 3.0`
        "#]],
    );
    check(
        "low = \"5 %\", high",
        "low = \"150 %\", high",
        expect![[r#"
            error[plan::range]: a low day must be below 100 % of a usual one, and a high one above
              --> demo.toml:58:7
               | day = { low = "150 %", high = "400 %", floor = "1 kWh" }   # energy of a local day as a share of the load profile, if that expects at least the floor
              help: try `low = "5 %", high = "400 %"`
        "#]],
    );
    check(
        "least = \"20 %\"",
        "least = \"120 %\"",
        expect![[r#"
            error[plan::range]: a power factor is at most 1: `least` must be below 100 %, and `most`, with room for errors, not
              --> demo.toml:60:26
               | power_factor = { least = "120 %", most = "120 %", floor = "2 A" }   # active power as a share of voltage times current
              help: try `least = "20 %", most = "120 %"`
        "#]],
    );
}

#[test]
fn what_asks_for_usual_days_needs_profiles() {
    let without = |from: &str, upto: &str, text: &str| {
        let (begin, end) = (text.find(from).unwrap(), text.find(upto).unwrap());
        format!("{}{}", &text[..begin], &text[end..])
    };
    let no_profiles = without("[profiles]", "[demand]", DEMO);
    let page = |text: &str| Plan::read(text).unwrap_err().render("demo.toml", text);
    expect![[r#"
        error[plan::missing]: `quality.day` asks what a meter usually uses, and the plan has no section `[profiles]`
          --> demo.toml:54:7
           | day = { low = "5 %", high = "400 %", floor = "1 kWh" }   # energy of a local day as a share of the load profile, if that expects at least the floor
          help: add `[profiles]` with `slot` and `half_life` as in pipelines/demo.toml
    "#]].assert_eq(&page(&no_profiles));
    let no_estimation = without("[estimation]", "[quality]", &no_profiles);
    expect![[r#"
        error[plan::missing]: `quality.day` asks what a meter usually uses, and the plan has no section `[profiles]`
          --> demo.toml:51:7
           | day = { low = "5 %", high = "400 %", floor = "1 kWh" }   # energy of a local day as a share of the load profile, if that expects at least the floor
          help: add `[profiles]` with `slot` and `half_life` as in pipelines/demo.toml
    "#]].assert_eq(&page(&no_estimation));
    assert!(Plan::read(&without("day = {", "reverse =", &no_estimation)).is_ok());
}
