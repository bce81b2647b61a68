use crate::*;
use expect_test::{Expect, expect};
use grid::{Role, Topology, TopologyRow};
use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use reading::time::MINUTE;
use reading::{Calendar, EventTime, Interval, MeterId, Quality, Sums, TransformerId};
use std::collections::BTreeMap;
use units::{Amperes, Ratio, WattHours};

/// Firmware thresholds in the field.
fn rule() -> PhaseNeutral {
    PhaseNeutral::new(Ratio(0.0625), Amperes(0.5), Amperes(2.0), Ratio(0.25), 5).unwrap()
}

const BLOCK: i64 = 30 * MINUTE;

fn end_of(block: i64) -> EventTime {
    EventTime(19_727 * reading::time::DAY + block * BLOCK)
}

/// `8/5`: mean phase and neutral current in A. A `~` behind: estimated. `8`: no neutral, as on three phases. `.`: none.
fn interval(meter: &str, block: i64, text: &str) -> Option<Interval> {
    let (text, quality) = match text.strip_suffix('~') {
        Some(text) => (text, Quality::ESTIMATED),
        None => (text, Quality::MEASURED),
    };
    let mut sums = Sums { readings: 2, i_count: 2, v_min: 229_000, v_max: 231_000, ..Sums::EMPTY };
    let twice = |text: &str| (text.parse::<f64>().unwrap() * 2000.0).round() as u32;
    match text.split_once('/') {
        Some((phase, neutral)) => {
            (sums.i, sums.neutral, sums.loop_count) = (twice(phase), twice(neutral), 2);
        }
        None if text == "." => return None,
        None => sums.i = twice(text),
    }
    let meter = MeterId::new(meter).unwrap();
    let (start, end) = (end_of(block - 1), end_of(block));
    Some(Interval { meter, start, end, imp: Some(WattHours(1000)), exp: None, sums, quality, instead: None })
}

fn row(meter: &str, role: Role, transformer: &str) -> TopologyRow {
    let mut row = TopologyRow::new(MeterId::new(meter).unwrap(), role);
    row.transformer = TransformerId::new(transformer);
    row
}

/// A street: a line for each meter, `M1@T1 8/5 8/5 .`, a word for each block. Every tick is examined; what is
/// suspected in which block is the answer.
fn check(street: &str, answer: &Expect) {
    let (topology, ticks) = read(street);
    let mut runs = PhaseNeutralRuns::new(rule());
    let mut told = String::new();
    for (number, intervals) in ticks.iter().enumerate() {
        let mut out = Vec::new();
        runs.examine(end_of(number as i64 + 1), topology.join(intervals), &mut out);
        for suspicion in &out {
            told += &format!("{}: {}\n", number + 1, tell(suspicion));
        }
    }
    answer.assert_eq(&told);
}

fn read(street: &str) -> (Topology, Vec<Vec<Interval>>) {
    let (mut rows, mut ticks) = (Vec::new(), Vec::<Vec<Interval>>::new());
    for line in street.trim().lines() {
        let mut words = line.split_whitespace();
        let (meter, transformer) = words.next().unwrap().split_once('@').unwrap();
        let role = if meter.starts_with('D') { Role::Transformer } else { Role::Consumer };
        rows.push(row(meter, role, transformer));
        for (number, word) in words.enumerate() {
            ticks.resize_with(ticks.len().max(number + 1), Vec::new);
            ticks[number].extend(interval(meter, number as i64 + 1, word));
        }
    }
    (Topology::new(rows).unwrap(), ticks)
}

fn tell(suspicion: &Suspicion) -> String {
    let Evidence::PhaseNeutral(numbers) = &suspicion.evidence[0];
    let innocents: Vec<String> = numbers
        .looked_at
        .iter()
        .map(|innocent| match innocent {
            Innocent::SharedNeutral { other, apart } => format!("{other} {:.1}", apart.0),
            Innocent::LowLoad { load, limit, blocks } => {
                format!("load {:.1} of {:.1} low {blocks}", load.0, limit.0)
            }
            Innocent::ThreePhase { loop_readings } => format!("{loop_readings} loop readings"),
            Innocent::Brief { blocks, needed } => format!("{blocks} of {needed} blocks"),
        })
        .collect();
    format!(
        "{} {:.1}/{:.1} = {:.1} > {:.2}, {:.0} %, {} Wh, score {:.3} ({})",
        suspicion.meter,
        numbers.phase.0,
        numbers.neutral.0,
        numbers.apart.0,
        numbers.allowed.0,
        numbers.share.percent(),
        numbers.excess.map_or("-".to_owned(), |energy| energy.0.to_string()),
        suspicion.score,
        innocents.join(", ")
    )
}

