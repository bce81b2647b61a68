use super::*;
use expect_test::{Expect, expect};
use std::fmt::Write;
use std::fs;

const PLAN: &str = include_str!("../../../../../../pipelines/ami.toml");

/// A reading of a meter so many minutes after midnight, with more fields.
fn line(meter: &str, minutes: f64, fields: &str) -> String {
    let time = reading::EventTime(19_723 * DAY + (minutes * MINUTE as f64) as i64);
    format!("{{\"meter\":\"{meter}\",\"time\":\"{time}\",{fields}}}\n")
}

/// Readings of a day, every so many minutes: 500 W by register and by power.
fn day(meter: &str, step: f64) -> String {
    let times = (0..(1440.0 / step) as i64).map(|number| number as f64 * step);
    times.map(|minutes| line(meter, minutes, &fields(minutes, 1.0, 1.0))).collect()
}

fn fields(minutes: f64, imp: f64, p: f64) -> String {
    format!("\"imp\":{:.0},\"p\":{}", (minutes / 60.0 * 500.0 + 10_000.0) * imp, 500.0 * p)
}

/// What the page has below "what to do" about these readings.
fn check(readings: &str, topology: Option<&str>, answer: &Expect) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("readings.ndjson");
    fs::write(&file, readings).unwrap();
    let topology = topology.map(|text| {
        let path = folder.path().join("topology.csv");
        fs::write(&path, text).unwrap();
        shell::read_topology(&path).unwrap()
    });
    let plan = Plan::read(PLAN).unwrap();
    let survey = Survey::of(&[file], &plan).unwrap();
    let mut page = Page::about("test");
    super::readings(&survey, &plan, topology.as_ref(), &mut page);
    let text = page.text().replace(&folder.path().display().to_string(), "FOLDER");
    // With the title, because a picture whose lines are all indented would lose that.
    answer.assert_eq(&text[text.find("[what to do]").unwrap()..]);
}

