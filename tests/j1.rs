//! The job J1, computed by the program and by simple slow arithmetic. The results must be equal to the last bit.

use crate::intervals::{IntervalRow, read_intervals};
use crate::numbers::Random;
use crate::program::{Scratch, names, repository};
use reading::time::{HOUR, MINUTE, SECOND};
use reading::{EventTime, MeterId};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use units::{Amperes, Ratio, Volts, WattHours, Watts};

const QUARTER: i64 = 15 * MINUTE;
/// 2024-01-01.
const BEGIN: i64 = 1_704_067_200_000;
const QUARTERS: i64 = 24;

#[test]
fn the_hours_of_a_small_fleet_equal_slow_arithmetic() {
    check(2000, 7);
}

#[test]
#[ignore = "2.4 million readings, and slow arithmetic: some minutes"]
fn the_hours_of_a_hundred_thousand_meters_equal_slow_arithmetic() {
    check(100_000, 11);
}

fn check(meters: i64, seed: u64) {
    let scratch = Scratch::new();
    let lines = deferred(fleet(meters, seed), seed);
    fs::write(scratch.path("readings.ndjson"), lines.concat()).unwrap();
    let plan = repository("pipelines/j1.toml");
    let plan = plan.to_str().unwrap();
    for (shards, out) in [("1", "one"), ("4", "four")] {
        scratch.done(&[
            "-q",
            "replay",
            plan,
            "--readings",
            "readings.ndjson",
            "--out",
            out,
            "--shards",
            shards,
        ]);
    }
    let expected = slow(lines.iter().map(String::as_str));
    let rows = read_intervals(&scratch.path("one/intervals.parquet"));
    assert_eq!(rows.len(), expected.len(), "SEED={seed}: rows");
    let mut met = BTreeSet::new();
    for row in &rows {
        let slow = expected.get(&(row.meter, row.end));
        assert_eq!(slow, Some(row), "SEED={seed}: meter {} at {}", row.meter, row.end);
        met.insert((row.meter, row.end));
    }
    assert_eq!(met.len(), expected.len(), "SEED={seed}: a row comes twice");
    assert_same_files(&scratch.path("one"), &scratch.path("four"));

    let summary = scratch.summary("one");
    let times: BTreeSet<(String, i64)> = lines.iter().map(|line| key(line)).collect();
    assert_eq!(summary["late"], 0, "SEED={seed}");
    assert_eq!(summary["dead"], 0, "SEED={seed}");
    assert_eq!(summary["readings"], lines.len(), "SEED={seed}");
    assert_eq!(summary["duplicates"], lines.len() - times.len(), "SEED={seed}");
    let kinds = ["partial", "power", "measured"].map(|kind| rows.iter().any(|row| row.quality == kind));
    assert_eq!(kinds, [true; 3], "every kind of interval is among them");
    let candidates = rows.iter().filter(|row| row.candidate == Some(true)).count();
    assert!(candidates > 0 && candidates < rows.len() / 2, "{candidates} candidates");
}

/// Both folders hold the same bytes, except for `summary.json`.
pub fn assert_same_files(one: &Path, other: &Path) {
    assert_eq!(names(one), names(other));
    for name in names(one).iter().filter(|name| *name != "summary.json") {
        let same = fs::read(one.join(name)).unwrap() == fs::read(other.join(name)).unwrap();
        assert!(same, "{name} differs");
    }
}

fn key(line: &str) -> (String, i64) {
    let object: Value = serde_json::from_str(line).unwrap();
    (object["meter"].as_str().unwrap().to_owned(), time(&object["time"]))
}

