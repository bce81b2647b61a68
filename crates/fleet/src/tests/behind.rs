//! Meters behind closed ticks: in any order, with long backlogs in between, and a restart anywhere.

use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
enum What {
    /// A reading of a meter at the end of a quarter of an hour. Ticks begin at quarter 40.
    Reads(u8, i64),
    /// So many readings of closed ticks came that their rows are published.
    Joins,
    /// An hour passes.
    Ticks,
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        9 => (0..5_u8, 1..60_i64).prop_map(|(meter, quarter)| What::Reads(meter, quarter)),
        1 => Just(What::Joins),
        1 => Just(What::Ticks),
    ]
}

/// All rows and refusals. If it restarts, it is stored and restored after each step.
fn run(all: &[What], restarts: bool) -> (Vec<Interval>, Vec<Refusal>) {
    let mut fleet = Fleet::new(hourly(), Shard::WHOLE);
    let (mut rows, mut refused) = (Vec::new(), Vec::new());
    let mut watermark = START.plus(40 * QUARTER);
    assert_eq!(fleet.close_next(watermark, &mut rows), None);
    for what in all {
        match *what {
            What::Reads(meter, quarter) => {
                let wh = 1000 + 100 * quarter + i64::from(meter);
                let reading = register(&format!("m{meter}"), quarter * 15, wh);
                fleet.admit(&batch(&[reading]), 0..1, &mut refused);
            }
            What::Joins => fleet.join(1, &mut rows),
            What::Ticks => {
                watermark = watermark.plus(4 * QUARTER);
                while fleet.close_next(watermark, &mut rows).is_some() {}
            }
        }
        if restarts {
            let stored = fleet.snapshot();
            fleet = Fleet::new(hourly(), Shard::WHOLE);
            fleet.restore(&stored).unwrap();
            assert_eq!(fleet.snapshot(), stored);
        }
    }
    while fleet.close_next(EventTime::MAX, &mut rows).is_some() {}
    fleet.finish(&mut rows);
    assert_eq!(fleet.open_cells(), 0);
    (rows, refused)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_restart_between_any_two_steps_changes_no_row(all in proptest::collection::vec(what(), 0..120)) {
        prop_assert_eq!(run(&all, false), run(&all, true));
    }

    #[test]
    fn no_interval_is_published_twice(all in proptest::collection::vec(what(), 0..120)) {
        let (mut rows, _) = run(&all, false);
        let many = rows.len();
        rows.sort_by_key(|row| (row.meter, row.end));
        rows.dedup_by_key(|row| (row.meter, row.end));
        prop_assert_eq!(rows.len(), many);
    }
}

#[test]
fn a_backlog_may_come_newest_first() {
    let backlog = |quarters: &mut dyn Iterator<Item = i64>| -> Vec<What> {
        let reads = quarters.map(|quarter| What::Reads(0, quarter));
        reads.chain([What::Joins]).collect()
    };
    let in_order = run(&backlog(&mut (1..=40)), false);
    assert_eq!(in_order, run(&backlog(&mut (1..=40).rev()), false));
    assert_eq!((in_order.0.len(), in_order.1.len()), (10, 0));
}

#[test]
fn a_join_leaves_an_interval_open_whose_last_reading_is_missing() {
    let reads = |quarter| What::Reads(0, quarter);
    let (rows, refused) = run(&[reads(4), reads(5), What::Joins, reads(8), What::Joins, reads(7)], false);
    let ends: Vec<i64> = rows.iter().map(|row| row.end.since(START) / QUARTER).collect();
    assert_eq!((ends, rows[1].sums.readings, refused.len()), (vec![4, 8], 2, 1));
}
