use super::*;
use crate::Join;
use crate::tests::{interval, topology};
use expect_test::{Expect, expect};
use proptest::prelude::*;

/// Four ticks of 10 ms.
const FINAL_AFTER: i64 = 40;

const STREET: &[&str] = &[
    "D1 transformer T1 ..",
    "D2 transformer T2 ..",
    "M1 consumer T1 ..",
    "M2 consumer T1 ..",
    "M3 consumer T1 ..",
    "M4 consumer T2 ..",
];

fn new(topology: &Topology) -> Balances {
    Balances::new(Grid::new(10).unwrap(), FINAL_AFTER, topology)
}

fn ended(balances: &Balances, topology: &Topology) -> Vec<Balance> {
    let (mut after, mut all) = (EventTime::MIN, Vec::new());
    while let Some(Ended { end, balances, .. }) = balances.ended_after(after, topology) {
        all.extend(balances);
        after = end;
    }
    all
}

fn lines(rows: &[Balance]) -> String {
    let line = |one: &Balance| {
        let energy = |energy: Option<WattHours>| energy.map_or("-".to_owned(), |energy| energy.0.to_string());
        let gap = |of: fn(Gap) -> WattHours| energy(one.gap.map(of));
        format!(
            "{} {}: {} - {} - {} = {} ({} to {}), {} of {}, {}, revision {}, {:?}\n",
            one.transformer,
            one.end.0,
            energy(one.supplied),
            one.consumed.0,
            energy(one.estimated),
            gap(|gap| gap.probable),
            gap(|gap| gap.low),
            gap(|gap| gap.high),
            one.reporting,
            one.meters,
            one.quality,
            one.revision,
            one.standing
        )
    };
    rows.iter().map(line).collect()
}

/// Runs ticks, each with rows `METER END WH`, and writes down what every tick publishes, and the end.
fn run(ticks: &[(i64, &[&str])], answer: &Expect) {
    let topology = topology(STREET);
    let mut balances = new(&topology);
    let mut page = String::new();
    for (end, rows) in ticks {
        let row = |text: &&str| {
            let words: Vec<&str> = text.split(' ').collect();
            interval(words[0], words[1].parse().unwrap(), words[2].parse().ok(), None)
        };
        let mut rows: Vec<Interval> = rows.iter().map(row).collect();
        rows.sort_by_key(|row| (row.meter, row.end));
        let join = Join::new(&topology, &rows);
        let published = balances.tick(EventTime(*end), &join);
        page += &format!("tick {end}\n{}", lines(&published));
    }
    page += &format!("end\n{}", lines(&ended(&balances, &topology)));
    answer.assert_eq(&page);
}

