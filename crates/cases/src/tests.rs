use crate::*;
use detect::{Detector, Evidence, Suspicion};
use expect_test::{Expect, expect};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use reading::time::{DAY, HOUR, MINUTE};
use reading::{AreaId, Calendar, EventTime, MeterId, TransformerId};
use units::WattHours;

const BLOCK: i64 = 30 * MINUTE;

fn end_of(block: usize) -> EventTime {
    EventTime(19_727 * DAY + 14 * HOUR + block as i64 * BLOCK)
}

fn calendar() -> Calendar {
    Calendar::new(TimeZone::get("Asia/Kolkata").unwrap(), Default::default())
}

fn rules() -> CaseRules {
    // Three hours, so that pictures stay short.
    CaseRules::new(3 * HOUR, 6 * HOUR, 2).unwrap()
}

/// A run of `blocks` up to `block`, with this score.
fn suspicion(meter: &str, block: usize, blocks: u32, score: f64) -> Suspicion {
    let meter = MeterId::new(meter).unwrap();
    let detector = Detector::PhaseNeutral;
    let fact = |name, value| detector.about().fact(name).unwrap().of(value);
    let evidence = Evidence {
        detector,
        since: end_of(block).minus(i64::from(blocks) * BLOCK),
        until: end_of(block),
        blocks,
        score,
        weight: 1.0,
        facts: vec![
            fact("phase", 8.0),
            fact("neutral", 8.0 - score * 4.0),
            fact("apart", score * 4.0).limited(0.5),
            fact("blocks", blocks.into()).limited(5.0),
        ],
        excess: Some(WattHours(i64::from(blocks) * 100)),
        looked_at: vec![],
    };
    Suspicion {
        meter,
        transformer: TransformerId::new("T1"),
        area: AreaId::new("A1"),
        time: end_of(block),
        detector,
        score,
        evidence: vec![evidence],
    }
}

/// A tick in which everything up to its end has been looked at.
fn tick(cases: &mut Cases, end: EventTime, raised: &[Suspicion], out: &mut Vec<Change>) {
    cases.consider(raised, |_| end, end, out);
}

/// One meter, a character for each tick: a digit is a suspicion with so many tenths as its score, whose run began
/// five blocks before the first digit of its group; `.` is none. What changes in which tick is the answer.
fn check(picture: &str, answer: &Expect) {
    let mut cases = Cases::new(rules());
    let mut lines = String::new();
    for (block, raised) in raised(picture).iter().enumerate() {
        let mut out = Vec::new();
        tick(&mut cases, end_of(block), raised, &mut out);
        for change in &out {
            lines += &format!("{block}: {}\n", line(change));
        }
    }
    answer.assert_eq(&lines);
}

fn raised(picture: &str) -> Vec<Vec<Suspicion>> {
    let mut run = 4;
    let of_tick = |(block, c): (usize, char)| match c.to_digit(10) {
        Some(tenths) => {
            run += 1;
            vec![suspicion("M1", block, run, f64::from(tenths) / 10.0)]
        }
        None => {
            run = 4;
            vec![]
        }
    };
    picture.chars().enumerate().map(of_tick).collect()
}

fn line(change: &Change) -> String {
    let what = match change {
        Change::Opened(_) => "opened",
        Change::Grew(_) => "grew",
        Change::Closed(_) => "closed",
        Change::Stands(_) => "stands",
    };
    let case = change.case();
    let follows = case.follows.as_ref().map_or(String::new(), |id| format!(" after {id}"));
    format!(
        "{what} {}{follows}: {} blocks, score {:.1}, {}",
        case.id,
        case.blocks,
        case.score_max,
        case.state().name()
    )
}

