//! Faults that a simulation plants in a town are flagged at the right time, each by its own rule. A town without
//! faults has hardly any flags.

use crate::intervals::{IntervalRow, read_intervals};
use crate::program::{Scratch, repository};
use reading::EventTime;
use reading::time::DAY;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use units::WattHours;

/// Each kind of fault in the simulation, and the rules that notice it.
const PLANTED: [(&str, &[&str]); 6] = [
    ("spike", &["suspect"]),
    ("stuck", &["flat"]),
    ("dead", &["zero-run", "low"]),
    ("unit", &["unit"]),
    ("ct-tenth", &["power-factor"]),
    ("swapped-wires", &["reverse"]),
];

/// The rules about closed intervals.
const RULES: [&str; 8] = ["zero-run", "flat", "spike", "high", "low", "reverse", "unit", "power-factor"];

struct Town {
    intervals: Vec<IntervalRow>,
    summary: Value,
    truth: Vec<Truth>,
}

struct Truth {
    meter: String,
    kind: String,
    from: EventTime,
    to: EventTime,
}

impl Town {
    fn new(options: &[&str]) -> Self {
        let scratch = Scratch::new();
        let town = ["-q", "simulate", "--interval", "30m", "--start", "2023-12-31T18:30:00Z", "--out", "."];
        scratch.done(&[&town[..], options].concat());
        let plan = repository("pipelines/ami.toml");
        let input = ["--readings", "readings.ndjson", "--topology", "topology.csv", "--out", "out"];
        scratch.done(&[&["-q", "replay", plan.to_str().unwrap(), "--shards", "1"][..], &input].concat());
        // Other numbers of threads must give the same bytes.
        let again = [&["-q", "replay", plan.to_str().unwrap(), "--shards", "4"][..], &input[..5], &["four"]];
        scratch.done(&again.concat());
        let bytes = |out: &str| fs::read(scratch.path(&format!("{out}/intervals.parquet"))).unwrap();
        assert!(bytes("out") == bytes("four"), "four shards give other intervals");
        assert_eq!(scratch.summary("out")["quality"], scratch.summary("four")["quality"]);
        let time = |text: &str| EventTime::parse_rfc3339(text.as_bytes()).unwrap();
        let truth = scratch.text("truth.csv");
        let truth = truth.lines().skip(1).map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let [meter, kind] = [0, 1].map(|cell| cells[cell].to_owned());
            Truth { meter, kind, from: time(cells[3]), to: time(cells[4]) }
        });
        Self {
            intervals: read_intervals(&scratch.path("out/intervals.parquet")),
            summary: scratch.summary("out"),
            truth: truth.collect(),
        }
    }

    /// For each rule: how many intervals and which meters it has flagged without a planted fault.
    fn false_alarms(&self) -> BTreeMap<&'static str, (usize, BTreeSet<String>)> {
        let seen_by = |kind: &str, rule: &str| {
            PLANTED.iter().any(|(planted, rules)| *planted == kind && rules.contains(&rule))
        };
        let mut alarms: BTreeMap<&str, (usize, BTreeSet<String>)> =
            RULES.iter().map(|rule| (*rule, Default::default())).collect();
        for row in &self.intervals {
            for rule in RULES.iter().filter(|rule| has(row, rule)) {
                let meter = row.meter.to_string();
                let explains = |truth: &&Truth| truth.meter == meter && seen_by(&truth.kind, rule);
                if self.truth.iter().find(explains).is_none() {
                    let (count, meters) = alarms.get_mut(rule).unwrap();
                    *count += 1;
                    meters.insert(meter);
                }
            }
        }
        alarms
    }
}

fn has(row: &IntervalRow, rule: &str) -> bool {
    row.quality.split(',').any(|flag| flag == rule)
}