#[test]
fn good_readings_need_nothing() {
    check(
        &day("A", 15.0),
        None,
        &expect![[r#"
            [what to do]
              nothing: these readings suit the plan
        "#]],
    );
}

#[test]
fn meters_that_send_too_seldom_for_the_plan() {
    check(
        &(day("A", 15.0) + &day("B", 60.0)),
        None,
        &expect![[r#"
            [what to do]
               1. 1 meter with less than a reading for each interval of 30 min
                  nothing: energy between two registers is spread, and flagged; intervals of 1 h do not begin at local midnight of Asia/Kolkata
               2. 15 readings (12.5 %) of B are more than 8 h late
                  nothing: balances and sums of groups wait for 4 d
        "#]],
    );
}

#[test]
fn units_that_are_wrong() {
    let mut text = String::new();
    for quarter in 0..96 {
        let minutes = f64::from(quarter) * 15.0;
        text += &line("A", minutes, &fields(minutes, 0.001, 1.0));
        text += &line("B", minutes, &fields(minutes, 1.0, 0.001));
        text += &line("C", minutes, &fields(minutes, 1000.0, 1.0));
    }
    check(
        &text,
        None,
        &expect![[r#"
            [what to do]
               1. of 1 meter the registers rise 0.001 times as much as the power says
                  probably `imp` is in kWh; readings have Wh
               2. of 1 meter the registers rise 1000 times as much as the power says
                  probably `p` is in kW; readings have W
               3. 95 readings (33.0 %) of C are above the register before by more than `most_power` allows
                  check the unit: `imp` is in Wh; else raise `most_power` in `[registers]`, or give the meter `sanctioned_w` in the topology
        "#]],
    );
}

#[test]
fn stamps_that_are_off_and_twice_and_missing() {
    let mut text = day("A", 15.0);
    for quarter in (0..96).filter(|quarter| quarter % 8 != 3) {
        let minutes = f64::from(quarter) * 15.0 + 4.0;
        write!(text, "{}", line("B", minutes, &fields(minutes, 1.0, 1.0))).unwrap();
    }
    text += &line("B", 1429.0, &fields(1429.0, 1.0, 1.0));
    check(
        &text,
        None,
        &expect![[r#"
            [what to do]
               1. 52 readings (28.7 %) of B are more than 8 h late
                  nothing: balances and sums of groups wait for 4 d
               2. 42 readings (23.2 %) of B are stamped off the 30 min of the plan
                  they are interpolated, and flagged; clocks of meters that are more than 90 s off can be allowed by `snap` of `[intervals]`, up to 450 s
               3. 12 readings (6.2 % of those expected) of 1 meter are missing, most of B; the longest silence is 30 min
                  energy across a gap is estimated, and flagged; longer than `longest_gap` it is left out
               4. 1 reading (0.6 %) of B are there twice
                  nothing: a reading that comes twice counts once
        "#]],
    );
}

#[test]
fn registers_that_fall_and_meters_without_one() {
    let mut text = day("A", 15.0);
    text += &line("A", 1440.0, "\"imp\":3");
    for quarter in 0..96 {
        text += &line("B", f64::from(quarter) * 15.0, "\"p\":300");
    }
    check(
        &text,
        None,
        &expect![[r#"
            [what to do]
               1. 1 meter without a register `imp`
                  `energy = "power"` or "both" in `[intervals]` takes it from `p` (of 1 meter)
               2. 62 readings (32.1 %) of B are more than 8 h late
                  the files seem to have one meter after the other: sort them by time, or cases and outages are missed
               3. 1 reading (0.5 %) of A are below the register before
                  their energy is left out until the register goes on
        "#]],
    );
}

#[test]
fn messages_that_are_refused() {
    check(
        &(day("A", 15.0) + "{\"meter\":\"A\"\n{\"meter\":\"A\",\"imp\":5}\n"),
        None,
        &expect![[r#"
            [what to do]
               1. 1 message (1.0 %) refused: torn
                  mend the sender, and `replay` or `resend` take most dead letters again; what is torn has to be sent again
                  for example FOLDER/readings.ndjson, line 97: {"meter":"A"
                  fields there: `meter`
               2. 1 message (1.0 %) refused: time-missing
                  mend the sender, and `replay` or `resend` take most dead letters again; what is torn has to be sent again
                  for example FOLDER/readings.ndjson, line 98: {"meter":"A","imp":5}
                  fields there: `meter`, `imp`
        "#]],
    );
}

#[test]
fn meters_and_the_topology() {
    let topology = "meter,role,transformer\nA,consumer,T1\nC,consumer,T1\nT,transformer,T1\n";
    check(
        &(day("A", 15.0) + &day("B", 15.0) + &day("T", 15.0)),
        Some(topology),
        &expect![[r#"
            [what to do]
               1. 120 readings (41.7 %) of 2 meters are more than 8 h late, most of them of B
                  the files seem to have one meter after the other: sort them by time, or cases and outages are missed
               2. 1 meter missing in the topology, for example B
                  without a transformer, no balance has them and no neighbour can be compared
               3. 1 meter of the topology without a reading here, for example C
                  their transformers have no complete balance: remove those that are gone, ask the others
        "#]],
    );
}

#[test]
fn a_meter_that_delivers_a_day_late() {
    let others: String = (0..40).map(|number| day(&format!("M{number}"), 15.0)).collect();
    let mut lines: Vec<&str> = others.lines().collect();
    lines.sort_by_key(|line| line.split("\"time\":\"").nth(1).unwrap()[..20].to_owned());
    let late = day("Z", 15.0);
    check(
        &(lines.join("\n") + "\n" + &late),
        None,
        &expect![[r#"
            [what to do]
               1. 60 readings (1.5 %) of Z are more than 8 h late
                  nothing: balances and sums of groups wait for 4 d
        "#]],
    );
}
