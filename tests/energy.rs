//! No watt-hour is lost or invented: the intervals of a meter add up to the advance of its register.

use crate::intervals::read_intervals;
use crate::program::{Scratch, repository};
use serde_json::Value;
use std::collections::BTreeMap;

/// Readings are lost, late and repeated. What is billed is still what the register advanced.
#[test]
fn intervals_add_up_to_the_advance_of_each_register() {
    let scratch = Scratch::new();
    let faults = ["--lost", "3%", "--out-of-order", "10%", "--twice", "2%"];
    let town = ["simulate", "--meters", "60", "--days", "4", "--seed", "21", "--out", ".", "--no-faults"];
    scratch.done(&[&town[..], &faults[..]].concat());
    let plan = repository("pipelines/demo.toml");
    let plan = plan.to_str().unwrap();
    scratch.done(&[
        "replay",
        plan,
        "--readings",
        "readings.ndjson",
        "--topology",
        "topology.csv",
        "--out",
        "out",
    ]);

    let mut registers: BTreeMap<String, BTreeMap<String, [Option<i64>; 2]>> = BTreeMap::new();
    for object in scratch.objects("readings.ndjson") {
        let text = |name: &str| object[name].as_str().map_or_else(|| object[name].to_string(), str::to_owned);
        let both = ["imp", "exp"].map(|name| object.get(name).and_then(Value::as_i64));
        registers.entry(text("meter")).or_default().insert(text("time"), both);
    }
    let mut sums: BTreeMap<String, [i64; 2]> = BTreeMap::new();
    let mut billed: BTreeMap<String, i64> = BTreeMap::new();
    let mut estimated = 0;
    for row in read_intervals(&scratch.path("out/intervals.parquet")) {
        let sum = sums.entry(row.meter.to_string()).or_default();
        sum[0] += row.imp_wh.map_or(0, |wh| wh.0);
        sum[1] += row.exp_wh.map_or(0, |wh| wh.0);
        *billed.entry(row.meter.to_string()).or_default() += row.valid_wh.map_or(0, |wh| wh.0);
        estimated += u32::from(row.quality.contains("gap"));
    }
    assert!(
        estimated > 100,
        "only {estimated} intervals without a reading: nothing was lost, so nothing is shown"
    );
    assert_eq!(sums.len(), registers.len(), "meters");
    let mut exporters = 0;
    for (meter, readings) in &registers {
        let advance = |which: usize| {
            let mut all = readings.values().filter_map(|both| both[which]);
            let first = all.next()?;
            Some(all.next_back().unwrap_or(first) - first)
        };
        assert_eq!(sums[meter][0], advance(0).unwrap(), "import of {meter}");
        assert_eq!(billed[meter], advance(0).unwrap(), "what {meter} is billed by");
        assert_eq!(sums[meter][1], advance(1).unwrap_or(0), "export of {meter}");
        exporters += u32::from(advance(1).is_some_and(|wh| wh > 0));
    }
    assert!(exporters > 0, "no meter exports");
    assert_eq!(scratch.summary("out")["unplaced_wh"], 0);
}