#[test]
fn a_late_row_joins_the_balance_of_its_interval_until_it_is_final() {
    run(
        &[
            (10, &["D1 10 600", "M1 10 200", "M2 10 200", "M3 10 100"]),
            (20, &["D1 20 650", "M1 20 220", "M2 20 220"]),
            (30, &["M3 20 130"]),
            (60, &["M3 30 90"]),
            (70, &["M1 20 7"]),
        ],
        &expect![[r#"
            tick 10
            T1 10: 600 - 500 - 0 = 100 (100 to 100), 3 of 3, measured, revision 0, Open
            tick 20
            T1 20: 650 - 440 - 104 = 106 (30 to 210), 2 of 3, estimated,partial, revision 0, Open
            tick 30
            T1 20: 650 - 570 - 0 = 80 (80 to 80), 3 of 3, measured, revision 1, Open
            tick 60
            T1 10: 600 - 500 - 0 = 100 (100 to 100), 3 of 3, measured, revision 0, Final
            T1 20: 650 - 570 - 0 = 80 (80 to 80), 3 of 3, measured, revision 1, Final
            T1 30: - - 90 - - = - (- to -), 1 of 3, partial, revision 1, Open
            tick 70
            T1 30: - - 90 - - = - (- to -), 1 of 3, partial, revision 1, Final
            end
        "#]],
    );
}

#[test]
fn what_is_missing_is_estimated_from_what_the_others_use_in_relation_to_usual() {
    run(
        &[
            (10, &["D1 10 600", "M1 10 200", "M2 10 200", "M3 10 100"]),
            (20, &["D1 20 800", "M1 20 400", "M3 20 100"]),
            (30, &["D1 30 800", "M1 30 400"]),
            (40, &["D1 40 800"]),
            (50, &["D2 50 800"]),
        ],
        &expect![[r#"
            tick 10
            T1 10: 600 - 500 - 0 = 100 (100 to 100), 3 of 3, measured, revision 0, Open
            tick 20
            T1 20: 800 - 500 - 250 = 50 (50 to 300), 2 of 3, estimated,partial, revision 0, Open
            tick 30
            T1 30: 800 - 400 - - = - (- to -), 1 of 3, partial, revision 0, Open
            tick 40
            T1 40: 800 - 0 - - = - (- to -), 0 of 3, partial, revision 0, Open
            tick 50
            T1 10: 600 - 500 - 0 = 100 (100 to 100), 3 of 3, measured, revision 0, Final
            T2 50: 800 - 0 - - = - (- to -), 0 of 1, partial, revision 0, Open
            end
            T1 20: 800 - 500 - 230 = 70 (67 to 300), 2 of 3, estimated,partial, revision 0, Ended
            T1 30: 800 - 400 - - = - (- to -), 1 of 3, partial, revision 0, Ended
            T1 40: 800 - 0 - - = - (- to -), 0 of 3, partial, revision 0, Ended
            T2 50: 800 - 0 - - = - (- to -), 0 of 1, partial, revision 0, Ended
        "#]],
    );
}

#[test]
fn open_balances_of_a_transformer_follow_it_into_another_topology() {
    let before = topology(STREET);
    let after = topology(&["D0 transformer T0 ..", "D1 transformer T1 ..", "M1 consumer T1 .."]);
    let mut balances = new(&before);
    let rows = [
        interval("D1", 10, Some(100), None),
        interval("M1", 10, Some(90), None),
        interval("M4", 10, Some(5), None),
    ];
    balances.tick(EventTime(10), &Join::new(&before, &rows));
    balances.place(&before, &after);
    let late = [interval("D1", 20, Some(70), None), interval("M1", 20, Some(60), None)];
    balances.tick(EventTime(20), &Join::new(&after, &late));
    let rows = ended(&balances, &after);
    assert_eq!(
        rows.iter().map(|row| (row.transformer.as_str(), row.end.0)).collect::<Vec<_>>(),
        [("T1", 10), ("T1", 20)]
    );
    assert_eq!(rows[0].gap.unwrap().probable, WattHours(10), "of the consumers, only M1 is left");
}

/// Rows of all meters of the street in eight ticks, each with the number of ticks that it comes late.
fn arrivals() -> impl Strategy<Value = Vec<(String, i64, i64, i64)>> {
    let delays = prop::collection::vec((0_i64..1000, 0_i64..4, 0_u8..10), 48);
    delays.prop_map(|all| {
        let of = |(index, (wh, delay, kind)): (usize, (i64, i64, u8))| {
            let (meter, tick) = (index % 6, index as i64 / 6 + 1);
            let name = ["D1", "D2", "M1", "M2", "M3", "M4"][meter];
            // A tenth of the rows never comes.
            (kind > 0).then(|| (name.to_owned(), tick * 10, wh, if kind > 6 { delay * 10 } else { 0 }))
        };
        all.into_iter().enumerate().filter_map(of).collect()
    })
}

/// The rows that arrive in each of the ticks.
fn in_ticks(arrivals: &[(String, i64, i64, i64)], in_time: bool) -> Vec<(EventTime, Vec<Interval>)> {
    let rows_of = |tick: i64| {
        let come =
            arrivals.iter().filter(|(_, end, _, delay)| end + if in_time { 0 } else { *delay } == tick * 10);
        let mut rows: Vec<Interval> =
            come.map(|(name, end, wh, _)| interval(name, *end, Some(*wh), None)).collect();
        rows.sort_by_key(|row| (row.meter, row.end));
        rows
    };
    (1..=16).map(|tick| (EventTime(tick * 10), rows_of(tick))).collect()
}

proptest! {
    #[test]
    fn late_rows_end_at_the_sums_of_rows_in_time(arrivals in arrivals(), stop in 0_usize..16) {
        let topology = topology(STREET);
        let (mut late, mut unstopped, mut timely) = (new(&topology), new(&topology), new(&topology));
        let mut last = BTreeMap::new();
        let mut whole = Vec::new();
        for (at, (end, rows)) in in_ticks(&arrivals, false).into_iter().enumerate() {
            // A long backlog comes in parts, the first of them before the tick.
            let (behind, rows): (Vec<Interval>, Vec<Interval>) = if at % 2 == 0 {
                rows.into_iter().partition(|row| row.end < end)
            } else {
                (Vec::new(), rows)
            };
            late.join(topology.join(&behind), &topology);
            unstopped.join(topology.join(&behind), &topology);
            if at == stop {
                let bytes = postcard::to_allocvec(&late.snapshot(&topology)).unwrap();
                late = new(&topology);
                late.restore(&topology, postcard::from_bytes(&bytes).unwrap());
            }
            let published = late.tick(end, &Join::new(&topology, &rows));
            prop_assert_eq!(&published, &unstopped.tick(end, &Join::new(&topology, &rows)));
            for row in published {
                let key = (row.transformer, row.end);
                if let Some(Balance { standing, revision, .. }) = last.insert(key, row) {
                    prop_assert!(standing == Standing::Open && revision <= row.revision);
                }
            }
        }
        for (end, rows) in in_ticks(&arrivals, true) {
            whole.extend(timely.tick(end, &Join::new(&topology, &rows)));
        }
        let whole: BTreeMap<_, _> = whole.into_iter().map(|row| ((row.transformer, row.end), row)).collect();
        prop_assert_eq!(last.len(), whole.len());
        for (key, one) in &last {
            let other = &whole[key];
            let sums = |row: &Balance| (row.supplied, row.consumed, row.meters, row.reporting, row.quality.has(Quality::PARTIAL));
            prop_assert_eq!(sums(one), sums(other));
            prop_assert_eq!(one.standing, Standing::Final);
            if one.is_complete() {
                prop_assert_eq!(one.gap, other.gap);
            }
            let came_late = |(name, end, _, delay): &&(String, i64, i64, i64)| {
                let transformer = if ["D2", "M4"].contains(&name.as_str()) { "T2" } else { "T1" };
                *delay > 0 && (one.transformer.as_str(), one.end.0) == (transformer, *end)
            };
            prop_assert_eq!(one.revision as usize, arrivals.iter().filter(came_late).count());
        }
    }

    /// Several partitions send parts of backlogs, and the order in which they come differs from run to run.
    #[test]
    fn late_rows_may_come_in_any_order_and_in_parts_before_their_tick(
        arrivals in arrivals(),
        order in prop::collection::vec((any::<u16>(), 0_u8..3), 48),
    ) {
        let topology = topology(STREET);
        let (mut with_tick, mut in_parts) = (new(&topology), new(&topology));
        for (end, rows) in in_ticks(&arrivals, false) {
            let published = with_tick.tick(end, &Join::new(&topology, &rows));
            let (mut parts, mut rest) = (Vec::new(), Vec::new());
            for (row, (place, kind)) in rows.into_iter().zip(&order) {
                let is_before = row.end < end && *kind > 0 && row.end > end.minus(FINAL_AFTER);
                if is_before { parts.push((*place, row)) } else { rest.push(row) }
            }
            parts.sort_by_key(|(place, _)| *place);
            for (_, row) in parts {
                in_parts.join(topology.join(&[row]), &topology);
            }
            prop_assert_eq!(published, in_parts.tick(end, &Join::new(&topology, &rest)));
        }
        prop_assert_eq!(with_tick.snapshot(&topology), in_parts.snapshot(&topology));
    }
}
