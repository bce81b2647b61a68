use crate::*;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use reading::{EventTime, FeederId, Grid, Interval, MeterId, Quality, Sums, Target, TransformerId};
use std::sync::Arc;
use units::WattHours;

pub(crate) fn meter(name: &str) -> MeterId {
    MeterId::new(name).unwrap()
}

/// `M1 consumer T1 0..10 #serial`: times are plain milliseconds, an open end is left out.
fn row(text: &str) -> TopologyRow {
    let mut words = text.split(' ');
    let (name, role) = (words.next().unwrap(), words.next().unwrap());
    let mut row = TopologyRow::new(meter(name), Role::parse(role).unwrap());
    for word in words {
        if let Some(serial) = word.strip_prefix('#') {
            row.serial = Some(serial.to_owned());
        } else if let Some((from, to)) = word.split_once("..") {
            row.from = from.parse().ok().map(EventTime);
            row.to = to.parse().ok().map(EventTime);
        } else {
            row.transformer = TransformerId::new(word).map(Arc::new);
            row.feeder = FeederId::new("F1").map(Arc::new);
        }
    }
    row
}

pub(crate) fn topology(rows: &[&str]) -> Topology {
    Topology::new(rows.iter().map(|text| row(text)).collect()).unwrap()
}

pub(crate) fn interval(name: &str, end: i64, imp: Option<i64>, exp: Option<i64>) -> Interval {
    Interval {
        meter: meter(name),
        start: EventTime(end - 10),
        end: EventTime(end),
        imp: imp.map(WattHours),
        exp: exp.map(WattHours),
        sums: Sums::EMPTY,
        quality: if imp.is_some() { Quality::MEASURED } else { Quality::GAP },
        instead: None,
    }
}

fn refused(rows: &[&str], answer: &Expect) {
    let refused = Topology::new(rows.iter().map(|text| row(text)).collect()).unwrap_err();
    answer.assert_eq(&refused.to_string());
}

fn balanced(intervals: &[Interval], topology: &Topology) -> Vec<Balance> {
    let mut balances = Balances::new(Grid::new(10).unwrap(), 0, topology);
    balances.tick(EventTime(10), &Join::new(topology, intervals))
}

#[test]
fn a_moved_consumer_rewrites_no_history() {
    let topology = topology(&["M1 consumer T2 20..", "M1 consumer T1 ..20"]);
    let at = |time| topology.at(&meter("M1"), EventTime(time)).and_then(TopologyRow::transformer).unwrap();
    assert_eq!(at(10).as_str(), "T1");
    assert_eq!(at(20).as_str(), "T1", "the interval that ends at the move lies before it");
    assert_eq!(at(21).as_str(), "T2");
}

#[test]
fn between_two_places_a_meter_hangs_nowhere() {
    let topology = topology(&["M1 consumer T1 0..10", "M1 consumer T1 20..30"]);
    let held: Vec<i64> =
        (0..40).filter(|time| topology.at(&meter("M1"), EventTime(*time)).is_some()).collect();
    assert_eq!(held, (1..=10).chain(21..=30).collect::<Vec<_>>());
}

#[test]
fn a_meter_in_two_places_is_refused() {
    refused(
        &["M1 consumer T1 ..", "M1 consumer T2 1970.."],
        &expect![
            "meter M1 has two places: one up to an open end, another already from 1970-01-01T00:00:01.970Z"
        ],
    );
    refused(
        &["M1 consumer T1 20..10"],
        &expect![
            "meter M1 has a place from 1970-01-01T00:00:00.020Z to 1970-01-01T00:00:00.010Z, which ends before it starts"
        ],
    );
}

#[test]
fn a_consumer_without_a_transformer_is_allowed_and_in_no_balance() {
    let topology = topology(&["M1 consumer .."]);
    assert!(topology.at(&meter("M1"), EventTime(1)).is_some());
    assert_eq!(topology.transformers().len(), 0);
    assert_eq!(balanced(&[interval("M1", 10, Some(5), None)], &topology), []);
}

