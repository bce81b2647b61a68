extern crate std;

#[cfg(feature = "serde")]
mod stored;

use crate::time::{DAY, HOUR, MINUTE};
use crate::*;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use units::{Milliamperes, Millivolts, Milliwatts, WattHours};

fn limits() -> Limits {
    Limits { v_max: Millivolts(600_000), i_max: Milliamperes(200_000), p_max: Milliwatts(1_000_000_000) }
}

fn raw() -> RawReading {
    RawReading::new(MeterId::new("m").unwrap(), EventTime(1_704_067_200_000))
}

type Believed = (Option<(i32, i32)>, Option<i32>, Option<i64>, BTreeSet<Issue>);

/// The check, field by field, as its documentation describes it: slow and obvious.
fn believed(raw: &RawReading) -> Believed {
    let mut issues = BTreeSet::new();
    let v: Option<Vec<i32>> = raw.v.map(|v| v.as_slice().iter().map(|one| one.0).collect());
    let v = v.and_then(|all| {
        let good: Vec<i32> = all.iter().copied().filter(|one| (0..=600_000).contains(one)).collect();
        if good.len() < all.len() {
            issues.insert(Issue::VoltageImplausible);
        }
        Some((*good.iter().min()?, *good.iter().max()?))
    });
    let i: Option<Vec<i64>> = raw.i.map(|i| i.as_slice().iter().map(|one| i64::from(one.0)).collect());
    let i = i.and_then(|all| {
        if all.iter().any(|one| *one < 0) {
            issues.insert(Issue::NegativeCurrent);
        }
        if all.iter().any(|one| one.abs() > 200_000) {
            issues.insert(Issue::CurrentImplausible);
            return None;
        }
        let sum: i64 = all.iter().map(|one| one.abs()).sum();
        Some((sum as f64 / all.len() as f64).round() as i32)
    });
    let p: Option<Vec<i128>> = raw.p.map(|p| p.as_slice().iter().map(|one| i128::from(one.0)).collect());
    let p = p.and_then(|all| {
        let sum: i128 = all.iter().sum();
        if all.iter().chain([&sum]).any(|one| one.abs() > 1_000_000_000) {
            issues.insert(Issue::PowerImplausible);
            return None;
        }
        Some(sum as i64)
    });
    (v, i, p, issues)
}

