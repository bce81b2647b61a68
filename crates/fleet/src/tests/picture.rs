//! One meter, a register every quarter of an hour; a digit is 0.1 kWh used since, `.` a lost reading.

use super::*;
use expect_test::{Expect, expect};

fn check(picture: &str, expected: Expect) {
    let mut wh = 1000;
    let mut readings = Vec::new();
    for (place, digit) in picture.chars().filter(|c| *c != ' ').enumerate() {
        let minutes = place as i64 * 15;
        match digit {
            '.' => wh += 100,
            'R' => {
                wh = 50;
                readings.push(register("a", minutes, wh));
            }
            '!' => {
                let again: RawReading = readings.last().cloned().unwrap();
                readings.push(again);
            }
            digit => {
                wh += i64::from(digit.to_digit(10).unwrap()) * 100;
                readings.push(register("a", minutes, wh));
            }
        }
    }
    expected.assert_eq(&text(&run(&hourly(), &readings)));
}

fn text(rows: &[Interval]) -> String {
    let line = |row: &Interval| {
        let imp = row.imp.map_or_else(|| "-".to_owned(), |wh| wh.0.to_string());
        format!(
            "{} {} Wh, {} readings, {}\n",
            &row.end.to_string()[11..16],
            imp,
            row.sums.readings,
            row.quality
        )
    };
    rows.iter().map(line).collect()
}