#[test]
fn a_new_serial_is_a_swap_and_an_unknown_one_is_not() {
    let topology = topology(&[
        "M1 consumer T1 ..20 #a",
        "M1 consumer T1 20..30 #b",
        "M1 consumer T2 30..40 #b",
        "M1 consumer T2 40..",
        "M2 consumer T2 .. #c",
    ]);
    assert_eq!(topology.swaps().collect::<Vec<_>>(), [(meter("M1"), EventTime(20))]);
}

fn balances(rows: &[&str], intervals: &[Interval], answer: &Expect) {
    let lines: Vec<String> = balanced(intervals, &topology(rows))
        .iter()
        .map(|one| {
            let energy = |energy: Option<WattHours>| energy.map_or("-".to_owned(), |e| e.0.to_string());
            format!(
                "{} {}..{}: {} - {} = {}, {} of {}, {}\n",
                one.transformer,
                one.start.0,
                one.end.0,
                energy(one.supplied),
                one.consumed.0,
                energy(one.gap.map(|gap| gap.probable)),
                one.reporting,
                one.meters,
                one.quality
            )
        })
        .collect();
    answer.assert_eq(&lines.concat());
}

const STREET: &[&str] = &[
    "D1 transformer T1 ..",
    "F1 feeder ..",
    "M1 consumer T1 ..",
    "M2 consumer T1 ..",
    "M3 consumer T1 ..5",
    "M4 consumer T2 ..",
];

