use super::*;
use crate::{Join, TopologyRow};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use reading::time::{HOUR, MINUTE};
use reading::{FeederId, Interval, Quality, Sums};
use std::sync::Arc;

const LENGTH: i64 = 15 * MINUTE;
/// A Monday's midnight.
const START: i64 = 1_717_372_800_000;
const TICKS: i64 = 96;

/// A town of one feeder: each transformer has consumers `A0`, `A1`, ... on phases a, b and c in turn.
#[derive(Clone)]
struct Street {
    transformers: usize,
    consumers: usize,
    /// A consumer, and the transformer and phase that the topology names for it.
    named: Vec<(usize, usize, &'static str)>,
    three_phase: Vec<usize>,
    has_phases: bool,
}

impl Street {
    fn new(transformers: usize) -> Self {
        Self { transformers, consumers: 12, named: Vec::new(), three_phase: Vec::new(), has_phases: true }
    }

    fn meter(index: usize) -> MeterId {
        MeterId::new(format!("M{index:03}")).unwrap()
    }

    fn topology(&self) -> Topology {
        let row = |index: usize| {
            let other = self.named.iter().find(|(one, ..)| *one == index);
            let (transformer, phase) = match other {
                Some(&(_, transformer, phase)) => (transformer, phase),
                None if self.three_phase.contains(&index) => (index / self.consumers, "abc"),
                None => (index / self.consumers, ["a", "b", "c"][index % 3]),
            };
            TopologyRow {
                transformer: Some(Arc::new(TransformerId::new(format!("T{transformer:02}")).unwrap())),
                feeder: Some(Arc::new(FeederId::new("F").unwrap())),
                phase: self.has_phases.then(|| phase.to_owned()),
                ..TopologyRow::new(Self::meter(index), Role::Consumer)
            }
        };
        Topology::new((0..self.transformers * self.consumers).map(row).collect()).unwrap()
    }

