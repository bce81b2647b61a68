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
            error[plan::key]: unknown field `grase`, expected one of `length`, `grace`, `clock_ahead`, `most_waiting`, `longest_gap`, `snap`, `energy`, `cross_check`, `pf_true`, `unbalance`, `candidate`
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
              --> demo.toml:74:12
               | [detectors.phase-neutal]     # the phase and neutral currents of a meter should be equal
              help: did you mean `phase-neutral`?
        "#]],
    );
    check(
        "low_load =",
        "low_laod =",
        expect![[r#"
            error[plan::key]: unknown key `low_laod`, expected one of `share`, `floor`, `low_load`, `low_load_share`, `blocks`
              --> demo.toml:77:1
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
              --> demo.toml:78:18
               | low_load_share = "2 %"       # by more than this share;
              help: see `[detectors.phase-neutral]` of pipelines/demo.toml
        "#]],
    );
    check(
        "blocks = 5",
        "blocks = \"5\"",
        expect![[r#"
            error[plan::syntax]: `blocks` must be a whole number, found the text "5"
              --> demo.toml:79:10
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
              --> demo.toml:76:9
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
              --> demo.toml:35:9
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
              --> demo.toml:23:11
               | current = "5 kA"
              help: try `current = "4194 A"`
        "#]],
    );
    check(
        "power = \"10 MW\"",
        "power = \"1001 MW\"",
        expect![[r#"
            error[plan::range]: `power` must be at most 1000 MW, found 1001 MW
              --> demo.toml:24:9
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
              --> demo.toml:21:8
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
    assert!(plan.bytes_per_meter() <= 768, "{}", plan.bytes_per_meter());
    // The demo spreads each billing period over a hundred classes of the power factor too.
    assert!(Plan::read(DEMO).unwrap().bytes_per_meter() <= 1024);
}

#[test]
fn a_season_that_cannot_be_is_an_error_with_a_way_out() {
    let zones = "to = \"22:00\" }]";
    for (written, answer) in [
        (
            "to = \"22:00\", months = [0, 4] }]",
            expect![[r#"
                error[plan::range]: `months` must be numbers from 1 to 12, found [0, 4]
                  --> demo.toml:38:69
                   | zones = [{ name = "evening", from = "18:00", to = "22:00", months = [0, 4] }]   # separate peaks and energy for these hours; a zone may have `days = ["weekday"]` and a season, `months = [11, 12, 1]`
                  help: try `months = [4, 5, 6]`, or leave it out for the whole year
            "#]],
        ),
        (
            "to = \"22:00\", months = [] }]",
            expect![[r#"
                error[plan::range]: `months` must be numbers from 1 to 12, found []
                  --> demo.toml:38:69
                   | zones = [{ name = "evening", from = "18:00", to = "22:00", months = [] }]   # separate peaks and energy for these hours; a zone may have `days = ["weekday"]` and a season, `months = [11, 12, 1]`
                  help: try `months = [4, 5, 6]`, or leave it out for the whole year
            "#]],
        ),
        (
            "to = \"22:00\", days = [\"monday\"] }]",
            expect![[r#"
                error[plan::choice]: `days` must be of "weekday", "saturday" and "sunday", found ["monday"]
                  --> demo.toml:38:67
                   | zones = [{ name = "evening", from = "18:00", to = "22:00", days = ["monday"] }]   # separate peaks and energy for these hours; a zone may have `days = ["weekday"]` and a season, `months = [11, 12, 1]`
                  help: try `days = ["weekday"]`, or leave it out for every day; holidays are Sundays
            "#]],
        ),
    ] {
        check(zones, written, answer);
    }
    let season = DEMO.replace(zones, "to = \"22:00\", days = [\"sunday\"], months = [12, 1] }]");
    let plan = Plan::read(&season).unwrap();
    let zone = &plan.metering.unwrap().demand.unwrap().zones()[0].clone();
    assert_eq!((zone.days, zone.months), (0b100, 1 << 11 | 1));
}

#[test]
fn profiles_and_demand_that_cannot_be_are_errors_with_a_way_out() {
    check(
        "slot = \"2 h\"",
        "slot = \"50 min\"",
        expect![[r#"
            error[plan::window]: `slot` must be whole intervals of 15 min, and whole slots must make a day
              --> demo.toml:31:8
               | slot = "50 min"                  # whole intervals; shorter slots take more memory, see `gridwarden check`
              help: try `slot = "60 min"`
        "#]],
    );
    check(
        "block = \"30 min\"",
        "block = \"20 min\"",
        expect![[r#"
            error[plan::window]: `block` must be 1 to 60 intervals of 15 min, at most 4 h, and whole blocks must make a day
              --> demo.toml:35:9
               | block = "20 min"              # peaks are means over this time: in fixed blocks, and in blocks that slide by one interval
              help: try `block = "30 min"`, or shorter intervals
        "#]],
    );
    check(
        "billing_day = 1",
        "billing_day = 31",
        expect![[r#"
            error[plan::range]: `billing_day` must be from 1 to 28: every month has such a day
              --> demo.toml:36:15
               | billing_day = 31               # a period begins at midnight of this day of the month
              help: try `billing_day = 1`
        "#]],
    );
    check(
        "low_power_factor = 0.85",
        "low_power_factor = 85.0",
        expect![[r#"
            error[plan::range]: `low_power_factor` must be from 0 to 1, found 85
              --> demo.toml:37:20
               | low_power_factor = 85.0       # hours below this are counted
              help: try `low_power_factor = 0.85`
        "#]],
    );
    check(
        "from = \"18:00\"",
        "from = \"18\"",
        expect![[r#"
            error[plan::time]: `from` must be a time of the day, found "18"
              --> demo.toml:38:37
               | zones = [{ name = "evening", from = "18", to = "22:00" }]   # separate peaks and energy for these hours; a zone may have `days = ["weekday"]` and a season, `months = [11, 12, 1]`
              help: try `from = "18:00"`
        "#]],
    );
    check(
        "from = \"18:00\"",
        "from = \"18:10\"",
        expect![[r#"
            error[plan::time]: `from` must be where an interval of 15 min begins, found "18:10"
              --> demo.toml:38:37
               | zones = [{ name = "evening", from = "18:10", to = "22:00" }]   # separate peaks and energy for these hours; a zone may have `days = ["weekday"]` and a season, `months = [11, 12, 1]`
              help: try `from = "18:00"`
        "#]],
    );
    check(
        "length = \"15 min\"",
        "length = \"60 min\"",
        expect![[r#"
            error[plan::window]: intervals of 60 min do not begin at local midnight of Asia/Kolkata, and `[profiles]` and `[demand]` need that
              --> demo.toml:10:10
               | length = "60 min"             # whole minutes that divide an hour
              help: try `length = "30 min"` or "15 min"
        "#]],
    );
    check(
        "name = \"evening\"",
        "name = \"all\"",
        expect![[r#"
            error[plan::choice]: `zones` need different names, and `all` is that of all minutes
              --> demo.toml:38:9
               | zones = [{ name = "all", from = "18:00", to = "22:00" }]   # separate peaks and energy for these hours; a zone may have `days = ["weekday"]` and a season, `months = [11, 12, 1]`
              help: call each zone as the tariff does
        "#]],
    );
}

#[test]
fn rules_of_quality_that_cannot_be_are_errors_with_a_way_out() {
    check(
        "zero_run = \"3 d\"",
        "zero_run = \"3 min\"",
        expect![[r#"
            error[plan::window]: `zero_run` must be from 1 h to 366 d, found 3 min
              --> demo.toml:53:12
               | zero_run = "3 min"              # no energy imported for this time
              help: try `zero_run = "1 h"`
        "#]],
    );
    check(
        "run = \"24 h\"",
        "run = \"30 min\"",
        expect![[r#"
            error[plan::range]: `run` must be 3 to 16383 intervals
              --> demo.toml:54:16
               | flat = { run = "30 min", spread = "0.5 %", floor = "1 Wh" }   # for this time, all energies are within this share or floor of the first
              help: try `run = "24 h"`
        "#]],
    );
    check(
        "times = 3.0",
        "times = 0.5",
        expect![[r#"
            error[plan::range]: `times` must be above 1, and at most 1000
              --> demo.toml:55:19
               | spike = { times = 0.5, floor = "2 kW" }   # this many times the third-highest of the last weeks, and above the floor
              help: try `times = 3.0`
        "#]],
    );
    check(
        "low = \"5 %\", high",
        "low = \"150 %\", high",
        expect![[r#"
            error[plan::range]: a low day must be below 100 % of a usual one, and a high one above
              --> demo.toml:56:7
               | day = { low = "150 %", high = "400 %", floor = "1 kWh" }   # energy of a local day as a share of the load profile, if that expects at least the floor
              help: try `low = "5 %", high = "400 %"`
        "#]],
    );
    check(
        "least = \"20 %\"",
        "least = \"120 %\"",
        expect![[r#"
            error[plan::range]: a power factor is at most 1: `least` must be below 100 %, and `most`, with room for errors, not
              --> demo.toml:58:26
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
          --> demo.toml:52:7
           | day = { low = "5 %", high = "400 %", floor = "1 kWh" }   # energy of a local day as a share of the load profile, if that expects at least the floor
          help: add `[profiles]` with `slot` and `half_life` as in pipelines/demo.toml
    "#]].assert_eq(&page(&no_profiles));
    let no_estimation = without("[estimation]", "[quality]", &no_profiles);
    expect![[r#"
        error[plan::missing]: `quality.day` asks what a meter usually uses, and the plan has no section `[profiles]`
          --> demo.toml:49:7
           | day = { low = "5 %", high = "400 %", floor = "1 kWh" }   # energy of a local day as a share of the load profile, if that expects at least the floor
          help: add `[profiles]` with `slot` and `half_life` as in pipelines/demo.toml
    "#]].assert_eq(&page(&no_estimation));
    assert!(Plan::read(&without("day = {", "reverse =", &no_estimation)).is_ok());
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
              --> demo.toml:62:16
               | silent_after = "20 min"          # a consumer without readings for this time is silent: whole intervals, and longer than usual pauses of meters
              help: try `silent_after = "2 h"`
        "#]],
    );
    check(
        "silent_after = \"2 h\"",
        "silent_after = \"10 min\"",
        expect![[r#"
            error[plan::window]: `silent_after` must be from 15 min to 7 d, found 10 min
              --> demo.toml:62:16
               | silent_after = "10 min"          # a consumer without readings for this time is silent: whole intervals, and longer than usual pauses of meters
              help: try `silent_after = "15 min"`
        "#]],
    );
    check(
        "low_voltage = \"207 V\"",
        "low_voltage = \"253 V\"",
        expect![[r#"
            error[plan::range]: `low_voltage` must be below `high_voltage`, found 253 V and 253 V
              --> demo.toml:66:15
               | low_voltage = "253 V"         # hours below and above these are counted for each area and month: 230 V, plus or minus 10 %
              help: try `low_voltage = "207 V"` and `high_voltage = "253 V"`
        "#]],
    );
    check(
        "feeder_share = \"60 %\"",
        "feeder_share = \"160 %\"",
        expect![[r#"
            error[plan::range]: `feeder_share` must be at most 100 %, found 160 %
              --> demo.toml:65:16
               | feeder_share = "160 %"         # the same for a feeder, if they are on two or more transformers
              help: try `feeder_share = "10 %"`
        "#]],
    );
    check(
        "momentary = \"5 min\"",
        "",
        expect![[r#"
            error[plan::missing]: missing field `momentary`
              --> demo.toml:61:1
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

#[test]
fn a_compression_has_a_name_and_perhaps_a_level() {
    let read = |text: &str| Plan::read(&DEMO.replacen("\"zstd\"  ", text, 1)).unwrap().compression;
    assert_eq!(read("\"none\""), Compression::None);
    assert_eq!(read("\"snappy\""), Compression::Snappy);
    assert_eq!(read("\"zstd\""), Compression::Zstd(None));
    assert_eq!(read("\"zstd:1\""), Compression::Zstd(Some(1)));
    assert_eq!(read("\"zstd:22\""), Compression::Zstd(Some(22)));
    let without = Plan::read(&DEMO[..DEMO.find("[output]").unwrap()]).unwrap();
    assert_eq!(without.compression, Compression::USUAL);
    for compression in
        [Compression::None, Compression::Snappy, Compression::USUAL, Compression::Zstd(Some(7))]
    {
        assert_eq!(Compression::named(&compression.to_string()), Ok(compression));
    }
}

#[test]
fn a_compression_that_is_not_there_is_named_with_one_that_is() {
    check(
        "\"zstd\"  ",
        "\"gzip\"",
        expect![[r#"
            error[plan::choice]: `compression` must be "none", "snappy", "zstd" or "zstd:LEVEL", found "gzip"
              --> demo.toml:92:15
               | compression = "gzip"        # of Parquet files: "none", "snappy", "zstd" or "zstd:LEVEL" (1 to 22)
              help: try `compression = "zstd"`
        "#]],
    );
    check(
        "\"zstd\"  ",
        "\"zstd:99\"",
        expect![[r#"
            error[plan::choice]: `compression` must have a level of zstd from 1 to 22, found "99"
              --> demo.toml:92:15
               | compression = "zstd:99"        # of Parquet files: "none", "snappy", "zstd" or "zstd:LEVEL" (1 to 22)
              help: try `compression = "zstd:19"`
        "#]],
    );
    for wrong in ["zstd:0", "zstd:", "zstd:-1", "zstd:one"] {
        assert!(matches!(Compression::named(wrong), Err(WrongCompression::Level(_))), "{wrong}");
    }
    for wrong in ["", "ZSTD", "lz4", "snappy:1", "none:0"] {
        assert_eq!(Compression::named(wrong), Err(WrongCompression::Name(wrong.to_owned())));
    }
    check(
        "compression =",
        "compresion =",
        expect![[r#"
            error[plan::key]: unknown field `compresion`, expected one of `compression`, `intervals`, `transactional`
              --> demo.toml:92:1
               | compresion = "zstd"          # of Parquet files: "none", "snappy", "zstd" or "zstd:LEVEL" (1 to 22)
              help: each key is explained in pipelines/demo.toml or ami.toml
        "#]],
    );
}
