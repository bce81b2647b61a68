use crate::weigh::Found;
use crate::words::fill;
use crate::*;
use core::mem;
use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use reading::time::MINUTE;
use reading::{Calendar, EventTime, MeterId};

const BLOCK: i64 = 30 * MINUTE;

fn end_of(block: i64) -> EventTime {
    EventTime(19_727 * reading::time::DAY + block * BLOCK)
}

/// Evidence of the first detector with this score.
fn evidence(score: f64) -> Evidence {
    let detector = Detector::ALL[0];
    let facts = detector.about().facts.iter().map(|fact| fact.of(1.5).limited(0.5)).collect();
    let (since, until) = (end_of(0), end_of(5));
    Evidence { detector, since, until, blocks: 5, score, weight: 1.0, facts, excess: None, looked_at: vec![] }
}

fn found(meter: &str, score: f64) -> Found {
    Found::new(end_of(5), MeterId::new(meter).unwrap(), None, evidence(score))
}

fn weighed(found: Vec<Found>) -> Vec<Suspicion> {
    Findings { found, held_back: 0 }.weighed().0
}

fn suspicion(meter: &str, time: EventTime, score: f64) -> Suspicion {
    weighed(vec![Found { time, ..found(meter, score) }]).remove(0)
}

/// Everything that prints evidence trusts that words and definitions fit together.
#[test]
fn all_words_are_about_facts_that_the_detector_has() {
    let check = |detector: Detector, words: &str, facts: &[&FactDefinition]| {
        let known = |name: &str, part: Option<&str>| {
            let fact = facts.iter().find(|fact| fact.name == name);
            fact.is_some_and(|fact| part.is_none_or(|part| part == "about" || fact.limit == Some(part)))
        };
        let filled = fill(words, |hole| {
            let of_evidence = ["since", "until", "excess"].contains(&hole.name) && hole.part.is_none();
            (of_evidence || known(hole.name, hole.part)).then(String::new)
        });
        assert!(filled.is_some(), "{detector}: {words}");
    };
    for &detector in Detector::ALL {
        let About { main, facts, innocent, words } = detector.about();
        assert!(facts.contains(main), "{detector}: the main number is one of the facts");
        let Words { main, short, seen, excess, parts, page } = words;
        for words in [main, short, seen, excess].into_iter().chain(*parts).chain(*page) {
            check(detector, words, facts);
        }
        for innocent in *innocent {
            for words in innocent.words {
                check(detector, words, innocent.facts);
            }
        }
    }
}

#[test]
fn names_are_unique_and_lead_back_to_what_they_name() {
    for &detector in Detector::ALL {
        assert_eq!(Detector::parse(detector.name()), Some(detector));
        assert_eq!(detector.name().replace('-', "_"), detector.column());
        let about = detector.about();
        for fact in about.facts {
            assert_eq!(about.fact(fact.name), Some(*fact));
        }
        for innocent in about.innocent {
            assert_eq!(about.innocent(innocent.name), Some(*innocent));
        }
    }
}

#[test]
fn a_section_without_keys_runs_a_detector_with_its_defaults() {
    for &detector in Detector::ALL {
        let mut rules = DetectorRules::NONE;
        assert!(rules.is_empty() && rules.shown(detector).is_none());
        rules.read(detector, &[]).unwrap();
        let shown = rules.shown(detector).unwrap();
        for (key, (name, value)) in detector.keys().iter().zip(shown) {
            let default = match key.default {
                Written::Text(text) => text.to_owned(),
                Written::Whole(number) => number.to_string(),
                Written::Other(kind) => panic!("{detector}: the default of {name} is a {kind}"),
            };
            assert_eq!((key.name, default), (name, value));
        }
    }
}

#[test]
fn a_template_leaves_out_what_is_not_known() {
    let known = evidence(0.5);
    assert_eq!(known.excess_in_words(), None);
    let energy = Evidence { excess: Some(units::WattHours(719)), ..known };
    assert!(energy.excess_in_words().unwrap().contains("719 Wh"));
    assert_eq!(fill("{a", |_| Some(String::new())), None);
}

