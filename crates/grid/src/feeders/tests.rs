use super::*;
use crate::balances::{Balances, Ended};
use crate::tests::{interval, meter};
use crate::{Join, TopologyRow};
use expect_test::expect;
use proptest::prelude::*;
use reading::{Grid, Interval, TransformerId};
use std::sync::Arc;

/// Feeder `F1` with two transformers and a factory of its own, and feeder `F2` without a meter.
fn topology() -> Topology {
    let row = |name: &str, role, transformer: &str, feeder: &str| TopologyRow {
        transformer: TransformerId::new(transformer).map(Arc::new),
        feeder: FeederId::new(feeder).map(Arc::new),
        ..TopologyRow::new(meter(name), role)
    };
    let rows = vec![
        row("F1", Role::Feeder, "", "F1"),
        row("D1", Role::Transformer, "T1", "F1"),
        row("M1", Role::Consumer, "T1", "F1"),
        row("M2", Role::Consumer, "T1", "F1"),
        row("M3", Role::Consumer, "T2", "F1"),
        row("M4", Role::Consumer, "", "F1"),
        row("M5", Role::Consumer, "T3", "F2"),
    ];
    Topology::new(rows).unwrap()
}

/// Four ticks of 10 ms.
fn new(topology: &Topology) -> Balances {
    Balances::new(Grid::new(10).unwrap(), 40, topology)
}

fn line(one: &FeederBalance) -> String {
    let energy = |energy: Option<WattHours>| energy.map_or("-".to_owned(), |energy| energy.0.to_string());
    let all = if one.is_complete { "all" } else { "not all" };
    let (supplied, estimated) = (energy(one.supplied), energy(one.estimated));
    format!("{} {}: {supplied} - {} - {estimated}, {all}\n", one.feeder, one.end.0, one.consumed.0)
}

/// Runs ticks, each with rows `METER END WH`, and writes down which feeders are final in each tick, and the end.
fn run(ticks: &[(i64, &[&str])]) -> String {
    let topology = topology();
    let mut balances = new(&topology);
    let mut page = String::new();
    for (end, rows) in ticks {
        let row = |text: &&str| {
            let words: Vec<&str> = text.split(' ').collect();
            interval(words[0], words[1].parse().unwrap(), words[2].parse().ok(), None)
        };
        let mut rows: Vec<Interval> = rows.iter().map(row).collect();
        rows.sort_by_key(|row| (row.meter, row.end));
        balances.tick(EventTime(*end), &Join::new(&topology, &rows));
        page += &format!("tick {end}\n");
        balances.final_feeders().iter().for_each(|one| page += &line(one));
    }
    page += "end\n";
    let mut after = EventTime::MIN;
    while let Some(Ended { end, feeders, .. }) = balances.ended_after(after, &topology) {
        feeders.iter().for_each(|one| page += &line(one));
        after = end;
    }
    page
}

#[test]
fn a_feeder_supplies_all_consumers_on_it_and_late_ones_join() {
    let page = run(&[
        (10, &["F1 10 1000", "D1 10 500", "M1 10 200", "M2 10 200", "M3 10 100", "M4 10 400", "M5 10 7"]),
        // M2 comes a tick later, and M4 after its interval is final.
        (20, &["F1 20 1000", "D1 20 500", "M1 20 200", "M3 20 100", "M5 20 7"]),
        (30, &["F1 30 1000", "M1 30 200", "M2 20 210", "M2 30 200", "M3 30 100", "M4 30 400"]),
        (70, &["M4 20 400", "M1 70 9"]),
    ]);
    expect![[r#"
        tick 10
        tick 20
        tick 30
        tick 70
        F1 10: 1000 - 900 - 0, all
        F1 20: 1000 - 510 - -, not all
        F1 30: 1000 - 900 - 0, all
        end
        F1 70: - - 9 - -, not all
    "#]]
    .assert_eq(&page);
}

#[test]
fn a_missing_consumer_is_estimated_by_its_transformer_or_the_feeder_is_not_judged() {
    let page = run(&[
        (10, &["F1 10 1000", "D1 10 500", "M1 10 200", "M2 10 200", "M3 10 100", "M4 10 400"]),
        (20, &["F1 20 1000", "D1 20 500", "M1 20 300", "M3 20 100", "M4 20 400"]),
        // Nobody of T2 is there, so that nothing estimates M3.
        (30, &["F1 30 1000", "D1 30 500", "M1 30 200", "M2 30 200", "M4 30 400"]),
        // Nothing estimates a consumer without a transformer.
        (40, &["F1 40 1000", "D1 40 500", "M1 40 200", "M2 40 200", "M3 40 100"]),
        (50, &["M1 50 200"]),
    ]);
    expect![[r#"
        tick 10
        tick 20
        tick 30
        tick 40
        tick 50
        F1 10: 1000 - 900 - 0, all
        end
        F1 20: 1000 - 800 - 272, not all
        F1 30: 1000 - 800 - -, not all
        F1 40: 1000 - 500 - -, not all
        F1 50: - - 200 - -, not all
    "#]]
    .assert_eq(&page);
}

proptest! {
    #[test]
    fn late_rows_end_at_the_feeders_of_rows_in_time(delays in prop::collection::vec(0_i64..4, 48), stop in 0_usize..12) {
        let topology = topology();
        let (mut late, mut timely) = (new(&topology), new(&topology));
        let names = ["F1", "D1", "M1", "M2", "M3", "M4"];
        let all: Vec<(Interval, i64)> = delays.iter().enumerate().map(|(at, delay)| {
            let (tick, wh) = (at as i64 / 6 + 1, 100 + at as i64 * 7 % 50);
            (interval(names[at % 6], tick * 10, Some(wh), None), tick + delay)
        }).collect();
        let (mut late_rows, mut timely_rows) = (Vec::new(), Vec::new());
        for tick in 1..=16_i64 {
            if tick as usize == stop {
                let bytes = postcard::to_allocvec(&late.snapshot(&topology)).unwrap();
                late = new(&topology);
                late.restore(&topology, postcard::from_bytes(&bytes).unwrap());
            }
            let end = EventTime(tick * 10);
            let rows_of = |arrives: &dyn Fn(&(Interval, i64)) -> bool| {
                let mut rows: Vec<Interval> = all.iter().filter(|one| arrives(one)).map(|(row, _)| *row).collect();
                rows.sort_by_key(|row| (row.meter, row.end));
                rows
            };
            let (behind, rows): (Vec<Interval>, Vec<Interval>) =
                rows_of(&|(_, arrival)| *arrival == tick).into_iter().partition(|row| row.end < end && tick % 2 == 0);
            late.join(topology.join(&behind), &topology);
            late.tick(end, &Join::new(&topology, &rows));
            late_rows.extend_from_slice(late.final_feeders());
            timely.tick(end, &Join::new(&topology, &rows_of(&|(row, _)| row.end == end)));
            timely_rows.extend_from_slice(timely.final_feeders());
        }
        prop_assert_eq!(late_rows.len(), 8);
        prop_assert_eq!(late_rows, timely_rows);
    }
}