#[test]
fn what_is_supplied_and_not_consumed_is_the_gap() {
    balances(
        STREET,
        &[
            interval("D1", 10, Some(1000), Some(100)),
            interval("M1", 10, Some(300), None),
            interval("M2", 10, Some(500), Some(50)),
            interval("M4", 10, Some(70), None),
        ],
        &expect![[r#"
            T1 0..10: 900 - 750 = 150, 2 of 2, measured
            T2 0..10: - - 70 = -, 1 of 1, measured
        "#]],
    );
}

#[test]
fn a_silent_consumer_is_counted_as_silent() {
    balances(
        STREET,
        &[
            interval("D1", 10, Some(1000), None),
            interval("M1", 10, Some(300), None),
            interval("M2", 10, None, None),
        ],
        &expect![[r#"
            T1 0..10: 1000 - 300 = 400, 1 of 2, estimated,partial,gap
        "#]],
    );
}

#[test]
fn what_comes_back_late_makes_no_second_balance() {
    balances(
        STREET,
        &[interval("M1", 0, Some(9000), None), interval("M1", 10, Some(300), None)],
        &expect![[r#"
            T1 0..10: - - 300 = -, 1 of 2, estimated,partial
        "#]],
    );
}

#[test]
fn one_of_two_transformer_meters_is_no_supply() {
    let rows = ["D1 transformer T1 ..", "D2 transformer T1 ..", "M1 consumer T1 .."];
    let m1 = interval("M1", 10, Some(300), None);
    balances(
        &rows,
        &[interval("D1", 10, Some(200), None), m1],
        &expect![[r#"
            T1 0..10: - - 300 = -, 1 of 1, measured
        "#]],
    );
    balances(
        &rows,
        &[interval("D1", 10, Some(200), None), interval("D2", 10, Some(150), None), m1],
        &expect![[r#"
            T1 0..10: 350 - 300 = 50, 1 of 1, measured
        "#]],
    );
}

/// Some meters, each with a chain of periods that touch or leave holes.
fn tables() -> impl Strategy<Value = Vec<TopologyRow>> {
    let chain = prop::collection::vec((0_i64..3, 1_i64..5, 0_u8..3), 0..4);
    prop::collection::vec(chain, 1..40).prop_map(|meters| {
        let mut rows = Vec::new();
        for (number, chain) in meters.into_iter().enumerate() {
            let mut time = 0;
            for (hole, length, transformer) in chain {
                let mut row = row(&format!(
                    "M{number:03} consumer T{transformer} {}..{}",
                    time + hole,
                    time + hole + length
                ));
                row.serial = Some(length.to_string());
                rows.push(row);
                time += hole + length;
            }
        }
        rows
    })
}

/// The same by looking at every row.
fn slow_at<'a>(rows: &'a [TopologyRow], meter: &MeterId, time: EventTime) -> Option<&'a TopologyRow> {
    rows.iter().find(|row| {
        row.meter == *meter && row.from.is_none_or(|from| from < time) && row.to.is_none_or(|to| time <= to)
    })
}

proptest! {
    #[test]
    fn the_join_equals_a_look_at_every_row(
        rows in tables(),
        wanted in prop::collection::vec((0_usize..45, 0_i64..25), 0..60),
        sorted: bool,
    ) {
        let topology = Topology::new(rows.clone()).unwrap();
        let mut intervals: Vec<Interval> =
            wanted.iter().map(|(number, end)| interval(&format!("M{number:03}"), *end, Some(1), None)).collect();
        if sorted {
            intervals.sort_by_key(|interval| (interval.meter, interval.end));
        }
        for joined in topology.join(&intervals) {
            let Joined { interval, row, role, .. } = joined;
            prop_assert_eq!(row, slow_at(&rows, &interval.meter, interval.end));
            prop_assert_eq!(row, topology.at(&interval.meter, interval.end));
            prop_assert_eq!(row, joined.number().map(|number| &topology.rows()[number as usize]));
            prop_assert_eq!(role, row.map(|row| row.role));
            let transformer = joined.transformer().map(|number| topology.transformers()[number as usize]);
            prop_assert_eq!(transformer, row.and_then(TopologyRow::transformer));
            let slow_first = topology.rows().iter().position(|row| row.meter == interval.meter);
            prop_assert_eq!(joined.first().map(|first| first as usize), slow_first);
        }
        prop_assert_eq!(topology.join(&intervals).count(), intervals.len());
    }

    #[test]
    fn the_count_of_consumers_equals_a_look_at_every_row(rows in tables(), time in 0_i64..25) {
        let topology = Topology::new(rows.clone()).unwrap();
        for &transformer in topology.transformers() {
            let slow = rows
                .iter()
                .filter(|row| row.transformer() == Some(transformer) && row.holds_at(EventTime(time)))
                .count();
            prop_assert_eq!(topology.consumers_at(Target::Transformer(transformer), EventTime(time)), slow as u32);
        }
    }

    #[test]
    fn the_order_of_rows_and_intervals_changes_no_balance(
        rows in tables(),
        energies in prop::collection::btree_map(0_usize..40, 0_i64..1000, 0..40),
        seed in any::<prop::sample::Index>(),
    ) {
        let intervals: Vec<Interval> =
            energies.iter().map(|(number, wh)| interval(&format!("M{number:03}"), 10, Some(*wh), None)).collect();
        let whole = balanced(&intervals, &Topology::new(rows.clone()).unwrap());
        let mut turned = (rows, intervals);
        turned.0.reverse();
        let at = if turned.1.is_empty() { 0 } else { seed.index(turned.1.len()) };
        turned.1.rotate_left(at);
        prop_assert_eq!(whole, balanced(&turned.1, &Topology::new(turned.0).unwrap()));
    }
}

#[test]
fn a_row_is_small_because_rows_share_the_names_of_places() {
    // With three names of 64 bytes in each row it would be 400 bytes long.
    assert_eq!(size_of::<TopologyRow>(), 240);
    let (mut names, id) = (PlaceNames::default(), |name: &str| TransformerId::new(name).unwrap());
    let all = ["T1", "मुंबई पूर्व", "T1", "T2", "मुंबई पूर्व"].map(|name| names.transformers.share(id(name)));
    assert!(Arc::ptr_eq(&all[0], &all[2]) && Arc::ptr_eq(&all[1], &all[4]));
    assert_eq!((*all[1], *all[3]), (id("मुंबई पूर्व"), id("T2")));
    let first = Arc::clone(&all[0]);
    drop(all);
    names.transformers.forget_unused();
    assert!(Arc::ptr_eq(&first, &names.transformers.share(id("T1"))), "a row has it");
    assert_eq!(Arc::strong_count(&names.transformers.share(id("T2"))), 3, "no row had it, so it is new");
}