    /// The voltages of a tick: the feeder swings, each phase of each transformer moves, and each house a little more.
    fn rows(&self, tick: i64) -> Vec<Interval> {
        let end = EventTime(START + (tick + 1) * LENGTH);
        let row = |index: usize| {
            let (transformer, phase) = (index / self.consumers, index % 3);
            let of = |part: usize, most: i64| noise([part as i64, tick, most]) % most;
            let v = 230_000
                + of(1, 2000)
                + of(10 + transformer, 1500)
                + of(1000 + 3 * transformer + phase, 1000)
                + of(5000 + index, 1500);
            let three = u16::from(self.three_phase.contains(&index));
            let sums =
                Sums { v_min: v as i32, v_max: v as i32, readings: 1, three_count: three, ..Sums::EMPTY };
            let (imp, exp, quality, instead) = (None, None, Quality::MEASURED, None);
            let start = end.minus(LENGTH);
            Interval { meter: Self::meter(index), start, end, imp, exp, sums, quality, instead }
        };
        (0..self.transformers * self.consumers).map(row).collect()
    }
}

/// Numbers without any pattern, the same in each run.
fn noise(parts: [i64; 3]) -> i64 {
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    for part in parts {
        bits = (bits ^ part as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits ^= bits >> 29;
    }
    (bits >> 33) as i64
}

fn settings() -> IndexSettings {
    let calendar = Calendar::new(jiff::tz::TimeZone::UTC, [].into());
    IndexSettings { grid: Grid::new(LENGTH).unwrap(), calendar, days: 3, margin: 0.15 }
}

fn run(index: &mut Index, topology: &Topology, rows: &[Interval]) -> Vec<Proposal> {
    let Some(first) = rows.first() else { return Vec::new() };
    index.tick(first.end, Join::new(topology, rows).iter(), topology)
}

fn line(one: &Proposal) -> String {
    let phase = |phase: &Option<String>| phase.clone().unwrap_or_default();
    format!(
        "{} {} {}{} -> {}{} {}/{} {}\n",
        one.day,
        one.meter,
        one.named,
        phase(&one.named_phase),
        one.proposed,
        phase(&one.proposed_phase),
        one.days,
        one.looked,
        one.state.name(),
    )
}

fn check(street: &Street, days: i64, expected: Expect) {
    let topology = street.topology();
    let mut index = Index::new(settings(), &topology);
    let ticks = (0..days * TICKS + 1).flat_map(|tick| run(&mut index, &topology, &street.rows(tick)));
    let lines: String = ticks.map(|one| line(&one)).collect();
    expected.assert_eq(&lines);
}

#[test]
fn nothing_is_proposed_where_the_topology_is_right() {
    check(&Street::new(4), 12, expect![[""]]);
    check(&Street { three_phase: vec![5, 6, 30], ..Street::new(4) }, 12, expect![[""]]);
}

#[test]
fn a_wrong_transformer_and_a_wrong_phase_are_proposed() {
    let named = vec![(7, 2, "b"), (20, 1, "a"), (30, 1, "abc")];
    let street = Street { named, three_phase: vec![30], ..Street::new(4) };
    check(
        &street,
        5,
        expect![[r#"
        2024-06-06 M007 T02b -> T00b 3/3 open
        2024-06-06 M020 T01a -> T01c 3/3 open
        2024-06-06 M030 T01abc -> T02abc 3/3 open
        2024-06-07 M007 T02b -> T00b 4/4 open
        2024-06-07 M020 T01a -> T01c 3/4 open
        2024-06-07 M030 T01abc -> T02abc 4/4 open
    "#]],
    );
}

#[test]
fn transformers_differ_even_without_phases() {
    let street = Street { named: vec![(7, 2, "b")], has_phases: false, ..Street::new(4) };
    check(
        &street,
        6,
        expect![[r#"
        2024-06-06 M007 T02 -> T00 3/3 open
        2024-06-07 M007 T02 -> T00 4/4 open
        2024-06-08 M007 T02 -> T00 5/5 open
    "#]],
    );
}

/// 16 transformers have 48 groups: each day compares a part of them.
#[test]
fn many_transformers_take_turns() {
    let street = Street { named: vec![(7, 15, "b")], ..Street::new(16) };
    check(
        &street,
        9,
        expect![[r#"
        2024-06-08 M007 T15b -> T00b 3/3 open
        2024-06-09 M007 T15b -> T00b 3/3 open
        2024-06-10 M007 T15b -> T00b 4/4 open
        2024-06-11 M007 T15b -> T00b 4/4 open
    "#]],
    );
}

#[test]
fn a_lone_consumer_of_a_transformer_is_not_looked_at() {
    let street = Street { consumers: 1, ..Street::new(6) };
    check(&street, 8, expect![[""]]);
}

#[test]
fn a_proposal_ends_when_the_topology_adopts_it() {
    let street = Street { named: vec![(7, 2, "b")], ..Street::new(4) };
    let (before, after) = (street.topology(), Street::new(4).topology());
    let mut index = Index::new(settings(), &before);
    let mut lines = String::new();
    for tick in 0..7 * TICKS + 1 {
        let topology = if tick <= 5 * TICKS { &before } else { &after };
        if tick == 5 * TICKS + 1 {
            index.place(&before, &after);
        }
        lines.extend(run(&mut index, topology, &street.rows(tick)).iter().map(line));
    }
    expect![[r#"
        2024-06-06 M007 T02b -> T00b 3/3 open
        2024-06-07 M007 T02b -> T00b 4/4 open
        2024-06-08 M007 T00b -> T00b 4/4 adopted
    "#]]
    .assert_eq(&lines);
}

#[test]
fn a_proposal_is_withdrawn_when_the_named_place_fits_again() {
    let (street, moved) = (Street::new(4), Street { named: vec![(7, 2, "b")], ..Street::new(4) });
    let topology = moved.topology();
    let mut index = Index::new(settings(), &topology);
    let mut lines = String::new();
    for tick in 0..12 * TICKS + 1 {
        let mut rows = street.rows(tick);
        if tick > 5 * TICKS {
            // The line was moved: it hangs where the topology said all along. 25 is on phase b of T02.
            rows[7].sums = rows[25].sums;
            rows[7].sums.v_min += (noise([99, tick, 0]) % 1000) as i32;
            rows[7].sums.v_max = rows[7].sums.v_min;
        }
        lines.extend(run(&mut index, &topology, &rows).iter().map(line));
    }
    expect![[r#"
        2024-06-06 M007 T02b -> T00b 3/3 open
        2024-06-07 M007 T02b -> T00b 4/4 open
        2024-06-08 M007 T02b -> T00b 4/5 open
        2024-06-09 M007 T02b -> T00b 4/6 open
        2024-06-10 M007 T02b -> T00b 4/7 open
        2024-06-11 M007 T02b -> T00b 4/8 withdrawn
    "#]]
    .assert_eq(&lines);
}

#[test]
fn a_consumer_that_often_misses_its_tick_is_not_compared() {
    let street = Street { named: vec![(7, 2, "b")], ..Street::new(4) };
    let topology = street.topology();
    let mut index = Index::new(settings(), &topology);
    for tick in 0..8 * TICKS {
        let mut rows = street.rows(tick);
        if tick % 3 == 0 {
            rows.remove(7);
        }
        assert_eq!(run(&mut index, &topology, &rows), []);
    }
}

#[test]
fn voltages_that_are_none_or_too_high_are_passed_over() {
    let street = Street::new(2);
    let topology = street.topology();
    let mut index = Index::new(settings(), &topology);
    for tick in 0..5 * TICKS {
        let mut rows = street.rows(tick);
        rows[3].sums = Sums::EMPTY;
        (rows[4].sums.v_min, rows[4].sums.v_max) = (0, 0);
        (rows[5].sums.v_min, rows[5].sums.v_max) = (11_000_000, i32::MAX);
        (rows[6].sums.v_min, rows[6].sums.v_max) = (i32::MIN + 1, 5);
        assert_eq!(run(&mut index, &topology, &rows), []);
    }
}

#[test]
fn a_consumer_takes_a_hundred_bytes() {
    assert_eq!(Index::BYTES_PER_METER, 100);
    let topology = Street::new(3).topology();
    assert_eq!(Index::new(settings(), &topology).memory(), 3 * 12 * Index::BYTES_PER_METER);
}

/// The largest sums of the longest day fit: 25 hours of the shortest intervals.
#[test]
fn sums_of_a_day_fit() {
    let steps = 25 * HOUR / (5 * MINUTE);
    assert!(steps * i64::from(MOST * MOST) <= i64::from(i16::MAX));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn stop_and_restore_change_nothing(stops in prop::collection::vec(0..5 * TICKS, 0..6)) {
        let street = Street { named: vec![(7, 2, "b")], ..Street::new(3) };
        let topology = street.topology();
        let (mut whole, mut stopped) = (Index::new(settings(), &topology), Index::new(settings(), &topology));
        for tick in 0..5 * TICKS + 1 {
            if stops.contains(&tick) {
                let bytes = postcard::to_stdvec(&stopped.snapshot(&topology)).unwrap();
                stopped = Index::new(settings(), &topology);
                stopped.restore(&topology, postcard::from_bytes(&bytes).unwrap());
            }
            let rows = street.rows(tick);
            prop_assert_eq!(run(&mut whole, &topology, &rows), run(&mut stopped, &topology, &rows));
        }
        prop_assert_eq!(whole.snapshot(&topology), stopped.snapshot(&topology));
    }

    /// Other meters in the topology, or others that have left it, take nothing from those that stay.
    #[test]
    fn another_topology_keeps_what_days_said(more in 3..7_usize) {
        let street = Street { named: vec![(7, 2, "b")], ..Street::new(3) };
        let (topology, longer) = (street.topology(), Street { transformers: more, ..street.clone() }.topology());
        let mut index = Index::new(settings(), &topology);
        for tick in 0..5 * TICKS + 1 {
            run(&mut index, &topology, &street.rows(tick));
        }
        let before = index.snapshot(&topology);
        index.place(&topology, &longer);
        index.place(&longer, &topology);
        let after = index.snapshot(&topology);
        let runs = |state: &IndexState| state.runs();
        prop_assert_eq!(runs(&before), runs(&after));
    }
}
