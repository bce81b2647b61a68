//! What meters report at once, and measure late; and silences of many that are short.

use super::*;
use expect_test::{Expect, expect};

fn check(picture: &str, expected: Expect) {
    expected.assert_eq(&published(picture));
}

#[test]
fn a_blink_of_a_meter_that_delivers_twice_a_day_is_a_moment() {
    check(
        "A T1 F1 A1 !12 | 111111111111 11111b111111 111111111111
         B T1 F1 A1     | 111111111111 111111111111 111111111111",
        expect![[r#"
            16 consumer/A 12:00 to ? silence 1 0 min A1
            18 not consumer/A 12:00
            18 consumer/A 17:30 to 17:32 last-gasp momentary 1 2 min A1
            22 consumer/A 17:32 to ? silence 1 0 min A1
            24 not consumer/A 17:32
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.500
        "#]],
    );
}

#[test]
fn an_outage_that_was_reported_at_once_is_none_again_when_the_rows_come() {
    check(
        "A T1 F1 A1 !12 | 111111111111 1111x....r11 111111111111
         B T1 F1 A1     | 111111111111 111111111111 111111111111",
        expect![[r#"
            16 consumer/A 12:00 to ? silence 1 0 min A1
            17 not consumer/A 12:00
            17 consumer/A 16:40 to ? last-gasp 1 0 min A1
            22 consumer/A 16:40 to 21:20 last-gasp sustained 1 280 min A1
            28 consumer/A 24:00 to ? silence 1 0 min A1
            36 not consumer/A 24:00
            SAIDI 140.000 SAIFI 0.500 CAIDI 280.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn rows_that_come_late_show_what_a_reported_return_was() {
    check(
        "A T1 F1 A1 !12 | 111111111111 111111r11111 111111111111
         B T1 F1 A1     | 111111111111 111111111111 111111111111",
        expect![[r#"
            16 consumer/A 12:00 to ? silence 1 0 min A1
            24 not consumer/A 12:00
            24 consumer/A 18:20 to 18:20 restored momentary 1 0 min A1
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.500
        "#]],
    );
    // Rows are missing before it.
    check(
        "A T1 F1 A1 !12 | 111111111111 11.....r1111 111111111111
         B T1 F1 A1     | 111111111111 111111111111 111111111111",
        expect![[r#"
            16 consumer/A 12:00 to ? silence 1 0 min A1
            24 not consumer/A 12:00
            24 consumer/A 14:00 to 19:20 restored sustained 1 320 min A1
            28 consumer/A 24:00 to ? silence 1 0 min A1
            36 not consumer/A 24:00
            SAIDI 160.000 SAIFI 0.500 CAIDI 320.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn another_outage_before_a_reported_one_is_found_in_the_rows() {
    check(
        "A T1 F1 A1 !12 | 111111111111 .....11xr111 111111111111
         B T1 F1 A1     | 111111111111 111111111111 111111111111",
        expect![[r#"
            16 consumer/A 12:00 to ? silence 1 0 min A1
            20 not consumer/A 12:00
            20 consumer/A 19:40 to ? last-gasp 1 0 min A1
            21 consumer/A 19:40 to 20:20 last-gasp sustained 1 40 min A1
            24 consumer/A 12:00 to 17:00 silence sustained 1 300 min A1
            28 consumer/A 24:00 to ? silence 1 0 min A1
            36 not consumer/A 24:00
            SAIDI 170.000 SAIFI 1.000 CAIDI 170.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn consumers_that_are_silent_for_two_hours_together_are_an_outage() {
    check(
        "A T1 F1 A1 | 1111 .. 11
         B T1 F1 A1 | 1111 .. 11
         C T1 F1 A1 | 1111 .. 11
         D T1 F1 A1 | 1111 11 11
         W T2 F2 A2 | 1111 .. 11",
        expect![[r#"
             7 transformer/T1 04:00 to 06:00 silence sustained 3 360 min A1
            SAIDI 72.000 SAIFI 0.600 CAIDI 120.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn a_transformer_that_counts_on_has_supply() {
    check(
        "A T1 F1 A1 | 1111 .. 11
         B T1 F1 A1 | 1111 .. 11
         C T1 F1 A1 | 1111 .. 11
         D T1 F1 A1 | 1111 .. 11
         S T1 F1 A1 supply | 1111 11 11",
        expect![[r#"
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.000
        "#]],
    );
    // A branch of it can be without.
    check(
        "A T1 F1 A1 | 1111 .. 11
         B T1 F1 A1 | 1111 .. 11
         C T1 F1 A1 | 1111 .. 11
         D T1 F1 A1 | 1111 11 11
         S T1 F1 A1 supply | 1111 11 11",
        expect![[r#"
             7 transformer/T1 04:00 to 06:00 silence sustained 3 360 min A1
            SAIDI 90.000 SAIFI 0.750 CAIDI 120.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn one_reading_that_many_miss_is_an_outage_if_much_of_the_energy_is_missing_too() {
    let street = |silent: &[&str], wh: u32| {
        let line = |name: &&str| {
            let hours = if silent.contains(name) { format!(". 11 + {wh}") } else { "1 11".into() };
            format!("{name} T1 F1 A1 | 1111 {hours}\n")
        };
        published(&["A", "B", "C", "D"].iter().map(line).collect::<String>())
    };
    let four = ["A", "B", "C", "D"];
    assert_eq!(
        street(&four, 100),
        " 6 transformer/T1 04:00 to 05:00 silence sustained 4 240 min A1\n\
         SAIDI 60.000 SAIFI 1.000 CAIDI 60.000 MAIFI 0.000\n"
    );
    let nothing = "SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.000\n";
    assert_eq!(street(&four, 120), nothing, "the network of messages");
    assert_eq!(street(&four[..3], 0), nothing, "three of four may lose the same one by chance");
}

#[test]
fn who_reported_nothing_goes_with_those_who_did() {
    check(
        "A T1 F1 A1 | 1111 x . r 11
         B T1 F1 A1 | 1111 x . r 11
         C T1 F1 A1 | 1111 x . r 11
         D T1 F1 A1 | 1111 . . 1 11
         E T1 F1 A1 | 1111 1 1 1 11
         F T1 F1 A1 | 1111 1 1 1 11
         G T1 F1 A1 | 1111 1 1 1 11
         H T1 F1 A1 | 1111 1 1 1 11",
        expect![[r#"
             5 consumer/A 04:40 to ? last-gasp 1 0 min A1
             5 consumer/B 04:40 to ? last-gasp 1 0 min A1
             5 consumer/C 04:40 to ? last-gasp 1 0 min A1
             7 consumer/A 04:40 to 06:20 last-gasp sustained 1 100 min A1
             7 consumer/B 04:40 to 06:20 last-gasp sustained 1 100 min A1
             7 consumer/C 04:40 to 06:20 last-gasp sustained 1 100 min A1
             7 consumer/D 04:40 to 06:20 silence sustained 1 100 min A1
            SAIDI 50.000 SAIFI 0.500 CAIDI 100.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn a_dark_transformer_makes_a_silence_an_outage_though_much_was_used_after_it() {
    let street = |supply: &str| {
        format!(
            "A T1 F1 A1 | 1111 ...... 11 + 500
             B T1 F1 A1 | 1111 ...... 11 + 500
             C T1 F1 A1 | 1111 ...... 11 + 500
             W T2 F2 A2 | 1111 111111 11
             S T1 F1 A1 supply | {supply}"
        )
    };
    check(
        &street("1111 ...... 11"),
        expect![[r#"
         8 transformer/T1 04:00 to ? silence 3 0 min A1
        11 transformer/T1 04:00 to 10:00 silence sustained 3 1080 min A1
        SAIDI 270.000 SAIFI 0.750 CAIDI 360.000 MAIFI 0.000
    "#]],
    );
    check(
        &street("1111 111111 11"),
        expect![[r#"
             8 transformer/T1 04:00 to ? silence 3 0 min A1
            11 transformer/T1 04:00 to 10:00 communication 3 0 min A1
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.000
        "#]],
    );
}

#[test]
fn what_was_reported_long_ago_explains_no_later_silence() {
    check(
        "A T1 F1 A1 | 111 x......r 1111 x..r 11
         B T1 F1 A1 | 111 x......r 1111 x..r 11
         C T1 F1 A1 | 111 x......r 1111 x..r 11
         D T1 F1 A1 | 111 x......r 1111 ...1 11",
        expect![[r#"
             4 transformer/T1 03:40 to ? last-gasp 4 0 min A1
            11 transformer/T1 03:40 to 10:20 last-gasp sustained 4 1600 min A1
            16 transformer/T1 15:40 to ? last-gasp 4 0 min A1
            19 transformer/T1 15:40 to 18:20 last-gasp sustained 4 640 min A1
            SAIDI 560.000 SAIFI 2.000 CAIDI 280.000 MAIFI 0.000
        "#]],
    );
}

#[test]
fn who_uses_more_after_an_outage_was_without_supply_all_the_same() {
    // All are back at once, and cook what could not be cooked.
    check(
        "A T1 F1 A1 | 1111 x.1 11 + 300
         B T1 F1 A1 | 1111 x.1 11 + 300
         C T1 F1 A1 | 1111 x.1 11 + 300
         D T1 F1 A1 | 1111 ..1 11 + 300
         W T2 F2 A2 | 1111 111 11",
        expect![[r#"
             5 transformer/T1 04:40 to ? last-gasp 4 0 min A1
             7 transformer/T1 04:40 to 06:00 last-gasp sustained 4 320 min A1
            SAIDI 64.000 SAIFI 0.800 CAIDI 80.000 MAIFI 0.000
        "#]],
    );
    // Alone it may have been a moment, and the messages after it lost: a short silence is believed.
    check(
        "A T1 F1 A1 | 1111 x.1 11 + 300
         B T1 F1 A1 | 1111 111 11",
        expect![[r#"
             5 consumer/A 04:40 to ? last-gasp 1 0 min A1
             7 consumer/A 04:40 to 06:00 last-gasp sustained 1 80 min A1
            SAIDI 40.000 SAIFI 0.500 CAIDI 80.000 MAIFI 0.000
        "#]],
    );
    check(
        "A T1 F1 A1 | 1111 x....1 11 + 600
         B T1 F1 A1 | 1111 111111 11",
        expect![[r#"
             5 consumer/A 04:40 to ? last-gasp 1 0 min A1
            10 consumer/A 04:40 to 04:40 last-gasp momentary 1 0 min A1
            SAIDI 0.000 SAIFI 0.000 CAIDI - MAIFI 0.500
        "#]],
    );
}

#[test]
fn a_second_outage_is_one_of_its_own_though_a_few_never_came_back_from_the_first() {
    let line = |name: char| match name {
        // More than a twentieth of all, so that the first outage lasts for them.
        'X'..='Z' => format!("{name} T1 F1 A1 | 1111 x.... ....... 111 11\n"),
        _ => format!("{name} T1 F1 A1 | 1111 x..r1 1111x.. r11 11\n"),
    };
    check(
        &"ABCDEFGXYZ".chars().map(line).collect::<String>(),
        expect![[r#"
         5 transformer/T1 04:40 to ? last-gasp 10 0 min A1
        14 transformer/T1 04:40 to 07:20 last-gasp sustained 7 1120 min A1
        14 transformer/T1 13:40 to ? last-gasp 7 0 min A1
        14 consumer/X 04:40 to ? last-gasp 1 0 min A1
        14 consumer/Y 04:40 to ? last-gasp 1 0 min A1
        14 consumer/Z 04:40 to ? last-gasp 1 0 min A1
        17 consumer/X 04:40 to 16:00 last-gasp sustained 1 680 min A1
        17 consumer/Y 04:40 to 16:00 last-gasp sustained 1 680 min A1
        17 consumer/Z 04:40 to 16:00 last-gasp sustained 1 680 min A1
        17 transformer/T1 13:40 to 16:20 last-gasp sustained 7 1120 min A1
        SAIDI 428.000 SAIFI 1.700 CAIDI 251.765 MAIFI 0.000
    "#]],
    );
}
