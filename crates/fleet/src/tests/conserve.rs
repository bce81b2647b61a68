//! Energy is conserved: what the intervals hold is what the registers advanced, to the watt-hour.

use super::*;
use crate::register::{Point, RegisterRules, Trail};
use proptest::prelude::*;

/// The slow, obvious answer: from reading to reading, but for those that an interval has between two others, in time
/// and in height.
fn advanced(rules: &RegisterRules, readings: &[RawReading]) -> i64 {
    let mut sorted: Vec<Point> =
        readings.iter().filter_map(|raw| Some(Point { time: raw.time, wh: raw.imp?.0 })).collect();
    sorted.sort_by_key(|point| point.time);
    let between = |point: &Point| {
        let hour = |other: &Point| (other.time.0 - 1).div_euclid(60 * MINUTE);
        let beside = || sorted.iter().filter(|other| hour(other) == hour(point));
        beside().any(|other| other.time < point.time && other.wh <= point.wh)
            && beside().any(|other| other.time > point.time && other.wh >= point.wh)
    };
    let sorted: Vec<Point> = sorted.iter().copied().filter(|point| !between(point)).collect();
    let Some((&good, rest)) = sorted.split_first() else { return 0 };
    let mut trail = Trail { good, doubt: None };
    let advance = |from, to| rules.advance(rules.most_power, from, to);
    let moves = rest.iter().flat_map(|&point| trail.follow(point, advance).moves);
    moves.flatten().map(|moved| moved.advance.wh).sum()
}

proptest! {
    #[test]
    fn intervals_hold_what_the_registers_advanced(
        uses in proptest::collection::vec((0..3000_i64, 0..10_u8), 10..200),
        start in prop_oneof![Just(0_i64), Just(99_990_000_i64), Just(40_000_000_i64)],
        longest_gap in prop_oneof![Just(10 * 24 * 60 * MINUTE), Just(90 * MINUTE)],
    ) {
        let mut settings = hourly();
        settings.longest_gap = longest_gap;
        let mut wh = start;
        let mut readings = Vec::new();
        for (quarter, (used, fate)) in uses.iter().enumerate() {
            wh = (wh + used) % 100_000_000;
            match fate {
                0..=2 => continue,
                3 if quarter % 16 == 5 => wh = used % 50,
                _ => {}
            }
            readings.push(register("a", quarter as i64 * 15, wh));
        }
        let mut engine = Engine::new(&settings, 1);
        engine.take(&batch(&readings));
        let mut steps = Vec::new();
        engine.sequencer.end(0, &mut steps);
        engine.step(&Batch::default(), steps);
        let mut last = Vec::new();
        engine.shards[0].finish(&mut last);
        let unplaced = engine.shards[0].totals().unplaced.0;
        let placed: i64 = engine.rows.iter().chain(&last).filter_map(|row| row.imp).map(|wh| wh.0).sum();
        prop_assert_eq!(placed + unplaced, advanced(&settings.registers, &readings));
        if longest_gap > 60 * 60 * MINUTE {
            prop_assert_eq!(unplaced, 0);
        }
    }
}

proptest! {
    #[test]
    fn garbled_registers_change_no_sum(
        uses in proptest::collection::vec((0..3000_i64, 0..4_u8), 10..200),
        small in any::<bool>(),
    ) {
        let mut wh = 40_000_000;
        let last = uses.len() - 1;
        let readings: Vec<RawReading> = uses.iter().enumerate().map(|(quarter, &(used, fate))| {
            wh += used;
            let is_garbled = fate == 0 && quarter > 0 && quarter < last;
            let garbled = if small { 4_500_000 + quarter as i64 } else { (quarter as i64 + 1) * 10_000_000_000 };
            register("a", quarter as i64 * 15, if is_garbled { garbled } else { wh })
        }).collect();
        // Values that fit each other would be a register that fell.
        prop_assume!(!small || !uses.windows(2).any(|pair| pair[0].1 == 0 && pair[1].1 == 0));
        let rows = run(&hourly(), &readings);
        let placed: i64 = rows.iter().filter_map(|row| row.imp).map(|imp| imp.0).sum();
        prop_assert_eq!(placed, wh - readings[0].imp.unwrap().0);
        prop_assert!(rows.iter().all(|row| !row.quality.is_rejected()));
    }
}

#[test]
fn an_interval_that_could_not_wait_longer_is_published_once() {
    let mut settings = hourly();
    settings.longest_gap = 10 * 24 * 60 * MINUTE;
    // A register at the beginning and after 200 hours; between them nothing but power.
    let readings: Vec<RawReading> = (0..=200)
        .map(|hour| {
            let mut raw = register("a", hour * 60, 1000 + hour * 50);
            raw.imp = raw.imp.filter(|_| hour % 200 == 0);
            raw
        })
        .collect();
    for restarts in [false, true] {
        let mut engine = Engine::new(&settings, 1);
        engine.take(&batch(&readings[..150]));
        if restarts {
            engine = engine.restarted(&settings, 1);
        }
        engine.take(&batch(&readings[150..]));
        let mut steps = Vec::new();
        engine.sequencer.end(0, &mut steps);
        engine.step(&Batch::default(), steps);
        let ends: std::collections::BTreeSet<_> = engine.rows.iter().map(|row| row.end).collect();
        assert_eq!((engine.rows.len(), ends.len()), (201, 201));
        let placed: i64 = engine.rows.iter().filter_map(|row| row.imp).map(|wh| wh.0).sum();
        let unplaced = engine.shards[0].totals().unplaced.0;
        assert_eq!(placed + unplaced, 200 * 50);
        assert!(unplaced > 0, "some could not wait");
    }
}
