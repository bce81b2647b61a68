//! Energy is conserved: what the intervals hold is what the registers advanced, to the watt-hour.

use super::*;
use crate::register::{Point, RegisterRules, Trail};
use proptest::prelude::*;
use reading::Quality;

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

/// Hours of a meter that sends its power each hour, and its register in some of them, and which power it says it has.
fn rare(
    uses: &[i64],
    has_register: impl Fn(usize) -> bool,
    says: impl Fn(i64) -> Option<i64>,
) -> Vec<RawReading> {
    let mut wh = 1000;
    let hour = |(hour, used): (usize, &i64)| {
        wh += used;
        let mut raw = register("a", hour as i64 * 60, wh);
        raw.imp = raw.imp.filter(|_| has_register(hour));
        raw.p = says(*used).map(|watts| Phases::One(Milliwatts(watts * 1000)));
        raw.v = Some(Phases::One(Millivolts(230_000)));
        raw
    };
    uses.iter().enumerate().map(hour).collect()
}

/// The rows, and what is in none of them; stopped and restored after so many readings.
fn rows_of_rare(
    settings: &Settings,
    readings: &[RawReading],
    restart: Option<usize>,
) -> (Vec<Interval>, i64) {
    let mut engine = Engine::new(settings, 1);
    let (first, second) = readings.split_at(restart.unwrap_or(0));
    engine.take(&batch(first));
    if restart.is_some() {
        engine = engine.restarted(settings, 1);
    }
    engine.take(&batch(second));
    let mut steps = Vec::new();
    engine.sequencer.end(0, &mut steps);
    engine.step(&Batch::default(), steps);
    let unplaced = engine.shards[0].totals().unplaced.0;
    (engine.finish(), unplaced)
}

fn placed(rows: &[Interval]) -> i64 {
    rows.iter().filter_map(Interval::valid).map(|wh| wh.0).sum()
}

fn patient() -> Settings {
    Settings { longest_gap: 35 * 24 * 60 * MINUTE, ..hourly() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However rare the registers are, and whatever the power says between them.
    #[test]
    fn what_is_billed_is_the_advance_however_rare_the_registers(
        uses in proptest::collection::vec(0..3000_i64, 400),
        rarity in prop_oneof![Just(24_usize), Just(168), Just(360), 1..400_usize],
        odd in proptest::collection::btree_set(1..399_usize, 0..3),
        percent in prop_oneof![Just(None), Just(Some(0_i64)), (90..110_i64).prop_map(Some), Just(Some(300)), Just(Some(-20))],
        restart in 1..399_usize,
    ) {
        let last = uses.len() - 1;
        let has_register = |hour: usize| hour.is_multiple_of(rarity) || odd.contains(&hour) || hour == last;
        let readings = rare(&uses, has_register, |used| Some(used * percent? / 100));
        let (rows, unplaced) = rows_of_rare(&patient(), &readings, None);
        prop_assert_eq!((placed(&rows), unplaced), (uses[1..].iter().sum::<i64>(), 0));
        prop_assert_eq!(rows.len(), uses.len());
        prop_assert_eq!(rows_of_rare(&patient(), &readings, Some(restart)), (rows, unplaced));
    }
}

#[test]
fn an_interval_that_can_wait_no_longer_has_what_its_power_says_and_the_last_ones_the_rest() {
    // A register at the beginning and after 200 hours of 50 Wh, and a power of 52 W between them.
    let readings = rare(&[50; 201], |hour| hour % 200 == 0, |_| Some(52));
    let (rows, unplaced) = rows_of_rare(&patient(), &readings, None);
    assert_eq!((rows.len(), unplaced, placed(&rows)), (201, 0, 200 * 50));
    let early = &rows[1..72];
    assert!(
        early
            .iter()
            .all(|row| row.imp == Some(WattHours(52)) && row.quality.to_string() == "estimated,power")
    );
    let late = &rows[72..];
    assert!(
        late.iter().all(|row| (48..=49).contains(&row.imp.unwrap().0) && row.quality == Quality::ESTIMATED)
    );
}

#[test]
fn estimates_that_were_too_high_are_taken_back_in_one_row() {
    let readings = rare(&[50; 201], |hour| hour % 200 == 0, |_| Some(500));
    let (rows, _) = rows_of_rare(&patient(), &readings, None);
    assert_eq!(placed(&rows), 200 * 50);
    assert!(rows[72..200].iter().all(|row| row.imp == Some(WattHours(0))));
    let last = rows[200];
    assert_eq!(
        (last.imp, last.quality.to_string().as_str()),
        (Some(WattHours(-25_500)), "estimated,disagrees")
    );
}

#[test]
fn a_register_that_fell_or_was_silent_for_too_long_takes_back_no_estimate() {
    let mut readings = rare(&[50; 220], |hour| hour % 200 == 0 || hour > 200, |_| Some(52));
    for raw in readings.iter_mut().filter(|raw| raw.imp.is_some()).skip(1) {
        raw.imp = raw.imp.map(|wh| WattHours(wh.0 - 400));
        raw.imp = raw.imp.map(|wh| WattHours(wh.0 - 10_000));
    }
    let (rows, _) = rows_of_rare(&patient(), &readings, None);
    assert!(rows.iter().all(|row| row.imp.is_none_or(|wh| wh.0 >= 0)), "{rows:?}");
    let short = Settings { longest_gap: 100 * 60 * MINUTE, ..hourly() };
    let (rows, unplaced) =
        rows_of_rare(&short, &rare(&[50; 201], |hour| hour % 200 == 0, |_| Some(52)), None);
    assert_eq!((placed(&rows), unplaced), (71 * 52, 200 * 50 - 71 * 52));
}

#[test]
fn without_power_the_last_intervals_have_all_of_it() {
    let readings = rare(&[50; 201], |hour| hour % 200 == 0, |_| None);
    let (rows, unplaced) = rows_of_rare(&patient(), &readings, None);
    assert_eq!((placed(&rows), unplaced), (200 * 50, 0));
    assert!(rows[1..72].iter().all(|row| row.imp.is_none() && row.quality == Quality::PARTIAL));
}