#[test]
fn a_case_opens_grows_and_closes() {
    check(
        "...45678998765......",
        &expect![[r#"
        3: opened phase-neutral.M1.20240105T1530Z: 5 blocks, score 0.4, open
        8: grew phase-neutral.M1.20240105T1530Z: 10 blocks, score 0.9, open
        19: closed phase-neutral.M1.20240105T1530Z: 15 blocks, score 0.9, closed
    "#]],
    );
}

#[test]
fn growth_is_reported_when_the_blocks_have_doubled() {
    check(
        "444444444444444444444444444444444444",
        &expect![[r#"
        0: opened phase-neutral.M1.20240105T1400Z: 5 blocks, score 0.4, open
        5: grew phase-neutral.M1.20240105T1400Z: 10 blocks, score 0.4, open
        15: grew phase-neutral.M1.20240105T1400Z: 20 blocks, score 0.4, open
        35: grew phase-neutral.M1.20240105T1400Z: 40 blocks, score 0.4, open
    "#]],
    );
}

/// The open case at the end, if so many ticks are always considered together.
fn stands(picture: &str, together: usize) -> Vec<Change> {
    let mut cases = Cases::new(rules());
    let ticks = raised(picture);
    for (number, part) in ticks.chunks(together).enumerate() {
        // A run that has grown by several blocks is raised once.
        let last = part.concat().into_iter().next_back();
        let end = end_of(number * together + part.len() - 1);
        tick(&mut cases, end, last.as_slice(), &mut Vec::new());
    }
    let mut out = Vec::new();
    cases.finish(&mut out);
    out
}

#[test]
fn an_open_case_ends_the_same_however_many_of_its_blocks_came_together() {
    let expected = stands("4444444444444", 1);
    expect!["stands phase-neutral.M1.20240105T1400Z: 17 blocks, score 0.4, open"]
        .assert_eq(&expected.iter().map(line).collect::<Vec<_>>().join("\n"));
    for together in [2, 3, 5, 7] {
        let [Change::Stands(case)] = &stands("4444444444444", together)[..] else { panic!("one case") };
        let whole = expected[0].case();
        assert_eq!(
            (case.blocks, case.excess, case.last_evidence),
            (whole.blocks, whole.excess, whole.last_evidence)
        );
    }
    assert_eq!(stands("4......", 1), [], "what has closed was reported");
}

#[test]
fn a_break_shorter_than_the_cool_down_is_the_same_case() {
    check(
        "44....44......",
        &expect![[r#"
            0: opened phase-neutral.M1.20240105T1400Z: 5 blocks, score 0.4, open
            6: grew phase-neutral.M1.20240105T1400Z: 11 blocks, score 0.4, open
            13: closed phase-neutral.M1.20240105T1400Z: 12 blocks, score 0.4, closed
        "#]],
    );
}

#[test]
fn a_case_keeps_what_opened_it_beside_its_strongest_and_the_energy_of_all_its_runs() {
    let mut cases = Cases::new(rules());
    let mut out = Vec::new();
    for (block, raised) in raised("46..8..22").iter().enumerate() {
        tick(&mut cases, end_of(block), raised, &mut out);
    }
    let case = cases.open().next().unwrap();
    let share = |evidence: &[Evidence]| (evidence[0].main().unwrap().value, evidence[0].blocks);
    assert_eq!((share(&case.opening), share(&case.evidence)), ((1.6, 5), (3.2, 5)));
    // Runs of 6, 5 and 6 blocks, with 100 Wh a block.
    assert_eq!((case.blocks, case.excess), (17, Some(WattHours(1700))));
}

#[test]
fn what_is_not_known_of_one_run_is_not_known_of_the_case() {
    let mut cases = Cases::new(rules());
    let mut unknown = suspicion("M1", 1, 6, 0.4);
    unknown.evidence[0].excess = None;
    for raised in [suspicion("M1", 0, 5, 0.4), unknown, suspicion("M1", 2, 7, 0.4)] {
        tick(&mut cases, raised.time, &[raised], &mut Vec::new());
    }
    assert_eq!(cases.open().next().unwrap().excess, None);
}

#[test]
fn new_evidence_soon_after_closing_opens_a_case_that_follows() {
    check(
        "4......4",
        &expect![[r#"
        0: opened phase-neutral.M1.20240105T1400Z: 5 blocks, score 0.4, open
        6: closed phase-neutral.M1.20240105T1400Z: 5 blocks, score 0.4, closed
        7: opened phase-neutral.M1.20240105T1730Z after phase-neutral.M1.20240105T1400Z: 5 blocks, score 0.4, open
    "#]],
    );
    check(
        "4.......................4",
        &expect![[r#"
        0: opened phase-neutral.M1.20240105T1400Z: 5 blocks, score 0.4, open
        6: closed phase-neutral.M1.20240105T1400Z: 5 blocks, score 0.4, closed
        24: opened phase-neutral.M1.20240106T0200Z: 5 blocks, score 0.4, open
    "#]],
    );
}

#[test]
fn evidence_after_a_silence_without_ticks_is_another_case() {
    let mut cases = Cases::new(rules());
    let mut out = Vec::new();
    tick(&mut cases, end_of(0), &[suspicion("M1", 0, 5, 0.4)], &mut out);
    tick(&mut cases, end_of(8), &[suspicion("M1", 8, 5, 0.4)], &mut out);
    let lines: Vec<String> = out.iter().map(line).collect();
    expect![[r#"
        opened phase-neutral.M1.20240105T1400Z: 5 blocks, score 0.4, open
        closed phase-neutral.M1.20240105T1400Z: 5 blocks, score 0.4, closed
        opened phase-neutral.M1.20240105T1800Z after phase-neutral.M1.20240105T1400Z: 5 blocks, score 0.4, open"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn ids_are_safe_as_keys_and_have_seconds_only_if_they_are_not_zero() {
    let id =
        |ms| CaseId::new(Detector::PhaseNeutral, MeterId::new("M000123").unwrap(), EventTime(ms)).to_string();
    let half_past = 1_704_465_000_000;
    assert_eq!(id(half_past), "phase-neutral.M000123.20240105T1430Z");
    assert_eq!(id(half_past + 15_000), "phase-neutral.M000123.20240105T143015Z");
    assert_eq!(id(half_past + 250), "phase-neutral.M000123.20240105T143000.250Z");
    assert!(CaseId::try_from(id(half_past + 250)).is_ok());
    assert!(CaseId::try_from("a/b".to_owned()).is_err());
}

fn alerts(picture: &str) -> Vec<Alert> {
    let mut cases = Cases::new(rules());
    let mut out = Vec::new();
    for (block, raised) in raised(picture).iter().enumerate() {
        tick(&mut cases, end_of(block), raised, &mut out);
    }
    out.iter().filter_map(|change| alert(change, &calendar())).collect()
}

#[test]
fn an_alert_is_one_line_with_its_numbers_in_local_time() {
    let line = |one: &Alert| format!("{} [{}] {}\n", one.id, one.severity.name(), one.text);
    expect![[r#"
        phase-neutral.M1.20240105T1400Z.opened [medium] please check meter M1: phase 8.00 A, neutral 6.40 A, 1.60 A apart (0.50 A allowed) since 5 Jan 17:00 Asia/Kolkata, at most 500 Wh beside the meter
        phase-neutral.M1.20240105T1400Z.closed [info] nothing more from meter M1 since 5 Jan 23:00 Asia/Kolkata: it was phase 8.00 A, neutral 4.40 A, 3.60 A apart (0.50 A allowed), at most 1200 Wh beside the meter
    "#]].assert_eq(&alerts("48899999......").iter().map(line).collect::<String>());
}

#[test]
fn no_alert_accuses() {
    for alert in alerts("48899999......") {
        let text = alert.text.to_lowercase();
        for word in ["thief", "theft", "steal", "stole", "fraud", "tamper", "illegal", "guilty"] {
            assert!(!text.contains(word), "{text}");
        }
    }
}

#[test]
fn severity_is_how_far_beyond_the_allowance() {
    let severity = |picture: &str| alerts(picture)[0].severity;
    // A tenth is 0.4 A, and 0.5 A are allowed.
    assert_eq!(
        [severity("2"), severity("3"), severity("5")],
        [Severity::Low, Severity::Medium, Severity::High]
    );
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let refused = |cool, follow, most| CaseRules::new(cool, follow, most).unwrap_err().to_string();
    expect!["`cool_down` must be longer than nothing, found 0 ms"].assert_eq(&refused(0, 0, 1));
    expect!["`follow_within` must be nothing or longer, found -1 ms"].assert_eq(&refused(1, -1, 1));
    expect!["`most_open` must be 1 or more"].assert_eq(&refused(1, 0, 0));
}

#[test]
fn a_stored_case_without_evidence_is_refused() {
    let mut cases = Cases::new(rules());
    tick(&mut cases, end_of(0), &[suspicion("M1", 0, 5, 0.4)], &mut Vec::new());
    let mut stored = cases.snapshot();
    stored.open[0].evidence.clear();
    expect!["case phase-neutral.M1.20240105T1400Z has no evidence"]
        .assert_eq(&Cases::restore(rules(), stored).unwrap_err().to_string());
}

/// Ticks of a few meters, each with a suspicion or none.
fn towns() -> impl Strategy<Value = Vec<Vec<Suspicion>>> {
    let meter = prop::option::weighted(0.3, (5_u32..40, 1_u32..10));
    prop::collection::vec(prop::collection::vec(meter, 4), 0..60).prop_map(|ticks| {
        let tick = |(block, meters): (usize, Vec<Option<(u32, u32)>>)| {
            let one = |(number, one): (usize, Option<(u32, u32)>)| {
                one.map(|(blocks, tenths)| {
                    suspicion(&format!("M{number}"), block, blocks, f64::from(tenths) / 10.0)
                })
            };
            meters.into_iter().enumerate().filter_map(one).collect()
        };
        ticks.into_iter().enumerate().map(tick).collect()
    })
}

fn considered(cases: &mut Cases, ticks: &[Vec<Suspicion>], from: usize) -> Vec<Change> {
    let mut out = Vec::new();
    for (number, raised) in ticks.iter().enumerate() {
        tick(cases, end_of(from + number), raised, &mut out);
    }
    out
}

proptest! {
    #[test]
    fn no_alert_without_evidence(ticks in towns()) {
        for change in considered(&mut Cases::new(rules()), &ticks, 0) {
            let case = change.case();
            prop_assert!(!case.evidence.is_empty());
            // It is that of a suspicion of the same meter, and the strongest one of the case.
            let own = ticks.iter().flatten().filter(|one| {
                one.meter == case.meter && one.time >= case.opened && one.time <= case.last_evidence
            });
            let strongest = own.max_by(|one, other| one.score.total_cmp(&other.score)).unwrap();
            prop_assert_eq!(strongest.score, case.score_max);
            if let Some(alert) = alert(&change, &calendar()) {
                prop_assert_eq!(alert.evidence, case.evidence.clone());
            }
        }
    }

    #[test]
    fn every_case_opens_once_and_closes_at_most_once(ticks in towns()) {
        let changes = considered(&mut Cases::new(rules()), &ticks, 0);
        let named = |wanted: fn(&Change) -> bool| {
            let mut ids: Vec<&CaseId> = changes.iter().filter(|change| wanted(change)).map(|change| &change.case().id).collect();
            let count = ids.len();
            ids.sort();
            ids.dedup();
            (count, ids.len())
        };
        let (opened, distinct) = named(|change| matches!(change, Change::Opened(_)));
        prop_assert_eq!(opened, distinct);
        let (closed, distinct) = named(|change| matches!(change, Change::Closed(_)));
        prop_assert_eq!(closed, distinct);
        prop_assert!(closed <= opened);
    }

    /// Neighbours that come late let many intervals be looked at in one tick.
    #[test]
    fn ticks_that_are_considered_together_change_the_same(ticks in towns(), cut in 0_usize..60) {
        let expected = considered(&mut Cases::new(rules()), &ticks, 0);
        let (mut cases, mut out) = (Cases::new(rules()), Vec::new());
        let (early, late) = ticks.split_at(cut.min(ticks.len()));
        for (number, part) in [(early.len(), early), (ticks.len(), late)] {
            if number > 0 {
                tick(&mut cases, end_of(number - 1), &part.concat(), &mut out);
            }
        }
        prop_assert_eq!(out, expected);
    }

    #[test]
    fn the_order_of_suspicions_within_a_tick_changes_nothing(ticks in towns()) {
        let turned: Vec<Vec<Suspicion>> =
            ticks.iter().map(|tick| tick.iter().rev().cloned().collect()).collect();
        prop_assert_eq!(
            considered(&mut Cases::new(rules()), &ticks, 0),
            considered(&mut Cases::new(rules()), &turned, 0)
        );
    }

    #[test]
    fn restored_cases_go_on_the_same(ticks in towns(), cut in 0_usize..60) {
        let cut = cut.min(ticks.len());
        let mut whole = Cases::new(rules());
        considered(&mut whole, &ticks[..cut], 0);
        let stored = whole.snapshot();
        let mut restored = Cases::restore(rules(), stored.clone()).unwrap();
        prop_assert_eq!(restored.snapshot(), stored);
        prop_assert_eq!(
            considered(&mut whole, &ticks[cut..], cut),
            considered(&mut restored, &ticks[cut..], cut)
        );
        prop_assert_eq!(whole, restored);
    }
}
