use super::*;
use expect_test::{Expect, expect};

fn check(picture: &str, expected: Expect) {
    expected.assert_eq(&published(picture));
}

#[test]
fn a_last_gasp_and_a_return_give_the_exact_times() {
    check(
        "A T1 F1 A1 | 1111 x..r 1111 + 60
         B T1 F1 A1 | 1111 1111 1111",
        expect![[r#"
             5 consumer/A 04:40 to ? last-gasp 1 0 min A1
             8 consumer/A 04:40 to 07:20 last-gasp sustained 1 160 min A1
            SAIDI 80.000 SAIFI 0.500 CAIDI 160.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn without_a_reported_return_supply_is_back_with_the_first_interval() {
    check(
        "A T1 F1 A1 | 1111 x..1 1111 + 60
         B T1 F1 A1 | 1111 1111 1111",
        expect![[r#"
             5 consumer/A 04:40 to ? last-gasp 1 0 min A1
             8 consumer/A 04:40 to 07:00 last-gasp sustained 1 140 min A1
            SAIDI 70.000 SAIFI 0.500 CAIDI 140.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn a_silence_is_noticed_after_its_time_and_published_as_one() {
    check(
        "A T1 F1 A1 | 11111 .....1 1111 + 60
         B T1 F1 A1 | 11111 111111 1111",
        expect![[r#"
             9 consumer/A 05:00 to ? silence 1 0 min A1
            11 consumer/A 05:00 to 10:00 silence sustained 1 300 min A1
            SAIDI 150.000 SAIFI 0.500 CAIDI 300.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn a_shorter_silence_is_none() {
    check(
        "A T1 F1 A1 | 11111 ...111 1111 + 60
         B T1 F1 A1 | 11111 111111 1111",
        expect![[r#"
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.000
        "#]],
    );
}

#[test]
fn a_silence_during_which_registers_went_on_was_the_communication() {
    check(
        "A T1 F1 A1 | 11111 .....1 1111 + 600
         B T1 F1 A1 | 11111 111111 1111",
        expect![[r#"
             9 consumer/A 05:00 to ? silence 1 0 min A1
            11 consumer/A 05:00 to 10:00 communication 1 0 min A1
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.000
        "#]],
    );
}

#[test]
fn the_energy_of_a_silence_may_come_with_the_next_row() {
    // The first that is heard again has no register at its end.
    check(
        "A T1 F1 A1 | 11111 ..... ~1 111 + 700
         B T1 F1 A1 | 11111 11111 11 111
         C T1 F1 A1 | 11111 ..... ~1 111 + 100",
        expect![[r#"
             9 consumer/A 05:00 to ? silence 1 0 min A1
             9 consumer/C 05:00 to ? silence 1 0 min A1
            12 consumer/A 05:00 to 10:00 communication 1 0 min A1
            12 consumer/C 05:00 to 10:00 silence sustained 1 300 min A1
            SAIDI 100.000 SAIFI 0.333 CAIDI 300.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn a_silence_longer_than_energy_is_followed_counts_for_nothing() {
    let long = ".".repeat(49);
    let always = "1".repeat(49);
    check(
        &format!("A T1 F1 A1 | 1{long}1\nB T1 F1 A1 | 1{always}1"),
        expect![[r#"
             5 consumer/A 01:00 to ? silence 1 0 min A1
            51 consumer/A 01:00 to 50:00 unknown 1 0 min A1
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.000
        "#]],
    );
}

#[test]
fn a_reported_return_shows_an_outage_whose_last_gasp_was_lost() {
    check(
        "A T1 F1 A1 | 1111 ..r1 1111 + 60
         B T1 F1 A1 | 1111 11r1 1111",
        expect![[r#"
             7 consumer/A 04:00 to 06:20 restored sustained 1 140 min A1
             7 consumer/B 06:20 to 06:20 restored momentary 1 0 min A1
            SAIDI 70.000 SAIFI 0.500 CAIDI 140.000 MAIFI 0.500
        "#]],
    );
}

#[test]
fn a_blink_is_a_momentary_interruption() {
    check(
        "A T1 F1 A1 | 11b1
         B T1 F1 A1 | 1111",
        expect![[r#"
             3 consumer/A 02:30 to 02:32 last-gasp momentary 1 2 min A1
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.500
        "#]],
    );
}

#[test]
fn a_row_that_waits_for_a_register_is_no_silence() {
    check(
        "A T1 F1 A1 | 1 ~~~~~~ 1
         B T1 F1 A1 | 1 111111 1",
        expect![[r#"
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.000
        "#]],
    );
}

#[test]
fn consumers_of_a_transformer_are_one_outage() {
    // Two gasps are lost, and B's is the first that is heard; D has supply all the time.
    check(
        "A T1 F1 A1 | 11x..r1 + 60
         B T1 F1 A1 | 11x..r1 + 60
         C T1 F1 A1 | 11x...1 + 60
         D T1 F1 A1 | 1111111
         E T1 F1 A1 | 11....1 + 60
         F T2 F2 A2 | 1111111",
        expect![[r#"
             3 transformer/T1 02:40 to ? last-gasp 4 0 min A1
             7 transformer/T1 02:40 to 05:20 last-gasp sustained 4 640 min A1
            SAIDI 106.667 SAIFI 0.667 CAIDI 160.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn two_consumers_are_two_outages() {
    check(
        "A T1 F1 A1 | 11x..r1 + 60
         B T1 F1 A1 | 11x..r1 + 60",
        expect![[r#"
             3 consumer/A 02:40 to ? last-gasp 1 0 min A1
             3 consumer/B 02:40 to ? last-gasp 1 0 min A1
             6 consumer/A 02:40 to 05:20 last-gasp sustained 1 160 min A1
             6 consumer/B 02:40 to 05:20 last-gasp sustained 1 160 min A1
            SAIDI 160.000 SAIFI 1.000 CAIDI 160.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn transformers_of_a_feeder_are_one_outage() {
    check(
        "A T1 F1 A1 | 11x..r1 + 60
         B T1 F1 A1 | 11x..r1 + 60
         C T2 F1 A2 | 11....1 + 60
         D T2 F1 A2 | 11x..r1 + 60
         E T3 F2 A2 | 1111111",
        expect![[r#"
             3 feeder/F1 02:40 to ? last-gasp 4 0 min
             7 feeder/F1 02:40 to 05:20 last-gasp sustained 4 640 min
            SAIDI 128.000 SAIFI 0.800 CAIDI 160.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn an_outage_published_alone_is_withdrawn_once_it_is_part_of_a_larger_one() {
    check(
        "A T1 F1 A1 | 11111 .....r 1 + 60
         B T1 F1 A1 | 11111 1....r 1 + 60
         C T1 F1 A1 | 11111 1....r 1 + 60
         D T2 F2 A2 | 11111 111111 1",
        expect![[r#"
             9 consumer/A 05:00 to ? silence 1 0 min A1
            10 not consumer/A 05:00
            10 transformer/T1 06:00 to ? silence 3 0 min A1
            11 transformer/T1 06:00 to 10:20 silence sustained 3 840 min A1
            SAIDI 210.000 SAIFI 0.750 CAIDI 280.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn a_transformer_is_part_of_its_feeder_if_that_goes_too() {
    check(
        "A T1 F1 A1 | 11x...r1 + 60
         B T1 F1 A1 | 11x...r1 + 60
         C T1 F1 A1 | 11x...r1 + 60
         D T2 F1 A1 | 111x..r1 + 60
         E T2 F1 A1 | 111x..r1 + 60
         F T2 F1 A1 | 111x..r1 + 60
         G T3 F2 A1 | 11111111",
        expect![[r#"
             3 transformer/T1 02:40 to ? last-gasp 3 0 min A1
             4 not transformer/T1 02:40
             4 feeder/F1 02:40 to ? last-gasp 6 0 min A1
             7 feeder/F1 02:40 to 06:20 last-gasp sustained 6 1140 min A1
            SAIDI 162.857 SAIFI 0.857 CAIDI 190.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn a_street_that_blinks_is_one_event() {
    check(
        "A T1 F1 A1 | 11b1
         B T1 F1 A1 | 11b1
         C T1 F1 A1 | 11b1
         D T1 F1 A1 | 1111",
        expect![[r#"
             3 transformer/T1 02:30 to 02:32 last-gasp momentary 3 6 min A1
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.750
        "#]],
    );
}

#[test]
fn a_stream_that_stops_and_goes_on_is_a_silence_of_all_that_was_none() {
    // No tick at all between: it shows when they are back.
    check(
        "A T1 F1 A1 | 11.....1 + 600
         B T1 F1 A1 | 11.....1 + 600
         C T1 F1 A1 | 11.....1 + 600",
        expect![[r#"
             8 transformer/T1 02:00 to 07:00 communication 3 0 min A1
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.000
        "#]],
    );
}

#[test]
fn who_stays_out_when_the_others_are_back_is_on_its_own() {
    check(
        "A T1 F1 A1 | 11x.r1111111 + 60
         B T1 F1 A1 | 11x.r1111111 + 60
         C T1 F1 A1 | 11x.r1111111 + 60
         D T1 F1 A1 | 11x.........",
        expect![[r#"
             3 transformer/T1 02:40 to ? last-gasp 4 0 min A1
             9 transformer/T1 02:40 to 04:20 last-gasp sustained 3 300 min A1
             9 consumer/D 02:40 to ? last-gasp 1 0 min A1
            SAIDI 75.000 SAIFI 0.750 CAIDI 100.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn a_part_of_a_town_knows_no_feeders_and_no_indices() {
    let (topology, ticks) = street(
        "A T1 F1 A1 | 11x..r1
         B T1 F1 A1 | 11x..r1
         C T2 F1 A2 | 11x..r1",
    );
    let mut supply = Supply::new(SupplySettings { whole: false, ..rules() }, calendar(), &topology);
    let mut out = SupplyRows::default();
    for (at, came) in ticks {
        supply.tick(hour(at + 1), &Join::new(&topology, &came.rows), &came.events, &mut out);
    }
    supply.finish(&topology, &mut out);
    let is_of_a_consumer = |change: &Change| change.key().starts_with("consumer/");
    assert!(out.outages.len() == 6 && out.outages.iter().all(is_of_a_consumer));
    assert!(out.indices.is_empty());
}

#[test]
fn voltage_beyond_its_limits_is_published_in_hours_of_a_consumer() {
    let (topology, _) = street("A T1 F1 A1 | 1\nB T1 F1 A1 | 1\nC T1 F1 A2 | 1");
    let mut supply = Supply::new(rules(), calendar(), &topology);
    let mut out = SupplyRows::default();
    for at in 0..6 {
        let meters = ["A", "B", "C"].map(|name| MeterId::new(name).unwrap());
        let mut rows = meters.map(|meter| row(meter, at, Some(100), 1, Quality::MEASURED));
        (rows[0].sums.v_min, rows[0].sums.v_max) = (if at < 3 { 200_000 } else { 230_000 }, 240_000);
        (rows[1].sums.v_min, rows[1].sums.v_max) = (230_000, if at < 1 { 253_100 } else { 253_000 });
        // Of three phases, and unbalanced for two hours; at the limit for one.
        (rows[1].sums.three_count, rows[1].sums.unbalance) = (1, [302, 302, 301, 1, 1, 1][at]);
        supply.tick(hour(at + 1), &Join::new(&topology, &rows), &[], &mut out);
    }
    supply.finish(&topology, &mut out);
    let hours = |row: &IndexRow| {
        [row.low_voltage_hours, row.high_voltage_hours, row.unbalanced_hours, row.voltage_hours]
    };
    assert_eq!(hours(&out.indices[0]), [Some(1.0), Some(1.0 / 3.0), Some(2.0 / 3.0), Some(4.0)], "all three");
    assert_eq!(hours(&out.indices[1]), [Some(1.5), Some(0.5), Some(1.0), Some(6.0)], "A1");
    assert_eq!(hours(&out.indices[2]), [Some(0.0), Some(0.0), Some(0.0), Some(0.0)], "A2");
}

#[test]
fn a_clock_notices_silence_and_late_messages_withdraw_it() {
    let (topology, ticks) = street(
        "A T1 F1 A1 | 1111
         B T2 F1 A1 | 1111
         C T2 F1 A1 | 1111",
    );
    let mut supply = Supply::new(rules(), calendar(), &topology);
    for (at, came) in &ticks[..2] {
        supply.tick(
            hour(at + 1),
            &Join::new(&topology, &came.rows),
            &came.events,
            &mut SupplyRows::default(),
        );
    }
    let look = |supply: &mut Supply, minutes: i64| {
        let mut out = SupplyRows::default();
        supply.notice(START.plus(minutes * MINUTE), &topology, &mut out);
        out.outages.iter().map(shown).collect::<Vec<_>>()
    };
    // Last heard at 2; silent at 6, which is known when 6 would have been closed: 20 minutes and an interval later.
    assert_eq!(look(&mut supply, 7 * 60 + 19), [""; 0]);
    let stored = supply.snapshot(&topology);
    assert_eq!(look(&mut supply, 7 * 60 + 20), ["feeder/F1 02:00 to ? silence 3 0 min A1"]);
    assert_eq!((supply.open(), supply.silent()), (1, 3));
    assert_eq!(look(&mut supply, 9 * 60), [""; 0], "and no second time");
    // A restart finds the same under the same key.
    let mut again = restored(&topology, &stored, &supply.indices());
    assert_eq!(look(&mut again, 8 * 60), ["feeder/F1 02:00 to ? silence 3 0 min A1"]);
    // Messages that were on their way arrive: no consumer was silent.
    let mut out = SupplyRows::default();
    for (at, came) in &ticks[2..] {
        supply.tick(hour(at + 1), &Join::new(&topology, &came.rows), &came.events, &mut out);
    }
    assert_eq!(out.outages.iter().map(shown).collect::<Vec<_>>(), ["not feeder/F1 02:00"]);
    assert_eq!((supply.open(), supply.silent()), (0, 0));
}

#[test]
fn no_consumer_is_silent_where_history_ends() {
    let (topology, ticks) = street("A T1 F1 A1 | 11\nB T2 F1 A1 | 11");
    let mut supply = Supply::new(rules(), calendar(), &topology);
    for (at, came) in &ticks {
        supply.tick(
            hour(at + 1),
            &Join::new(&topology, &came.rows),
            &came.events,
            &mut SupplyRows::default(),
        );
    }
    let mut out = SupplyRows::default();
    supply.notice(START.plus(400 * 24 * 60 * MINUTE), &topology, &mut out);
    assert!(out.outages.is_empty() && supply.silent() == 0);
}

#[test]
fn another_topology_keeps_when_consumers_were_heard_of() {
    let (topology, ticks) = street("A T1 F1 A1 | 11.....1 + 0\nB T1 F1 A1 | 11111111");
    let mut supply = Supply::new(rules(), calendar(), &topology);
    let more = [placed("A", "T1", "F1", "A1"), placed("A0", "T1", "F1", "A1"), placed("B", "T1", "F1", "A0")];
    let later = Topology::new(more.to_vec()).unwrap();
    let mut out = SupplyRows::default();
    for (at, came) in ticks {
        let now = if at < 4 { &topology } else { &later };
        if at == 4 {
            supply.place(&topology, &later);
        }
        supply.tick(hour(at + 1), &Join::new(now, &came.rows), &came.events, &mut out);
    }
    let lines: Vec<String> = out.outages.iter().map(shown).collect();
    assert_eq!(
        lines,
        [
            "consumer/A 02:00 to ? silence 1 0 min A1",
            "consumer/A 02:00 to 07:00 silence sustained 1 300 min A1"
        ]
    );
    // A meter that the topology no longer has is not out any more; why it was silent will never be known.
    let (topology, ticks) = street("A T1 F1 A1 | 11......\nB T1 F1 A1 | 11111111");
    let mut supply = Supply::new(rules(), calendar(), &topology);
    let gone = Topology::new(vec![placed("B", "T1", "F1", "A1")]).unwrap();
    for (at, came) in ticks {
        let now = if at < 7 { &topology } else { &gone };
        if at == 7 {
            assert_eq!(supply.open(), 1);
            supply.place(&topology, &gone);
        }
        supply.tick(hour(at + 1), &Join::new(now, &came.rows), &came.events, &mut out);
    }
    assert_eq!(supply.open(), 0);
    let last = out.outages.last().map(super::shown);
    assert_eq!(last.as_deref(), Some("consumer/A 02:00 to 08:00 unknown 1 0 min"));
}

#[test]
fn a_silence_of_many_that_are_all_taken_away_is_no_interruption() {
    let (topology, ticks) = street(
        "A T1 F1 A1 | 11......
         B T1 F1 A1 | 11......
         C T1 F1 A1 | 11......
         D T2 F1 A1 | 11111111",
    );
    let mut supply = Supply::new(rules(), calendar(), &topology);
    let gone = Topology::new(vec![placed("D", "T2", "F1", "A1")]).unwrap();
    let mut out = SupplyRows::default();
    for (at, came) in ticks {
        let now = if at < 7 { &topology } else { &gone };
        if at == 7 {
            supply.place(&topology, &gone);
        }
        supply.tick(hour(at + 1), &Join::new(now, &came.rows), &came.events, &mut out);
    }
    supply.finish(&gone, &mut out);
    let last = out.outages.last().map(shown);
    assert_eq!(last.as_deref(), Some("transformer/T1 02:00 to 08:00 communication 3 0 min A1"));
    assert!(out.indices.iter().all(|row| row.saidi == Some(0.0)));
}

#[test]
fn who_lost_its_last_gasp_and_is_back_at_once_was_out_with_the_others() {
    check(
        "A T1 F1 A1 | 1111 xr11 1111
         B T1 F1 A1 | 1111 xr11 1111
         C T1 F1 A1 | 1111 xr11 1111
         D T1 F1 A1 | 1111 1r11 1111
         E T1 F1 A1 | 1111 1111 1r11",
        expect![[r#"
             5 transformer/T1 04:40 to ? last-gasp 3 0 min A1
             6 transformer/T1 04:40 to 05:20 last-gasp sustained 4 160 min A1
            10 consumer/E 09:20 to 09:20 restored momentary 1 0 min A1
            SAIDI 32.000 SAIFI 0.800 CAIDI 40.000 MAIFI 0.200
        "#]],
    );
}

#[test]
fn a_silence_that_began_long_before_an_outage_of_others_keeps_its_beginning() {
    check(
        "M0 T0 F0 A0 | 11....x
         M1 T1 F0 A0 | 1xx1rx1
         M2 T0 F0 A0 | 11x1rb1
         W TW FW AW | 1111111",
        expect![[r#"
             2 consumer/M1 01:40 to ? last-gasp 1 0 min A0
             3 consumer/M1 01:40 to 02:00 last-gasp sustained 1 20 min A0
             3 consumer/M1 02:40 to ? last-gasp 1 0 min A0
             3 consumer/M2 02:40 to ? last-gasp 1 0 min A0
             4 consumer/M1 02:40 to 03:00 last-gasp sustained 1 20 min A0
             4 consumer/M2 02:40 to 03:00 last-gasp sustained 1 20 min A0
             5 consumer/M1 04:20 to 04:20 restored momentary 1 0 min A0
             5 consumer/M2 04:20 to 04:20 restored momentary 1 0 min A0
             6 feeder/F0 05:30 to ? last-gasp 3 2 min A0
            SAIDI 73.000 SAIFI 1.250 CAIDI 58.400 MAIFI 0.750
        "#]],
    );
}

#[test]
fn who_is_out_twice_within_an_outage_of_many_is_one_consumer_of_it() {
    check(
        "A T1 F1 A1 | 1111 xr.x r1
         B T1 F1 A1 | 1111 x... r1 + 0
         C T1 F1 A1 | 1111 x... r1 + 0
         D T1 F1 A1 | 1111 1111 11",
        expect![[r#"
             5 transformer/T1 04:40 to ? last-gasp 3 0 min A1
             9 transformer/T1 04:40 to 08:20 last-gasp sustained 3 520 min A1
            SAIDI 130.000 SAIFI 1.000 CAIDI 130.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn who_blinks_again_while_others_are_out_was_not_out_with_them_all_the_time() {
    check(
        "A T1 F1 A1 | 1111 xrr1 11
         B T1 F1 A1 | 1111 x... r1 + 0
         C T1 F1 A1 | 1111 x... r1 + 0",
        expect![[r#"
             5 transformer/T1 04:40 to ? last-gasp 3 0 min A1
             9 transformer/T1 04:40 to 08:20 last-gasp sustained 3 480 min A1
            SAIDI 160.000 SAIFI 1.000 CAIDI 160.000 MAIFI 0.333
        "#]],
    );
}

#[test]
fn who_stays_out_when_an_outage_is_over_was_part_of_it_if_it_had_been_back() {
    check(
        "A T1 F1 A1 | 1111 xr.x ........
         B T1 F1 A1 | 1111 x... r1111111 + 0
         C T1 F1 A1 | 1111 x... r1111111 + 0
         D T1 F1 A1 | 1111 x... r1111111 + 0",
        expect![[r#"
             5 transformer/T1 04:40 to ? last-gasp 4 0 min A1
            13 transformer/T1 04:40 to 08:20 last-gasp sustained 4 700 min A1
            13 consumer/A 07:40 to ? last-gasp 1 0 min A1
            SAIDI 175.000 SAIFI 1.000 CAIDI 175.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn a_consumer_with_supply_takes_sixteen_bytes() {
    assert_eq!(size_of::<crate::seat::Seat>(), 16);
}

#[test]
fn consumers_that_are_silent_together_are_judged_together() {
    // Supply is back in the morning: C cooks, and D is away.
    let street = |both: &str, cooks: &str, away: &str| {
        let line = |name, energy| format!("{name} T1 F1 A1 | 1111 .....5 5555 + {energy}\n");
        published(&[line("A", both), line("B", both), line("C", cooks), line("D", away)].concat())
    };
    expect![[r#"
        10 transformer/T1 04:00 to 09:00 silence sustained 4 1200 min A1
        SAIDI 300.000 SAIFI 1.000 CAIDI 300.000 MAIFI 0.000
    "#]]
    .assert_eq(&street("120", "430", "20"));
    // The whole street went on using as before: a concentrator was out of order.
    expect![[r#"
        10 transformer/T1 04:00 to 09:00 communication 4 0 min A1
        SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.000
    "#]]
    .assert_eq(&street("600", "900", "20"));
}

#[test]
fn a_return_reported_within_a_silence_proves_no_outage_if_the_energy_went_on() {
    check(
        "A T1 F1 A1 | 1111 ..... m.... .1 + 1100
         B T1 F1 A1 | 1111 11111 11111 11",
        expect![[r#"
             8 consumer/A 04:00 to ? silence 1 0 min A1
            16 consumer/A 04:00 to 15:00 communication 1 0 min A1
            16 consumer/A 09:20 to 09:20 restored momentary 1 0 min A1
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.500
        "#]],
    );
    // With hardly any energy, supply was gone until then.
    check(
        "A T1 F1 A1 | 1111 ..... m1111 11 + 150
         B T1 F1 A1 | 1111 11111 11111 11",
        expect![[r#"
             8 consumer/A 04:00 to ? silence 1 0 min A1
            11 consumer/A 04:00 to 09:20 restored sustained 1 320 min A1
            SAIDI 160.000 SAIFI 0.500 CAIDI 320.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn a_meter_that_delivers_twice_a_day_is_silent_only_once() {
    check(
        "A T1 F1 A1     | 111111111111 111111111111 111111111111 111111111111
         B T1 F1 A1 @12 | 111111111111 111111111111 111111111111 111111111111",
        expect![[r#"
            16 consumer/B 12:00 to ? silence 1 0 min A1
            24 not consumer/B 12:00
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.000
        "#]],
    );
}

#[test]
fn a_backlog_shows_who_else_was_in_an_outage_that_is_over() {
    check(
        "A T1 F1 A1     | 111111111111 111x..r11111 111111111111
         B T1 F1 A1     | 111111111111 111x..r11111 111111111111
         C T1 F1 A1     | 111111111111 111x..r11111 111111111111
         D T1 F1 A1 @12 | 111111111111 111x..r11111 111111111111
         E T1 F1 A1 @12 | 111111111111 111111111111 111111111111",
        expect![[r#"
            16 transformer/T1 15:40 to ? last-gasp 5 0 min A1
            23 transformer/T1 15:40 to 18:20 last-gasp sustained 3 480 min A1
            23 consumer/D 12:00 to ? silence 1 0 min A1
            23 consumer/E 12:00 to ? silence 1 0 min A1
            24 transformer/T1 15:40 to 18:20 last-gasp sustained 4 640 min A1
            24 not consumer/D 12:00
            24 not consumer/E 12:00
            SAIDI 128.000 SAIFI 0.800 CAIDI 160.000 MAIFI 0.000
        "#]],
    );
}