#[test]
fn energy_is_register_less_register() {
    check(
        "0 1234 0002 1111",
        expect![[r#"
            00:00 - Wh, 1 readings, partial
            01:00 1000 Wh, 4 readings, measured
            02:00 200 Wh, 4 readings, measured
            03:00 400 Wh, 4 readings, measured
        "#]],
    );
}

#[test]
fn a_reading_lost_inside_changes_no_energy() {
    check(
        "0 1.11 1111",
        expect![[r#"
            00:00 - Wh, 1 readings, partial
            01:00 400 Wh, 3 readings, measured
            02:00 400 Wh, 4 readings, measured
        "#]],
    );
}

#[test]
fn a_reading_lost_at_the_edge_is_interpolated_between_its_neighbours() {
    check(
        "0 111. 3111 1111",
        expect![[r#"
            00:00 - Wh, 1 readings, partial
            01:00 500 Wh, 3 readings, interpolated
            02:00 500 Wh, 4 readings, interpolated
            03:00 400 Wh, 4 readings, measured
        "#]],
    );
}

#[test]
fn readings_too_far_apart_are_estimated() {
    check(
        "0 11.. .... ..11 1111",
        expect![[r#"
            00:00 - Wh, 1 readings, partial
            01:00 400 Wh, 2 readings, estimated
            02:00 400 Wh, 0 readings, estimated,gap
            03:00 400 Wh, 2 readings, estimated
            04:00 400 Wh, 4 readings, measured
        "#]],
    );
}

/// Registers of one meter with the seconds that their stamps are off a quarter of an hour, under a `snap` of 90 s.
fn snapped(registers: &[(i64, i64, i64)]) -> String {
    let settings = Settings { grid: Grid::new(QUARTER).unwrap(), grace: QUARTER, snap: 90_000, ..hourly() };
    let reading = |&(quarter, seconds, wh)| {
        let mut raw = register("a", quarter * 15, wh);
        raw.time = raw.time.plus(seconds * 1000);
        raw
    };
    text(&run(&settings, &registers.iter().map(reading).collect::<Vec<_>>()))
}

#[test]
fn a_reading_some_seconds_off_the_end_counts_as_the_one_at_the_end() {
    for seconds in [-90, -20, 1, 50, 90] {
        let off = [(0, seconds, 1000), (1, seconds, 1100), (2, seconds, 1250), (3, seconds, 1300)];
        expect![[r#"
            00:00 - Wh, 1 readings, partial
            00:15 100 Wh, 1 readings, measured
            00:30 150 Wh, 1 readings, measured
            00:45 50 Wh, 1 readings, measured
        "#]]
        .assert_eq(&snapped(&off));
    }
}

#[test]
fn only_one_reading_is_moved_and_an_exact_one_comes_first() {
    // A register each minute around 00:15; the energy of the others stays where it was used.
    let minutes = [(0, 0, 1000), (1, -60, 1093), (1, 0, 1100), (1, 60, 1107), (2, 0, 1200)];
    expect![[r#"
        00:00 - Wh, 1 readings, partial
        00:15 100 Wh, 2 readings, measured
        00:30 100 Wh, 2 readings, measured
    "#]]
    .assert_eq(&snapped(&minutes));
    // Without an exact one, the one before the end.
    let without = [(0, 0, 1000), (1, -60, 1093), (1, 60, 1107), (2, 0, 1200)];
    expect![[r#"
        00:00 - Wh, 1 readings, partial
        00:15 93 Wh, 1 readings, measured
        00:30 107 Wh, 2 readings, measured
    "#]]
    .assert_eq(&snapped(&without));
}

#[test]
fn registers_with_no_common_grid_give_whole_intervals() {
    // One each seven minutes, 10 Wh a minute.
    let settings = Settings { grid: Grid::new(QUARTER).unwrap(), grace: QUARTER, ..hourly() };
    let readings: Vec<RawReading> =
        (0..=10).map(|place| register("a", place * 7, 1000 + place * 70)).collect();
    let rows = text(&run(&settings, &readings));
    expect![[r#"
        00:00 - Wh, 1 readings, partial
        00:15 150 Wh, 2 readings, interpolated
        00:30 150 Wh, 2 readings, interpolated
        00:45 150 Wh, 2 readings, interpolated
        01:00 150 Wh, 2 readings, interpolated
        01:15 100 Wh, 2 readings, interpolated,partial
    "#]]
    .assert_eq(&rows);
}

#[test]
fn a_silent_night_is_spread_over_its_intervals() {
    check(
        "0 1111 .... .... 1111",
        expect![[r#"
            00:00 - Wh, 1 readings, partial
            01:00 400 Wh, 4 readings, measured
            02:00 400 Wh, 0 readings, estimated,gap
            03:00 400 Wh, 0 readings, estimated,gap
            04:00 400 Wh, 4 readings, estimated
        "#]],
    );
}

#[test]
fn the_last_interval_holds_what_is_known() {
    check(
        "0 1111 11",
        expect![[r#"
            00:00 - Wh, 1 readings, partial
            01:00 400 Wh, 4 readings, measured
            02:00 200 Wh, 2 readings, partial
        "#]],
    );
}

#[test]
fn a_reset_counts_from_zero() {
    check(
        "0 1111 11R1 1111",
        expect![[r#"
            00:00 - Wh, 1 readings, partial
            01:00 400 Wh, 4 readings, measured
            02:00 350 Wh, 4 readings, reset
            03:00 400 Wh, 4 readings, measured
        "#]],
    );
}

/// Registers a quarter of an hour apart, one an interval.
fn quarters(registers: &[i64]) -> String {
    let settings = Settings { grid: Grid::new(QUARTER).unwrap(), grace: QUARTER, ..hourly() };
    let readings: Vec<RawReading> =
        registers.iter().zip(0..).map(|(&wh, quarter)| register("a", quarter * 15, wh)).collect();
    text(&run(&settings, &readings)[1..])
}

#[test]
fn a_garbled_register_is_passed_over() {
    for garbled in [50, 1099, 999_999_999] {
        assert_eq!(
            quarters(&[1000, 1100, garbled, 1300, 1400]),
            "00:15 100 Wh, 1 readings, measured\n00:30 100 Wh, 1 readings, estimated,garbled\n\
             00:45 100 Wh, 1 readings, estimated,garbled\n01:00 100 Wh, 1 readings, measured\n",
            "{garbled}"
        );
    }
}

#[test]
fn several_garbled_registers_in_a_row_are_passed_over() {
    assert_eq!(
        quarters(&[1000, 999_999_999, 50, 1300, 1400]),
        "00:15 100 Wh, 1 readings, estimated,garbled\n00:30 100 Wh, 1 readings, estimated,garbled\n\
         00:45 100 Wh, 1 readings, estimated,garbled\n01:00 100 Wh, 1 readings, measured\n"
    );
}

#[test]
fn a_meter_with_a_limit_of_its_own_jumps_by_more_or_by_less() {
    let of = |limit: i64| {
        let settings = Settings { grid: Grid::new(QUARTER).unwrap(), grace: QUARTER, ..hourly() };
        let mut engine = Engine::new(&settings, 1);
        let meter = MeterId::new("a").unwrap();
        engine.shards[0].limit_power([(meter, limit)].into());
        // 80 kW for a quarter of an hour.
        let registers = [1000, 1100, 21_100, 21_200].iter().zip(0..);
        let readings: Vec<_> = registers.map(|(&wh, quarter)| register("a", quarter * 15, wh)).collect();
        engine.take(&batch(&readings));
        text(&engine.finish()[1..])
    };
    assert_eq!(
        of(80_000),
        "00:15 100 Wh, 1 readings, measured\n00:30 20000 Wh, 1 readings, measured\n\
         00:45 100 Wh, 1 readings, measured\n"
    );
    assert_eq!(
        of(30_000),
        "00:15 100 Wh, 1 readings, measured\n00:30 0 Wh, 1 readings, suspect\n\
         00:45 100 Wh, 1 readings, measured\n"
    );
}

#[test]
fn a_garbled_register_inside_an_interval_moves_no_energy() {
    for garbled in [50, 1099, 999_999_999] {
        let points = [(0, 1000), (15, 1100), (30, garbled), (45, 1300), (60, 1400)];
        let rows = run(&hourly(), &points.map(|(minutes, wh)| register("a", minutes, wh)));
        assert_eq!(text(&rows[1..]), "01:00 400 Wh, 4 readings, garbled\n", "{garbled}");
    }
}

#[test]
fn a_register_that_falls_by_a_little_invents_no_energy() {
    assert_eq!(
        quarters(&[4_000_000, 4_000_070, 4_000_000, 4_000_020, 4_000_060]),
        "00:15 70 Wh, 1 readings, measured\n00:30 0 Wh, 1 readings, suspect\n\
         00:45 20 Wh, 1 readings, measured\n01:00 40 Wh, 1 readings, measured\n"
    );
}

#[test]
fn a_register_that_runs_backwards_invents_no_energy() {
    assert_eq!(
        quarters(&[10_000, 9_990, 9_980, 9_970, 9_975]),
        "00:15 0 Wh, 1 readings, estimated,suspect\n00:30 0 Wh, 1 readings, estimated,suspect\n\
         00:45 0 Wh, 1 readings, estimated,suspect\n01:00 5 Wh, 1 readings, measured\n"
    );
}

#[test]
fn a_reset_counts_once_the_register_goes_on_from_there() {
    assert_eq!(
        quarters(&[9000, 9100, 30, 80, 120]),
        "00:15 100 Wh, 1 readings, measured\n00:30 30 Wh, 1 readings, reset\n\
         00:45 50 Wh, 1 readings, measured\n01:00 40 Wh, 1 readings, measured\n"
    );
    assert_eq!(
        quarters(&[9000, 9100, 30]),
        "00:15 100 Wh, 1 readings, measured\n00:30 - Wh, 1 readings, partial,suspect\n"
    );
}

#[test]
fn a_repeat_counts_once() {
    let readings = [register("a", 0, 0), register("a", 15, 10), register("a", 15, 10), register("a", 60, 40)];
    let rows = run(&hourly(), &readings);
    assert_eq!(text(&rows), "00:00 - Wh, 1 readings, partial\n01:00 40 Wh, 2 readings, measured\n");
}

#[test]
fn a_repeat_between_the_sixtieths_counts_once() {
    let mut odd = register("a", 15, 10);
    odd.time = odd.time.plus(1234);
    let rows = run(&hourly(), &[register("a", 0, 0), odd.clone(), odd, register("a", 60, 40)]);
    assert_eq!(rows[1].sums.readings, 2);
}

#[test]
fn a_rollover_goes_forward() {
    let rows = run(&hourly(), &[register("a", 0, 99_999_900), register("a", 60, 100)]);
    assert_eq!(text(&rows[1..]), "01:00 200 Wh, 1 readings, rollover\n");
}

#[test]
fn a_swap_compares_no_registers() {
    let readings =
        [register("a", 0, 5000), register("a", 60, 5100), register("a", 120, 9000), register("a", 180, 9100)];
    let mut engine = Engine::new(&hourly(), 1);
    engine.shards[0].swap(MeterId::new("a").unwrap(), START.plus(90 * MINUTE));
    engine.take(&batch(&readings));
    let rows = engine.finish();
    assert_eq!(
        text(&rows[1..]),
        "01:00 100 Wh, 1 readings, measured\n02:00 - Wh, 1 readings, partial,swap\n03:00 100 Wh, 1 readings, measured\n"
    );
}

#[test]
fn a_silence_across_a_swap_has_rows_that_know_no_energy() {
    let silent = |hours: i64| {
        let mut engine = Engine::new(&hourly(), 1);
        engine.shards[0].swap(MeterId::new("a").unwrap(), START.plus(150 * MINUTE));
        let devices = [(0, 5000), (1, 5100), (hours, 10), (hours + 1, 40)];
        engine.take(&batch(&devices.map(|(hour, wh)| register("a", hour * 60, wh))));
        engine.finish()
    };
    expect![[r#"
        00:00 - Wh, 1 readings, partial
        01:00 100 Wh, 1 readings, measured
        02:00 - Wh, 0 readings, partial,gap
        03:00 - Wh, 0 readings, partial,gap
        04:00 - Wh, 1 readings, partial,swap
        05:00 30 Wh, 1 readings, measured
    "#]]
    .assert_eq(&text(&silent(4)));
    // Longer than `longest_gap`.
    assert_eq!(silent(10 * 24 + 2).len(), 4);
}

#[test]
fn a_reading_at_the_moment_of_a_swap_is_the_old_device_s() {
    let readings =
        [register("a", 0, 5000), register("a", 60, 5100), register("a", 120, 7), register("a", 180, 107)];
    let mut engine = Engine::new(&hourly(), 1);
    engine.shards[0].swap(MeterId::new("a").unwrap(), START.plus(60 * MINUTE));
    engine.take(&batch(&readings));
    let rows = engine.finish();
    assert_eq!(
        text(&rows[1..]),
        "01:00 100 Wh, 1 readings, measured\n02:00 - Wh, 1 readings, partial,swap\n03:00 100 Wh, 1 readings, measured\n"
    );
}

#[test]
fn a_swap_inside_an_interval_compares_no_registers() {
    // The new device comes from the test bench with less, or with more, than the old one showed.
    for bench in [30, 9000] {
        let readings: Vec<RawReading> = (0..=8)
            .map(|quarter| {
                let wh = if quarter <= 6 { 5000 + 25 * quarter } else { bench + 25 * (quarter - 7) };
                let mut raw = register("a", quarter * 15, wh);
                raw.exp = raw.imp;
                raw
            })
            .collect();
        let mut engine = Engine::new(&hourly(), 1);
        engine.shards[0].swap(MeterId::new("a").unwrap(), START.plus(90 * MINUTE));
        engine.take(&batch(&readings));
        let rows = engine.finish();
        assert_eq!(
            text(&rows[1..]),
            "01:00 100 Wh, 4 readings, measured\n02:00 75 Wh, 4 readings, swap\n",
            "a new device at {bench} Wh"
        );
        assert_eq!(rows[2].exp, Some(WattHours(75)));
    }
}

#[test]
fn an_export_register_that_falls_or_is_garbled_is_counted_as_an_issue() {
    let exported = |registers: [i64; 5]| {
        let settings = Settings { grid: Grid::new(QUARTER).unwrap(), grace: QUARTER, ..hourly() };
        let reading = |(&wh, quarter): (&i64, i64)| {
            let mut raw = register("a", quarter * 15, 1000 + quarter);
            raw.exp = Some(WattHours(wh));
            raw
        };
        let readings: Vec<_> = registers.iter().zip(0..).map(reading).collect();
        let mut engine = Engine::new(&settings, 1);
        engine.take(&batch(&readings));
        let mut steps = Vec::new();
        engine.sequencer.end(0, &mut steps);
        engine.step(&Batch::default(), steps);
        let rows = &engine.rows;
        let counts = engine.shards[0].totals().counts.clone();
        let export = rows[1..].iter().map(|row| row.exp.map(|exp| exp.0)).collect::<Vec<_>>();
        (export, counts.of_issue(Issue::RegisterFell), counts.of_issue(Issue::RegisterJumped))
    };
    // It fell for good: what it exported meanwhile is not known.
    assert_eq!(exported([500_000, 500_100, 90_000, 90_070, 90_090]).1, 1);
    assert_eq!(exported([500_000, 500_100, 90_000, 90_070, 90_090]).0, [Some(100), None, Some(70), Some(20)]);
    // One message was garbled: the energy comes with the next.
    assert_eq!(
        exported([500, 600, 999_999_999, 800, 850]),
        (vec![Some(100), None, Some(200), Some(50)], 0, 1)
    );
}

#[test]
fn power_times_time_where_there_is_no_register() {
    let readings: Vec<RawReading> = (1..=8)
        .map(|quarter| {
            let mut raw = register("a", quarter * 15, 0);
            raw.imp = None;
            raw.p = Some(Phases::One(Milliwatts(if quarter <= 4 { 1_000_000 } else { -500_000 })));
            raw
        })
        .collect();
    let rows = run(&hourly(), &readings);
    assert_eq!(text(&rows), "01:00 1000 Wh, 4 readings, power\n02:00 0 Wh, 4 readings, power\n");
    assert_eq!(rows[1].exp, Some(WattHours(500)));
}

#[test]
fn unknown_energy_is_not_measured() {
    let mut voltage = register("a", 60, 0);
    (voltage.imp, voltage.p) = (None, None);
    voltage.v = Some(Phases::One(Millivolts(230_000)));
    let rows = run(&hourly(), &[voltage]);
    assert_eq!(text(&rows), "01:00 - Wh, 1 readings, partial\n");
}

#[test]
fn registers_and_power_that_disagree_say_so() {
    let settings =
        Settings { cross_check: Some(CrossCheck { share: 0.2, floor: WattHours(50) }), ..hourly() };
    let readings: Vec<RawReading> = (0..=8)
        .map(|quarter| {
            let mut raw = register("a", quarter * 15, quarter * 100);
            raw.p = Some(Phases::One(Milliwatts(if quarter <= 4 { 400_000 } else { 900_000 })));
            raw
        })
        .collect();
    let rows = run(&settings, &readings);
    assert_eq!(text(&rows[1..]), "01:00 400 Wh, 4 readings, measured\n02:00 400 Wh, 4 readings, disagrees\n");
}

#[test]
fn one_clock_ahead_waits_and_moves_no_watermark() {
    let mut arrivals = Vec::new();
    for quarter in 0..=12 {
        for meter in 0..20 {
            let name = format!("m{meter:02}");
            let ahead = if meter == 7 { 180 } else { 0 };
            arrivals.push(register(&name, quarter * 15 + ahead, quarter * 100));
        }
    }
    let mut engine = Engine::new(&hourly(), 1);
    engine.take(&batch(&arrivals));
    assert_eq!(engine.late, 0);
    assert_eq!(engine.sequencer.waiting(), 12, "all but the one that the others have reached");
    let rows = engine.finish();
    let energy: i64 = rows.iter().filter_map(|row| row.imp).map(|wh| wh.0).sum();
    assert_eq!(energy, 20 * 1200, "and no energy is lost for it");
}

/// Five meters for a day, one of them with `many` messages of years ahead, sent at once in the middle.
fn a_far_clock(many: i64) -> Engine {
    let day = 24 * 60;
    let hours = |from, to| (from..to).flat_map(|hour| (0..5).map(move |meter| (hour, meter)));
    let sent = |(hour, meter): (i64, i64)| register(&format!("m{meter}"), hour * 15, hour * 100);
    let far = (0..many).map(|place| register("m0", 1000 * day + place * 15, 9000 + place * 100));
    let arrivals: Vec<_> = hours(0, 48).map(sent).chain(far).chain(hours(48, 96).map(sent)).collect();
    let mut engine = Engine::new(&hourly(), 1);
    engine.take(&batch(&arrivals));
    engine
}

#[test]
fn one_clock_far_ahead_makes_no_other_late_however_often_it_sends() {
    for many in [1, 16, 20, 200] {
        let mut engine = a_far_clock(many);
        assert_eq!((engine.late, engine.sequencer.waiting()), (0, many as usize));
        let mut steps = Vec::new();
        engine.sequencer.end(0, &mut steps);
        engine.step(&Batch::default(), steps);
        let clocks = engine.refused.iter().filter(|refusal| refusal.reason == Reason::ClockAhead).count();
        let counted = engine.sequencer.counts().of_issue(Issue::ClockAhead);
        assert_eq!((clocks, counted), (many as usize, many as u64));
        assert!(engine.rows.iter().all(|row| row.end <= START.plus(24 * 60 * MINUTE)));
    }
}

#[test]
fn two_meters_may_go_on_alone_and_one_in_the_end() {
    // After a pause only two of five go on; then one falls silent too, and after another pause one goes on.
    let all = (0..8).flat_map(|quarter| (0..5).map(move |meter| (quarter, meter)));
    let two = (40..160).flat_map(|quarter| (0..2).map(move |meter| (quarter, meter)));
    let one = (200..600).map(|quarter| (quarter, 0));
    let arrivals: Vec<_> = all
        .chain(two)
        .chain(one)
        .map(|(quarter, meter)| register(&format!("m{meter}"), quarter * 15, quarter * 100))
        .collect();
    let mut engine = Engine::new(&hourly(), 1);
    engine.take(&batch(&arrivals));
    assert_eq!((engine.late, engine.sequencer.waiting()), (0, 0));
    assert_eq!(engine.shards[0].totals().admitted, arrivals.len() as u64);
}

#[test]
fn a_pause_before_the_end_loses_no_reading() {
    let three = (0..8).flat_map(|quarter| (0..3).map(move |meter| (quarter, meter)));
    // A reading of one meter after some hours; then a message of each after a month.
    let arrivals: Vec<_> = three
        .chain([(20, 1), (3000, 0), (3001, 1), (3000, 2)])
        .map(|(quarter, meter)| register(&format!("m{meter}"), quarter * 15, quarter * 100))
        .collect();
    let mut engine = Engine::new(&hourly(), 1);
    engine.take(&batch(&arrivals));
    let rows = engine.finish();
    let kept: usize = rows.iter().map(|row| usize::from(row.sums.readings)).sum();
    assert_eq!(kept, arrivals.len());
}

#[test]
fn the_whole_stream_may_pause() {
    let mut arrivals: Vec<RawReading> = Vec::new();
    for quarter in (0..=8).chain(96..=104) {
        arrivals.extend((0..20).map(|meter| register(&format!("m{meter:02}"), quarter * 15, quarter * 100)));
    }
    let mut engine = Engine::new(&hourly(), 1);
    engine.take(&batch(&arrivals));
    assert_eq!((engine.late, engine.sequencer.waiting()), (0, 0));
    assert_eq!(engine.sequencer.closed(), START.plus(25 * 60 * MINUTE));
}

#[test]
fn a_reading_of_a_closed_interval_is_late() {
    let mut arrivals: Vec<RawReading> =
        (0..20).map(|meter| register(&format!("m{meter:02}"), 45, 100)).collect();
    arrivals.extend((0..20).map(|meter| register(&format!("m{meter:02}"), 60, 200)));
    arrivals.extend((0..20).map(|meter| register(&format!("m{meter:02}"), 75, 300)));
    let on_the_edge = register("x", 60, 1);
    arrivals.push(on_the_edge.clone());
    arrivals.extend((0..20).map(|meter| register(&format!("m{meter:02}"), 80, 300)));
    let mut engine = Engine::new(&hourly(), 1);
    engine.take(&batch(&arrivals));
    assert_eq!(engine.late, 0, "the watermark stands at 01:00 only now");
    engine.take(&batch(&[on_the_edge]));
    assert_eq!(engine.late, 1);
}
