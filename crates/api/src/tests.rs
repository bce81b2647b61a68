//! The board, what is left of a long past, and that the document of the API is whole.

use crate::board::{Board, Columns};
use crate::office::forget_over;
use notify::desk::{Kind, Phase, Place, Scope};
use notify::words::Templates;
use notify::{Desk, DeskRules, Notice};
use reading::{Calendar, EventTime, MeterId};
use serde_json::{Value, json};

fn columns(value: Value) -> Columns {
    value.as_object().unwrap().clone()
}

fn case(id: &str, updated: &str) -> Columns {
    columns(json!({ "id": id, "updated": updated, "area": "A01" }))
}

fn ids<'a>(rows: impl Iterator<Item = &'a crate::board::Row>) -> Vec<&'a str> {
    rows.map(|row| row.id.as_str()).collect()
}

#[test]
fn a_case_stands_once_where_it_is_now_and_pages_go_on_behind_it() {
    let mut board = Board::default();
    board.case(case("a", "2024-01-01T00:00:00Z"));
    board.case(case("b", "2024-01-02T00:00:00Z"));
    board.case(case("c", "2024-01-02T00:00:00Z"));
    board.case(case("a", "2024-01-03T00:00:00Z"));
    assert_eq!(ids(board.cases.newest(None).unwrap()), ["a", "c", "b"]);
    assert_eq!(ids(board.cases.newest(Some("a")).unwrap()), ["c", "b"]);
    assert_eq!(ids(board.cases.newest(Some("b")).unwrap()), [""; 0]);
    assert!(board.cases.newest(Some("d")).is_none());
    board.case(columns(json!({ "id": "no-time" })));
    assert_eq!((board.cases.len(), board.unreadable), (3, 1));
}

#[test]
fn of_the_strongest_run_only_the_latest_facts_count() {
    let mut board = Board::default();
    let fact = |run: &str, fact: &str, until: &str| {
        columns(json!({ "case": "a", "run": run, "detector": "d", "fact": fact, "until": until }))
    };
    board.fact(fact("opening", "apart", "2024-01-01T00:00:00Z"));
    board.fact(fact("strongest", "apart", "2024-01-01T00:00:00Z"));
    board.fact(fact("strongest", "blocks", "2024-01-01T00:00:00Z"));
    board.fact(fact("strongest", "apart", "2024-01-02T00:00:00Z"));
    let shown: Vec<String> =
        board.facts("a").into_iter().map(|one| format!("{} {}", one["run"], one["fact"])).collect();
    assert_eq!(shown, ["\"opening\" \"apart\"", "\"strongest\" \"apart\""]);
}

#[test]
fn every_operation_of_the_document_needs_a_token_and_says_how_it_refuses() {
    let document: Value = serde_json::from_str(&crate::openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["security"], json!([{ "token": [] }]));
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            for status in ["400", "401", "403", "404", "408", "429"] {
                let problem = &responses[status]["content"]["application/problem+json"];
                assert!(problem.is_object(), "{method} {path} says nothing of {status}");
            }
            assert!(operation.get("security").is_none(), "{method} {path} has a rule of its own");
            operations += 1;
        }
    }
    assert!(operations > 20, "{operations}");
}

fn notice(episode: &str, phase: Phase) -> Notice {
    Notice {
        id: format!("{episode}.{}", phase.name()),
        episode: episode.to_owned(),
        kind: Kind::Outage,
        phase,
        severity: cases::Severity::Low,
        time: EventTime(0),
        scope: Scope::Meter(MeterId::new("M1").unwrap()),
        place: Place::default(),
        case: None,
        seen: None,
        brief: String::new(),
        words: Vec::new(),
    }
}

#[test]
fn of_a_long_past_only_what_goes_on_is_kept() {
    let rules = DeskRules::new(vec![], vec![], vec![], Templates::default()).unwrap();
    let mut desk = Desk::new(rules, &grid::Topology::default()).unwrap();
    let calendar = Calendar::new(jiff::tz::TimeZone::UTC, [].into());
    // The desk knows of `old`, so it has to hear of its end.
    desk.route(EventTime(0), &[notice("old", Phase::Began)], &calendar, &mut Vec::new());
    let mut came = vec![
        notice("a", Phase::Ended),
        notice("a", Phase::Began),
        notice("b", Phase::Began),
        notice("b", Phase::Withdrawn),
        notice("c", Phase::Began),
        notice("d", Phase::Once),
        notice("old", Phase::Ended),
    ];
    forget_over(&mut came, &desk);
    let left: Vec<&str> = came.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(left, ["c.began", "d.once", "old.ended"]);
}

#[test]
fn an_end_that_came_before_its_beginning_counts() {
    let mut board = Board::default();
    let row = |phase: Phase| columns(json!({ "id": phase.name(), "time": "2024-01-01T00:00:00Z" }));
    assert!(board.notice(row(Phase::Ended), &notice("a", Phase::Ended)));
    assert!(!board.notice(row(Phase::Began), &notice("a", Phase::Began)));
    assert!(board.goes_on("a").is_none());
    assert!(board.notice(row(Phase::Began), &notice("b", Phase::Began)));
    assert_eq!(board.goes_on("b"), Some(&None));
}