#[test]
fn evidence_of_a_tick_is_one_suspicion_a_meter() {
    let out = weighed(vec![found("M2", 0.25), found("M1", 0.5)]);
    let row = |one: &Suspicion| (one.meter.to_string(), one.score, one.evidence[0].weight);
    assert_eq!(
        out.iter().map(row).collect::<Vec<_>>(),
        [("M1".to_owned(), 0.5, 1.0), ("M2".to_owned(), 0.25, 1.0)]
    );
}

#[test]
fn the_weightiest_evidence_leads_and_all_weights_are_one() {
    let out = weighed(vec![found("M1", 0.2), found("M1", 0.6)]);
    let [joined] = &out[..] else { panic!("{out:?}") };
    assert_eq!(joined.score, 0.6);
    let weights: Vec<f64> = joined.evidence.iter().map(|evidence| evidence.weight).collect();
    assert_eq!(weights.iter().map(|weight| (weight * 1000.0).round()).collect::<Vec<_>>(), [750.0, 250.0]);
}

#[test]
fn a_day_comes_out_when_it_is_over() {
    let calendar = Calendar::new(TimeZone::get("Asia/Kolkata").unwrap(), Default::default());
    let mut scores = DailyScores::new();
    let mut out = Vec::new();
    // 18:30 UTC is midnight in Kolkata: the interval that ends there is the day's last.
    let midnight = calendar.start_of(date(2024, 1, 6));
    let mut collect = |end, front, raised: &[f64]| {
        let raised: Vec<Suspicion> = raised.iter().map(|score| suspicion("M1", end, *score)).collect();
        scores.collect(&calendar, &raised, |_| front, &mut out);
        mem::take(&mut out).iter().map(|row| (row.day, row.score)).collect::<Vec<_>>()
    };
    assert_eq!(collect(midnight.minus(BLOCK), midnight.minus(BLOCK), &[0.5]), []);
    assert_eq!(collect(midnight, midnight, &[0.25]), []);
    assert_eq!(collect(midnight.plus(BLOCK), midnight, &[0.75]), [], "neighbours of the next day still wait");
    assert_eq!(collect(midnight.plus(BLOCK), midnight.plus(BLOCK), &[]), [(date(2024, 1, 5), 0.5)]);
    assert_eq!(collect(midnight.plus(2 * BLOCK), midnight.plus(2 * BLOCK), &[0.0]), []);
    scores.finish(&mut out);
    assert_eq!(out.iter().map(|row| (row.day, row.score)).collect::<Vec<_>>(), [(date(2024, 1, 6), 0.75)]);
    scores.finish(&mut out);
    assert_eq!(out.len(), 1, "a day without a score has no row");
}

#[test]
fn a_stored_fact_must_be_known() {
    let stored = EvidenceState::from(&evidence(0.5));
    assert_eq!(Evidence::try_from(stored.clone()).unwrap(), evidence(0.5));
    let text = serde_json::to_string(&stored).unwrap();
    let renamed = text.replace("\"name\":\"apart\"", "\"name\":\"far\"");
    let renamed: EvidenceState = serde_json::from_str(&renamed).unwrap();
    assert_eq!(Evidence::try_from(renamed).unwrap_err().to_string(), "stored fact `far` is not known");
}

proptest! {
    #[test]
    fn restored_scores_go_on_the_same(days in prop::collection::vec((0_u8..4, 0.0..1.0), 0..12), cut in 0_usize..12) {
        let calendar = Calendar::new(TimeZone::UTC, Default::default());
        let cut = cut.min(days.len());
        let collect = |scores: &mut DailyScores, from: usize, days: &[(u8, f64)]| {
            let mut out = Vec::new();
            for (number, (meter, score)) in days.iter().enumerate() {
                let end = end_of((from + number) as i64 * 17);
                let suspicion = suspicion(&format!("M{meter}"), end, *score);
                scores.collect(&calendar, &[suspicion], |_| end, &mut out);
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
