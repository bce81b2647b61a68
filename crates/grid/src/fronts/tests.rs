use super::*;
use crate::TopologyRow;
use reading::time::{DAY, MINUTE};
use reading::{Interval, Quality, Sums, TransformerId};
use std::sync::Arc;

const BLOCK: i64 = 30 * MINUTE;

fn end_of(block: i64) -> EventTime {
    EventTime(19_727 * DAY + block * BLOCK)
}

fn id(meter: &str) -> MeterId {
    MeterId::new(meter).unwrap()
}

fn named(transformer: &str) -> Option<Arc<TransformerId>> {
    TransformerId::new(transformer).map(Arc::new)
}

fn interval(meter: &str, block: i64) -> Interval {
    let (start, end) = (end_of(block - 1), end_of(block));
    let quality = Quality::MEASURED;
    Interval { meter: id(meter), start, end, imp: None, exp: None, sums: Sums::EMPTY, quality, instead: None }
}

/// Each meter with the number of its transformer.
fn topology(meters: &[(&str, u32)]) -> Topology {
    let row = |(meter, transformer): &(&str, u32)| {
        let mut row = TopologyRow::new(id(meter), Role::Consumer);
        row.transformer = named(&format!("T{transformer}"));
        row
    };
    Topology::new(meters.iter().map(row).collect()).unwrap()
}

fn fronts(patience: i64, topology: &Topology) -> Fronts {
    Fronts::new(Grid::new(BLOCK).unwrap(), patience * BLOCK, topology)
}

/// A tick with the rows of these meters and blocks.
fn tick(fronts: &mut Fronts, topology: &Topology, block: i64, rows: &[(&str, i64)]) {
    let mut rows: Vec<Interval> = rows.iter().map(|(meter, block)| interval(meter, *block)).collect();
    rows.sort_by_key(|row| (row.meter, row.end));
    fronts.tick(end_of(block), topology.join(&rows));
}

#[test]
fn the_slowest_consumer_of_a_transformer_holds_back_its_neighbours_and_no_others() {
    let topology = topology(&[("A", 1), ("B", 1), ("C", 2)]);
    let mut fronts = fronts(10, &topology);
    assert_eq!(fronts.of(0, &topology), EventTime::MIN, "before the first tick");
    tick(&mut fronts, &topology, 1, &[("A", 1), ("B", 1), ("C", 1)]);
    tick(&mut fronts, &topology, 2, &[("A", 2), ("C", 2)]);
    tick(&mut fronts, &topology, 3, &[("A", 3), ("C", 3)]);
    assert_eq!([fronts.of(0, &topology), fronts.of(1, &topology)], [end_of(1), end_of(3)]);
    tick(&mut fronts, &topology, 4, &[("A", 4), ("C", 4), ("B", 2), ("B", 3)]);
    assert_eq!(fronts.of(0, &topology), end_of(3));
    tick(&mut fronts, &topology, 5, &[("A", 5), ("C", 5), ("B", 4), ("B", 5)]);
    assert_eq!(fronts.of(0, &topology), end_of(5));
}

#[test]
fn patience_ends() {
    let topology = topology(&[("A", 1), ("B", 1), ("N", 1)]);
    let mut fronts = fronts(3, &topology);
    let mut front = |block, rows: &[(&str, i64)]| {
        tick(&mut fronts, &topology, block, rows);
        (fronts.of(0, &topology), fronts.at_the_end(0, &topology))
    };
    // `N` is never heard, and waited for from the first tick on.
    assert_eq!(front(1, &[("A", 1), ("B", 1)]), (end_of(0), end_of(1)));
    assert_eq!(front(2, &[("A", 2)]), (end_of(0), end_of(1)));
    assert_eq!(front(3, &[("A", 3)]), (end_of(1), end_of(1)), "the one that was never heard is given up");
    assert_eq!(front(4, &[("A", 4)]), (end_of(4), end_of(4)), "both are given up");
    assert_eq!(
        front(5, &[("A", 5), ("B", 3)]),
        (end_of(3), end_of(3)),
        "one comes back, and is waited for again"
    );
    let nobody = front(60, &[]);
    assert_eq!(nobody, (end_of(60), end_of(60)), "nobody is left to wait for");
}

#[test]
fn a_meter_that_was_never_heard_is_not_waited_for_at_the_end() {
    let topology = topology(&[("A", 1), ("N", 1)]);
    let mut fronts = fronts(100, &topology);
    tick(&mut fronts, &topology, 1, &[("A", 1)]);
    tick(&mut fronts, &topology, 2, &[("A", 2)]);
    assert_eq!((fronts.of(0, &topology), fronts.at_the_end(0, &topology)), (end_of(0), end_of(2)));
}

#[test]
fn a_meter_that_moved_out_is_not_waited_for() {
    let mut gone = TopologyRow::new(id("B"), Role::Consumer);
    (gone.transformer, gone.to) = (named("T1"), Some(end_of(2)));
    let mut stays = TopologyRow::new(id("A"), Role::Consumer);
    stays.transformer = named("T1");
    let topology = Topology::new(vec![gone, stays]).unwrap();
    let mut fronts = fronts(100, &topology);
    tick(&mut fronts, &topology, 1, &[("A", 1), ("B", 1)]);
    tick(&mut fronts, &topology, 2, &[("A", 2)]);
    assert_eq!(fronts.of(0, &topology), end_of(1));
    tick(&mut fronts, &topology, 3, &[("A", 3)]);
    assert_eq!(fronts.of(0, &topology), end_of(3));
}

#[test]
fn what_was_stored_goes_on_the_same_also_under_another_topology() {
    let before = topology(&[("A", 1), ("B", 1), ("C", 2)]);
    let mut whole = fronts(10, &before);
    tick(&mut whole, &before, 1, &[("A", 1), ("B", 1)]);
    tick(&mut whole, &before, 4, &[("A", 4), ("B", 2)]);
    let mut restored = fronts(10, &before);
    restored.restore(&before, &whole.snapshot(&before));
    assert_eq!(restored, whole);

    let after = topology(&[("0", 1), ("A", 2), ("B", 2)]);
    restored.place(&before, &after);
    assert_eq!(
        (restored.of(0, &after), restored.of(1, &after)),
        (end_of(0), end_of(2)),
        "the new one is never heard"
    );
}