/// Readings with their times: registers, power or both, one phase or three, some with a solar roof.
fn fleet(meters: i64, seed: u64) -> Vec<(i64, String)> {
    let mut random = Random(seed);
    let mut readings = Vec::new();
    for meter in 0..meters {
        let (solar, three) = (random.percent(10), random.percent(5));
        let (registers, power) = match meter % 10 {
            0 => (true, false),
            1 => (false, true),
            _ => (true, true),
        };
        // A meter without registers needs no readings at the edges of an hour.
        let skew = if registers { 0 } else { random.within(-800, 800) * SECOND };
        let (mut imp, mut exp) = (random.within(0, 30_000_000), random.within(0, 3_000_000));
        let leak = if random.percent(20) { random.within(200, 3000) } else { 0 };
        for quarter in 1..=QUARTERS {
            let at = BEGIN + quarter * QUARTER + skew;
            let sign = if solar && quarter > 12 { -1 } else { 1 };
            let mw = sign * random.within(0, 4_000_000);
            let wh = mw.abs() / 4000 + random.within(0, 2);
            if mw < 0 {
                exp += wh;
            } else {
                imp += wh;
            }
            let mut line = format!("{{\"meter\":\"J{meter:06}\",\"time\":");
            match random.percent(50) {
                true => write!(line, "{at}").unwrap(),
                false => write!(line, "\"{}\"", EventTime(at)).unwrap(),
            }
            if registers {
                write!(line, ",\"imp\":{imp}").unwrap();
                if solar {
                    write!(line, ",\"exp\":{exp}").unwrap();
                }
            }
            if power {
                let (p, q) = (mw, random.within(-500_000, 900_000));
                let i = random.within(0, 16_000);
                let v = random.within(218_000, 244_000);
                match three {
                    true => {
                        write!(line, ",\"v\":{},\"i\":{}", list(v, 900), list(i, 77)).unwrap();
                        write!(line, ",\"p\":{},\"q\":{}", list(p, 1234), list(q, 55)).unwrap();
                    }
                    false => {
                        write!(line, ",\"v\":{},\"i\":{}", decimal(v), decimal(i)).unwrap();
                        write!(line, ",\"p\":{},\"q\":{}", decimal(p), decimal(q)).unwrap();
                    }
                }
                if random.percent(90) {
                    write!(line, ",\"in\":{}", decimal((i - leak + random.within(-90, 90)).max(0))).unwrap();
                }
            }
            line += "}\n";
            readings.push((at, line));
        }
    }
    readings
}

fn list(first: i64, step: i64) -> String {
    format!("[{},{},{}]", decimal(first), decimal(first + step), decimal(first + 3 * step))
}