fn phases<T: core::fmt::Debug + Copy>(
    one: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = Phases<T>> {
    prop_oneof![one.clone().prop_map(Phases::One), [one.clone(), one.clone(), one].prop_map(Phases::Three)]
}

proptest! {
    #[test]
    fn the_check_believes_what_its_rules_say(
        v in proptest::option::of(phases(-10_000..700_000_i32)),
        i in proptest::option::of(phases(-250_000..250_000_i32)),
        p in proptest::option::of(phases(-1_500_000_000..1_500_000_000_i64)),
    ) {
        let mut raw = raw();
        raw.v_load = Some(Millivolts(230_000));
        raw.v = v.map(|v| map(v, Millivolts));
        raw.i = i.map(|i| map(i, Milliamperes));
        raw.p = p.map(|p| map(p, Milliwatts));
        let checked = check(&raw, &limits()).unwrap();
        let (v, i, p, issues) = believed(&raw);
        let reading = checked.reading;
        prop_assert_eq!(reading.v().map(|(min, max)| (min.0, max.0)), v);
        prop_assert_eq!(reading.i().map(|i| i.0), i);
        prop_assert_eq!(reading.p().map(|p| p.0), p);
        prop_assert_eq!(checked.issues.iter().collect::<BTreeSet<_>>(), issues);
        prop_assert_eq!(reading.parts().join(), reading);
    }

    #[test]
    fn times_read_as_jiff_reads_them(ms in 946_684_800_000..4_102_444_800_000_i64, offset in -1439..1440_i32) {
        let stamp = jiff::Timestamp::from_millisecond(ms).unwrap();
        prop_assert_eq!(EventTime::parse_rfc3339(stamp.to_string().as_bytes()), Some(EventTime(ms)));
        prop_assert_eq!(EventTime::parse_rfc3339(EventTime(ms).to_string().as_bytes()), Some(EventTime(ms)));
        let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(offset * 60).unwrap());
        let local = stamp.to_zoned(zone).datetime();
        let sign = if offset < 0 { '-' } else { '+' };
        let written = format!("{local}{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60);
        prop_assert_eq!(EventTime::parse_rfc3339(written.as_bytes()), Some(EventTime(ms)));
    }

    #[test]
    fn any_bytes_are_a_time_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let _ = EventTime::parse_rfc3339(&bytes);
    }

    #[test]
    fn a_name_has_1_to_32_of_the_name_bytes(text in proptest::collection::vec(
        prop_oneof![20 => any::<u8>().prop_filter("a name byte", |&byte| id::is_name_byte(byte)), 1 => any::<u8>()],
        0..40,
    )) {
        let good = (1..=32).contains(&text.len()) && text.iter().all(|&byte| id::is_name_byte(byte));
        let id = MeterId::new(&text);
        prop_assert_eq!(id.is_some(), good);
        if let Some(id) = id {
            prop_assert_eq!(id.as_bytes(), text);
        }
    }

    #[test]
    fn an_id_and_its_bytes_have_one_hash(name in "[A-Za-z0-9._-]{1,32}") {
        let id = MeterId::new(&name).unwrap();
        prop_assert_eq!(id.hash(), id::hash(name.as_bytes()));
        prop_assert_eq!(id.as_str(), name.as_str());
    }

    #[test]
    fn a_place_has_1_to_64_bytes_of_utf8_without_what_hurts(text in prop_oneof![
        "\\PC{0,24}",
        "[ /a-zü\u{200D}\u{202E}\u{2066}\u{FEFF}\u{2028}\n\u{85}क ]{0,20}",
        "[a-z]{60,68}",
    ]) {
        let hurts = |c: char| {
            c == '/' || c.is_control() || "\u{2028}\u{2029}\u{FEFF}".contains(c)
                || ('\u{202A}'..='\u{202E}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)
        };
        let good = (1..=64).contains(&text.len()) && !text.contains(hurts) && text.trim() == text;
        let id = AreaId::new(&text);
        prop_assert_eq!(id.is_some(), good);
        prop_assert_eq!(id::check_place(&text).is_ok(), good);
        if let Some(id) = id {
            prop_assert_eq!((id.as_str(), id.hash()), (text.as_str(), id::hash(text.as_bytes())));
            prop_assert_eq!(Target::parse(&format!("feeder/{text}")), FeederId::new(&text).map(Target::Feeder));
        }
    }

    #[test]
    fn places_sort_as_their_bytes_do(one in "[a-zäक.]{1,16}", other in "[a-zäक.]{1,16}") {
        let (a, b) = (TransformerId::new(&one).unwrap(), TransformerId::new(&other).unwrap());
        prop_assert_eq!(a.cmp(&b), one.as_bytes().cmp(other.as_bytes()));
    }

    #[test]
    fn every_moment_lies_in_the_interval_that_counts_it(ms in 0..4_102_444_800_000_i64, length in prop_oneof![Just(15), Just(30), Just(60)]) {
        let grid = Grid::new(length * MINUTE).unwrap();
        let index = grid.index(EventTime(ms));
        prop_assert!(grid.start(index) < EventTime(ms) && EventTime(ms) <= grid.end(index));
    }
}

fn map<T: Copy, U: Copy>(phases: Phases<T>, to: impl Fn(T) -> U) -> Phases<U> {
    match phases {
        Phases::One(one) => Phases::One(to(one)),
        Phases::Three([a, b, c]) => Phases::Three([to(a), to(b), to(c)]),
    }
}

#[test]
fn a_reading_fits_into_a_cache_line() {
    assert_eq!(size_of::<Reading>(), 64);
}

#[test]
fn a_name_has_1_to_32_plain_characters() {
    let good = |name: &str| MeterId::new(name).is_some();
    assert!(good("a") && good(&"x".repeat(32)) && good("A-z.0_9"));
    assert!(!good("") && !good(&"x".repeat(33)) && !good("a b") && !good("ä") && !good("a/b"));
}

#[test]
fn a_place_is_named_in_any_script() {
    for name in
        ["Zürich", "मुंबई पूर्व", "क्‍ष", "北京 3号", "T0007", "a.b-c_d", "..", "Öst \"3\", \\x", &"ü".repeat(32)]
    {
        assert_eq!(FeederId::new(name).map(|id| id.to_string()).as_deref(), Some(name));
    }
    assert_ne!(AreaId::new("Z\u{FC}rich"), AreaId::new("Zu\u{308}rich"), "bytes are compared");
    assert_eq!(AreaId::new(b"Z\xFCrich"), None, "this is Latin-1");
}

#[test]
fn a_text_that_is_no_place_is_explained() {
    let why = |text: &str| id::check_place(text).unwrap_err().to_string();
    assert_eq!(why(""), "it is empty");
    assert_eq!(why(&"ü".repeat(33)), "it has 66 bytes of UTF-8");
    assert_eq!(why("North "), "it begins or ends with white space");
    assert_eq!(why("\u{A0}"), "it begins or ends with white space");
    assert_eq!(why("Süd/3"), "character 4 is `/`");
    assert_eq!(why("a\tb"), "character 2 is U+0009, an invisible control character");
    assert_eq!(why("\u{202E}ab"), "character 1 is U+202E, an invisible control character");
}

#[test]
fn names_sort_as_their_text_does() {
    let mut names = ["b", "a-", "a", "ab", "a.b"].map(|name| MeterId::new(name).unwrap());
    names.sort_unstable();
    assert_eq!(names.map(|name| name.to_string()), ["a", "a-", "a.b", "ab", "b"]);
}

#[test]
fn a_meter_and_a_time_alone_are_no_reading() {
    assert_eq!(check(&raw(), &limits()), Err(Reason::NothingMeasured));
}

#[test]
fn times_before_2000_or_after_2100_are_refused() {
    let mut raw = raw();
    raw.imp = Some(WattHours(1));
    raw.time = EventTime(946_684_799_999);
    assert_eq!(check(&raw, &limits()), Err(Reason::TimeImplausible));
    raw.time = EventTime(4_102_444_800_001);
    assert_eq!(check(&raw, &limits()), Err(Reason::TimeImplausible));
}

#[test]
fn a_register_below_zero_is_left_out_and_the_rest_kept() {
    let mut raw = raw();
    raw.imp = Some(WattHours(-1));
    raw.exp = Some(WattHours(5));
    let checked = check(&raw, &limits()).unwrap();
    assert_eq!((checked.reading.imp(), checked.reading.exp()), (None, Some(WattHours(5))));
    assert!(checked.issues.contains(Issue::NegativeRegister));
}

#[test]
fn the_currents_of_a_loop_are_those_of_a_single_phase() {
    let mut raw = raw();
    raw.neutral = Some(Milliamperes(-900));
    raw.i = Some(Phases::One(Milliamperes(1000)));
    let loop_of = |raw: &RawReading| check(raw, &limits()).unwrap().reading.loop_currents();
    assert_eq!(loop_of(&raw), Some((Milliamperes(1000), Milliamperes(900))));
    raw.i = Some(Phases::Three([Milliamperes(1000); 3]));
    assert_eq!(loop_of(&raw), None);
}

#[test]
fn dates_that_do_not_exist_are_no_times() {
    for text in [
        "2023-02-29T00:00:00Z",
        "2024-04-31T00:00:00Z",
        "2024-00-01T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00+0530",
        "2024-01-01",
    ] {
        assert_eq!(EventTime::parse_rfc3339(text.as_bytes()), None, "{text}");
    }
    assert!(EventTime::parse_rfc3339(b"2024-02-29T23:59:59.999Z").is_some());
}

#[test]
fn an_interval_that_ends_at_midnight_is_of_the_day_before() {
    let kolkata = Calendar::new(TimeZone::get("Asia/Kolkata").unwrap(), BTreeSet::new());
    let midnight = kolkata.start_of(date(2024, 1, 2));
    assert_eq!(midnight.to_string(), "2024-01-01T18:30:00Z");
    assert_eq!(kolkata.day_of_interval(midnight), date(2024, 1, 1));
    assert_eq!(kolkata.day(midnight), date(2024, 1, 2));
    assert_eq!(kolkata.minute_of_day(midnight), 0);
}

#[test]
fn days_of_23_and_25_hours_are_as_long_as_they_are() {
    let london = Calendar::new(TimeZone::get("Europe/London").unwrap(), BTreeSet::new());
    let hours =
        |day: jiff::civil::Date| london.start_of(day.tomorrow().unwrap()).since(london.start_of(day)) / HOUR;
    assert_eq!([date(2024, 3, 31), date(2024, 4, 1), date(2024, 10, 27)].map(hours), [23, 24, 25]);
    // 01:30 comes twice that day. The distance from UTC shows which one is meant.
    let first = london.start_of(date(2024, 10, 27)).plus(HOUR + HOUR / 2);
    assert_eq!(london.stamp(first), "2024-10-27T01:30:00+01:00");
    assert_eq!(london.stamp(first.plus(HOUR)), "2024-10-27T01:30:00+00:00");
    assert_eq!(DAY, 24 * HOUR);
}

#[test]
fn a_holiday_counts_as_a_sunday() {
    let calendar = Calendar::new(TimeZone::UTC, BTreeSet::from([date(2024, 1, 26)]));
    let kinds: Vec<&str> = [date(2024, 1, 25), date(2024, 1, 26), date(2024, 1, 27), date(2024, 1, 28)]
        .map(|day| calendar.day_type(day).name())
        .into();
    assert_eq!(kinds, ["weekday", "sunday", "saturday", "sunday"]);
}

#[test]
fn event_codes_are_found_by_name_and_stand_in_order() {
    assert!(event::NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert_eq!(EventCode::named("magnet"), Some(EventCode(201)));
    assert_eq!(
        (EventCode(251).to_string(), EventCode(999).to_string()),
        ("cover-open".into(), "event-999".into())
    );
}

#[test]
fn qualities_are_printed_by_name() {
    let printed: Vec<String> =
        [Quality::MEASURED, Quality::GAP.with(Quality::ESTIMATED)].map(|q| q.to_string()).into();
    assert_eq!(printed, ["measured", "estimated,gap"]);
}

#[test]
fn a_message_counter_measures_nothing() {
    let mut raw = raw();
    raw.seq = Some(3);
    assert_eq!(check(&raw, &limits()), Err(Reason::NothingMeasured));
}

proptest! {
    /// [`Abreast`] gives the same readings as the check of each alone, or leaves all of them to the check.
    #[test]
    fn fields_side_by_side_are_checked_like_readings(
        rows in proptest::collection::vec(
            (0..20_i64, -1..3_i64, -1..1_000_001_000_i64, -1..600_002_i32, -1..200_002_i32), 1..ABREAST,
        ),
        has in 0..32_u8,
        odd in any::<bool>(),
    ) {
        let bit = |bit: u8| has >> bit & 1 == 1;
        let tamed = |value: i64| if odd { value } else { value.clamp(0, 199_999) };
        let raws: Vec<RawReading> = rows
            .iter()
            .map(|&(minute, imp, p, v, i)| {
                let mut one = raw();
                one.time = one.time.plus(minute * MINUTE);
                one.imp = bit(0).then_some(WattHours(tamed(imp)));
                one.p = bit(1).then_some(Phases::One(Milliwatts(tamed(p))));
                one.v = bit(2).then_some(Phases::One(Millivolts(tamed(v.into()) as i32)));
                one.i = bit(3).then_some(Phases::One(Milliamperes(tamed(i.into()) as i32)));
                one.neutral = bit(4).then_some(Milliamperes(tamed(i.into()) as i32));
                one
            })
            .collect();
        let column = |field: fn(&RawReading) -> Option<i64>| {
            let mut column = [0; ABREAST];
            for (raw, to) in raws.iter().zip(&mut column) {
                *to = field(raw)?;
            }
            Some(column)
        };
        let time: Vec<i64> = raws.iter().map(|raw| raw.time.0).collect();
        let imp = column(|raw| raw.imp.map(|imp| imp.0));
        let p = column(|raw| raw.p.map(|p| p.as_slice()[0].0));
        let v = column(|raw| raw.v.map(|v| v.as_slice()[0].0.into()));
        let i = column(|raw| raw.i.map(|i| i.as_slice()[0].0.into()));
        let neutral = column(|raw| raw.neutral.map(|i| i.0.into()));
        let abreast = Abreast {
            time: &time,
            imp: imp.as_ref(),
            exp: None,
            p: p.as_ref(),
            q: None,
            v: v.as_ref(),
            i: i.as_ref(),
            neutral: neutral.as_ref(),
        };
        let checked: Option<Vec<Reading>> = raws
            .iter()
            .map(|raw| check(raw, &limits()).ok().filter(|one| one.issues.is_empty()).map(|one| one.reading))
            .collect();
        prop_assert_eq!(abreast.plain(&limits()).map(Iterator::collect::<Vec<_>>), checked);
    }
}