#[test]
fn five_blocks_apart_are_suspicious_and_every_one_after_them() {
    check(
        "M1@T1 8/5 8/5 8/5 8/5 8/5 8/5",
        &expect![[r#"
        5: M1 8.0/5.0 = 3.0 > 0.50, 38 %, 1725 Wh, score 0.417 (load 8.0 of 2.0 low 0, 10 loop readings, 5 of 5 blocks)
        6: M1 8.0/5.0 = 3.0 > 0.50, 38 %, 2070 Wh, score 0.486 (load 8.0 of 2.0 low 0, 12 loop readings, 6 of 5 blocks)
    "#]],
    );
}

#[test]
fn four_blocks_are_brief() {
    check("M1@T1 8/5 8/5 8/5 8/5 8/8 8/5 8/5 8/5 8/5", &expect![[""]]);
}

#[test]
fn a_missing_block_ends_the_run() {
    check("M1@T1 8/5 8/5 8/5 8/5 . 8/5 8/5 8/5 8/5", &expect![[""]]);
}

#[test]
fn an_estimated_block_is_no_evidence() {
    check("M1@T1 8/5 8/5 8/5 8/5 8/5~ 8/5 8/5 8/5 8/5", &expect![[""]]);
}

#[test]
fn the_other_side_is_another_run() {
    check("M1@T1 8/5 8/5 8/5 8/5 5/8 5/8 5/8 5/8", &expect![[""]]);
}

#[test]
fn a_shared_neutral_explains_both_meters() {
    check(
        "
        M1@T1 8/5 8/5 8/5 8/5 8/5 8/5
        M2@T1 2/5 2/5 2/5 2/5 2/5 2/5
        M3@T1 4/4 4/4 4/4 4/4 4/4 4/4
        ",
        &expect![[""]],
    );
}

#[test]
fn the_opposite_on_another_transformer_explains_nothing() {
    check(
        "
        M1@T1 8/5 8/5 8/5 8/5 8/5
        M2@T2 2/5 2/5 2/5 2/5 2/5
        ",
        &expect![[r#"
            5: M1 8.0/5.0 = 3.0 > 0.50, 38 %, 1725 Wh, score 0.417 (load 8.0 of 2.0 low 0, 10 loop readings, 5 of 5 blocks)
            5: M2 2.0/5.0 = 3.0 > 0.50, 60 %, 1725 Wh, score 0.417 (load 5.0 of 2.0 low 0, 10 loop readings, 5 of 5 blocks)
        "#]],
    );
}

#[test]
fn an_opposite_that_is_off_by_more_than_a_fifth_explains_nothing() {
    check(
        "
        M1@T1 8/5 8/5 8/5 8/5 8/5
        M2@T1 4/4 4/4 4/4 4/4 4/4
        M3@T1 2/4.3 2/4.3 2/4.3 2/4.3 2/4.3
        ",
        &expect![[r#"
            5: M1 8.0/5.0 = 3.0 > 0.50, 38 %, 1725 Wh, score 0.417 (M3 -2.3, load 8.0 of 2.0 low 0, 10 loop readings, 5 of 5 blocks)
            5: M3 2.0/4.3 = 2.3 > 0.50, 53 %, 1323 Wh, score 0.391 (M1 3.0, load 4.3 of 2.0 low 0, 10 loop readings, 5 of 5 blocks)
        "#]],
    );
}

#[test]
fn at_low_load_the_floor_decides() {
    // With the thresholds of the field a quarter of less than 2 A is below the floor, so 0.5 A is what counts.
    check("M1@T1 1.9/1.4 1.9/1.4 1.9/1.4 1.9/1.4 1.9/1.4", &expect![[""]]);
    check(
        "M1@T1 1.9/1.3 1.9/1.3 1.9/1.3 1.9/1.3 1.9/1.3",
        &expect![[r#"
        5: M1 1.9/1.3 = 0.6 > 0.50, 32 %, 345 Wh, score 0.083 (load 1.9 of 2.0 low 5, 10 loop readings, 5 of 5 blocks)
    "#]],
    );
}

#[test]
fn with_a_low_floor_low_load_is_allowed_a_larger_share() {
    let rule = PhaseNeutral::new(Ratio(0.0625), Amperes(0.1), Amperes(2.0), Ratio(0.25), 5).unwrap();
    let allowed = |text: &str| {
        let currents = features::loop_currents(&interval("M1", 1, text).unwrap()).unwrap();
        format!("{:.3}", rule.allowed(&currents).0)
    };
    assert_eq!(
        ["1.6/1.2", "1.2/1.6", "2/1.6", "16/1.6", "0.2/0.1"].map(allowed),
        ["0.400", "0.400", "0.125", "1.000", "0.100"]
    );
}

#[test]
fn three_phases_are_not_examined() {
    check("M1@T1 8 8 8 8 8 8", &expect![[""]]);
}

#[test]
fn the_meter_of_a_transformer_is_not_examined() {
    check("D1@T1 8/5 8/5 8/5 8/5 8/5 8/5", &expect![[""]]);
}

/// Where M1 hangs on T1.
fn lone() -> Topology {
    Topology::new(vec![row("M1", Role::Consumer, "T1")]).unwrap()
}

#[test]
fn without_a_known_transformer_nothing_is_suspected_and_what_was_apart_is_counted() {
    let nowhere = TopologyRow::new(MeterId::new("M1").unwrap(), Role::Consumer);
    for topology in [Topology::default(), Topology::new(vec![nowhere]).unwrap()] {
        let mut runs = PhaseNeutralRuns::new(rule());
        let mut out = Vec::new();
        let mut held_back = 0;
        for (block, text) in (1..).zip(["8/5", "8/5", "8/5", "8/5", "8/5", "8/8"]) {
            held_back +=
                runs.examine(end_of(block), topology.join(&[interval("M1", block, text).unwrap()]), &mut out);
        }
        assert_eq!((out.len(), runs.len(), held_back), (0, 0, 5));
    }
}

#[test]
fn a_run_begins_when_the_transformer_is_known() {
    let mut known = row("M1", Role::Consumer, "T1");
    known.from = Some(end_of(3));
    let topology = Topology::new(vec![known]).unwrap();
    let (mut runs, mut out) = (PhaseNeutralRuns::new(rule()), Vec::new());
    for block in 1..=8 {
        runs.examine(end_of(block), topology.join(&[interval("M1", block, "8/5").unwrap()]), &mut out);
    }
    assert_eq!(out.len(), 1);
    let Evidence::PhaseNeutral(numbers) = &out[0].evidence[0];
    assert_eq!((numbers.since, numbers.blocks), (end_of(3), 5));
}

#[test]
fn what_became_of_a_meter_without_a_case_is_counted() {
    let looked = |street: &str| {
        let (topology, ticks) = read(street);
        let rows = ticks.concat();
        rule().look_at(MeterId::new("M1").unwrap(), topology.join(&rows))
    };
    let shared = looked(
        "
        M1@T1 8/5 8/5 8/5 8/5 8/5 8/8 8/5
        M2@T1 2/5 2/5 2/5 2/5 2/5 2/2 3/3
        ",
    );
    let by = BTreeMap::from([(MeterId::new("M2").unwrap(), 5)]);
    assert_eq!(shared, Looked { compared: 7, apart: 6, shared: by, held_back: 0, longest_run: 1, needed: 5 });
    let brief = looked("M1@T1 8/5 8/5 8/5 . 8/5 8/5 5/8 8");
    assert_eq!((brief.compared, brief.apart, brief.longest_run), (6, 6, 3));
    let unknown = read("M1@T1 8/5 8/5").1.concat();
    let unknown = rule().look_at(MeterId::new("M1").unwrap(), Topology::default().join(&unknown));
    assert_eq!((unknown.apart, unknown.held_back, unknown.longest_run), (2, 2, 0));
}

#[test]
fn blocks_that_come_back_late_count_in_their_order() {
    let topology = lone();
    let late: Vec<Interval> = (1..=5).filter_map(|block| interval("M1", block, "8/5")).collect();
    let (mut runs, mut out) = (PhaseNeutralRuns::new(rule()), Vec::new());
    runs.examine(end_of(5), topology.join(&late), &mut out);
    assert_eq!(out.len(), 1);

    // The same without the block of the tick itself: what happened hours ago is no suspicion of now.
    let (mut runs, mut out) = (PhaseNeutralRuns::new(rule()), Vec::new());
    runs.examine(end_of(6), topology.join(&late), &mut out);
    assert_eq!((out.len(), runs.len()), (0, 0));
}

#[test]
fn without_voltage_the_excess_is_not_guessed() {
    let topology = lone();
    let (mut runs, mut out) = (PhaseNeutralRuns::new(rule()), Vec::new());
    for block in 1..=5 {
        let mut interval = interval("M1", block, "8/5").unwrap();
        (interval.sums.v_min, interval.sums.v_max) = (i32::MAX, i32::MIN);
        runs.examine(end_of(block), topology.join(&[interval]), &mut out);
    }
    let Evidence::PhaseNeutral(numbers) = &out[0].evidence[0];
    assert_eq!(numbers.excess, None);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let refused = |share, floor, low_share, blocks| {
        PhaseNeutral::new(Ratio(share), Amperes(floor), Amperes(2.0), Ratio(low_share), blocks)
            .unwrap_err()
            .to_string()
    };
    expect!["`share` must be above 0 and at most 1, found 6.25"].assert_eq(&refused(6.25, 0.5, 0.25, 5));
    expect!["`floor` must be a current of 0 A or more, found NaN"].assert_eq(&refused(
        0.0625,
        f64::NAN,
        0.25,
        5,
    ));
    expect!["`low_load_share` (0.01) must be at least `share` (0.0625)"]
        .assert_eq(&refused(0.0625, 0.5, 0.01, 5));
    expect!["`blocks` must be 1 or more"].assert_eq(&refused(0.0625, 0.5, 0.25, 0));
}

#[test]
fn the_score_grows_with_size_and_with_length() {
    let score = |blocks: i64, text: &str| {
        let (mut runs, mut out) = (PhaseNeutralRuns::new(rule()), Vec::new());
        for block in 1..=blocks {
            out.clear();
            runs.examine(end_of(block), lone().join(&[interval("M1", block, text).unwrap()]), &mut out);
        }
        format!("{:.3}", out[0].score)
    };
    assert_eq!(score(5, "8/7"), "0.250", "twice what is allowed, just long enough");
    assert_eq!(score(50, "8/7"), "0.475");
    assert_eq!(score(5, "8/6"), "0.375");
    assert_eq!(score(50, "8/0"), "0.891");
}

#[test]
fn a_day_is_told_when_it_is_over() {
    let calendar = Calendar::new(TimeZone::get("Asia/Kolkata").unwrap(), Default::default());
    let mut scores = DailyScores::new();
    let mut out = Vec::new();
    let suspicion = |score| Suspicion {
        meter: MeterId::new("M1").unwrap(),
        transformer: None,
        area: None,
        time: EventTime(0),
        detector: Detector::PhaseNeutral,
        score,
        evidence: vec![],
    };
    // 18:30 UTC is midnight in Kolkata: the interval that ends there is the day's last.
    let midnight = calendar.start_of(date(2024, 1, 6));
    scores.collect(midnight.minus(BLOCK), &calendar, &[suspicion(0.5)], &mut out);
    scores.collect(midnight, &calendar, &[suspicion(0.25)], &mut out);
    assert_eq!(out, []);
    scores.collect(midnight.plus(BLOCK), &calendar, &[], &mut out);
    let told = |out: &[DailySuspicion]| out.iter().map(|row| (row.day, row.score)).collect::<Vec<_>>();
    assert_eq!(told(&out), [(date(2024, 1, 5), 0.5)]);
    scores.collect(midnight.plus(BLOCK), &calendar, &[suspicion(0.0)], &mut out);
    scores.finish(&mut out);
    assert_eq!(out.len(), 1, "a day without a score has no row");
}

#[test]
fn a_stored_name_must_be_one() {
    let stored = DailyScoresV1 { day: Some((2024, 1, 5)), meters: vec![("a b".to_owned(), 0.5, 0.5, 5)] };
    expect!["stored meter `a b` is no name of a meter"]
        .assert_eq(&DailyScores::restore(stored).unwrap_err().to_string());
}

/// Some meters on two transformers, with currents that are often apart, sometimes shared, sometimes missing.
fn streets() -> impl Strategy<Value = (Topology, Vec<Vec<Interval>>)> {
    let word = prop_oneof![
        6 => (1_u8..9, 1_u8..9).prop_map(|(phase, neutral)| format!("{phase}/{neutral}")),
        6 => Just("8/5".to_owned()),
        2 => Just("2/5".to_owned()),
        1 => Just(".".to_owned()),
        1 => Just("8/5~".to_owned()),
        1 => Just("8".to_owned()),
    ];
    let meter = prop::collection::vec(word, 12);
    prop::collection::vec(meter, 1..8).prop_map(|meters| {
        let line = |(number, words): (usize, Vec<String>)| {
            format!("M{number}@T{} {}\n", number % 2, words.join(" "))
        };
        read(&meters.into_iter().enumerate().map(line).collect::<String>())
    })
}

fn examined(
    runs: &mut PhaseNeutralRuns,
    topology: &Topology,
    ticks: &[Vec<Interval>],
    from: usize,
) -> Vec<Suspicion> {
    let mut out = Vec::new();
    for (number, intervals) in ticks.iter().enumerate() {
        runs.examine(end_of((from + number) as i64 + 1), topology.join(intervals), &mut out);
    }
    out
}

proptest! {
    #[test]
    fn no_suspicion_without_evidence_that_passes_the_rule((topology, ticks) in streets()) {
        for suspicion in examined(&mut PhaseNeutralRuns::new(rule()), &topology, &ticks, 0) {
            prop_assert!(suspicion.score > 0.0 && suspicion.score < 1.0, "{}", suspicion.score);
            prop_assert_eq!(suspicion.evidence.len(), 1);
            let Evidence::PhaseNeutral(numbers) = &suspicion.evidence[0];
            prop_assert!(numbers.apart > numbers.allowed);
            prop_assert!(numbers.blocks >= numbers.needed);
            prop_assert_eq!(numbers.until, suspicion.time);
            prop_assert_eq!(numbers.until.since(numbers.since), i64::from(numbers.blocks) * BLOCK);
            // Every block of the run was really apart, measured, and of this meter.
            let own: Vec<&Interval> = ticks
                .iter()
                .flatten()
                .filter(|one| one.meter == suspicion.meter && one.start >= numbers.since && one.end <= numbers.until)
                .collect();
            prop_assert_eq!(own.len(), numbers.blocks as usize);
            for interval in own {
                prop_assert_eq!(interval.quality, Quality::MEASURED);
                let currents = features::loop_currents(interval).unwrap();
                prop_assert!(currents.apart > rule().allowed(&currents));
            }
        }
    }

    #[test]
    fn the_order_of_rows_within_a_tick_changes_nothing((topology, ticks) in streets(), by in any::<prop::sample::Index>()) {
        let turned: Vec<Vec<Interval>> = ticks
            .iter()
            .map(|tick| {
                let mut tick = tick.clone();
                tick.reverse();
                let at = if tick.is_empty() { 0 } else { by.index(tick.len()) };
                tick.rotate_left(at);
                tick
            })
            .collect();
        prop_assert_eq!(
            examined(&mut PhaseNeutralRuns::new(rule()), &topology, &ticks, 0),
            examined(&mut PhaseNeutralRuns::new(rule()), &topology, &turned, 0)
        );
    }

    #[test]
    fn a_restored_detector_goes_on_the_same((topology, ticks) in streets(), cut in 0_usize..12) {
        let mut whole = PhaseNeutralRuns::new(rule());
        examined(&mut whole, &topology, &ticks[..cut], 0);
        let stored = whole.snapshot();
        let mut restored = PhaseNeutralRuns::restore(rule(), stored.clone()).unwrap();
        prop_assert_eq!(restored.snapshot(), stored);
        let rest = examined(&mut whole, &topology, &ticks[cut..], cut);
        prop_assert_eq!(&rest, &examined(&mut restored, &topology, &ticks[cut..], cut));
        prop_assert_eq!(whole, restored);
        for evidence in rest.iter().flat_map(|suspicion| &suspicion.evidence) {
            prop_assert_eq!(&Evidence::try_from(EvidenceV1::from(evidence)).unwrap(), evidence);
        }
    }

    #[test]
    fn restored_scores_go_on_the_same(days in prop::collection::vec((0_u8..4, 0.0..1.0), 0..12), cut in 0_usize..12) {
        let calendar = Calendar::new(TimeZone::UTC, Default::default());
        let cut = cut.min(days.len());
        let collect = |scores: &mut DailyScores, from: usize, days: &[(u8, f64)]| {
            let mut out = Vec::new();
            for (number, (meter, score)) in days.iter().enumerate() {
                let end = end_of((from + number) as i64 * 17);
                let suspicion = Suspicion {
                    meter: MeterId::new(format!("M{meter}")).unwrap(),
                    transformer: None,
                    area: None,
                    time: end,
                    detector: Detector::PhaseNeutral,
                    score: *score,
                    evidence: vec![],
                };
                scores.collect(end, &calendar, &[suspicion], &mut out);
            }
            out
        };
        let mut whole = DailyScores::new();
        collect(&mut whole, 0, &days[..cut]);
        let mut restored = DailyScores::restore(whole.snapshot()).unwrap();
        prop_assert_eq!(collect(&mut whole, cut, &days[cut..]), collect(&mut restored, cut, &days[cut..]));
        prop_assert_eq!(whole.snapshot(), restored.snapshot());
    }
}