/// Thousandths as a decimal, with as few digits as it needs.
fn decimal(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let (whole, part) = (thousandths.abs() / 1000, thousandths.abs() % 1000);
    let text = format!("{sign}{whole}.{part:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The lines in the order of arrival: 3 of 100 come up to 19 minutes late, and 1 of 100 comes twice.
fn deferred(readings: Vec<(i64, String)>, seed: u64) -> Vec<String> {
    let mut random = Random(seed ^ 0xdefe);
    let mut arriving: Vec<(i64, i64, String)> = Vec::new();
    for (at, line) in readings {
        let mut delay = random.within(0, 40 * SECOND);
        if random.percent(3) {
            delay = random.within(0, 19 * MINUTE);
        }
        if random.percent(1) {
            let again = random.within(delay, 19 * MINUTE + 1);
            arriving.push((at + again, random.within(0, 1 << 40), line.clone()));
        }
        arriving.push((at + delay, random.within(0, 1 << 40), line));
    }
    arriving.sort();
    arriving.into_iter().map(|(.., line)| line).collect()
}

/// One reading, in thousandths.
#[derive(Clone, Default)]
struct Slow {
    imp: Option<i64>,
    exp: Option<i64>,
    v: Vec<i64>,
    i: Option<i64>,
    p: Option<i64>,
    q: Option<i64>,
    apart: Option<i64>,
}

fn time(value: &Value) -> i64 {
    match value.as_i64() {
        Some(ms) => ms,
        None => EventTime::parse_rfc3339(value.as_str().unwrap().as_bytes()).unwrap().0,
    }
}

fn thousandths(value: &Value) -> Vec<i64> {
    let one = |value: &Value| (value.as_f64().unwrap() * 1000.0).round() as i64;
    match value {
        Value::Null => Vec::new(),
        Value::Array(three) => three.iter().map(one).collect(),
        value => vec![one(value)],
    }
}

/// The hours of every meter, computed from the text of the readings.
fn slow<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeMap<(MeterId, EventTime), IntervalRow> {
    let mut meters: BTreeMap<String, BTreeMap<i64, Slow>> = BTreeMap::new();
    for line in lines {
        let object: Value = serde_json::from_str(line).unwrap();
        let (v, i, n) = (thousandths(&object["v"]), thousandths(&object["i"]), thousandths(&object["in"]));
        let sum = |values: Vec<i64>| (!values.is_empty()).then(|| values.iter().sum::<i64>());
        let reading = Slow {
            imp: object["imp"].as_i64(),
            exp: object["exp"].as_i64(),
            i: match i[..] {
                [] => None,
                [one] => Some(one),
                // The mean of three, to the nearest thousandth.
                _ => Some((i.iter().sum::<i64>() + 1) / 3),
            },
            // Phase and neutral carry the same current only with a single phase.
            apart: (i.len() == 1 && n.len() == 1).then(|| (i[0] - n[0]).abs()),
            p: sum(thousandths(&object["p"])),
            q: sum(thousandths(&object["q"])),
            v,
        };
        let name = object["meter"].as_str().unwrap().to_owned();
        meters.entry(name).or_default().entry(time(&object["time"])).or_insert(reading);
    }
    let mut rows = BTreeMap::new();
    for (meter, readings) in &meters {
        let meter = MeterId::new(meter).unwrap();
        // An interval is (start, end]: the reading at its end belongs to it.
        let ends: BTreeSet<i64> = readings.keys().map(|at| (at + HOUR - 1).div_euclid(HOUR) * HOUR).collect();
        for end in ends {
            rows.insert((meter, EventTime(end)), hour(meter, readings, end));
        }
    }
    rows
}

fn hour(meter: MeterId, readings: &BTreeMap<i64, Slow>, end: i64) -> IntervalRow {
    let start = end - HOUR;
    let inside: Vec<&Slow> = readings.range(start + 1..=end).map(|(_, reading)| reading).collect();
    let of =
        |field: fn(&Slow) -> Option<i64>| inside.iter().filter_map(|one| field(one)).collect::<Vec<i64>>();
    let (p, i, apart) = (of(|one| one.p), of(|one| one.i), of(|one| one.apart));
    let v: Vec<i64> = inside.iter().flat_map(|one| one.v.clone()).collect();

    // The register at the end minus the register at the start. The first hour starts with its first register.
    let advance = |field: fn(&Slow) -> Option<i64>| {
        let at_end = field(readings.get(&end)?)?;
        let before = readings.range(..=start).filter_map(|(_, one)| field(one)).next_back();
        let first = inside.iter().find_map(|one| field(one));
        Some((at_end - before.or(first)?, before.is_none()))
    };
    let (imp, exp) = (advance(|one| one.imp), advance(|one| one.exp));
    let mean = |values: &[i64]| {
        (!values.is_empty()).then(|| values.iter().sum::<i64>() as f64 / values.len() as f64 / 1000.0)
    };
    let (mut imp_wh, mut exp_wh) = (imp.map(|(wh, _)| wh), exp.map(|(wh, _)| wh));
    let mut quality = if imp.is_some_and(|(_, partial)| partial) { "partial" } else { "measured" };
    if imp.is_none() {
        // Power times one hour: thousandths of watts become thousandths of watt-hours.
        let (sum, count) = (p.iter().sum::<i64>(), 1000 * p.len() as i64);
        let wh = (2 * sum.abs() + count) / (2 * count) * sum.signum();
        (imp_wh, exp_wh) = (Some(wh.max(0)), if wh < 0 { Some(-wh) } else { exp_wh });
        quality = "power";
    }
    let by_registers = imp_wh.map(|imp| (imp - exp_wh.unwrap_or(0)) as f64);
    let (sum_p, sum_q) = (p.iter().sum::<i64>() as f64, of(|one| one.q).iter().sum::<i64>() as f64);
    let (imbalance, current) = (mean(&apart), mean(&i));
    let volts = |mv: Option<&i64>| mv.map(|mv| Volts(*mv as f64 / 1000.0));
    IntervalRow {
        meter,
        start: EventTime(start),
        end: EventTime(end),
        imp_wh: imp_wh.map(WattHours),
        exp_wh: exp_wh.map(WattHours),
        avg_w: mean(&p).or(by_registers).map(Watts),
        max_w: p.iter().max().map(|mw| *mw as f64 / 1000.0).or(by_registers).map(Watts),
        pf: (!p.is_empty()).then(|| Ratio(sum_p / (sum_p * sum_p + sum_q * sum_q).sqrt())),
        v_min: volts(v.iter().min()),
        v_max: volts(v.iter().max()),
        i_avg: current.map(Amperes),
        imbalance_avg: imbalance.map(Amperes),
        imbalance_max: apart.iter().max().map(|ma| Amperes(*ma as f64 / 1000.0)),
        readings: inside.len() as u32,
        quality: quality.to_owned(),
        valid_wh: None,
        candidate: Some(match (imbalance, current) {
            (Some(imbalance), Some(current)) => imbalance > 0.5 && imbalance > current * 0.1,
            _ => false,
        }),
    }
}