#[test]
fn planted_faults_are_flagged_in_time_and_little_else_is() {
    let faults = ["--spike", "4%", "--stuck", "4%", "--dead", "4%", "--unit", "4%", "--ct-tenth", "4%"];
    let size = ["--meters", "75", "--days", "75", "--seed", "11", "--lookalikes", "2%"];
    let town = Town::new(&[&size[..], &faults].concat());
    for (kind, rules) in PLANTED {
        let planted: Vec<&Truth> = town.truth.iter().filter(|truth| truth.kind == kind).collect();
        assert!(!planted.is_empty(), "no {kind} was planted");
        for truth in planted {
            // A fault of a whole day is flagged at the end of the day.
            let within = |row: &&IntervalRow| truth.from < row.end && row.start < truth.to.plus(DAY);
            let own = town.intervals.iter().filter(|row| row.meter.as_str() == truth.meter).filter(within);
            let flagged = rules.iter().any(|rule| own.clone().any(|row| has(row, rule)));
            assert!(
                flagged,
                "{} is {kind} from {} to {}, and that is not seen",
                truth.meter, truth.from, truth.to
            );
        }
    }
    // A planted spike is a register that leaps by more than any consumer can use. Nobody pays for the leap.
    let leaps: Vec<&IntervalRow> = town.intervals.iter().filter(|row| has(row, "suspect")).collect();
    assert!(leaps.iter().all(|row| row.valid_wh.is_some_and(|valid| valid < WattHours(10_000))));
    for (rule, (count, meters)) in town.false_alarms() {
        let most = town.intervals.len() / 10_000;
        assert!(count <= most, "{rule}: {count} false alarms of {meters:?}");
    }
    // The counters agree with the column.
    for rule in RULES {
        let count = town.intervals.iter().filter(|row| has(row, rule)).count();
        let counted = town.summary["quality"].get(rule).and_then(Value::as_u64).unwrap_or(0);
        assert_eq!(counted, count as u64, "{rule}");
    }
}

#[test]
fn a_town_without_faults_has_hardly_any_flags() {
    let honest = ["--no-faults", "--thieves", "0", "--lookalikes", "0"];
    let town = Town::new(&[&["--meters", "50", "--days", "60", "--seed", "12"][..], &honest].concat());
    let mut page = format!("{} intervals of 52 meters over 60 days\n", town.intervals.len());
    for (rule, (count, meters)) in town.false_alarms() {
        writeln!(page, "{rule}: {count} of {} meters", meters.len()).unwrap();
    }
    expect_test::expect![[r#"
        149760 intervals of 52 meters over 60 days
        flat: 0 of 0 meters
        high: 1 of 1 meters
        low: 0 of 0 meters
        power-factor: 0 of 0 meters
        reverse: 0 of 0 meters
        spike: 0 of 0 meters
        unit: 0 of 0 meters
        zero-run: 0 of 0 meters
    "#]]
    .assert_eq(&page);
}

#[test]
fn contradictions_to_contracts_and_groups_are_found_day_by_day() {
    let scratch = Scratch::new();
    let town = ["-q", "simulate", "--interval", "30m", "--start", "2023-12-31T18:30:00Z", "--meters", "50"];
    let honest = ["--days", "4", "--no-faults", "--thieves", "0", "--lookalikes", "0", "--out", "."];
    scratch.done(&[&town[..], &honest].concat());
    // M000003 has a sanctioned load of ten watts. The contract of M000004 has ended. The meter of T0002 counts only a
    // twentieth.
    let topology = scratch.text("topology.csv");
    let edited: Vec<String> = topology
        .lines()
        .map(|line| {
            let mut cells: Vec<&str> = line.split(',').collect();
            match cells[0] {
                "M000003" => cells[7] = "10",
                "M000004" => cells[6] = "inactive",
                _ => {}
            }
            cells.join(",")
        })
        .collect();
    fs::write(scratch.path("topology.csv"), edited.join("\n")).unwrap();
    let own = edited.iter().find(|line| line.contains(",transformer,T0002,")).unwrap();
    let own = own.split(',').next().unwrap();
    let lines: Vec<String> = scratch
        .objects("readings.ndjson")
        .into_iter()
        .map(|mut line| {
            if line["meter"] == own {
                for register in ["imp", "exp"] {
                    if let Some(wh) = line[register].as_i64() {
                        line[register] = (wh / 20).into();
                    }
                }
            }
            line.to_string()
        })
        .collect();
    fs::write(scratch.path("readings.ndjson"), lines.join("\n")).unwrap();
    let plan = repository("pipelines/ami.toml");
    let input = ["--readings", "readings.ndjson", "--topology", "topology.csv", "--out", "out"];
    scratch.done(&[&["-q", "replay", plan.to_str().unwrap()][..], &input].concat());
    let mut days = BTreeMap::<String, u64>::new();
    for finding in scratch.objects("out/findings.ndjson") {
        let text = |key: &str| finding[key].as_str().unwrap().to_owned();
        *days.entry(format!("{} {}", text("rule"), text("whose"))).or_default() += 1;
    }
    let found: Vec<String> = days.iter().map(|(what, days)| format!("{what} {days}")).collect();
    let expected = ["group-sum T0002 2", "inactive M000004 4", "multiplier T0002 2", "sanctioned M000003 4"];
    assert_eq!(found, expected);
    let counted = &scratch.summary("out")["quality"];
    assert_eq!((&counted["group-sum"], &counted["inactive"]), (&2.into(), &4.into()));
}
